"""Saves what can be read of a store whose file is damaged, into a fresh file; the damaged one is kept beside it.

The fresh file grows under one name and gets another when it is whole (`.salvaged`). From then on the exchange may
be cut short at any instant: the next opening finishes it.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from ..core.errors import StoreError
from ..wholefile import put_in_place
from .rescue import copy_readable

_BESIDE = ("", "-wal", "-shm", "-journal")
"""What SQLite appends to the names of a database's files."""


def salvage(path: Path) -> str:
    """Replace a damaged file by a fresh one with all that can be read of it; says so in one line.

    The caller has the store alone. Raises StoreError when no fresh file can be written; the damaged one is then where
    it was.
    """
    growing = path.with_name(path.name + ".growing")
    try:
        for suffix in _BESIDE:
            _remove(_append(growing, suffix))
        saved = copy_readable(path, growing)
        put_in_place(growing, _salvaged(path))
        kept = _next_kept(path)
        finish_salvage(path)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path} is damaged and cannot be saved here ({error}); free some space on the card, "
                         "or restore a copy") from error
    return f"{path} was damaged: {saved} samples could be read and are safe; the damaged file is kept as {kept.name}"


def is_salvaged(path: Path) -> bool:
    """Whether a salvaged file waits to be put in place."""
    return _salvaged(path).exists()


def finish_salvage(path: Path) -> None:
    """Put a salvaged file in place, if there is one that waits for it. Raises OSError."""
    if not is_salvaged(path):
        return
    kept = _next_kept(path)
    # The main file goes last: as long as it is there, its logs belong under the same name as before.
    for suffix in reversed(_BESIDE):
        if _append(path, suffix).exists():
            os.replace(str(_append(path, suffix)), str(_append(kept, suffix)))
    put_in_place(_salvaged(path), path)


def _salvaged(path: Path) -> Path:
    return _append(path, ".salvaged")


def _next_kept(path: Path) -> Path:
    """The first free name for a damaged file."""
    number = 1
    while _append(path, f".broken-{number}").exists():
        number += 1
    return _append(path, f".broken-{number}")


def _append(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _remove(path: Path) -> None:
    if path.exists():
        path.unlink()
