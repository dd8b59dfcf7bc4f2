"""Rows straight from the pages of an SQLite file, for where its trees no longer lead to them.

The format is described in https://www.sqlite.org/fileformat2.html: pages in 1.6, records in 2.1, the log in 4.1.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

PAGE_BYTES = 4096
"""SQLite's default, which the store keeps."""

_LEAF = 0x0D
_MOST_ROW_BYTES = 8 << 20
_MOST_LOCAL, _LEAST_LOCAL = PAGE_BYTES - 35, (PAGE_BYTES - 12) * 32 // 255 - 23
_INTEGER_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_LOG_HEADER_BYTES, _FRAME_HEADER_BYTES = 32, 24

Pages = Dict[int, bytes]
"""The newest form of each page, by its number."""


def read_pages(path: Path) -> Pages:
    """The pages of a database file, and over them those of its log; those that the card still gives."""
    pages: Pages = {}
    with path.open("rb", buffering=0) as file:
        for number in range(path.stat().st_size // PAGE_BYTES):
            with suppress(OSError):
                file.seek(number * PAGE_BYTES)
                pages[number + 1] = file.read(PAGE_BYTES)
    with suppress(OSError):
        pages.update(_read_log(path.with_name(path.name + "-wal").read_bytes()))
    return pages


def find_rows(pages: Pages) -> Iterator[Tuple[int, tuple]]:
    """Row number and values of everything that looks like a row of any table; garbage may be among it."""
    for page in pages.values():
        if len(page) != PAGE_BYTES or page[0] != _LEAF:
            continue
        (count,) = struct.unpack_from(">H", page, 3)
        for offset in struct.unpack_from(f">{min(count, PAGE_BYTES // 4)}H", page, 8):
            try:
                yield _read_cell(pages, page, offset)
            except (IndexError, KeyError, ValueError, struct.error):
                continue


def _read_log(data: bytes) -> Pages:
    """The pages in a log; frames from before it was last started anew carry another salt."""
    pages, salt = {}, data[16:24]
    for start in range(_LOG_HEADER_BYTES, len(data), _FRAME_HEADER_BYTES + PAGE_BYTES):
        header, page = data[start:start + _FRAME_HEADER_BYTES], data[start + _FRAME_HEADER_BYTES:][:PAGE_BYTES]
        if len(page) == PAGE_BYTES and header[8:16] == salt:
            pages[int.from_bytes(header[:4], "big")] = page
    return pages


def _read_cell(pages: Pages, page: bytes, offset: int) -> Tuple[int, tuple]:
    size, offset = _read_varint(page, offset)
    if size > _MOST_ROW_BYTES:
        raise ValueError("no row is that long")
    number, offset = _read_varint(page, offset)
    local = size
    if size > _MOST_LOCAL:
        local = _LEAST_LOCAL + (size - _LEAST_LOCAL) % (PAGE_BYTES - 4)
        local = local if local <= _MOST_LOCAL else _LEAST_LOCAL
    chunks, missing = [page[offset:offset + local]], size - local
    overflow = page[offset + local:]
    while missing > 0:
        (following,) = struct.unpack_from(">I", overflow)
        overflow = pages[following]
        chunks.append(overflow[4:4 + missing])
        missing -= PAGE_BYTES - 4
    return number, tuple(_read_record(b"".join(chunks)))


def _read_record(record: bytes) -> Iterator[object]:
    """The values of a record: their kinds come first, then what they hold."""
    value_at, kind_at = _read_varint(record, 0)
    kinds: List[int] = []
    while kind_at < value_at:
        kind, kind_at = _read_varint(record, kind_at)
        kinds.append(kind)
    for kind in kinds:
        size = _INTEGER_BYTES.get(kind, 8 if kind == 7 else max(0, (kind - 12) // 2))
        data = record[value_at:value_at + size]
        if len(data) < size:
            raise ValueError("the record is cut off")
        yield _read_value(kind, data)
        value_at += size


def _read_value(kind: int, data: bytes) -> object:
    if kind >= 12:
        return data.decode(errors="replace") if kind % 2 else data
    if kind in _INTEGER_BYTES:
        return int.from_bytes(data, "big", signed=True)
    if kind == 7:
        return struct.unpack(">d", data)[0]
    return {0: None, 8: 0, 9: 1}[kind]


def _read_varint(data: bytes, offset: int) -> Tuple[int, int]:
    """A number of 1 to 9 bytes, and where the next thing begins."""
    value = 0
    for position in range(offset, offset + 8):
        value = value << 7 | data[position] & 0x7F
        if data[position] < 0x80:
            return value, position + 1
    return value << 8 | data[offset + 8], offset + 9
