"""What the device sees, fetched once for everybody who looks, and kept for a while: a label belongs to the very frame
that was clicked on. Nobody looks unannounced: the device is told how many do before it shows the first frame."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from collections import OrderedDict, deque
from contextlib import contextmanager
from typing import Deque, Dict, Iterator, Optional

import cv2
import numpy as np
from aiohttp import web

from ...core.errors import WindowError
from ...window.client import Link, Look

PACE_SECONDS = 0.1
"""The device is asked for a frame at most so often, however many look."""
KEPT_FRAMES, KEPT_BYTES = 40, 48 << 20
"""So many of the last frames are kept, and fewer where they are large: 40 of 640x480 take 37 MB."""
WIDEST, _QUALITY = 640, 70
"""Pixels across of the JPEG pictures that are sent."""
_LENGTH = struct.Struct(">I")


class Picture:
    """A look at what the device sees, as it is sent: made ready once, by whoever needs it first."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self._encoding: Optional[asyncio.Future[bytes]] = None

    async def encode(self) -> bytes:
        """The message of the live view; see `encode_look`."""
        if self._encoding is None:
            self._encoding = asyncio.get_running_loop().run_in_executor(None, encode_look, self.look)
        return await asyncio.shield(self._encoding)


class Gallery:
    """The newest pictures of the device. Used within one asyncio loop."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._newest: Optional[Picture] = None
        self._fetched_at = float("-inf")
        self._fetching: Optional[asyncio.Future[Optional[Picture]]] = None
        self._frames: OrderedDict[int, np.ndarray] = OrderedDict()
        self._in_hand: Dict[object, Deque[Look]] = {}
        self._announced = 0

    @property
    def viewers(self) -> int:
        """How many look."""
        return len(self._in_hand)

    @contextmanager
    def watched_by(self, viewer: object) -> Iterator[None]:
        """Within the block somebody looks, of which the device is told."""
        self._in_hand[viewer] = deque(maxlen=2)
        self.announce()
        try:
            yield
        finally:
            del self._in_hand[viewer]
            if not self._in_hand:  # what the camera saw stays no longer than somebody looks
                self._newest = None
                self._frames.clear()
            self.announce()

    def announce(self, anew: bool = False) -> None:
        """Tell the device how many look, if it does not know; `anew`: it is another device."""
        if anew:
            self._announced = 0
        if self._announced != self.viewers:
            try:
                self._link.send("watched", viewers=self.viewers)
                self._announced = self.viewers
            except WindowError:
                self._announced = 0  # it is told when it is there

    async def look(self, after: int = -1) -> Optional[Picture]:
        """The newest picture that is not that of the index `after`; None where none comes within a second, as without
        a device. Only for those within `watched_by`."""
        if self._newest is not None and self._newest.look.index != after and self._age() < PACE_SECONDS:
            return self._newest
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.ensure_future(self._fetch(after))
        return await asyncio.shield(self._fetching)

    def hand_over(self, viewer: object, picture: Picture) -> None:
        """Note which picture a viewer gets. They may take their time with it, or with the one before, if they chose to
        stay with that while this one was under way."""
        self._in_hand[viewer].append(picture.look)
        self._frames[picture.look.index] = picture.look.pixels
        self._frames.move_to_end(picture.look.index)
        kept = max(1, min(KEPT_FRAMES, KEPT_BYTES // picture.look.pixels.nbytes))
        while len(self._frames) > kept:
            self._frames.popitem(last=False)

    def find(self, index: int) -> Optional[np.ndarray]:
        """The frame of that index, RGB uint8, if it was shown lately or somebody has it before them; else None."""
        if index in self._frames:
            return self._frames[index]
        return next((look.pixels for looks in self._in_hand.values() for look in looks if look.index == index), None)

    async def _fetch(self, after: int) -> Optional[Picture]:
        await asyncio.sleep(max(0.0, PACE_SECONDS - self._age()))
        self.announce(anew=not self._link.device)
        if not self.viewers:
            return None  # they have left meanwhile
        look = await self._link.look(after)
        if look is None:
            return None
        self._newest, self._fetched_at = Picture(look), time.monotonic()
        return self._newest

    def _age(self) -> float:
        return time.monotonic() - self._fetched_at


GALLERY: web.AppKey[Gallery] = web.AppKey("gallery", Gallery)


def encode_look(look: Look) -> bytes:
    """A look as the live view sends it: the length of a JSON object (4 bytes, big-endian), the object, the frame as
    JPEG, the crop as JPEG.

    `size` ([height, width]), `tip` and `outline` are in pixels of the camera's frame, also where the JPEG is smaller.
    """
    crop = b"" if look.crop is None else encode_jpeg(look.crop, WIDEST, _QUALITY)
    head = json.dumps({"index": look.index, "size": look.pixels.shape[:2], "tip": look.tip, "outline": look.outline,
                       "mode": look.mode, "brightness": look.brightness, "sharpness": look.sharpness,
                       "has_crop": look.crop is not None, "crop_bytes": len(crop)}).encode()
    return _LENGTH.pack(len(head)) + head + encode_jpeg(look.pixels, WIDEST, _QUALITY) + crop


def encode_jpeg(pixels: np.ndarray, widest: int, quality: int) -> bytes:
    """An RGB uint8 picture as JPEG, shrunk where it is wider. Raises ValueError for an empty one."""
    done, encoded = cv2.imencode(".jpg", cv2.cvtColor(shrink(pixels, widest), cv2.COLOR_RGB2BGR),
                                 [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError("the picture cannot be encoded")
    return bytes(encoded.tobytes())


def shrink(pixels: np.ndarray, longest: int) -> np.ndarray:
    """The picture with its longer side at most so many pixels."""
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1.0:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
