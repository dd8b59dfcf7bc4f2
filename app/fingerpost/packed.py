"""Packed models: the ONNX file of a network, with each large weight as the numbers of a few shared values.

An ONNX file is stretches of float32 weights, with graph, names and biases between them. So unpacking is joining
stretches, and needs neither onnx nor protobuf. A packed file is, in this order and little-endian:

    magic      8 bytes
    lengths    of the header: uint32 as stored, uint32 as unpacked
    header     JSON: format, name, labels, metadata, bytes and sha256 of the ONNX file, and its parts in their order
    streams    those of each part: the bytes of a Plain one; codebook, scales and codes of a Coded one
    checksum   sha256 of all before it, 32 bytes

Header and streams are raw deflate. A file may come from anywhere: every number in it is checked before it is believed,
no stream is unpacked beyond the length that it should have, and nothing in it is ever executed.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from .core.errors import ModelError
from .packedheader import FORMAT, HALF, MOST_BYTES, MOST_HEADER_BYTES, SINGLE, Coded, Plain, load_fields, parse_header
from .wholefile import write_whole

SUFFIX = ".fpk"
_MAGIC = b"\x89FPK\r\n\x1a\n"
"""After PNG's: what takes the file for text spoils it at once."""
_LENGTHS = struct.Struct("<II")
_CHECKSUM_BYTES = hashlib.sha256().digest_size
_DECODED_AT_ONCE = 1 << 20
"""numpy turns so many codes at a time into indices of eight bytes each."""


class CodedWeight(NamedTuple):
    """A weight as the numbers of its blocks' centres: scalar clusters if a block is one number, else product
    quantisation."""

    shape: Tuple[int, ...]
    codes: np.ndarray
    """(blocks,) uint8: the centre of each block, which is so many consecutive numbers in C order."""
    codebook: np.ndarray
    """(centres, numbers in a block) float32: at most 256 centres."""
    scales: Optional[np.ndarray] = None
    """(channels,) float32: multiplied onto the outputs, the first axis of the shape."""

    def decode(self) -> np.ndarray:
        """The weight that it stands for: float32 of its shape, to the last bit the same on every machine."""
        blocks = np.empty((len(self.codes), self.codebook.shape[1]), np.float32)
        for start in range(0, len(self.codes), _DECODED_AT_ONCE):
            some = slice(start, start + _DECODED_AT_ONCE)
            blocks[some] = self.codebook[self.codes[some]]
        weight = blocks.reshape(self.shape)
        if self.scales is not None:
            weight *= self.scales.reshape(-1, *[1] * (len(self.shape) - 1))
        return weight


class Packed(NamedTuple):
    """What a packed file holds."""

    name: str
    labels: Optional[Tuple[str, ...]]
    metadata: Mapping[str, Any]
    """Whatever JSON can say."""
    content: bytes
    """The ONNX file."""


def is_packed(path: Path) -> bool:
    """Whether a file says of itself that it is packed. Raises ModelError where it cannot be read."""
    with _telling(path), path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def read_onnx(path: Path) -> bytes:
    """The ONNX file in a packed one, or the file itself if it is none. Raises ModelError."""
    with _telling(path):
        return read_packed(path).content if is_packed(path) else path.read_bytes()


def read_packed(path: Path) -> Packed:
    """What a packed file holds. Raises ModelError where it cannot be read, is damaged, or needs a newer Fingerpost."""
    with _telling(path):
        if path.stat().st_size > MOST_BYTES:
            raise ValueError("it is too large")
        data = path.read_bytes()
        end = len(data) - _CHECKSUM_BYTES
        if not data.startswith(_MAGIC) or hashlib.sha256(memoryview(data)[:end]).digest() != data[end:]:
            raise ValueError("its checksum is wrong")
        file = io.BytesIO(data)
        fields = _read_fields(file)
        if fields.get("format") != FORMAT:
            raise ModelError(f"{path} is packed in a way that is not known here: update Fingerpost")
        header = parse_header(fields)
        content = io.BytesIO()  # it grows in place: to join all stretches at the end would need them twice
        with np.errstate(all="ignore"):  # numbers that are none, or too large: the checksum below finds them
            for part in header.parts:
                content.write(_read_plain(file, part) if isinstance(part, Plain) else
                              _read_coded(file, part).decode().data)
        packed = Packed(header.name, header.labels, header.metadata, content.getvalue())
        if file.tell() != end or hashlib.sha256(packed.content).hexdigest() != header.sha256:
            raise ValueError("it unpacks to something else than it should")
        return packed


def write_packed(path: Path, packed: Packed, weights: Sequence[CodedWeight]) -> None:
    """Pack a network whose content holds what the weights decode to, in their order. Loses nothing.

    Raises ModelError where a weight is not found in its place, or all is too large; OSError.
    """
    parts: List[Dict[str, Any]] = []
    streams: List[bytes] = []
    position = 0
    for weight in weights:
        raw = weight.decode().tobytes()
        start = packed.content.find(raw, position)
        if start < 0:
            raise ModelError(f"the network does not hold the weight of shape {weight.shape} after those before it: "
                             "replace its weights by the decoded ones, and give them in the order of the file")
        _add_plain(packed.content[position:start], parts, streams)
        _add_coded(weight, parts, streams)
        position = start + len(raw)
    _add_plain(packed.content[position:], parts, streams)
    header = json.dumps({
        "format": FORMAT, "name": packed.name, "labels": packed.labels, "metadata": packed.metadata,
        "bytes": len(packed.content), "sha256": hashlib.sha256(packed.content).hexdigest(), "parts": parts}).encode()
    if len(packed.content) > MOST_BYTES or len(header) > MOST_HEADER_BYTES:
        raise ModelError(f"{packed.name} is too large to be packed: shorten its metadata, or take a smaller network")
    stored = _deflate(header)
    data = b"".join([_MAGIC, _LENGTHS.pack(len(stored), len(header)), stored, *streams])
    write_whole(path, data + hashlib.sha256(data).digest())


