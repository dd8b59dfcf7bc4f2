"""Messages through the window: what is packed comes out as it was, and bytes that are no message are refused."""

from __future__ import annotations

import asyncio
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerpost.core.errors import WindowError
from fingerpost.window import messages
from fingerpost.window.client import read_look
from fingerpost.window.messages import (
    WISHES,
    Message,
    check_wish,
    pack,
    pack_pictures,
    parse,
    receive,
    unpack_pictures,
)

JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
                    | st.text(max_size=20), lambda inner: st.lists(inner, max_size=4)
                    | st.dictionaries(st.text(max_size=10), inner, max_size=4), max_leaves=10)
GOOD = {"next": {"after": -1}, "watched": {"viewers": 2}, "press": {"button": "both", "press": "long"},
        "prefer": {"name": "volume", "value": 6}, "teach": {"name": "mug", "crops": [[2, 3]]}, "reread": {},
        "opened": {"code": "123456", "address": "https://192.168.55.1:8138", "fingerprint": "AB:CD"},
        "closed": {"reason": "guessed"}, "paired": {}, "busy": {"jobs": 1}, "timings": {}, "logs": {"after": 7}}


def read(data):
    """The messages that these bytes hold, and the error that ends them, if it is not their end."""
    async def take():
        reader, found = asyncio.StreamReader(), []
        reader.feed_data(data)
        reader.feed_eof()
        try:
            while True:
                found.append(await receive(reader))
        except EOFError:
            return found, None
        except WindowError as error:
            return found, error

    return asyncio.run(take())


@given(st.text(max_size=20), st.dictionaries(st.text(min_size=1, max_size=10).filter(
    lambda name: name not in ("kind", "payload")), JSON, max_size=5), st.binary(max_size=100))
def test_what_is_packed_comes_out_as_it_was(kind, fields, payload):
    sent = pack(kind, payload, **fields)
    found, error = read(sent + sent)
    assert error is None
    assert found == 2 * [Message(kind, fields, payload)]


@given(st.binary(max_size=200))
def test_whatever_bytes_come_they_are_messages_or_refused(data):
    found, error = read(data)
    assert all(isinstance(message, Message) for message in found)
    assert error is None or "\n" not in str(error)


@given(st.binary(max_size=200))
def test_whatever_is_in_a_header_it_is_an_object_with_a_kind_or_refused(header):
    data = struct.pack(">II", len(header), 0) + header
    found, error = read(data)
    assert bool(found) != bool(error)


@pytest.mark.parametrize("header", [b"", b"[]", b"7", b"{}", b'{"kind": 7}', b'{"kind": null}', b'{"kind": "a"',
                                    b'{"kind": "a", "x": NaN}', b'{"kind": "a", "x": -Infinity}', b"\xff\xfe",
                                    b"[" * 100_000, b'{"kind":' * 10_000])
def test_a_header_that_is_none_is_refused_with_a_remedy(header):
    with pytest.raises(WindowError, match="start the device and the companion anew"):
        parse(header)


@pytest.mark.parametrize("lengths", [(messages.MOST_HEADER_BYTES + 1, 0), (2, messages.MOST_PAYLOAD_BYTES + 1),
                                     (0xFFFFFFFF, 0xFFFFFFFF)])
def test_what_is_too_large_is_refused_before_it_is_read(lengths):
    found, error = read(struct.pack(">II", *lengths))
    assert not found
    assert "too large" in str(error)


def test_what_is_too_large_is_not_sent_either():
    with pytest.raises(WindowError, match="too large"):
        pack("heard", text="x" * messages.MOST_HEADER_BYTES)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=4), st.randoms())
def test_pictures_come_out_as_they_were(sizes, random):
    pictures = [np.frombuffer(random.getrandbits(8 * 3 * height * width).to_bytes(3 * height * width, "big"),
                              np.uint8).reshape(height, width, 3) for height, width in sizes]
    found = unpack_pictures(*pack_pictures(pictures))
    assert [picture.tolist() for picture in found] == [picture.tolist() for picture in pictures]


def test_a_picture_that_lies_about_in_memory_is_sent_as_it_looks():
    picture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)[:, ::-1, ::-1]
    assert unpack_pictures(*pack_pictures([picture]))[0].tolist() == picture.tolist()


@given(st.lists(st.lists(st.integers() | st.none() | st.text(max_size=2), max_size=3), max_size=3) | JSON,
       st.binary(max_size=30))
def test_sizes_that_do_not_fit_are_refused(sizes, payload):
    try:
        found = unpack_pictures(sizes, payload)
    except WindowError:
        return
    assert sum(picture.size for picture in found) == len(payload) > 0


@pytest.mark.parametrize("kind", GOOD)
def test_every_wish_is_known(kind):
    assert set(GOOD) == set(WISHES)
    check_wish(Message(kind, GOOD[kind]))


@given(st.sampled_from(sorted(GOOD)), st.data())
def test_a_wish_with_any_field_wrong_or_missing_is_refused(kind, data):
    fields = dict(GOOD[kind])
    if not fields:
        return
    name = data.draw(st.sampled_from(sorted(fields)))
    wrong = data.draw(st.sampled_from([None, [], {}, "\n", "\ud800", float("nan"), 10 ** 400, "x" * 1000, [[0, 1]],
                                       [[1, 1, 1]], [[True, 1]], [[1, 10 ** 9]], 61 * [[1, 1]], "missing"]))
    if wrong == "missing":
        del fields[name]
    else:
        fields[name] = wrong
    with pytest.raises(WindowError):
        check_wish(Message(kind, fields))


@given(st.text(max_size=100).filter(lambda kind: kind not in WISHES))
def test_an_unknown_wish_is_refused_in_one_short_line(kind):
    with pytest.raises(WindowError) as caught:
        check_wish(Message(kind, {}))
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 500


@given(st.dictionaries(st.sampled_from(["index", "size", "tip", "outline", "crop", "mode"]), JSON, max_size=6),
       st.binary(max_size=40))
def test_a_look_that_is_none_is_refused(fields, payload):
    with pytest.raises(WindowError):
        read_look(Message("look", fields, payload))


def test_json_is_what_json_says():
    assert parse(json.dumps({"kind": "heard", "text": "Müsli 🥣"}).encode()) == {"kind": "heard", "text": "Müsli 🥣"}
