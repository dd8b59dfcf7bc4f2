"""Fingerpost names, by voice and offline, the thing that a finger points at."""

__version__ = "0.1.0"