def _add_plain(content: bytes, parts: List[Dict[str, Any]], streams: List[bytes]) -> None:
    if content:
        stream = _deflate(content)
        parts.append({"kind": "plain", **Plain(len(content), len(stream))._asdict()})
        streams.append(stream)


def _add_coded(weight: CodedWeight, parts: List[Dict[str, Any]], streams: List[bytes]) -> None:
    counts = np.bincount(weight.codes)
    used = np.flatnonzero(counts)  # a centre that nothing takes is not stored
    codes = (np.cumsum(counts > 0) - 1).astype(np.uint8)[weight.codes]
    codebook_type, codebook = _store_floats(weight.codebook[used])
    scales_type, scales = (None, []) if weight.scales is None else _store_floats(weight.scales)
    common, coded = _store_codes(codes, int(counts[used].argmax()))
    own = [*codebook, *scales, *coded]
    part = Coded(tuple(map(int, weight.shape)), weight.codebook.shape[1], len(used), codebook_type, scales_type,
                 common, tuple(map(len, own)))
    parts.append({"kind": "codebook", **part._asdict()})
    streams.extend(own)


def _store_floats(numbers: np.ndarray) -> Tuple[str, List[bytes]]:
    """Type and stream of numbers: half precision where that loses nothing."""
    with np.errstate(over="ignore"):
        half = numbers.astype(HALF)
    kind = HALF if np.array_equal(half, numbers) else SINGLE
    return kind, [_deflate(numbers.astype(kind).tobytes())]


def _store_codes(codes: np.ndarray, common: int) -> Tuple[Optional[int], List[bytes]]:
    """The streams of the codes; behind a mask where most are the common one, which is then given too."""
    others = codes != common
    if 2 * np.count_nonzero(others) >= len(codes):
        return None, [_deflate(codes.tobytes())]
    return common, [_deflate(np.packbits(others).tobytes()), _deflate(codes[others].tobytes())]


def _deflate(data: bytes) -> bytes:
    """The shorter of two ways: looking for what repeats, as a graph does, or at how frequent each byte is alone."""
    strategies = (zlib.Z_HUFFMAN_ONLY, zlib.Z_DEFAULT_STRATEGY)
    packers = (zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9, strategy) for strategy in strategies)
    return min((packer.compress(data) + packer.flush() for packer in packers), key=len)


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """What goes wrong with a file becomes one line that names it."""
    try:
        yield
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror or error}): "
                         "see `fingerpost models verify`") from error
    except (ValueError, RecursionError, struct.error, zlib.error) as error:
        raise ModelError(f"{path} is damaged ({error}): fetch or install it again") from error


def _read_fields(file: BinaryIO) -> Dict[str, Any]:
    """The fields of the header, unchecked."""
    file.seek(len(_MAGIC))
    stored, length = _LENGTHS.unpack(file.read(_LENGTHS.size))
    if length > MOST_HEADER_BYTES:
        raise ValueError("its header is too large")
    return load_fields(_inflate(file, stored, length))


def _read_plain(file: BinaryIO, part: Plain) -> bytes:
    return _inflate(file, part.stored, part.length)


def _read_coded(file: BinaryIO, part: Coded) -> CodedWeight:
    stored = list(part.stored)
    codebook = _read_floats(file, stored.pop(0), part.codebook, part.centres * part.block)
    scales = None if part.scales is None else _read_floats(file, stored.pop(0), part.scales, part.shape[0])
    codes = _read_codes(file, stored, part)
    if codes.max() >= part.centres:
        raise ValueError("a weight has a centre that there is not")
    return CodedWeight(part.shape, codes, codebook.reshape(part.centres, part.block), scales)


def _read_codes(file: BinaryIO, stored: Sequence[int], part: Coded) -> np.ndarray:
    if part.common is None:
        return np.frombuffer(_inflate(file, stored[0], part.blocks), np.uint8)
    bits = np.frombuffer(_inflate(file, stored[0], (part.blocks + 7) // 8), np.uint8)
    others = np.unpackbits(bits, count=part.blocks).view(np.bool_)
    rest = np.frombuffer(_inflate(file, stored[1], int(np.count_nonzero(others))), np.uint8)
    codes = np.full(part.blocks, part.common, np.uint8)
    codes[others] = rest
    return codes


def _read_floats(file: BinaryIO, stored: int, kind: str, count: int) -> np.ndarray:
    """float32 from a stream of numbers of that type."""
    return np.frombuffer(_inflate(file, stored, count * np.dtype(kind).itemsize), kind).astype(np.float32)


def _inflate(file: BinaryIO, stored: int, length: int) -> bytes:
    """The next stream, of so many bytes as stored and as unpacked. Raises ValueError, zlib.error."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    data = unpacker.decompress(file.read(stored), length + 1)  # 0 would be no bound
    if len(data) != length or not unpacker.eof or unpacker.unused_data:
        raise ValueError("a stream is not as long as it should be")
    return data
