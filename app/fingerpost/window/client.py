"""The other side of the window: how the companion page sees the device, and asks things of it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, AsyncIterator, Dict, Optional, Set, Tuple

import numpy as np

from ..core.errors import WindowError
from .messages import MOST_PAYLOAD_BYTES, VERSION, Message, pack, receive, unpack_pictures
from .place import find_window

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
ANSWER_SECONDS = 5.0
MOST_NEWS = 500
"""A listener who does not listen misses what is older than so many messages."""
NO_DEVICE = "the device is not running: start it with `fingerpost run`"
TAKEN = "another companion looks at the device already: end that one first"
News = Dict[str, Any]
"""A message as it is listened to: its fields, and its "kind"."""


@dataclass(frozen=True, eq=False)
class Look:
    """A frame, and what the device makes of it."""

    index: int
    """The frame's number. It may begin anew with the device."""
    pixels: np.ndarray
    """RGB uint8 (height, width, 3), read-only."""
    tip: Optional[Dict[str, float]]
    """Where a finger points: x, y in pixels of the frame, the unit vector dx, dy, and the confidence."""
    outline: Optional[Tuple[int, int, int, int]]
    """What is looked at: left, top, right, bottom in pixels of the frame."""
    crop: Optional[np.ndarray]
    """What a sample of it would show, as `pixels`."""
    brightness: float
    sharpness: float
    mode: str
    age_seconds: float = 0.0
    """How old the frame was when it was sent."""


class Listener:
    """What the device says from now on, message after message: `async for news in listener`. Used in a `with` block."""

    def __init__(self, listeners: Set[Listener]) -> None:
        self._listeners = listeners
        self._news: asyncio.Queue[News] = asyncio.Queue(MOST_NEWS)

    def __enter__(self) -> Listener:
        self._listeners.add(self)
        return self

    def __exit__(self, *details: object) -> None:
        self._listeners.discard(self)

    async def __aiter__(self) -> AsyncIterator[News]:
        while True:
            yield await self.get()

    async def get(self) -> News:
        """The next one, which is waited for."""
        return await self._news.get()

    def put(self, news: News) -> None:
        """Take one; the oldest is dropped where too many wait."""
        if self._news.full():
            self._news.get_nowait()
        self._news.put_nowait(news)


