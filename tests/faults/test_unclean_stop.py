"""A device that is killed, and one whose power is cut: what the wearer hears at the next start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import cv2
import pytest

from fingerpost.upkeep.laststop import RUNNING
from tests.desk import draw

PATIENCE_SECONDS = 90.0


@pytest.fixture
def start(tmp_path):
    """Starts `fingerpost run` on a recording; what was printed is read by `printed`."""
    frames, printed = tmp_path / "frames", tmp_path / "printed"
    frames.mkdir()
    cv2.imwrite(str(frames / "1.png"), draw(None, pointing=False))
    environment = {**os.environ, "SDL_AUDIODRIVER": "dummy", "FINGERPOST_STATE": str(tmp_path / "state"),
                   "PYTHONUNBUFFERED": "1"}
    environment.pop("NOTIFY_SOCKET", None)
    started = []

    def start(*words):
        """Start it and wait for these words."""
        with printed.open("wb") as output:
            device = subprocess.Popen([sys.executable, "-m", "fingerpost", "run", "--no-lesson",
                                       "--camera", str(frames)],
                                      env=environment, stdin=subprocess.DEVNULL, stdout=output,
                                      stderr=subprocess.STDOUT)
        started.append(device)
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not all(word in printed.read_text() for word in words):
            assert time.monotonic() < give_up, printed.read_text()
            time.sleep(0.01)
        return device

    start.printed = printed.read_text
    yield start
    for device in started:
        device.kill()
        device.wait()


@pytest.mark.timeout(300)
def test_after_an_unclean_stop_the_wearer_hears_what_it_was(start, tmp_path):
    note = tmp_path / "state" / RUNNING
    device = start("Ready.")
    assert "mistake" not in start.printed()
    assert "power" not in start.printed()
    device.kill()
    device.wait()
    device = start("Ready.", "I had stopped by mistake, and am back.")
    device.kill()
    device.wait()
    note.write_text(json.dumps({**json.loads(note.read_text()), "boot_id": "that of yesterday"}))
    device = start("Ready.", "Last time the power was cut. What you taught me is safe.")
    device.send_signal(signal.SIGTERM)
    assert device.wait(30) == 0
    assert not note.exists()
