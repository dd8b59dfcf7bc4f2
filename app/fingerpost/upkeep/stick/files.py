"""Fingerpost's own files on the stick: what they are called, and that what was written can be read."""

from __future__ import annotations

import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Callable, Dict, Optional

from ...memory.archive import Refused
from ...wholefile import replacing
from .place import DAMAGED, StickError, check_room, drop_cached

BACKUPS, SHARED = "fingerpost-backup-%Y-%m-%d-%H%M.zip", "fingerpost-things-%Y-%m-%d.zip"
"""Names, as strftime makes them."""
KEPT_BACKUPS = 5
_LAST_YEAR = 9000
_LEFTOVER = re.compile(r"fingerpost-(backup|things)-[0-9-]+\.zip\.\d+-\d+\.part")


def list_files(folder: Path, pattern: str) -> Dict[datetime, Path]:
    """The files of that pattern, newest first; no links, and nothing that is no file. Raises OSError."""
    with os.scandir(str(folder)) as entries:
        names = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
    found = {stamp: folder / name for name in names for stamp in [_read_stamp(name, pattern)] if stamp is not None}
    return dict(sorted(found.items(), reverse=True))


def name_backup(folder: Path, now: datetime) -> Path:
    """A new file for a back-up, which comes after all that there are: a board without a battery may think that it is
    1970. Raises OSError."""
    newest = next(iter(list_files(folder, BACKUPS)), None)
    return folder / (now if newest is None else max(now, newest + timedelta(minutes=1))).strftime(BACKUPS)


def write_checked(path: Path, size: int, write: Callable[[BinaryIO], object], read: Callable[[Path], object]) -> None:
    """Have `write` make a file of about so many bytes, whole or not at all, and `read` it again from the disk.

    Raises StickError where there is no room or `read` raises Refused, and OSError.
    """
    _remove_leftovers(path.parent)
    check_room(path.parent, size)
    with replacing(path) as file:
        write(file)
    drop_cached(path)
    try:
        read(path)
    except Refused as error:
        path.unlink()
        raise StickError(DAMAGED, path, f"it {error}") from error


def prune_backups(folder: Path) -> None:
    """Remove all back-ups but the newest. Raises OSError."""
    for path in list(list_files(folder, BACKUPS).values())[KEPT_BACKUPS:]:
        path.unlink()


def _remove_leftovers(folder: Path) -> None:
    """Remove what is left of files that were being written when the stick was pulled out."""
    for name in os.listdir(str(folder)):
        if _LEFTOVER.fullmatch(name):
            (folder / name).unlink()


def _read_stamp(name: str, pattern: str) -> Optional[datetime]:
    """When a file of that pattern was made; None for the name of another one."""
    try:
        stamp = datetime.strptime(name, pattern)
    except ValueError:
        return None
    return stamp if stamp.year < _LAST_YEAR and stamp.strftime(pattern) == name else None
