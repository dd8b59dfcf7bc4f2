"""The header of a packed file: what it says, checked before any of it is believed (packed.py tells of the file)."""

from __future__ import annotations

import json
import math
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple, Union

FORMAT = 1
MOST_BYTES = 1 << 28
"""The largest file that is unpacked, and the largest network that comes of it."""
MOST_HEADER_BYTES = 1 << 18
HALF, SINGLE = "<f2", "<f4"
"""The types in which codebooks and scales are kept, as numpy calls them."""
MOST_CENTRES = 256
_MOST_AXES = 8
_MOST_DIGITS = 20
"""Of a number in the header: Python's time for one grows by the square of its digits."""


class Plain(NamedTuple):
    """A stretch of so many bytes that is stored as it is, and the bytes of its stream."""

    length: int
    stored: int


class Coded(NamedTuple):
    """A stretch that is one weight in float32.

    Its streams: the codebook; the scales, if any; then the codes, or, where one centre is `common`, a bit for each
    block that has another one, and the codes of those.
    """

    shape: Tuple[int, ...]
    block: int
    """So many consecutive numbers have one code."""
    centres: int
    codebook: str
    """The type in which it is kept."""
    scales: Optional[str]
    common: Optional[int]
    stored: Tuple[int, ...]
    """The bytes of each stream."""

    @property
    def length(self) -> int:
        """Its bytes when unpacked."""
        return 4 * math.prod(self.shape)

    @property
    def blocks(self) -> int:
        """How many codes there are."""
        return math.prod(self.shape) // self.block


class Header(NamedTuple):
    """What a packed file says of itself."""

    name: str
    labels: Optional[Tuple[str, ...]]
    metadata: Mapping[str, Any]
    sha256: str
    """Of what it unpacks to, in hex."""
    parts: Tuple[Union[Plain, Coded], ...]


def load_fields(text: bytes) -> Dict[str, Any]:
    """The fields of a header, unchecked. Raises ValueError, and RecursionError where it is nested without end."""
    fields = json.loads(text, parse_int=_parse_int)
    if not isinstance(fields, dict):
        raise ValueError("its header is no table of keys")
    return fields


def parse_header(fields: Mapping[str, Any]) -> Header:
    """The header, whose parts add up to a network that may be unpacked. Raises ValueError."""
    name, metadata, sha256 = (fields.get(key) for key in ("name", "metadata", "sha256"))
    labels = None if fields.get("labels") is None else tuple(_check_list(fields["labels"], 0))
    if not isinstance(metadata, dict) or not all(isinstance(word, str) for word in (name, sha256, *(labels or ()))):
        raise ValueError("its header lacks a name, or has labels that are no words")
    parts = tuple(_parse_part(part) for part in _check_list(fields.get("parts")))
    if sum(part.length for part in parts) != _check_number(fields.get("bytes")):
        raise ValueError("its parts do not add up")
    return Header(str(name), labels, metadata, str(sha256), parts)


def _parse_part(fields: Any) -> Union[Plain, Coded]:
    kind = fields.get("kind") if isinstance(fields, dict) else None
    if kind == "plain":
        return Plain(_check_number(fields.get("length")), _check_number(fields.get("stored")))
    if kind == "codebook":
        return _parse_coded(fields)
    raise ValueError("it has a part of no known kind")


def _parse_coded(fields: Mapping[str, Any]) -> Coded:
    shape = tuple(_check_number(side) for side in _check_list(fields.get("shape"), 1, _MOST_AXES))
    numbers = _check_number(math.prod(shape))
    block = _check_number(fields.get("block"), numbers)
    # At most as many centres as blocks: so no codebook is larger than its weight.
    centres = _check_number(fields.get("centres"), min(MOST_CENTRES, numbers // block))
    codebook, scales, common = (fields.get(key) for key in ("codebook", "scales", "common"))
    if numbers % block or codebook not in (HALF, SINGLE) or scales not in (None, HALF, SINGLE):
        raise ValueError("a weight is coded in no known way")
    if common is not None:
        _check_number(common, centres - 1, 0)
    streams = 2 + (scales is not None) + (common is not None)
    stored = tuple(_check_number(length) for length in _check_list(fields.get("stored"), streams, streams))
    return Coded(shape, block, centres, str(codebook), scales, common, stored)


def _parse_int(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("a number in its header never ends")
    return int(digits)


def _check_number(number: Any, most: int = MOST_BYTES, least: int = 1) -> int:
    """The number, if it is a whole one within its bounds. Raises ValueError."""
    if type(number) is not int or not least <= number <= most:  # True is an int too
        raise ValueError("a number in its header cannot be right")
    return number


def _check_list(value: Any, fewest: int = 1, most: int = MOST_HEADER_BYTES) -> List[Any]:
    if not isinstance(value, list) or not fewest <= len(value) <= most:
        raise ValueError("a list in its header cannot be right")
    return value
