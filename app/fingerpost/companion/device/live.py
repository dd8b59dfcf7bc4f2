"""The live view: one connection on which the newest frame comes as soon as the last one was taken, and every word.

The server sends pictures as binary messages (see `gallery.encode_look`), and what the device says as text messages:
JSON objects with their "kind", those of SHOWN. The browser answers each picture with the text "next"; until then there
is no other one.
"""

from __future__ import annotations

import asyncio
import json

from aiohttp import WSMsgType, web

from ...window.client import Link, Listener, News
from ..parts import Parts, parts_of
from .gallery import GALLERY, Gallery, Picture

BYTES_PER_SECOND = 1_500_000
"""To each viewer, at most."""
SHOWN = ("guesses", "heard", "state", "changed", "fault", "recovered", "device")
"""The kinds of messages of the device that viewers get."""
_PATIENCE_SECONDS = 10.0
_RETRY_SECONDS = 0.3
_LONGEST_ANSWER_BYTES = 256


def add_routes(app: web.Application, parts: Parts) -> None:
    """The live view at /live."""
    app[GALLERY] = Gallery(parts.link)
    app.router.add_get("/live", watch)


async def watch(request: web.Request) -> web.StreamResponse:
    """Show what the device sees and says, until one side leaves."""
    socket = web.WebSocketResponse(heartbeat=15.0, compress=False, max_msg_size=_LONGEST_ANSWER_BYTES)
    await socket.prepare(request)
    try:
        await Viewer(socket, parts_of(request).link, request.app[GALLERY]).serve()
    finally:
        await socket.close()
    return socket


class Viewer:
    """One open live view."""

    def __init__(self, socket: web.WebSocketResponse, link: Link, gallery: Gallery) -> None:
        self._socket, self._link, self._gallery = socket, link, gallery
        self._ready = asyncio.Event()
        self._ready.set()

    async def serve(self) -> None:
        """Show and tell until the browser leaves, or takes nothing in any more."""
        with self._gallery.watched_by(self), self._link.listen() as listener:
            tasks = [asyncio.ensure_future(work) for work in (self._hear(), self._show(), self._tell(listener))]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            error = task.exception()
            if error is not None and not isinstance(error, (ConnectionError, asyncio.TimeoutError)):
                raise error

    async def _hear(self) -> None:
        """Whether the browser is ready for the next picture."""
        async for message in self._socket:
            if message.type == WSMsgType.TEXT and message.data == "next":
                self._ready.set()

    async def _show(self) -> None:
        after = -1
        while True:
            await self._ready.wait()
            self._ready.clear()
            picture = await self._wait_for_picture(after)
            data, after = await picture.encode(), picture.look.index
            self._gallery.hand_over(self, picture)
            await asyncio.wait_for(self._socket.send_bytes(data), _PATIENCE_SECONDS)
            await asyncio.sleep(len(data) / BYTES_PER_SECOND)

    async def _wait_for_picture(self, after: int) -> Picture:
        while True:
            picture = await self._gallery.look(after)
            if picture is not None:
                return picture
            await asyncio.sleep(_RETRY_SECONDS)

    async def _tell(self, listener: Listener) -> None:
        """Hand on what the device says; first, how it is."""
        await self._send({"kind": "device", "device": self._link.device})
        if self._link.state is not None:
            await self._send(self._link.state)
        while True:
            news = await listener.get()
            if news["kind"] == "device":
                self._gallery.announce(anew=True)
            if news["kind"] in SHOWN:
                await self._send(news)

    async def _send(self, news: News) -> None:
        await asyncio.wait_for(self._socket.send_str(json.dumps(news)), _PATIENCE_SECONDS)