class Link:
    """The connection to the device, for as long as there is one. Used within one asyncio loop.

    Beside the messages of the device (window/messages.py) there is the news {"kind": "device", "device": bool} when it
    comes and goes.
    """

    def __init__(self, path: Optional[Path] = None) -> None:
        """`path` is the device's socket, by default that of this user's device."""
        self._path = path or find_window()
        self._listeners: Set[Listener] = set()
        self._writer: Optional[asyncio.StreamWriter] = None
        self._coming: Optional[asyncio.Future[Optional[Look]]] = None
        self._asking: Optional[asyncio.Lock] = None
        self.trouble = NO_DEVICE
        """Why there is no device, and what to do about it."""
        self.state: Optional[News] = None
        """The last "state" message; None without a device."""
        self.language = ""
        """What the device speaks."""

    @property
    def device(self) -> bool:
        """Whether there is a device."""
        return self._writer is not None

    async def connect(self) -> None:
        """Keep the connection, and look for the device every second while there is none, until cancelled."""
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(str(self._path))
            except OSError:
                self.trouble = NO_DEVICE
                await asyncio.sleep(RETRY_SECONDS)
                continue
            try:
                await self._follow(reader, writer)
            finally:
                writer.close()
                self._lose()
            await asyncio.sleep(RETRY_SECONDS)

    def listen(self) -> Listener:
        """A listener, for a `with` block."""
        return Listener(self._listeners)

    def send(self, kind: str, payload: bytes = b"", **fields: Any) -> None:
        """Ask something of the device. Raises WindowError where there is none, or it takes nothing in."""
        if self._writer is None:
            raise WindowError(self.trouble)
        if self._writer.transport.get_write_buffer_size() > MOST_PAYLOAD_BYTES:
            raise WindowError("the device takes nothing in: start it anew")
        self._writer.write(pack(kind, payload, **fields))

    async def ask(self, kind: str, **fields: Any) -> News:
        """Ask for "timings" or "logs", and give the answer. Raises WindowError without one.

        One at a time: answers do not say which question they belong to.
        """
        if self._asking is None:  # in Python 3.8 a lock belongs to the loop that runs when it is made
            self._asking = asyncio.Lock()
        async with self._asking:
            return await self._ask(kind, **fields)

    async def _ask(self, kind: str, **fields: Any) -> News:
        with self.listen() as listener:
            self.send(kind, **fields)
            try:
                return await asyncio.wait_for(_find(listener, kind), ANSWER_SECONDS)
            except asyncio.TimeoutError:
                raise WindowError(f"the device does not answer ({kind}): start it anew") from None

    async def look(self, after: int = -1, patience_seconds: float = 1.0) -> Optional[Look]:
        """The newest look that is not that of the index `after`; None without a device, or where none came in time, as
        while the device sleeps. Several may look at once."""
        try:
            return await asyncio.wait_for(self._look(after), patience_seconds)
        except (asyncio.TimeoutError, WindowError):
            return None

    async def _look(self, after: int) -> Look:
        while True:
            if self._coming is None:
                self.send("next", after=after)
                self._coming = asyncio.get_running_loop().create_future()
            look = await asyncio.shield(self._coming)  # shared: one that is no longer waited for is still to come
            if look is None:
                raise WindowError(self.trouble)
            if look.index != after:
                return look

    async def _follow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take in what the device says until it has gone."""
        try:
            hello = await asyncio.wait_for(receive(reader), ANSWER_SECONDS)
            if hello.kind == "taken":
                raise WindowError(TAKEN)
            if hello.kind != "hello" or hello.fields.get("version") != VERSION:
                raise WindowError("the device is of another version: start the companion and the device anew")
            self.language = str(hello.fields.get("language", ""))
            self._writer, self.trouble = writer, NO_DEVICE
            self._spread({"kind": "device", "device": True})
            while True:
                self._take(await receive(reader))
        except (OSError, EOFError, asyncio.TimeoutError):
            pass  # it has gone; that is no error of its companion
        except WindowError as error:
            if str(error) != self.trouble:  # said once, not every second
                log.warning("%s", error)
            self.trouble = str(error)

    def _take(self, message: Message) -> None:
        if message.kind == "look":
            coming, self._coming = self._coming, None
            if coming is not None and not coming.done():
                coming.set_result(read_look(message))
            return
        news = {**message.fields, "kind": message.kind}
        if message.kind == "state":
            self.state = news
        self._spread(news)

    def _spread(self, news: News) -> None:
        for listener in self._listeners:
            listener.put(news)

    def _lose(self) -> None:
        if self._coming is not None and not self._coming.done():
            self._coming.set_result(None)
        was_there, self._writer, self._coming, self.state = self.device, None, None, None
        if was_there:
            self._spread({"kind": "device", "device": False})


def read_look(message: Message) -> Look:
    """The look of a message "look". Raises WindowError where it is none."""
    fields = message.fields
    sizes = [fields.get("size")] + ([fields["crop"]] if fields.get("crop") else [])
    frame, *crops = unpack_pictures(sizes, message.payload)
    try:
        outline = fields["outline"]
        return Look(fields["index"], frame, fields["tip"], tuple(outline) if outline else None,
                    crops[0] if crops else None, fields["brightness"], fields["sharpness"], fields["mode"],
                    fields["age_seconds"])
    except (KeyError, TypeError) as error:
        raise WindowError("a look of the device lacks something: start the companion and the device anew, both of the "
                          "same version") from error


async def _find(listener: Listener, kind: str) -> News:
    """The next message of that kind."""
    while True:
        news = await listener.get()
        if news["kind"] == kind:
            return news
