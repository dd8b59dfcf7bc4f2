"""The window of a whole device, a process of its own that walks through a recording: what is seen and done through it,
and what is left of it when the device is killed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import contextmanager

import numpy as np

from fingerpost.home import asset_home
from fingerpost.window.client import Link
from fingerpost.window.messages import pack_pictures
from tests.room import until

WALK = asset_home() / "assets" / "walks" / "teaching" / "walk.mp4"


@contextmanager
def running_device(folder):
    """`fingerpost run` on the walk; killed in the end."""
    environment = {**os.environ, "SDL_AUDIODRIVER": "dummy", "FINGERPOST_STATE": str(folder)}
    environment.pop("NOTIFY_SOCKET", None)
    device = subprocess.Popen([sys.executable, "-m", "fingerpost", "run", "--no-lesson", "--camera", str(WALK)],
                              env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        yield device
    finally:
        device.kill()
        device.wait()


async def hear(listener, **wanted):
    """The next news that says that."""
    while True:
        news = await listener.get()
        if all(news.get(name) == value for name, value in wanted.items()):
            return news


async def point(link):
    """The first look in which a finger points at something."""
    look = await link.look(patience_seconds=60)
    while look is not None and look.tip is None:
        look = await link.look(look.index, patience_seconds=60)
    return look


async def live_with(link, folder):
    """What a helper does: look, guess along, teach what is pointed at, change how loud it is, press a button."""
    with link.listen() as listener:
        look = await point(link)
        height, width = look.pixels.shape[:2]
        left, top, right, bottom = look.outline
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        assert look.crop.shape[0] == look.crop.shape[1] == right - left
        assert np.array_equal(look.crop, look.pixels[top:bottom, left:right]), "no lens is known here"
        guesses = await hear(listener, kind="guesses")
        assert guesses["guesses"][0]["name"]
        sizes, payload = pack_pictures([look.crop])
        link.send("teach", payload, name="my mug", crops=sizes)
        await hear(listener, kind="changed")
        await until(lambda: link.state["taught"] == 1)
        link.send("prefer", name="volume", value=0)
        await until(lambda: link.state["preferences"]["volume"] == 0)
        link.send("press", button="both", press="long")
        await until(lambda: link.state["mode"] == "menu")
        timings = await link.ask("timings")
        assert timings["frames_per_second"] > 0.0
        assert timings["stages"]["fingertip"]["n"] > 0
    await until(lambda: list((folder / "diary").glob("*.jsonl")))


def test_a_device_that_is_killed_leaves_nothing_that_keeps_the_next_one_from_being_seen(tmp_path):
    async def story():
        link = Link(tmp_path / "window.sock")
        connecting = asyncio.ensure_future(link.connect())
        try:
            for attempt in range(2):
                with running_device(tmp_path):
                    await asyncio.wait_for(until_there(link), 120)
                    if not attempt:
                        await asyncio.wait_for(live_with(link, tmp_path), 170)
                await until(lambda: not link.device)
                assert (tmp_path / "window.sock").exists(), "it was killed, and has not tidied up"
        finally:
            connecting.cancel()

    async def until_there(link):
        while link.state is None:
            await asyncio.sleep(0.1)

    asyncio.run(story())
