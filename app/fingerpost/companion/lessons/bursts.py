"""Recording a new thing: crops of what the finger points at, a few a second, until the helper names them.

They stay in memory, and go when they are kept, dropped, overtaken by later recordings or forgotten for a while, and
with the last session.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from functools import partial
from typing import Callable, Dict, Optional

import numpy as np
from aiohttp import web

from ...window.client import NO_DEVICE, Link
from ..device.gallery import GALLERY, Gallery, encode_jpeg, shrink
from ..errands import in_thread
from ..parts import Parts, fail, parts_of, read_json
from .teaching import LONGEST_SIDE, MOST_PICTURES, teach
from .things import describe

PACE_SECONDS = 0.3
"""Between two crops: neighbouring frames show the same."""
LONGEST_SECONDS = 15.0
MOST_BURSTS = 4
"""So many are remembered, twenty crops of at most 1.2 MB in each."""
KEPT_SECONDS = 600.0
"""How long one is remembered that nobody asks for."""
_THUMBNAIL_SIDE, _QUALITY = 320, 85


class Burst:
    """One recording. Whoever records looks, and the wearer hears that somebody does."""

    def __init__(self, gallery: Gallery, link: Link, forget: Callable[[str], None]) -> None:
        """It begins at once, within the running loop. `forget` is given its id when nobody has asked for it for long.
        """
        self.id, self._forget = secrets.token_hex(6), forget
        self.crops: Dict[int, np.ndarray] = {}
        """RGB uint8, by their numbers from 0; those that were dropped leave gaps."""
        self._gallery, self._link = gallery, link
        self._recording = asyncio.ensure_future(self._record())
        self._forgetting = self._forget_later()

    @property
    def is_recording(self) -> bool:
        """Whether it still goes on."""
        return not self._recording.done()

    def remember(self) -> None:
        """Somebody asks for it: it stays for a while yet."""
        self._forgetting.cancel()
        self._forgetting = self._forget_later()

    def cut(self) -> None:
        """End the recording; what it has stays."""
        self._recording.cancel()

    async def stop(self) -> None:
        """The same, and wait until it has ended."""
        self.cut()
        await asyncio.gather(self._recording, return_exceptions=True)

    def _forget_later(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(KEPT_SECONDS, self._forget, self.id)

    async def _record(self) -> None:
        index, taken, ends_at = -1, 0, time.monotonic() + LONGEST_SECONDS
        with self._gallery.watched_by(self):
            while taken < MOST_PICTURES and time.monotonic() < ends_at:
                picture = await self._gallery.look(index)
                if picture is None and not self._link.device:
                    return
                if picture is None:
                    continue
                index = picture.look.index
                if picture.look.tip is not None and picture.look.crop is not None:
                    # A copy: the crop itself would keep the whole frame in memory.
                    self.crops[taken] = shrink(picture.look.crop, LONGEST_SIDE).copy()
                    taken += 1
                    await asyncio.sleep(PACE_SECONDS)


Bursts = Dict[str, Burst]
BURSTS: web.AppKey[Bursts] = web.AppKey("bursts", dict)


def add_routes(app: web.Application, parts: Parts) -> None:
    """Recordings at /api/bursts."""
    app[BURSTS] = {}
    app.on_cleanup.append(stop_all)
    app.router.add_post("/api/bursts", begin_burst)
    app.router.add_get("/api/bursts/{id}", show_burst)
    app.router.add_post("/api/bursts/{id}/stop", stop_burst)
    app.router.add_get(r"/api/bursts/{id}/{number:\d+}.jpg", show_crop)
    app.router.add_delete(r"/api/bursts/{id}/{number:\d+}", drop_crop)
    app.router.add_post("/api/bursts/{id}/keep", keep_burst)
    app.router.add_delete("/api/bursts/{id}", drop_burst)


async def begin_burst(request: web.Request) -> web.StreamResponse:
    """Begin to record; one at a time."""
    bursts, link = request.app[BURSTS], parts_of(request).link
    if not link.device:
        raise fail(503, f"{NO_DEVICE}.")
    if any(burst.is_recording for burst in bursts.values()):
        raise fail(409, "A recording goes on already: stop that one first, or wait until it ends.")
    burst = Burst(request.app[GALLERY], link, partial(forget, bursts))
    bursts[burst.id] = burst
    while len(bursts) > MOST_BURSTS:
        del bursts[next(iter(bursts))]
    return web.json_response({"id": burst.id})


async def show_burst(request: web.Request) -> web.StreamResponse:
    """How far a recording is."""
    return summarise(find_burst(request))


async def stop_burst(request: web.Request) -> web.StreamResponse:
    """End a recording."""
    burst = find_burst(request)
    await burst.stop()
    return summarise(burst)


async def show_crop(request: web.Request) -> web.StreamResponse:
    """One crop of a recording."""
    crop = find_burst(request).crops.get(find_number(request))
    if crop is None:
        raise fail(404, "That picture was dropped: load the page again.")
    return web.Response(body=await in_thread(encode_jpeg, crop, _THUMBNAIL_SIDE, _QUALITY), content_type="image/jpeg")


async def drop_crop(request: web.Request) -> web.StreamResponse:
    """Leave one crop out."""
    burst = find_burst(request)
    if burst.crops.pop(find_number(request), None) is None:
        raise fail(404, "That picture was dropped already: load the page again.")
    return summarise(burst)


async def keep_burst(request: web.Request) -> web.StreamResponse:
    """Teach what was recorded, under a name."""
    name = (await read_json(request, {"name": str}))["name"]
    await find_burst(request).stop()
    burst = find_burst(request)
    if not burst.crops:
        raise fail(409, "There is no picture in this recording: record again, with a finger that points at the thing.")
    del request.app[BURSTS][burst.id]  # a second click does not teach it twice
    try:
        thing = await teach(request, name, list(burst.crops.values()))
    except BaseException:
        request.app[BURSTS][burst.id] = burst
        burst.remember()
        raise
    return web.json_response(describe(thing))


async def drop_burst(request: web.Request) -> web.StreamResponse:
    """Forget a recording."""
    burst = find_burst(request)
    await burst.stop()
    request.app[BURSTS].pop(burst.id, None)
    return web.json_response({"crops": 0})


def forget(bursts: Bursts, burst_id: str) -> None:
    """A recording that is of no more use."""
    burst = bursts.pop(burst_id, None)
    if burst is not None:
        burst.cut()


def forget_all(app: web.Application) -> None:
    """Nobody is there any more who has recorded."""
    bursts = app[BURSTS]
    for burst_id in list(bursts):
        forget(bursts, burst_id)


async def stop_all(app: web.Application) -> None:
    """The server ends."""
    for burst in list(app[BURSTS].values()):
        await burst.stop()


def find_burst(request: web.Request) -> Burst:
    """The recording that the address names. Raises Refused."""
    burst: Optional[Burst] = request.app[BURSTS].get(request.match_info["id"])
    if burst is None:
        raise fail(404, "That recording is gone: record again.")
    burst.remember()
    return burst


def find_number(request: web.Request) -> int:
    """The number that the address names."""
    return int(request.match_info["number"][:9])


def summarise(burst: Burst) -> web.Response:
    """How many crops there are and their numbers, and whether more come."""
    return web.json_response({"crops": len(burst.crops), "numbers": sorted(burst.crops),
                              "recording": burst.is_recording})
