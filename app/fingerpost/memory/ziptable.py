"""The table of contents of a zip, judged before it is read: zipfile makes an object of each entry, and millions of them
fit into a small file."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

LARGEST_BYTES = 8 << 20
"""Of a table: 50 000 entries with names as ours have less than half of it."""
_END = struct.Struct("<4s4H2LH")
"""The end of a zip without a comment: APPNOTE.TXT of PKWARE, 4.3.16."""
_LARGE_END = b"PK\6\7"
_LARGE_END_BYTES = 20
"""What stands before it where there is a second, larger table: 4.3.15."""


def measure_zip(file: BinaryIO) -> int:
    """How many bytes a zip has, one whose table of contents may be read. Raises ValueError for any other file."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END.size - _LARGE_END_BYTES))
    tail = file.read()
    if len(tail) < _END.size:
        raise ValueError("it is too short")
    signature, *_, table_bytes, _, comment_bytes = _END.unpack(tail[-_END.size:])
    if signature != b"PK\5\6" or comment_bytes or tail.startswith(_LARGE_END) or table_bytes > LARGEST_BYTES:
        raise ValueError("it has no table of contents such as ours")
    return size
