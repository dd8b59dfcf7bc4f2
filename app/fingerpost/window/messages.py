"""What goes through the window, as bytes: the same on both sides of it.

A message is two lengths, 4 bytes each, big-endian: of the header and of the payload. Then the header, a JSON object
in UTF-8 with a "kind" and the fields of that kind, and the payload: pictures as RGB uint8, one after the other, whose
sizes stand in the header.
"""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, NoReturn, Sequence, Tuple

import numpy as np

from ..core.errors import WindowError
from ..core.types import ACTION, BOTH, LONG, MODE, SHORT
from ..core.visits import CLOSED, GUESSED, MISSING, OFFLINE

VERSION = 1
MOST_HEADER_BYTES = 1 << 20
MOST_PAYLOAD_BYTES = 32 << 20
MOST_PICTURES = 60
LONGEST_SIDE = 4096
LONGEST_TEXT = 500
_LENGTHS = struct.Struct(">II")
_REMEDY = "start the device and the companion anew, both of the same version"


class Message(NamedTuple):
    """One message: its kind, its fields, and its payload."""

    kind: str
    fields: Dict[str, Any]
    payload: bytes = b""


def pack(kind: str, payload: bytes = b"", **fields: Any) -> bytes:
    """A message as bytes. Raises WindowError where it is too large."""
    header = json.dumps({**fields, "kind": kind}, allow_nan=False).encode()
    _check_lengths(len(header), len(payload))
    return _LENGTHS.pack(len(header), len(payload)) + header + payload


async def receive(reader: asyncio.StreamReader) -> Message:
    """The next message.

    Raises WindowError where the bytes are none, after which no more can be read; EOFError and OSError when the other
    side has gone.
    """
    header_bytes, payload_bytes = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
    _check_lengths(header_bytes, payload_bytes)
    header = parse(await reader.readexactly(header_bytes))
    return Message(header.pop("kind"), header, await reader.readexactly(payload_bytes))


def parse(header: bytes) -> Dict[str, Any]:
    """The JSON object of a header, with its kind. Raises WindowError."""
    try:
        found = json.loads(header.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise WindowError(f"a message through the window is no JSON ({error}): {_REMEDY}") from error
    if not isinstance(found, dict) or not isinstance(found.get("kind"), str):
        raise WindowError(f"a message through the window has no kind: {_REMEDY}")
    return found


def pack_pictures(pictures: Sequence[np.ndarray]) -> Tuple[List[List[int]], bytes]:
    """The sizes [height, width] and the bytes of RGB uint8 pictures."""
    return ([[int(side) for side in picture.shape[:2]] for picture in pictures],
            b"".join(picture.tobytes() for picture in pictures))


def unpack_pictures(sizes: Any, payload: bytes) -> List[np.ndarray]:
    """The pictures (read-only) that a payload holds, by their sizes. Raises WindowError where they do not fit it."""
    if not is_sizes(sizes) or sum(3 * height * width for height, width in sizes) != len(payload):
        raise WindowError(f"pictures that came through the window have not their size: {_REMEDY}")
    pictures, start = [], 0
    for height, width in sizes:
        pixels = np.frombuffer(payload, np.uint8, 3 * height * width, start)
        pictures.append(pixels.reshape(height, width, 3))
        start += pixels.size
    return pictures


def is_number(value: Any) -> bool:
    """Whether it is a number of reasonable size."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -1e15 < value < 1e15


def is_count(value: Any) -> bool:
    """Whether it is a whole number that a counter may have reached."""
    return isinstance(value, int) and not isinstance(value, bool) and -1 <= value < 1 << 53


def is_text(value: Any) -> bool:
    """Whether it is one line of text, of reasonable length."""
    return isinstance(value, str) and len(value) <= LONGEST_TEXT and value.isprintable()


def is_sizes(value: Any) -> bool:
    """Whether these are the sizes of pictures."""
    return isinstance(value, list) and 1 <= len(value) <= MOST_PICTURES and all(map(_is_size, value))


def _is_size(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(is_count(side) and 1 <= side <= LONGEST_SIDE
                                                               for side in value)


WISHES: Mapping[str, Mapping[str, Callable[[Any], bool]]] = {
    "next": {"after": is_count},
    "watched": {"viewers": is_count},
    "press": {"button": (MODE, ACTION, BOTH).__contains__, "press": (SHORT, LONG).__contains__},
    "prefer": {"name": is_text, "value": lambda value: is_text(value) or is_number(value) or isinstance(value, bool)},
    "teach": {"name": is_text, "crops": is_sizes},
    "reread": {},
    "opened": {"code": is_text, "address": is_text, "fingerprint": is_text},
    "closed": {"reason": (CLOSED, GUESSED, MISSING, OFFLINE).__contains__},
    "paired": {},
    "busy": {"jobs": is_count},
    "timings": {},
    "logs": {"after": is_count},
}
"""What may be asked of the device, and what each field of it must be."""


def check_wish(message: Message) -> None:
    """Raises WindowError where the device knows no such wish, or a field of it is missing or not what it must be."""
    if message.kind not in WISHES:
        raise WindowError(f"the window knows no wish {message.kind[:40]!r}: {_REMEDY}")
    for name, is_right in WISHES[message.kind].items():
        if name not in message.fields or not is_right(message.fields[name]):
            raise WindowError(f"'{name}' of a wish {message.kind!r} is not what it must be: {_REMEDY}")


def _check_lengths(header_bytes: int, payload_bytes: int) -> None:
    if header_bytes > MOST_HEADER_BYTES or payload_bytes > MOST_PAYLOAD_BYTES:
        raise WindowError(f"a message through the window is too large ({header_bytes} and {payload_bytes} bytes): "
                          f"{_REMEDY}")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
