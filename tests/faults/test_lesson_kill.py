"""A power cut in the middle of the first lesson: the device itself is killed, and goes on at that step."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from contextlib import contextmanager

import cv2
import numpy as np
import pytest


class Wearer:
    """Types the presses, and reads what is said; a device that is started again goes on in the same state folder."""

    def __init__(self, folder):
        self.state, self._said, self._desk = folder / "state", folder / "said", folder / "desk.png"
        cv2.imwrite(str(self._desk), np.full((480, 640, 3), 120, np.uint8))

    @contextmanager
    def running(self):
        """The device, until it is killed."""
        keyboard, terminal = pty.openpty()
        environment = {**os.environ, "SDL_AUDIODRIVER": "dummy", "FINGERPOST_STATE": str(self.state),
                       "PYTHONUNBUFFERED": "1"}
        with self._said.open("wb") as said:
            device = subprocess.Popen([sys.executable, "-m", "fingerpost", "run", "--camera", str(self._desk)],
                                      env=environment, stdin=terminal, stdout=said, stderr=said,
                                      start_new_session=True)
        try:
            yield lambda keys: os.write(keyboard, keys.encode())
        finally:
            device.kill()
            device.wait()
            os.close(keyboard)
            os.close(terminal)

    def waits_for(self, fulfilled):
        """Have patience, but not for ever."""
        give_up = time.monotonic() + 120
        while not fulfilled():
            assert time.monotonic() < give_up, self._said.read_text()
            time.sleep(0.05)

    def hears(self, words):
        """Wait for them."""
        self.waits_for(lambda: words in self._said.read_text())

    def is_at(self, step):
        """Whether that step was put down."""
        note = self.state / "lesson.json"
        return note.exists() and json.loads(note.read_text())["step"] == step


@pytest.mark.timeout(600)
def test_a_lesson_goes_on_where_the_power_was_cut(tmp_path):
    wearer = Wearer(tmp_path)
    with wearer.running() as press:
        wearer.hears("To go on in English")
        press("A")
        wearer.hears("There are two buttons.")
        press("amA")
        wearer.hears("Press action to hear another voice.")
        press("aA")
        wearer.hears("How loud shall I be?")
        wearer.waits_for(lambda: wearer.is_at("volume"))
    with wearer.running() as press:
        wearer.hears("We go on with the first lesson.")
        wearer.hears("How loud shall I be?")
        press("b")
        wearer.hears("The first lesson waits in the menu.")
        wearer.waits_for(lambda: json.loads((wearer.state / "lesson.json").read_text())["left"])
    with wearer.running() as press:
        wearer.hears("Ready.")
        press("a")
        wearer.hears("I have not named anything yet.")
        assert "lesson" not in (tmp_path / "said").read_text()
    assert json.loads((wearer.state / "preferences.json").read_text())["voice"] == "high"
