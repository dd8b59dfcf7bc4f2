"""Naming: how the object network learns, from pictures and from teachers."""
