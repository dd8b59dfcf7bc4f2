"""Teaching a thing from pictures: by the device where it runs, which knows it at once, else by a process."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import List, Optional, Sequence

import cv2
import numpy as np
from aiohttp import web

from ...core.errors import StoreError, WindowError
from ...memory.objects import TaughtObject
from ...memory.rows import check_name
from ...window.client import NO_DEVICE, Link, Listener
from ...window.messages import pack_pictures
from ..device.gallery import shrink
from ..errands import in_thread, run_errand
from ..parts import fail, parts_of
from .shelf import SHELF, Shelf

MOST_PICTURES = 20
LONGEST_SIDE = 640
"""Pixels; twenty such pictures go through the window at once. The network sees less of them."""
_DEVICE_SECONDS, _PROCESS_SECONDS = 60.0, 180.0


async def teach(request: web.Request, name: str, pictures: Sequence[np.ndarray]) -> TaughtObject:
    """Learn a thing from RGB uint8 pictures, all of them or none; the thing as it is now.

    Raises StoreError, WindowError, or Refused.
    """
    name = name.strip()
    check_name(name)
    if not 1 <= len(pictures) <= MOST_PICTURES:
        raise fail(400, f"Teach a thing from 1 to {MOST_PICTURES} pictures.")
    pictures = [shrink(picture, LONGEST_SIDE) for picture in pictures]
    link, shelf = parts_of(request).link, request.app[SHELF]
    if link.device:
        return await _teach_device(link, shelf, name, pictures)
    await _teach_beside(name, pictures)
    thing = await shelf.ask(lambda store: store.find(name))
    if thing is None:
        raise StoreError(f"'{name}' was learned, and then forgotten: teach it again")
    return thing


async def _teach_device(link: Link, shelf: Shelf, name: str, pictures: Sequence[np.ndarray]) -> TaughtObject:
    before = await shelf.ask(lambda store: store.find(name))
    sizes, payload = pack_pictures(pictures)
    with link.listen() as listener:
        link.send("teach", payload, name=name, crops=sizes)
        try:
            return await asyncio.wait_for(_wait_for_thing(listener, shelf, name, before), _DEVICE_SECONDS)
        except asyncio.TimeoutError:
            raise WindowError(f"the device has not learned '{name}' within {_DEVICE_SECONDS:.0f} s: look whether it is "
                              "busy, and try again") from None


async def _wait_for_thing(listener: Listener, shelf: Shelf, name: str, before: Optional[TaughtObject]) -> TaughtObject:
    """The thing, once it is there, or has more samples than before."""
    while True:
        news = await listener.get()
        if news["kind"] == "fault" and news.get("part") in ("memory", "eyes"):
            raise StoreError(str(news.get("reason", "")) or "the device could not keep that: look at its logs")
        if news["kind"] == "device":
            raise WindowError(NO_DEVICE)
        if news["kind"] == "changed":
            thing = await shelf.ask(lambda store: store.find(name))
            if thing is not None and (before is None or thing.samples > before.samples):
                return thing


async def _teach_beside(name: str, pictures: Sequence[np.ndarray]) -> None:
    """Learn without a device: `fingerpost teach`, which brings the network with it."""
    with tempfile.TemporaryDirectory() as folder:
        files = await in_thread(_write_pictures, Path(folder), pictures)
        try:
            # What follows the dashes is no option, whatever the thing is called.
            errand = await run_errand(["teach", "--", name, *files], _PROCESS_SECONDS)
        except asyncio.TimeoutError:
            raise StoreError(f"'{name}' could not be learned within {_PROCESS_SECONDS:.0f} s: wait until this machine "
                             "is less busy") from None
    if errand.code != 0:
        raise StoreError(errand.complaint or f"'{name}' could not be learned: look at `fingerpost doctor`")


def _write_pictures(folder: Path, pictures: Sequence[np.ndarray]) -> List[str]:
    files = [str(folder / f"{number}.png") for number in range(len(pictures))]
    for file, picture in zip(files, pictures):
        if not cv2.imwrite(file, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)):
            raise StoreError("a picture cannot be written: make room on the disk of /tmp")
    return files
