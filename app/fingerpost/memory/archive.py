"""The file that carries taught things to another device, and what keeps a hostile one out.

A zip of `manifest.json`, crops (PNG), embeddings (little-endian float32) and voice labels (WAV). Reading one never
touches the disk beside it: no entry becomes a file. Everything is checked before anything is given out.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import stat
import struct
import sys
import zipfile
from pathlib import Path
from typing import Any, BinaryIO, Dict, Iterable, List, Optional, Sequence

import numpy as np

from ..core.errors import DataError, SoundError, StoreError
from ..core.types import Clip
from ..devices.clips import decode_wav, encode_wav
from ..wholefile import replacing
from .lessons import Lesson
from .refusal import UNREADABLE, Refused, TooMuch, check_version, read_field
from .rows import check_name
from .samples import Sample, decode_crop, unpack
from .ziptable import measure_zip

FORMAT, VERSION = "fingerpost-objects", 1
MANIFEST = "manifest.json"
MOST_ENTRIES = 50_000
MOST_BYTES = 256 << 20
"""Of all entries together, unpacked: they are held in memory."""
MOST_BYTES_EACH = 8 << 20
MOST_TIMES_PACKED = 200
"""An entry may be so many times as long as its packed form: JSON is, at most, thirty times."""
LONGEST_SIDE = 2048
"""Of a crop, in pixels; what is kept nowadays is smaller."""
LARGEST_NUMBER = 1e6
"""In an embedding; ours stay below 100."""

_ENTRY = re.compile(r"manifest\.json|crops/\d{1,6}\.png|embeddings/\d{1,6}\.f32|labels/\d{1,6}\.wav", re.ASCII)
_ZIP_START = b"PK\3\4"
_PNG_START, _PNG_END = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\0\0\0\0IEND\xaeB`\x82"


def write_archive(path: Path, lessons: Iterable[Lesson]) -> int:
    """Write things to a new file; returns how many.

    Raises DataError when it exists or cannot be written, StoreError for what no other device would take.
    """
    if path.exists():
        raise DataError(f"{path} is there already; choose another name, or remove it first")
    try:
        with replacing(path) as file:
            return pack_things(file, lessons)
    except OSError as error:
        raise DataError(f"{path} cannot be written ({error.strerror or error}); free some space there, "
                        "or choose another folder") from error


def read_archive(path: Path) -> List[Lesson]:
    """The things in an archive, every one of them checked. Raises DataError when anything at all is wrong with it."""
    try:
        with path.open("rb") as file:
            return unpack_things(file)
    except Refused as error:
        raise DataError(f"{path}: it {error}; nothing was brought in, export it again") from error
    except UNREADABLE as error:
        raise DataError(f"{path}: cannot be read as an archive of taught things ({error}); nothing was brought in, "
                        "export it again") from error


def pack_things(file: BinaryIO, lessons: Iterable[Lesson]) -> int:
    """Write things into an empty file; returns how many. Raises OSError, and StoreError for what no other device would
    take, because of TooMuch for instance."""
    try:
        with zipfile.ZipFile(file, "w") as archive:
            things = []
            for number, lesson in enumerate(lessons):
                things.append(_write_lesson(archive, number, lesson))
                _check_length(file)  # before more of it is held in memory
            manifest = json.dumps({"format": FORMAT, "version": VERSION, "things": things}, ensure_ascii=False)
            add_entry(archive, MANIFEST, manifest.encode(), zipfile.ZIP_DEFLATED)
            _check_entries(archive.infolist(), sys.maxsize)
        _check_length(file)
    except Refused as error:
        raise StoreError(f"the archive was not written: it {error}, and no device would take it in; forget things that "
                         "you can spare, or teach them anew from fewer pictures") from error
    return len(things)


def _check_length(file: BinaryIO) -> None:
    if file.tell() > MOST_BYTES:
        raise TooMuch("holds more than a device could have been taught")


def unpack_things(file: BinaryIO) -> List[Lesson]:
    """The things in a file, every one of them checked. Raises Refused, or one of UNREADABLE."""
    if file.read(len(_ZIP_START)) != _ZIP_START:
        raise Refused("is no archive of taught things")
    size = measure_zip(file)
    with zipfile.ZipFile(file) as archive:
        return _Reader(archive, size).lessons()


def _write_lesson(archive: zipfile.ZipFile, number: int, lesson: Lesson) -> Dict[str, object]:
    """Add the entries of one thing; returns its part of the manifest."""
    check_name(lesson.name)
    label = None
    if lesson.label is not None:
        sound = encode_wav(lesson.label)
        label = {"file": add_entry(archive, f"labels/{number}.wav", sound), "sha256": hashlib.sha256(sound).hexdigest()}
    try:
        samples = [_write_sample(archive, sample) for sample in lesson.samples]
    except Refused as error:
        raise StoreError(f"'{lesson.name}' {error}, so no other device would take it in; forget it, or teach it anew"
                         ) from error
    return {"name": lesson.name, "label": label, "samples": samples}


def _write_sample(archive: zipfile.ZipFile, sample: Sample) -> Dict[str, object]:
    _check_sample(sample)
    number = len(archive.namelist())
    return {"crop": add_entry(archive, f"crops/{number}.png", sample.crop),
            "embedding": add_entry(archive, f"embeddings/{number}.f32", sample.embedding),
            "backbone": sample.backbone, "taken_at": sample.taken_at,
            "quality": None if sample.quality is None else json.loads(sample.quality), "sha256": sample.checksum}


def add_entry(archive: zipfile.ZipFile, name: str, data: bytes, packing: int = zipfile.ZIP_STORED) -> str:
    """Put `data` into an archive; returns its name there."""
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o644 << 16  # whoever unpacks it by hand may read it
    archive.writestr(entry, data, packing)
    return name


class _Reader:
    """Takes an archive apart, entry by entry, each exactly once."""

    def __init__(self, archive: zipfile.ZipFile, size: int) -> None:
        """`size` is the length of the file in bytes."""
        _check_entries(archive.infolist(), size)
        self._archive = archive
        self._left = {info.filename: info for info in archive.infolist()}

    def lessons(self) -> List[Lesson]:
        """All things of the archive. Raises Refused."""
        manifest = json.loads(self._take(MANIFEST).decode("utf-8"))
        check_version(manifest, FORMAT, VERSION)
        lessons = [self._lesson(thing) for thing in read_field(manifest, "things", list)]
        if self._left:
            raise Refused("holds entries that its manifest does not name")
        if len({lesson.name for lesson in lessons}) < len(lessons):
            raise Refused("names two things alike")
        return lessons

    def _take(self, name: str) -> bytes:
        info = self._left.pop(name, None)
        if info is None:
            raise Refused(f"lacks the entry {name[:40]!r}, or uses it twice")
        # `ZipFile.read` would unpack all that is there, and only then cut it to the length that the entry claims.
        with self._archive.open(info) as file:
            data = file.read(info.file_size + 1)
        if len(data) != info.file_size:
            raise Refused(f"holds {name}, which is not as long as it claims")
        return data

    def _lesson(self, thing: object) -> Lesson:
        name = read_field(thing, "name", str)
        try:
            check_name(name)
        except StoreError as error:
            raise Refused("holds what cannot be a name") from error
        samples = [self._sample(sample) for sample in read_field(thing, "samples", list)]
        if not samples:
            raise Refused("holds a thing without samples")
        return Lesson(name, samples, self._label(read_field(thing, "label", dict, type(None))))

    def _label(self, label: Optional[Dict[str, object]]) -> Optional[Clip]:
        if label is None:
            return None
        data = self._take(read_field(label, "file", str))
        if hashlib.sha256(data).hexdigest() != read_field(label, "sha256", str):
            raise Refused("holds a voice label that does not match its checksum")
        try:
            return decode_wav(data)
        except SoundError as error:
            raise Refused("holds a voice label that is no sound") from error

    def _sample(self, table: object) -> Sample:
        taken_at = read_field(table, "taken_at", float, type(None))
        quality = read_field(table, "quality", dict, type(None))
        _check_numbers([*([taken_at] if taken_at is not None else []), *(quality or {}).values()])
        sample = Sample(read_field(table, "backbone", str), self._take(read_field(table, "embedding", str)),
                        self._take(read_field(table, "crop", str)), taken_at,
                        None if quality is None else json.dumps(quality))
        if sample.checksum != read_field(table, "sha256", str):
            raise Refused("holds a sample that does not match its checksum")
        _check_sample(sample)
        return sample


def _check_entries(entries: Sequence[zipfile.ZipInfo], size: int) -> None:
    """Judge the archive by its table of contents alone, before a byte of it is unpacked."""
    if len(entries) > MOST_ENTRIES or sum(info.file_size for info in entries) > MOST_BYTES:
        raise TooMuch("holds more than a device could have been taught")
    if len({info.filename for info in entries}) < len(entries) or sum(info.compress_size for info in entries) > size:
        raise Refused("holds entries that lie over each other")
    for info in entries:
        if not _ENTRY.fullmatch(info.filename):
            raise Refused(f"holds the foreign entry {info.filename[:40]!r}")
        mode = info.external_attr >> 16
        if (stat.S_IFMT(mode) not in (0, stat.S_IFREG)) or mode & 0o111:
            raise Refused(f"holds a link or a program under the name {info.filename}")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused(f"holds {info.filename}, which is packed in a way that no Fingerpost uses")
        if info.file_size > min(MOST_BYTES_EACH, MOST_TIMES_PACKED * info.compress_size):
            raise Refused(f"holds {info.filename}, which unpacks to more than it may")


def _check_sample(sample: Sample) -> None:
    width, height = struct.unpack(">II", sample.crop[16:24].ljust(8, b"\0"))
    whole = sample.crop.startswith(_PNG_START) and sample.crop.endswith(_PNG_END)
    # The size is judged before the picture is unpacked.
    if whole and max(width, height) > LONGEST_SIDE:
        raise Refused(f"holds a picture of more than {LONGEST_SIDE} pixels a side")
    if not whole or decode_crop(sample.crop) is None:
        raise Refused("holds a sample without a picture")
    embedding = unpack(sample.embedding)
    if embedding is None or np.abs(embedding).max() > LARGEST_NUMBER:
        raise Refused("holds a sample without an embedding")
    if not re.fullmatch(r"[\w.-]{1,64}", sample.backbone, re.ASCII):
        raise Refused("holds a sample of a model without a checksum")


def _check_numbers(values: Iterable[Any]) -> None:
    for value in values:
        if type(value) not in (int, float) or not math.isfinite(value):
            raise Refused("holds numbers that are none")
