"""The door to the network: opened and closed by the wearer at the device's menu, never from the page.

It does not stay open for nothing: it closes after too many wrong codes, when nobody has come while the code was good,
and when the last one has gone.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any, Callable, FrozenSet, List, Optional

from aiohttp import web

from ...core.errors import WindowError
from ...core.visits import CLOSED, GUESSED, OFFLINE
from ...window.client import Link, News
from .addresses import find_name, list_addresses
from .certificates import Certificate, load_certificate
from .doors import MOST_OF_ONE, Door
from .pairing import Pairing
from .sessions import Sessions

log = logging.getLogger(__name__)


class Opening:
    """Opens and closes that door, and tells the wearer how to come in, or why nobody can."""

    def __init__(self, link: Link, folder: Path, port: int, pairing: Pairing, sessions: Sessions,
                 now: Callable[[], float], addresses: Callable[[], List[str]] = list_addresses) -> None:
        """`folder` is that of the certificate; `addresses` are this machine's, the best one first."""
        self._link, self._folder, self._port, self._now = link, folder, port, now
        self._pairing, self._sessions, self._addresses = pairing, sessions, addresses
        self._door: Optional[Door] = None
        self._certificate: Optional[Certificate] = None
        self._names: List[str] = []
        self._moving = asyncio.Lock()  # closing takes a while, and the wearer may want it open again meanwhile

    @property
    def hosts(self) -> FrozenSet[str]:
        """The Host headers of those who come in here."""
        if self._door is None:
            return frozenset()
        return frozenset(f"{name}:{self._door.port}" for name in self._names)

    async def hear(self, news: News, server: web.Server) -> None:
        """Do what the wearer wants; other news is none of this."""
        async with self._moving:
            await self._do(news, server)

    async def step(self) -> None:
        """Close it where there is no reason any more for it to be open; to be called every second or so."""
        async with self._moving:
            if self._door is None or self._pairing.code or (self._sessions.count(network=True)
                                                            and not self._pairing.was_guessed):
                return
            await self._close(GUESSED if self._pairing.was_guessed else CLOSED)

    async def close(self) -> None:
        """Let nobody in any more, and have those leave who are here: the companion ends."""
        async with self._moving:
            await self._close(CLOSED)

    async def _do(self, news: News, server: web.Server) -> None:
        if news["kind"] == "door" and news.get("open") is True:
            await self._open(server)
        elif news["kind"] == "door" and news.get("open") is False:
            await self._close(CLOSED, was_asked=True)
        elif news["kind"] == "code" and self._door is not None:
            await self._open(server)
        elif news["kind"] == "code":
            await self._close(CLOSED, was_asked=True)  # it has just closed by itself
        elif news["kind"] == "device" and not news.get("device"):
            await self._close(CLOSED)  # nobody would hear who comes in

    async def _close(self, reason: str, was_asked: bool = False) -> None:
        """Let nobody in any more, have those leave who are here, and tell the wearer why; that is only said where it
        was open, or they asked."""
        self._pairing.void()
        self._sessions.end_network()
        door, self._door = self._door, None
        if door is not None:
            await door.close()
        if door is not None or was_asked:
            self._tell("closed", reason=reason)

    async def _open(self, server: web.Server) -> None:
        """Open it, if it is closed; and tell the way in, with a code that is good."""
        addresses = self._addresses()
        if not addresses:
            await self._close(OFFLINE, was_asked=True)
            return
        self._names = [*addresses, find_name()]
        if self._door is None:
            try:
                self._certificate = load_certificate(self._folder, self._names)
                self._door = self._listen(server, self._certificate)
            except OSError as error:
                log.error("the companion page cannot be opened to the network (%s)", error.strerror or error)
                await self._close(OFFLINE, was_asked=True)
                return
        address = f"https://{self._names[0]}:{self._door.port}"
        assert self._certificate is not None
        self._tell("opened", code=self._pairing.code or self._pairing.issue(), address=address,
                   fingerprint=self._certificate.fingerprint)

    def _listen(self, server: web.Server, certificate: Certificate) -> Door:
        door = Door(server, self._now, certificate.context, MOST_OF_ONE)
        try:
            door.open("0.0.0.0", self._port)
        except OSError:
            door.open("0.0.0.0", 0)  # the port is told with the address; any other is as good
        return door

    def _tell(self, kind: str, **fields: Any) -> None:
        try:
            self._link.send(kind, **fields)
        except WindowError as error:
            log.info("%s", error)
