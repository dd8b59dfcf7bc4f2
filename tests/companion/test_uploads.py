"""Pictures that are uploaded: what is no picture, too large, or would be once it is unpacked, is refused."""

from __future__ import annotations

import asyncio
import struct
import zlib
from unittest import mock

import cv2
import numpy as np
import pytest

pytest.importorskip("aiohttp", reason="the companion needs fingerpost[companion]")

from aiohttp import StreamReader

from fingerpost.companion.parts import Refused
from fingerpost.companion.safety.forms import Form
from fingerpost.companion.safety.imagesize import MOST_SCANS, read_size
from fingerpost.companion.safety.uploads import MOST_PICTURES, PICTURE_BYTES, SIDE, UPLOAD_BYTES, decode_picture


def make_png(height, width, rows=b""):
    """A PNG that says it has that size."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def make_form(*files, name=b"mug", boundary=b"edge"):
    """The body and the content type of a form with a name and pictures."""
    parts = [b'--%s\r\nContent-Disposition: form-data; name="name"\r\n\r\n%s\r\n' % (boundary, name)]
    parts += [b'--%s\r\nContent-Disposition: form-data; name="images"; filename="../../x.jpg"\r\n\r\n%s\r\n'
              % (boundary, data) for data in files]
    return b"".join(parts) + b"--%s--\r\n" % boundary, "multipart/form-data; boundary=" + boundary.decode()


def test_a_picture_that_would_unpack_to_too_much_is_not_unpacked():
    for bomb in (make_png(60000, 60000), make_png(2 ** 31 - 1, 2 ** 31 - 1), make_png(1, 40_000_001)):
        with pytest.raises(Refused) as refused:
            decode_picture(bomb)
        assert refused.value.status == 413
    jpeg = bytearray(cv2.imencode(".jpg", np.zeros((16, 16, 3), np.uint8))[1].tobytes())
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5:at + 9] = struct.pack(">HH", 65500, 65500)
    with pytest.raises(Refused) as refused:
        decode_picture(bytes(jpeg))
    assert refused.value.status == 413


def test_a_picture_of_endless_scans_is_none():
    jpeg = cv2.imencode(".jpg", np.zeros((16, 16, 3), np.uint8))[1].tobytes()
    assert read_size(jpeg) == (16, 16)
    assert read_size(jpeg[:-2] + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" * MOST_SCANS + jpeg[-2:]) is None


@pytest.mark.parametrize("data", [
    b"", b"GIF89a" + b"\x01" * 100, b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"BM" + b"\x00" * 100, b"\xff\xd8",
    b"\xff\xd8\xff\xe0\x00\x00", b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x10\x00\x10\x03", b"\x89PNG\r\n\x1a\n",
    make_png(0, 10), make_png(100, 100, b"short"), b"RIFF\x00\x00\x00\x00WEBPVP8 ",
    b"RIFF\x00\x00\x00\x00WEBPVP8X" + b"\x00" * 4,
])
def test_what_is_no_picture_is_none(data):
    with pytest.raises(Refused) as refused:
        decode_picture(data)
    assert refused.value.status == 415


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp"])
def test_pictures_are_shrunk_and_hold_nothing_else(ending):
    large = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (900, 3000, 3), np.uint8), (0, 0), 9)
    data = cv2.imencode(ending, large)[1].tobytes()
    assert read_size(data) == (900, 3000)
    pixels = decode_picture(data + b"<?php after the end ?>")
    assert pixels.shape == (384, SIDE, 3)


def test_a_picture_is_turned_as_its_exif_asks():
    jpeg = cv2.imencode(".jpg", np.zeros((40, 80, 3), np.uint8))[1].tobytes()
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    turned = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]
    assert decode_picture(turned).shape == (80, 40, 3)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_form_is_the_same_in_whatever_pieces_it_comes(size):
    pictures = [b"\r\n--edg\r\n\r\n--\r", b"", b"--edge--"]
    body, kind = make_form(*pictures)

    async def read():
        content = StreamReader(mock.Mock(_reading_paused=False), 1 << 16, loop=asyncio.get_running_loop())
        form, fields = Form(content, kind), []
        for start in range(0, len(body), size):
            content.feed_data(body[start:start + size])
        content.feed_eof()
        name = await form.next_field()
        while name is not None:
            fields.append((name, await form.read_field(1000)))
            name = await form.next_field()
        return fields

    assert asyncio.run(read()) == [("name", b"mug"), *(("images", picture) for picture in pictures)]


def test_uploads_are_counted_and_looked_into(running, helper):
    jpeg = cv2.imencode(".jpg", np.zeros((32, 32, 3), np.uint8))[1].tobytes()
    form, kind = make_form(jpeg)
    cases = [
        (make_form(*[jpeg] * (MOST_PICTURES + 1)), 413), (make_form(make_png(60000, 60000)), 413),
        (make_form(b"\x00" * (PICTURE_BYTES + 1)), 413), (make_form(b"no picture"), 415), (make_form(jpeg[:200]), 415),
        (make_form(jpeg, name=b"x" * 2000), 413), (make_form(jpeg, name=b"a\r\nb"), 400),
        (make_form(jpeg, name=b"\xff"), 400), ((form[:-20], kind), 400), ((form, "multipart/form-data"), 400),
        ((form, "application/json"), 415), ((form.replace(b'"images"', b'"path"'), kind), 400),
        ((b"--edge\r\n" + b"A: b\r\n" * 1000 + b"\r\n", kind), 400),
        ((form, "multipart/form-data; boundary=" + "e" * 100), 400),
        ((b"\r\n" * 3_000_000 + form, kind), 400), ((b"preamble\r\n" + form, kind), 400), ((form[:-4], kind), 400),
        ((b'--edge\r\nContent-Disposition: form-data; name="name"\r\n\r\n\r\n' * 60_000 + b"--edge--\r\n", kind), 400),
        ((b"--edge\r\n" + b"A: b\r\n" * 1_000_000 + b"\r\n", kind), 400),
    ]
    for number, ((body, kind), status) in enumerate(cases):
        running.clock.at += 1.0
        assert helper.ask("POST", "/api/objects/upload", body, Content_Type=kind).status == status, number
    assert helper.ask("POST", "/api/objects/upload", b"", Content_Type=kind,
                      Content_Length=str(UPLOAD_BYTES + 1)).status == 413
    assert helper.ask("POST", "/api/objects/upload", b"0\r\n\r\n", Content_Type=kind,
                      Transfer_Encoding="chunked").status == 411
    assert running.serves(helper)
