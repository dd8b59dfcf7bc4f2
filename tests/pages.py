"""The companion's pages over a device that a test plays: what it sees and says, and what is asked of it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import numpy as np
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from fingerpost.companion.parts import PARTS, Parts
from fingerpost.companion.safety.guard import Guard
from fingerpost.companion.safety.sessions import Sessions
from fingerpost.companion.safety.uploads import UPLOADING
from fingerpost.core.errors import WindowError
from fingerpost.settings import Settings
from fingerpost.window.client import NO_DEVICE, Link, Look

TIP = {"x": 320.0, "y": 200.0, "dx": 0.0, "dy": -1.0, "confidence": 0.9}


class PlayedLink(Link):
    """A device that a test plays."""

    def __init__(self, device=True):
        super().__init__(Path("nowhere"))
        self.there, self.sent = device, []
        self.pixels, self.crop = np.full((480, 640, 3), 90, np.uint8), np.full((224, 224, 3), 60, np.uint8)
        self.tip = TIP
        self.index, self.awake = 0, True
        self.answer = lambda kind, fields: None

    @property
    def device(self):
        return self.there

    def send(self, kind, payload=b"", **fields):
        if not self.there:
            raise WindowError(NO_DEVICE)
        self.sent.append((kind, fields, payload))
        self.answer(kind, fields)

    async def look(self, after=-1, patience_seconds=1.0):
        if not self.there or not self.awake:
            await asyncio.sleep(0.01)
            return None
        self.sent.append(("next", {"after": after}, b""))
        self.index += 1
        return Look(self.index, self.pixels, self.tip, (208, 0, 432, 200) if self.tip else None,
                    self.crop if self.tip else None, 0.5, 100.0, "pointing")

    def say(self, kind, **fields):
        """Say something to the companion."""
        news = {**fields, "kind": kind}
        if kind == "state":
            self.state = news
        self._spread(news)

    def appear(self, there=True):
        """Come or go."""
        self.there = there
        self.state = self.state if there else None
        self._spread({"kind": "device", "device": there})

    def asked(self, kind):
        """What was asked of the device, of that kind."""
        return [fields for what, fields, _ in self.sent if what == kind]


def visit(modules, folder, link, story):
    """Let a test's story, a coroutine function of a client, use these modules' pages."""
    async def run():
        parts = Parts(link, folder / "objects.sqlite", folder, Settings())
        guard = Guard(Sessions(time.monotonic), lambda network: (), time.monotonic, ())
        app = web.Application(middlewares=[guard.answer])
        app[PARTS], app[UPLOADING] = parts, asyncio.Lock()
        for module in modules:
            module.add_routes(app, parts)
        async with TestClient(TestServer(app)) as client:
            await asyncio.wait_for(story(client), 120.0)

    asyncio.run(run())


async def read(response, status=200):
    """The JSON of an answer that has that status."""
    assert response.status == status, await response.text()
    return await response.json()
