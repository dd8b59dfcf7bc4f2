"""Packed files that are damaged, cut short or made in malice: a clear error or the right network, in little memory."""

from __future__ import annotations

import copy
import hashlib
import json
import tracemalloc
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from fingerpost.core.errors import ModelError
from fingerpost.packed import CodedWeight, read_packed
from tests.packs import CHECKSUM_BYTES, make_weight, seal, write_pack

MEGABYTE = 1 << 20
WEIGHTS = [make_weight((8, 3, 3, 3), 9, 4, 0.3, scaled=True), make_weight((16, 40), zeros=0.8, scaled=True),
           make_weight((5, 12), 4, 3, half=False)]
LENGTHS_AT = 8
"""Where the two lengths of the header stand: after the magic."""
HEADER_AT = 16


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A sound file."""
    path = tmp_path_factory.mktemp("packed") / "whole.fpk"
    write_pack(path, WEIGHTS, data="hands", figures={"median_px": 5.5})
    return path


def unseal(path):
    """Header and streams of a sound file."""
    data = path.read_bytes()
    stored = int.from_bytes(data[LENGTHS_AT:LENGTHS_AT + 4], "little")
    header = json.loads(zlib.decompress(data[HEADER_AT:HEADER_AT + stored], -15))
    return header, data[HEADER_AT + stored:-CHECKSUM_BYTES]


def deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def build(header, streams, lengths=None):
    """A file with this header, text or what JSON is made of, and a checksum that is right."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    stored = deflate(text)
    lengths = lengths or (len(stored), len(text))
    return seal(b"\x89FPK\r\n\x1a\n" + b"".join(length.to_bytes(4, "little") for length in lengths) + stored + streams)


def judge(whole, data):
    """The line that refuses a file of that content; None where it gives the network of the sound file."""
    path = whole.with_name("spoilt.fpk")
    path.write_bytes(data)
    refusal = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            content = read_packed(path).content
    except ModelError as error:
        refusal = str(error)
    if refusal is None:
        assert content == read_packed(whole).content
    else:
        assert refusal.startswith(f"{path} is ")
        assert refusal.endswith((": fetch or install it again", ": update Fingerpost"))
        assert "\n" not in refusal
    return refusal


SPOTS = some.floats(0, 1, exclude_max=True)
"""A place in a file, as a share of its length."""
EDITS = some.one_of(
    some.tuples(some.just("flip"), SPOTS, some.integers(0, 7)),
    some.tuples(some.just("cut"), SPOTS, some.integers(1, 400)),
    some.tuples(some.just("end"), SPOTS, some.just(0)),
    some.tuples(some.just("insert"), SPOTS, some.binary(min_size=1, max_size=40)),
    some.tuples(some.just("write"), SPOTS, some.sampled_from([b"\0" * 4, b"\xff" * 4, b"\0\0\0\x80", b"\x01\0\0\0"])),
    some.tuples(some.just("swap"), SPOTS, some.tuples(SPOTS, some.integers(1, 200))))


def spoil(data, edits):
    """The bytes after a list of EDITS."""
    for kind, share, what in edits:
        at = int(share * len(data))
        if kind == "flip":
            data = data[:at] + bytes([data[at] ^ 1 << what]) + data[at + 1:] if data else data
        elif kind == "cut":
            data = data[:at] + data[at + what:]
        elif kind == "end":
            data = data[:at]
        elif kind == "insert":
            data = data[:at] + what + data[at:]
        elif kind == "write":
            data = data[:at] + what + data[at + len(what):]
        else:
            first, second = sorted((at, int(what[0] * len(data))))
            length = min(what[1], second - first)
            data = (data[:first] + data[second:second + length] + data[first + length:second] +
                    data[first:first + length] + data[second + length:])
    return data


@settings(deadline=None, max_examples=700)
@given(some.lists(EDITS, min_size=1, max_size=3))
def test_a_spoilt_file_is_refused(whole, edits):
    data = whole.read_bytes()
    spoilt = spoil(data, edits)
    assert (judge(whole, spoilt) is None) == (spoilt == data)


