"""What tests of the companion page drive: a device that replays a finger, and a real browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Optional

import cv2
import pytest

from fingerpost.home import asset_home

Page = Any  # of playwright, whose types are too wide to help here

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TIP = 184, 294
"""Where the tip of the finger is in the recording, in pixels."""
VIEWS = ((1280, "light"), (1280, "dark"), (360, "light"), (360, "dark"))
TOO_SMALL = """[...document.querySelectorAll("button, nav a, select, input, summary, label.choice")]
  .filter(one => one.checkVisibility())
  .filter(one => !["checkbox", "radio"].includes(one.type)) // their labels are hit
  .filter(one => { const box = one.getBoundingClientRect(); return box.height < 43.5 || box.width < 43.5; })
  .map(one => one.outerHTML.slice(0, 100))"""
"""What can be pressed and is smaller than 44 pixels."""
EMPTY, POINTING = range(2, 10), range(44, 81)
"""Frames of the walk: the table alone, and a finger that rests before the red mug."""


def find_chromium() -> Optional[str]:
    """The system's Chromium or Chrome; None where there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def make_recording(folder: Path) -> None:
    """The frames that the device's camera plays: ten a second, over and over."""
    video = cv2.VideoCapture(str(asset_home() / "assets" / "walks" / "teaching" / "walk.mp4"))
    frames = [video.read()[1] for _ in range(POINTING.stop)]
    folder.mkdir()
    for place, number in enumerate([*EMPTY, *POINTING]):
        cv2.imwrite(str(folder / f"{place:03}.jpg"), frames[number], [cv2.IMWRITE_JPEG_QUALITY, 95])


def find_free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until(is_so: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    """Wait for something outside of the browser."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"never came: {what}"
        time.sleep(0.05)


class Device:
    """`fingerpost run` with its companion page: sound goes nowhere, and the camera is a recording."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds all that it keeps; it is made."""
        folder.mkdir(exist_ok=True)
        self.state, self._printed, self._settings = folder / "state", folder / "printed", folder / "settings.toml"
        self.frames, port = folder / "frames", find_free_port()
        self.address = f"http://127.0.0.1:{port}"
        self._settings.write_text(f"[companion]\nserve = true\nport = {port}\n")
        make_recording(self.frames)
        self._process: Optional[subprocess.Popen[bytes]] = None

    def __enter__(self) -> Device:
        environment = {**os.environ, "SDL_AUDIODRIVER": "dummy", "FINGERPOST_STATE": str(self.state),
                       "PYTHONUNBUFFERED": "1"}
        command = ["run", "--no-lesson", "--camera", str(self.frames), "--settings", str(self._settings)]
        with self._printed.open("wb") as printed:
            self._process = subprocess.Popen([sys.executable, "-m", "fingerpost", *command], env=environment,
                                             stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT)
        self.waits_for("enter the code")
        return self

    def __exit__(self, *details: object) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        finally:
            self._process.kill()
            self._process.wait()

    @property
    def printed(self) -> str:
        """What it and its companion have printed so far, everything said among it."""
        return self._printed.read_text(encoding="utf-8", errors="replace")

    @property
    def code(self) -> str:
        """The code that was printed last."""
        return re.findall(r"enter the code (\d{3} \d{3})", self.printed)[-1]

    def waits_for(self, words: str, since: int = 0) -> None:
        """Wait until it prints these words, after so many letters."""
        wait_until(lambda: words in self.printed[since:], words)


def examine(page: Page, name: str) -> None:
    """No accessibility violation, in light and dark, wide and narrow; nothing is cut off; all can be hit.

    Screenshots go to the folder FINGERPOST_SCREENSHOTS, where that is set.
    """
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for width, scheme in VIEWS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        found = axe.run(page)
        assert found.violations_count == 0, f"{name}, {width} pixels, {scheme}: {found.generate_report()}"
        shoot(page, f"{name}-{width}-{scheme}")
    page.set_viewport_size({"width": 320, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, f"{name} does not fit 320 pixels"
    assert page.evaluate(TOO_SMALL) == []
    page.set_viewport_size({"width": 1280, "height": 900})


def shoot(page: Page, name: str) -> None:
    """A picture of the whole page, for people."""
    folder = os.environ.get("FINGERPOST_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
