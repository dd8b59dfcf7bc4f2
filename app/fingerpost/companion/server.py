"""The companion page's server: `fingerpost companion`."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, FrozenSet, List, Optional

from aiohttp import web

from ..core.errors import SettingsError, WindowError
from ..launcher import is_outdated
from . import pages
from .device import controls, health, live
from .lessons import bursts, fingertips, things
from .parts import PARTS, Parts
from .safety.addresses import list_addresses
from .safety.codes import Codes
from .safety.doors import KEEP_SECONDS, Door
from .safety.entrance import Entrance
from .safety.guard import Guard
from .safety.opening import Opening
from .safety.sessions import Sessions
from .safety.uploads import UPLOADING
from .workshop import models
from .workshop import routes as workshop

log = logging.getLogger(__name__)

MODULES = (live, fingertips, things, bursts, controls, health, workshop, models)
"""The modules with handlers; each gives add_routes(app, parts)."""
LOOPBACK = "127.0.0.1"
BODY_BYTES = 1 << 20
STEP_SECONDS = 1.0
_SILENT = logging.getLogger(__name__ + ".http")
_SILENT.setLevel(logging.CRITICAL)
_HTTP: Dict[str, Any] = {
    # What handlers fail at is logged by the guard. The rest are malformed requests: who floods with them floods no log.
    "logger": _SILENT, "access_log": None,
    # Bodies are not unpacked: a few bytes could become many.
    "auto_decompress": False,
    "keepalive_timeout": KEEP_SECONDS, "max_line_size": 4096, "max_field_size": 4096, "shutdown_timeout": 1.0,
}


class Companion:
    """The server with all that belongs to it."""

    def __init__(self, parts: Parts, port: int, network_port: int,
                 say: Callable[[str], None] = partial(print, flush=True), now: Callable[[], float] = time.monotonic,
                 addresses: Callable[[], List[str]] = list_addresses, note: Optional[Path] = None) -> None:
        """`port` is that on this machine itself, `network_port` that of the door to the network; `say` prints, and
        `addresses` are this machine's. With a `note`, the page is wanted for as long as that file is there."""
        self._parts, self._port, self._say, self._now, self._note = parts, port, say, now, note
        self.sessions = Sessions(now)
        self.entrance = Entrance(self.sessions, now)
        self.entrance.on_paired = self._welcome
        self.opening = Opening(parts.link, parts.folder, network_port, self.entrance.pairings[True], self.sessions, now,
                               addresses)
        self._codes = Codes(self.entrance.pairings[False], self._print_code, now)
        self._door: Optional[Door] = None
        self.app = self._build()
        self._jobs = self.app[workshop.JOBS]
        self._jobs_told = 0
        self.sessions.on_empty = partial(bursts.forget_all, self.app)

    @property
    def address(self) -> str:
        """Where the page is on this machine."""
        return f"http://{LOOPBACK}:{self._door.port if self._door else self._port}"

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until told to stop, or wanted no more. Raises SettingsError where the port is taken."""
        runner = web.AppRunner(self.app, **_HTTP)
        await runner.setup()
        assert runner.server is not None
        self._door = Door(runner.server, self._now)
        tasks: List[asyncio.Future[Any]] = []
        try:
            self._listen(self._door)
            tasks = [asyncio.ensure_future(work) for work in (
                self._hear(runner.server), self._parts.link.connect(), self._look_after(), stop.wait())]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await self.opening.close()  # while there is still somebody to tell
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._door.close()
            await runner.cleanup()

    def _build(self) -> web.Application:
        app = web.Application(client_max_size=BODY_BYTES)
        app[PARTS] = self._parts
        app[UPLOADING] = asyncio.Lock()
        Guard(self.sessions, self._hosts, self._now, pages.OPEN_PATHS).watch(app)
        pages.add_routes(app)
        self.entrance.add_routes(app)
        for module in MODULES:
            module.add_routes(app, self._parts)
        return app

    def _hosts(self, network: bool) -> FrozenSet[str]:
        if network:
            return self.opening.hosts
        port = self._door.port if self._door else self._port
        return frozenset((f"{LOOPBACK}:{port}", f"localhost:{port}"))

    def _listen(self, door: Door) -> None:
        try:
            door.open(LOOPBACK, self._port)
        except OSError as error:
            raise SettingsError(f"the port {self._port} of this machine cannot be listened at "
                                f"({error.strerror or error}): is there a companion already? Otherwise choose another "
                                "one with --port, or as port under [companion]") from error

    async def _hear(self, server: web.Server) -> None:
        with self._parts.link.listen() as listener:
            async for news in listener:
                if news["kind"] == "device":
                    self._jobs_told = 0  # another device knows of none
                await self.opening.hear(news, server)

    async def _look_after(self) -> None:
        while self._is_wanted():
            self._codes.step()
            self.sessions.end_expired()
            await self.opening.step()
            self._tell_busy()
            await asyncio.sleep(STEP_SECONDS)

    def _is_wanted(self) -> bool:
        """Whether the device still wants the page, and in this version; a job that runs is finished first. That holds
        while the device runs: systemd ends the page with it, and its job too (PartOf=), as when it starts anew."""
        is_asked_for = self._note is None or (self._note.exists() and not is_outdated())
        return is_asked_for or self._jobs.running is not None

    def _tell_busy(self) -> None:
        """Have the device know how many jobs run: it does not end the page meanwhile."""
        jobs = int(self._jobs.running is not None)
        if jobs != self._jobs_told:
            with suppress(WindowError):  # it is told a second later
                self._parts.link.send("busy", jobs=jobs)
                self._jobs_told = jobs

    def _welcome(self, network: bool) -> None:
        if not network:
            self._codes.calm()
        try:
            self._parts.link.send("paired")
        except WindowError as error:
            log.info("nobody heard that a browser has come in: %s", error)

    def _print_code(self, code: str) -> None:
        self._say(f"Open {self.address} and enter the code {code[:3]} {code[3:]}.")