@settings(deadline=None, max_examples=900)
@given(some.lists(EDITS, min_size=1, max_size=3))
def test_a_spoilt_file_whose_checksum_is_right_is_refused_too(whole, edits):
    judge(whole, seal(spoil(whole.read_bytes()[:-CHECKSUM_BYTES], edits)))


@settings(deadline=None, max_examples=500)
@given(some.integers(0, 40), some.lists(EDITS, min_size=1, max_size=3))
def test_spoilt_streams_behind_a_sound_header_are_refused(whole, skipped, edits):
    header, streams = unseal(whole)
    judge(whole, build(header, streams[:skipped] + spoil(streams[skipped:], edits)))


HOSTILE = some.one_of(
    some.sampled_from([None, True, False, 0, -1, 1, 2, 3, 4, 255, 256, 257, 2**28, 2**28 + 1, 2**31, 2**63, 2**64,
                       10**19, -2**63, 0.5, 1e308, float("nan"), float("inf"), "", "plain", "codebook", "<f2", "<f8",
                       "|O", [], {}, [1], [0], [-1], [2**40], [1] * 9, [2**14] * 8, ["x"], [[]], {"kind": "plain"},
                       "x" * 5000]),
    some.integers(-9, 4000), some.lists(some.integers(-1, 2**33), max_size=6))


def list_places(value, path=()):
    """Every place in what JSON is made of, as the keys that lead there."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in [(*path, key), *list_places(value[key], (*path, key))]]


@settings(deadline=None, max_examples=900)
@given(some.lists(some.tuples(some.integers(0, 10**6), some.sampled_from(["set", "drop", "add", "twice"]), HOSTILE),
                  min_size=1, max_size=3))
def test_a_hostile_header_is_refused(whole, changes):
    header, streams = unseal(whole)
    for number, way, value in changes:
        places = list_places(header)
        *path, key = places[number % len(places)]
        owner = header
        for step in path:
            owner = owner[step]
        if way == "drop":
            del owner[key]
        elif way == "twice" and isinstance(owner, list):
            owner.insert(key, owner[key])
        elif way == "add" and type(owner[key]) is type(value) is int:
            owner[key] += value
        else:
            owner[key] = copy.deepcopy(value)  # what a later change may go into
    judge(whole, build(header, streams))


def describe(**changes):
    """The header of a file that holds one weight of four blocks with two centres."""
    content = np.float32([1, 2, 2, 1]).tobytes()
    part = {"kind": "codebook", "shape": [4], "block": 1, "centres": 2, "codebook": "<f2", "scales": None,
            "common": None, "stored": [len(CODEBOOK), len(CODES)], **changes}
    return {"format": 1, "name": "four", "labels": None, "metadata": {}, "bytes": 16, "parts": [part],
            "sha256": hashlib.sha256(content).hexdigest()}


CODEBOOK, CODES = deflate(np.float16([1, 2]).tobytes()), deflate(bytes([0, 1, 1, 0]))


@pytest.mark.parametrize(("changes", "streams", "complaint"), [
    ({}, CODEBOOK + CODES, None),
    ({}, CODEBOOK + deflate(bytes([0, 1, 2, 0])), "a centre that there is not"),
    ({"stored": [len(CODEBOOK), len(CODES) + 1]}, CODEBOOK + CODES + b"X", "a stream is not as long"),
    ({}, CODEBOOK + CODES + b"X", "something else"),
    ({"shape": [2, 2]}, CODEBOOK + CODES, None),
    ({"shape": [5]}, CODEBOOK + CODES, "do not add up"),
    ({"shape": []}, CODEBOOK + CODES, "a list in its header"),
    ({"block": 3, "centres": 1}, CODEBOOK + CODES, "in no known way"),
    ({"centres": 5}, CODEBOOK + CODES, "a number in its header"),
    ({"centres": True}, CODEBOOK + CODES, "a number in its header"),
    ({"codebook": "<f8"}, CODEBOOK + CODES, "in no known way"),
    ({"common": 2, "stored": [9, 9, 9]}, CODEBOOK + CODES, "a number in its header"),
    ({"kind": "pickle"}, CODEBOOK + CODES, "no known kind"),
])
def test_what_is_wrong_is_said(tmp_path, changes, streams, complaint):
    path = tmp_path / "four.fpk"
    path.write_bytes(build(describe(**changes), streams))
    if complaint is None:
        np.testing.assert_array_equal(np.frombuffer(read_packed(path).content, np.float32), [1, 2, 2, 1])
    else:
        with pytest.raises(ModelError, match=rf"four\.fpk is damaged \(.*{complaint}"):
            read_packed(path)


def measure_peak(work):
    """Bytes in use at the worst moment."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


