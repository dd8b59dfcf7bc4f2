"""A device seen through its window: real eyes at the desk (desk.py), a real socket, and the test as its loop."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack

from fingerpost.core.events import Tick
from fingerpost.core.state import POINTING, State
from fingerpost.core.types import Frame
from fingerpost.devices.clocks import RealClock
from fingerpost.memory.learner import Learner
from fingerpost.memory.objects import ObjectStore
from fingerpost.upkeep.journal import Journal
from fingerpost.vision.eyes import Eyes
from fingerpost.window.client import Link
from fingerpost.window.glass import Glass
from fingerpost.window.hands import Hands
from fingerpost.window.view import View
from tests.desk import ColourRecogniser, DotFinder
from tests.parts import english


class Room:
    """The window, with what has come in through it: `events` for the loop, `requests` for the eyes."""

    def __init__(self, folder):
        self.path = folder / "window.sock"
        self.state, self.events, self.requests, self.index = State(mode=POINTING), [], [], 0
        self._folder, self._stack = folder, ExitStack()

    def __enter__(self):
        clock, recogniser = RealClock(), ColourRecogniser()
        store = self._stack.enter_context(ObjectStore(self._folder / "objects.sqlite"))
        self.learner = Learner(store, recogniser, ("tea",))
        self.eyes = Eyes(DotFinder(), recogniser, self.learner, 0.35)
        self.journal = Journal()
        self.view = View(self.eyes, self.learner, english(), self.journal, clock)
        self.happen(Tick(0.0))
        self.hands = Hands(clock, self.events.append, self.requests.append)
        self.glass = self._stack.enter_context(Glass(self.path, self.view, self.hands))
        return self

    def __exit__(self, *details):
        self._stack.close()

    def see(self, picture, age_seconds=0.0):
        """The device sees a picture; returns the index of the frame."""
        self.index += 1
        self.happen(self.eyes.see(Frame(self.index, time.monotonic() - age_seconds, picture)))
        return self.index

    def happen(self, event):
        """The loop has decided on an event."""
        self.view.on_event(event, self.state)


def visit(room, story):
    """Have a companion come in and live through the story, a coroutine function of its link; what that returns."""
    async def come():
        link = Link(room.path)
        connecting = asyncio.ensure_future(link.connect())
        try:
            await until(lambda: link.state is not None)
            return await asyncio.wait_for(story(link), 60)
        finally:
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)

    return asyncio.run(come())


async def until(condition):
    """Wait until it is so."""
    for _ in range(3000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")


def wait_until(condition):
    """The same, where there is no asyncio loop."""
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never came")
