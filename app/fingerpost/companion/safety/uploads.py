"""Pictures that a helper uploads: counted and measured as they come, decoded here and now, and kept as pixels alone.

Nothing of a file stays but what it shows: neither its name, nor where it was taken, nor what else may hide in it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import List, NamedTuple, Optional

import cv2
import numpy as np
from aiohttp import web

from ..errands import in_thread
from ..parts import check_text, fail
from .forms import Form, TooLong
from .imagesize import read_size

log = logging.getLogger(__name__)

MOST_PICTURES = 20
PICTURE_BYTES = 12_000_000
UPLOAD_BYTES = 60_000_000
MOST_PIXELS = 40_000_000
"""Of one picture; what current telephones take has fewer."""
SIDE = 1280
"""The longer side of what is kept, in pixels."""
_NAME_BYTES = 1024
_REDUCTIONS = ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))

UPLOADING: web.AppKey[asyncio.Lock] = web.AppKey("uploading", asyncio.Lock)
"""One upload at a time is taken in: each may need some hundred MB."""


class Upload(NamedTuple):
    """What was sent."""

    name: str
    """What the pictures show; empty where that was not said."""
    pictures: List[np.ndarray]
    """RGB uint8 (height, width, 3), the right way up, no side above SIDE."""


async def read_upload(request: web.Request) -> Upload:
    """A form (multipart/form-data) with a `name` and up to MOST_PICTURES `images`. Raises Refused where it is not that,
    too large, or no picture that can be decoded."""
    if request.content_type != "multipart/form-data":
        raise fail(415, "Send the pictures as a form (multipart/form-data).")
    if request.content_length is None:
        raise fail(411, "Say how long the upload is (Content-Length).")
    if request.content_length > UPLOAD_BYTES:
        raise fail(413, f"That is too much at once: send at most {UPLOAD_BYTES // 1_000_000} MB.")
    async with request.app[UPLOADING]:
        try:
            return await _read_form(request)
        except ValueError as error:
            log.info("an upload was malformed: %r", error)
            raise fail(400, "That upload cannot be read: choose the pictures again.") from error


async def _read_form(request: web.Request) -> Upload:
    name: Optional[str] = None
    pictures: List[np.ndarray] = []
    form = Form(request.content, request.headers["Content-Type"])
    while True:
        field = await form.next_field()
        if field is None:
            return Upload(name or "", pictures)
        if field == "name" and name is None:
            name = check_text("name", (await _read_field(form, _NAME_BYTES)).decode("utf-8"))
        elif field == "images" and len(pictures) < MOST_PICTURES:
            data = await _read_field(form, PICTURE_BYTES)
            pictures.append(await in_thread(decode_picture, data, len(pictures) + 1))
        elif field == "images":
            raise fail(413, f"Those are too many: send at most {MOST_PICTURES} pictures at once.")
        else:
            raise fail(400, "There is no such field: send one `name` and `images`.")


async def _read_field(form: Form, limit: int) -> bytes:
    try:
        return await form.read_field(limit)
    except TooLong as error:
        size = f"{limit // 1_000_000} MB" if limit >= 1_000_000 else f"{limit} bytes"
        raise fail(413, f"One of these is too long: send at most {size} each.") from error


def decode_picture(data: bytes, number: int = 1) -> np.ndarray:
    """The pixels of an uploaded file, RGB uint8, turned as its EXIF asks and no side longer than SIDE.

    Raises Refused, naming it by its number, where it is not a JPEG, PNG or WebP that can be decoded.
    """
    size = read_size(data)
    if size is None:
        raise fail(415, f"Picture {number} is no JPEG, PNG or WebP: save it as one of these.")
    if size[0] * size[1] > MOST_PIXELS:
        raise fail(413, f"Picture {number} has {size[0] * size[1] / 1e6:.0f} megapixels: shrink it to "
                   f"{MOST_PIXELS // 1_000_000} or fewer.")
    pixels = _decode(data, max(size))
    if pixels is None:
        raise fail(415, f"Picture {number} is damaged: save or take it again.")
    shrink = SIDE / max(pixels.shape[:2])
    if shrink < 1.0:
        height, width = (max(1, round(side * shrink)) for side in pixels.shape[:2])
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def _decode(data: bytes, longest: int) -> Optional[np.ndarray]:
    """The pixels, BGR, at the coarsest of the decoder's own scales that is fine enough: it needs the least memory."""
    flag = next((flag for times, flag in _REDUCTIONS if longest >= times * SIDE), cv2.IMREAD_COLOR)
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    except cv2.error as error:
        log.info("a picture could not be decoded: %s", error)
        return None