BOMB = deflate(b"\0" * (64 * MEGABYTE))
"""64 MB of zeros in 64 KB."""


def change_part(kind, **changes):
    """The header of the sound file where the first part of that kind says something else."""
    def change(header):
        part = next(part for part in header["parts"] if part["kind"] == kind)
        part.update(changes)
        return header
    return change


@pytest.mark.parametrize(("change", "streams"), [
    (change_part("plain", stored=len(BOMB)), BOMB),
    (change_part("plain", stored=len(BOMB), length=2**28), BOMB[:200]),
    (change_part("codebook", shape=[2**26], block=1), None),
    (change_part("codebook", shape=[2**13, 2**13], block=2**13, centres=256), None),
    (change_part("codebook", shape=[2**20] * 8), None),
    (change_part("codebook", shape=[2] * 5000), None),
    (lambda header: {**header, "bytes": 2**62}, None),
    (lambda header: {**header, "parts": header["parts"] * 400}, None),
    (lambda header: {**header, "parts": [{"kind": "plain", "length": 1, "stored": 2}] * 4000, "bytes": 4000},
     b"\x03\0" * 4000),
    (lambda header: b'{"format": 1, "parts": ' + b"[" * 200000, None),
    (lambda header: b'{"format": 1, "bytes": ' + b"9" * 200000 + b"}", None),
    (lambda header: b'{"format": 1, "labels": [' + b'"",' * 60000 + b'""]}', None),
    (lambda header: b"[" + b"{}," * 60000 + b"{}]", None),
    (lambda header: b"\xff\xfe\xff", None),
    (lambda header: b"null", None),
])
def test_what_would_fill_the_memory_is_refused_in_little_of_it(whole, change, streams):
    header, sound = unseal(whole)
    data = build(change(header), sound if streams is None else streams)
    refusals = []
    peak = measure_peak(lambda: refusals.append(judge(whole, data)))
    assert refusals[0] is not None
    assert peak < 24 * MEGABYTE


@pytest.mark.parametrize("length", [10, 2**18, 2**18 + 1, 2**32 - 1])
def test_a_header_that_unpacks_without_end_is_refused_in_little_memory(whole, length):
    data = seal(b"\x89FPK\r\n\x1a\n" + len(BOMB).to_bytes(4, "little") + length.to_bytes(4, "little") + BOMB)
    assert measure_peak(lambda: judge(whole, data)) < 2 * MEGABYTE


def test_a_file_beyond_all_bounds_is_not_even_read(whole):
    path = whole.with_name("endless.fpk")
    with path.open("wb") as file:
        file.truncate(2**28 + 1)  # takes no room on the disk

    def read():
        with pytest.raises(ModelError, match="it is too large"):
            read_packed(path)
    assert measure_peak(read) < MEGABYTE


def test_unpacking_takes_little_more_than_what_comes_of_it(tmp_path):
    weight = CodedWeight((8 * MEGABYTE,), np.zeros(8 * MEGABYTE, np.uint8), np.float32([[0.5]]))
    write_pack(tmp_path / "zeros.fpk", [weight])
    assert (tmp_path / "zeros.fpk").stat().st_size < MEGABYTE // 10
    peak = measure_peak(lambda: read_packed(tmp_path / "zeros.fpk"))
    assert peak < 3 * 4 * 8 * MEGABYTE
