"""Compression: networks whose weights share a few values, and what that costs on the job."""
