"""Fingerpost's own files on the stick: what they are called, and that what was written can be read.

Several devices may share a stick: each file bears the id of the one that made it, and none replaces or removes those of
another.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Callable, List, NamedTuple, Optional

from ...core.errors import StoreError
from ...memory.refusal import Refused
from ...wholefile import replacing, write_whole
from ..belongings import DEVICE
from ..notes import read_note
from .place import DAMAGED, StickError, check_room, drop_cached

BACKUPS, SHARED = "fingerpost-backup-%Y-%m-%d-%H%M", "fingerpost-things-%Y-%m-%d"
"""How names begin, as strftime makes it; the id of the device follows."""
KEPT_BACKUPS = 5
"""Of each device."""
BOARD_SIGNS = (Path("/proc/device-tree/serial-number"), Path("/etc/machine-id"))
"""What tells boards apart, best first: machine-id(5) lies on the card, and is the same on a copy of it."""
_LAST_YEAR = 9000
_ID_BYTES = 3
_ID = re.compile("[0-9a-f]{6}")
_NAME = re.compile(rf"(.+)-({_ID.pattern})\.zip")
_LEFTOVER = re.compile(rf"fingerpost-(backup|things)-[0-9-]+-{_ID.pattern}\.zip\.\d+-\d+\.part")


class OwnFile(NamedTuple):
    """A file of Fingerpost's on the stick."""

    made: datetime
    device: str
    """The id of the device that made it."""
    path: Path


def read_device(home: Path) -> str:
    """The id of this device; empty where it has none yet, or where the card was copied from, or comes from, another
    board."""
    note = read_note(home / DEVICE)
    device, board = (note.get("id"), note.get("board")) if isinstance(note, dict) else (None, None)
    if not isinstance(device, str) or not _ID.fullmatch(device):
        return ""
    here = _sign_board(device)
    return device if not here or not board or here == board else ""


def identify(home: Path) -> str:
    """The id of this device, made up the first time on each board. Raises StoreError where it cannot be kept."""
    device = read_device(home)
    if not device:
        device = secrets.token_hex(_ID_BYTES)
        try:
            write_whole(home / DEVICE, json.dumps({"id": device, "board": _sign_board(device)}).encode())
        except OSError as error:
            raise StoreError(f"{home / DEVICE} cannot be written ({error.strerror or error}); free some space on the "
                             "card, or make the folder writable") from error
    return device


def list_files(folder: Path, pattern: str) -> List[OwnFile]:
    """The files of that pattern, newest first; no links, and nothing that is no file. Raises OSError."""
    with os.scandir(str(folder)) as entries:
        found = [_parse(folder / entry.name, pattern) for entry in entries if entry.is_file(follow_symlinks=False)]
    return sorted((file for file in found if file is not None), reverse=True)


def name_shared(folder: Path, device: str, now: datetime) -> Path:
    """The file for what a device shares on a day."""
    return folder / f"{now.strftime(SHARED)}-{device}.zip"


def name_backup(folder: Path, device: str, now: datetime) -> Path:
    """A new file for a back-up, which comes after all that the device has made: a board without a battery may think
    that it is 1970. Raises OSError."""
    newest = next((file.made for file in list_files(folder, BACKUPS) if file.device == device), None)
    made = now if newest is None else max(now, newest + timedelta(minutes=1))
    return folder / f"{made.strftime(BACKUPS)}-{device}.zip"


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


def prune_backups(folder: Path, device: str) -> None:
    """Remove all back-ups of a device but the newest. Raises OSError."""
    own = [file.path for file in list_files(folder, BACKUPS) if file.device == device]
    for path in own[KEPT_BACKUPS:]:
        path.unlink()


def _sign_board(device: str) -> str:
    """What stands for this board in the note of that id, and does not tell its number; empty where it has none."""
    for path in BOARD_SIGNS:
        try:
            sign = path.read_bytes().strip(b"\0\n ")
        except OSError:
            continue
        if sign:
            return hashlib.sha256(b"fingerpost " + device.encode() + sign).hexdigest()
    return ""


def _remove_leftovers(folder: Path) -> None:
    """Remove what is left of files that were being written when the stick was pulled out."""
    for name in os.listdir(str(folder)):
        if _LEFTOVER.fullmatch(name):
            (folder / name).unlink()


def _parse(path: Path, pattern: str) -> Optional[OwnFile]:
    """What the name of a file of that pattern says; None for the name of another one."""
    match = _NAME.fullmatch(path.name)
    try:
        made = datetime.strptime(match.group(1), pattern) if match else None
    except ValueError:
        return None
    if match is None or made is None or made.year >= _LAST_YEAR or made.strftime(pattern) != match.group(1):
        return None
    return OwnFile(made, match.group(2), path)
