"""Space on the disk: the page takes none of what the device itself needs, to keep what it is taught."""

from __future__ import annotations

import shutil
from pathlib import Path

from ..core.errors import DataError

LEAST_FREE_MB = 500
"""Megabytes that must be free before something is kept: a checkpoint in which everything learns takes about 200."""


def check_space(folder: Path) -> None:
    """Raises DataError where the disk of a folder is nearly full."""
    if measure_free_mb(folder) < LEAST_FREE_MB:
        raise DataError(f"less than {LEAST_FREE_MB} MB are free in {folder}: delete jobs or labelled frames, or free "
                        "some space otherwise")


def measure_free_mb(folder: Path) -> float:
    """Megabytes that are free there."""
    return shutil.disk_usage(str(folder)).free / 1e6
