"""How large a picture will be, from its first bytes: known before anything unpacks it.

JPEG (ITU-T T.81, annex B), PNG (its specification, section 11.2.2) and WebP (its container specification), told apart
by their content; what its file is called does not matter.
"""

from __future__ import annotations

import struct
from typing import Optional, Tuple

Size = Tuple[int, int]
MOST_SCANS = 64
"""A progressive JPEG comes in about ten. Each one more costs as much as decoding the whole picture."""
_SCAN = b"\xff\xda"
"""Begins a scan. Within the data of one this cannot occur, for there a zero follows each FF."""
_TABLES = (0xC4, 0xCC, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0))
"""What may come before the frame: tables, comments, and what applications put in."""
_FRAMES = tuple(code for code in range(0xC0, 0xD0) if code not in (0xC4, 0xC8, 0xCC))
"""Starts of a frame; the three others in that range are not."""


def read_size(data: bytes) -> Optional[Size]:
    """Height and width in pixels; None for what is none of the three formats, or not sound as one."""
    try:
        if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR":
            width, height = struct.unpack_from(">II", data, 16)
        elif data[:2] == b"\xff\xd8":
            height, width = _read_jpeg(data)
        elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            height, width = _read_webp(data)
        else:
            return None
    except (struct.error, ValueError):
        return None
    return (height, width) if height and width else None


def _read_jpeg(data: bytes) -> Size:
    """Go from one segment to the next until the frame's; pictures within segments (thumbnails) are passed over."""
    if data.count(_SCAN) > MOST_SCANS:
        raise ValueError("too many scans")
    at = 2
    while True:
        marker, code, length = struct.unpack_from(">BBH", data, at)
        if marker == 0xFF and code == 0xFF:  # filling
            at += 1
            continue
        if marker == 0xFF and code in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return height, width
        if marker != 0xFF or code not in _TABLES or length < 2:
            raise ValueError("no frame")
        at += 2 + length


def _read_webp(data: bytes) -> Size:
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[start:start + 3], "little") + 1 for start in (24, 27))
    elif kind == b"VP8L" and data[20:21] == b"\x2f":
        bits, = struct.unpack_from("<I", data, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    else:
        raise ValueError("no frame")
    return height, width
