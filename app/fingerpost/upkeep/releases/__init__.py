"""Versions of Fingerpost that came on a stick: signed, checked, tried out, and taken back."""
