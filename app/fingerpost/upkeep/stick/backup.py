"""A back-up: one file with which another device becomes the wearer's own.

A zip of `things.zip` (see memory/archive.py), those of SETTINGS that there are, and `manifest.json` with the sha256 of
each; nothing in it is packed. Samples that wait for a name are not in it, nor is the diary: the ones are not taught
yet, the other is meant to be gone after a day. Reading one touches no other file. All is checked before anything is
given out.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Callable, Dict, List, Mapping, Sequence

from ...core.state import WAYS
from ...memory.archive import MOST_BYTES, add_entry, unpack_things
from ...memory.lessons import Lesson
from ...memory.refusal import UNREADABLE, Refused, check_version, read_field
from ...memory.ziptable import measure_zip
from ...vision.lens import parse_lens
from ...vision.offset import parse_offset
from ..belongings import CAMERA_RECORD, FINGERTIP_RECORD, WAY
from ..preferences import PREFERENCES

log = logging.getLogger(__name__)

FORMAT, VERSION = "fingerpost-backup", 1
MANIFEST, THINGS = "manifest.json", "things.zip"
MOST_SETTING_BYTES = 64 << 10


def check_preferences(record: Any) -> None:
    """Raise ValueError for what cannot be preferences. Those that make no sense are left out by whoever reads them."""
    if not isinstance(record, dict):
        raise ValueError("these are no preferences")


def check_way(record: Any) -> None:
    """Raise ValueError for what is no way to look."""
    if record not in WAYS:
        raise ValueError("this is no way to look")


SETTINGS: Mapping[str, Callable[[Any], object]] = {
    PREFERENCES: check_preferences, CAMERA_RECORD: parse_lens, FINGERTIP_RECORD: parse_offset, WAY: check_way}
"""The small files of the state folder that a back-up holds, and what raises an error over the content of a wrong one.
"""


@dataclass(frozen=True, eq=False)
class Backup:
    """What a back-up holds, all of it checked."""

    lessons: Sequence[Lesson]
    settings: Mapping[str, bytes]
    """The content of files, by their names in the state folder."""


def collect_settings(home: Path) -> Dict[str, bytes]:
    """Those of SETTINGS that lie in the state folder; the log tells of those that cannot be used."""
    found = {}
    for name in SETTINGS:
        try:
            data = (home / name).read_bytes()
            check_setting(name, data)
            found[name] = data
        except FileNotFoundError:
            continue
        except (Refused, OSError) as error:
            log.warning("%s is left out: it %s", home / name, error)
    return found


def pack_backup(file: BinaryIO, things: bytes, settings: Mapping[str, bytes]) -> None:
    """Write a back-up into an empty file, of `things` as memory/archive.py packs them. Raises OSError."""
    parts = {THINGS: things, **settings}
    manifest = {"format": FORMAT, "version": VERSION,
                "parts": {name: hashlib.sha256(data).hexdigest() for name, data in parts.items()}}
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in {MANIFEST: json.dumps(manifest).encode(), **parts}.items():
            add_entry(archive, name, data)


def read_backup(path: Path) -> Backup:
    """What the back-up in a file holds. Raises Refused where it is not whole and sound, Newer among that; OSError where
    that cannot be told."""
    return _read(path, _unpack_backup)


def read_shared(path: Path) -> Backup:
    """The things in an archive (memory/archive.py), as a back-up without settings. Raises as `read_backup`."""
    return _read(path, lambda file: Backup(unpack_things(file), {}))


def check_setting(name: str, data: bytes) -> None:
    """Raise Refused unless this can be the content of that file of SETTINGS."""
    try:
        SETTINGS[name](json.loads(data.decode("utf-8")))
    except (ValueError, KeyError, TypeError, OverflowError, AttributeError, RecursionError) as error:
        raise Refused(f"holds a broken {name} ({error})") from error


def _read(path: Path, unpack: Callable[[BinaryIO], Backup]) -> Backup:
    with path.open("rb") as file:
        try:
            return unpack(file)
        except UNREADABLE as error:
            # A seek to nowhere, which a broken table of contents leads to, is no failure of the disk.
            if isinstance(error, OSError) and error.errno != errno.EINVAL:
                raise
            raise Refused(f"cannot be read ({error})") from error


def _unpack_backup(file: BinaryIO) -> Backup:
    measure_zip(file)
    with zipfile.ZipFile(file) as archive:
        manifest = _read_manifest(archive)  # first, for a newer version may have other entries
        parts = _read_parts(archive, archive.infolist())
    if read_field(manifest, "parts", dict) != {name: hashlib.sha256(data).hexdigest() for name, data in parts.items()}:
        raise Refused("holds what does not match its checksum")
    things = parts.pop(THINGS)
    for name, data in parts.items():
        check_setting(name, data)
    return Backup(unpack_things(BytesIO(things)), parts)


def _read_manifest(archive: zipfile.ZipFile) -> Any:
    if MANIFEST not in archive.namelist():
        raise Refused("is no back-up")
    manifest = json.loads(_read_entry(archive, archive.getinfo(MANIFEST)).decode("utf-8"))
    check_version(manifest, FORMAT, VERSION)
    return manifest


def _read_parts(archive: zipfile.ZipFile, entries: List[zipfile.ZipInfo]) -> Dict[str, bytes]:
    """What the entries but the manifest hold, by their names."""
    names = [info.filename for info in entries]
    if len(set(names)) < len(names) or not {MANIFEST, THINGS} <= set(names) <= {MANIFEST, THINGS, *SETTINGS}:
        raise Refused("is no back-up")
    return {info.filename: _read_entry(archive, info) for info in entries if info.filename != MANIFEST}


def _read_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    most = MOST_BYTES if info.filename == THINGS else MOST_SETTING_BYTES
    if info.compress_type != zipfile.ZIP_STORED or not info.file_size == info.compress_size <= most:
        raise Refused("holds more than it may")
    return archive.read(info)
