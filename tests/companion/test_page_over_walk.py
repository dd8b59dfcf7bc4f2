"""The whole story, over a device that walks through a recording: look, label, record a thing, see it recognised, undo.

The window, the networks, the store and the pages are the real ones; only the camera and the wearer's patience are not.
"""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from contextlib import ExitStack, contextmanager
from itertools import cycle

from fingerpost.companion.device import gallery, health, live
from fingerpost.companion.lessons import bursts, fingertips, things
from fingerpost.core.actions import Recognise
from fingerpost.core.events import Recognised, Seen
from fingerpost.core.live import PerceptionThread
from fingerpost.core.ports import Camera
from fingerpost.core.state import POINTING, State
from fingerpost.core.types import Frame
from fingerpost.devices.clocks import RealClock
from fingerpost.devices.replay import Recording
from fingerpost.home import asset_home
from fingerpost.memory.learner import Learner
from fingerpost.memory.objects import ObjectStore
from fingerpost.networks import open_recogniser
from fingerpost.settings import RecognitionSettings, Settings
from fingerpost.sounding import open_phrases
from fingerpost.upkeep.journal import Journal
from fingerpost.window.client import Link
from fingerpost.window.glass import Glass
from fingerpost.window.hands import Hands
from fingerpost.window.view import View
from fingerpost.wiring import make_eyes
from tests.pages import read, visit

FRAME_SECONDS = 0.1


class StandingCamera(Camera):
    """Some frames over and over, at a gentle pace."""

    def __init__(self, frames, clock):
        self._frames, self._clock, self._index = cycle(frames), clock, 0

    def latest(self, max_age):
        self._clock.sleep(FRAME_SECONDS)
        self._index += 1
        return Frame(self._index, self._clock.now(), next(self._frames).pixels)


def pointed_frames(eyes, wanted=4):
    """The first frames of the bundled walk in which a finger is seen."""
    recording = Recording(asset_home() / "assets" / "walks" / "teaching" / "walk.mp4")
    seen = (frame for frame in recording if eyes.see(frame).fingertip is not None)
    return [next(seen) for _ in range(wanted)]


@contextmanager
def device(folder):
    """A device that looks, with its window in that folder."""
    settings, clock = Settings(recognition=RecognitionSettings(threads=1)), RealClock()
    with ExitStack() as stack:
        recogniser = open_recogniser(stack, settings)
        learner = Learner(stack.enter_context(ObjectStore(folder / "objects.sqlite")), recogniser, ())
        eyes = make_eyes(stack, settings, recogniser, learner)
        perception = PerceptionThread(eyes, StandingCamera(pointed_frames(eyes), clock), clock)
        book = open_phrases(settings)
        book.taught_name = learner.spoken_name
        view = View(eyes, learner, book, Journal(), clock)
        hands = Hands(clock, perception.events.put, perception.submit)
        stop = threading.Event()
        wearer = threading.Thread(target=walk, args=(perception, view, stop))
        stack.callback(wearer.join)
        stack.callback(stop.set)
        stack.enter_context(Glass(folder / "window.sock", view, hands))
        perception.start()
        stack.callback(perception.stop)
        wearer.start()
        yield


def walk(perception, view, stop):
    """Show the window what happens; whatever the finger points at is to be recognised."""
    waiting = False
    while not stop.is_set():
        try:
            event = perception.events.get(timeout=0.05)
        except queue.Empty:
            continue
        view.on_event(event, State(mode=POINTING))
        if isinstance(event, Recognised):
            waiting = False
        elif isinstance(event, Seen) and event.fingertip is not None and not waiting:
            perception.submit(Recognise(event.frame_index))
            waiting = True


async def find_news(socket, is_wanted):
    """The next message of the live view that is wanted; pictures, as their headers, are answered."""
    while True:
        message = await socket.receive(20)
        if message.type.name == "BINARY":
            await socket.send_str("next")
            length = int.from_bytes(message.data[:4], "big")
            news = {"kind": "picture", **json.loads(message.data[4:4 + length])}
        else:
            news = json.loads(message.data)
        if is_wanted(news):
            return news


def test_a_helper_looks_labels_teaches_and_takes_back(tmp_path, monkeypatch):
    monkeypatch.setattr(bursts, "PACE_SECONDS", 0.05)
    monkeypatch.setattr(gallery, "PACE_SECONDS", 0.05)
    link = Link(tmp_path / "window.sock")

    def names_it(news):
        return news["kind"] == "guesses" and bool(news["guesses"]) and news["guesses"][0]["name"] == "my own thing"

    async def story(client):
        connecting = asyncio.ensure_future(link.connect())
        async with client.ws_connect("/live") as socket:
            seen = await find_news(socket, lambda news: news["kind"] == "picture" and news["tip"])
            assert seen["size"] == [480, 640]
            assert seen["has_crop"]

            for shift in range(5):
                label = {"index": seen["index"], "x": seen["tip"]["x"] + shift, "y": seen["tip"]["y"]}
                saved = await read(await client.post("/api/fingertips", json=label))
            assert saved["count"] == 5

            burst = "/api/bursts/" + (await read(await client.post("/api/bursts")))["id"]
            while (await read(await client.get(burst)))["crops"] < 4:
                await asyncio.sleep(0.05)
            await read(await client.post(burst + "/stop"))
            thing = await read(await client.post(burst + "/keep", json={"name": "my own thing"}))
            assert thing["samples"] >= 4
            assert [known["name"] for known in (await read(await client.get("/api/objects")))["objects"]] == [
                "my own thing"]
            assert (await find_news(socket, names_it))["guesses"][0]["id"] == thing["id"]

            assert (await read(await client.get("/api/health/timings")))["stages"]["fingertip"]["n"] > 0
            await read(await client.post("/api/objects/undo"))
            await find_news(socket, lambda news: news["kind"] == "changed")
            await find_news(socket, lambda news: news["kind"] == "guesses" and not names_it(news))
            assert (await read(await client.get("/api/objects")))["objects"] == []
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)

    with device(tmp_path):
        visit([live, fingertips, things, bursts, health], tmp_path, link, story)
