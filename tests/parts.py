"""Simulated parts for tests of the loop: eyes that follow a script, buttons that press when told."""

from __future__ import annotations

import queue
import threading
import time
from typing import Dict, List, Optional, Tuple

import numpy as np

from fingerpost.core.actions import Forget, Keep, Learn, Recognise
from fingerpost.core.errors import CameraError, StaleFrame
from fingerpost.core.events import Forgotten, Kept, Learned, Recognised, Seen, Status
from fingerpost.core.phrases import PhraseBook
from fingerpost.core.ports import Buttons, Camera, Sight, Speaker, Voice
from fingerpost.core.types import Clip, Fingertip, Frame, Guess, Press
from fingerpost.home import asset_home
from fingerpost.tomlfile import read_toml
from tests.story import CLEAR

RATE = 22050
BLANK = np.zeros((48, 64, 3), np.uint8)
EARCONS = {name: Clip(np.ones(RATE // 20, np.int16), RATE)
           for name in ("ready", "finger", "unsure", "recorded", "listen", "fault", "watched", "tick")}


def english() -> PhraseBook:
    """The English phrases that ship."""
    tables = read_toml(asset_home() / "assets" / "phrases" / "en.toml")
    return PhraseBook(tables["phrases"], tables["names"])


def status(at: float) -> Status:
    """A device with nothing taught, at half past twelve."""
    return Status(at, "12:30", None, (), ("cup", "tin"))


class ScriptedEyes(Sight):
    """Sees a fingertip where the script says so; names are looked up by the tip's place."""

    def __init__(self, tip: Optional[Tuple[float, float]] = None, thing: str = "Kiwi") -> None:
        self.tip, self.thing = tip, thing
        self.samples = 0
        self.seen: List[int] = []
        self.block: Optional[threading.Event] = None
        self.error: Optional[Exception] = None
        self.look_seconds = 0.0

    def see(self, frame):
        if self.block:
            self.block.wait()
        if self.error:
            raise self.error
        self.seen.append(frame.index)
        tip = None if self.tip is None else Fingertip(self.tip[0], self.tip[1], (0.0, -1.0), 0.9)
        return Seen(frame.index, frame.at, tip, CLEAR)

    def do(self, request, at):
        if isinstance(request, Recognise):
            time.sleep(self.look_seconds)
            return Recognised(request.frame_index, at, (Guess(self.thing, 0.99),))
        if isinstance(request, Keep):
            self.samples += 1
            return Kept(at, self.samples)
        if isinstance(request, Forget):
            self.samples -= 1
            return Forgotten(at, self.samples)
        assert isinstance(request, Learn)
        return Learned(at, "Lime", self.samples)


class ScriptedCamera(Camera):
    """Gives a new frame at each call, until it is unplugged."""

    def __init__(self, clock) -> None:
        self.clock, self.index, self.unplugged, self.frozen = clock, 0, False, False

    def latest(self, max_age):
        if self.unplugged:
            raise CameraError("the camera has gone; plug it in again")
        if self.frozen:
            raise StaleFrame("no frame is young enough")
        self.clock.sleep(0.01)
        self.index += 1
        return Frame(self.index, self.clock.now(), BLANK)


class PressedButtons(Buttons):
    """Presses what a test puts in."""

    def __init__(self) -> None:
        self.waiting: queue.SimpleQueue[Press] = queue.SimpleQueue()
        self.goes_down = False

    def touched(self):
        goes_down, self.goes_down = self.goes_down, False
        return goes_down

    def press(self, button: str, kind: str = "short", at: float = 0.0) -> None:
        self.waiting.put(Press(button, kind, at))

    def presses(self):
        found = []
        while not self.waiting.empty():
            found.append(self.waiting.get())
        return found


class TimedButtons(PressedButtons):
    """Presses at given seconds of the clock."""

    def __init__(self, clock, presses) -> None:
        super().__init__()
        self.clock, self.due = clock, list(presses)

    def presses(self):
        now = [press for press in self.due if press.at <= self.clock.now()]
        self.due = self.due[len(now):]
        return now


class SilentSpeaker(Speaker):
    """Plays by the clock, without sound."""

    def __init__(self, clock) -> None:
        self.clock, self.until, self.hushed_at = clock, 0.0, []

    def play(self, clip, mix=False):
        if not mix:
            self.until = self.clock.now() + clip.seconds

    def hush(self):
        if self.busy():
            self.hushed_at.append(self.clock.now())
        self.until = 0.0

    def busy(self):
        return self.clock.now() < self.until


class QuietMouth:
    """Keeps to itself what it would say."""

    def __init__(self) -> None:
        self.said: List[str] = []

    def say(self, utterance):
        self.said.append(utterance.phrase)

    def hush(self, spares_urgent=False):
        self.said.clear()


class TonguelessVoice(Voice):
    """Says everything in a tenth of a second."""

    def __init__(self) -> None:
        self.rendered: Dict[str, Clip] = {}

    def cached(self, text):
        return self.rendered.get(text)

    def render(self, texts):
        self.rendered.update({text: Clip(np.ones(RATE // 10, np.int16), RATE) for text in texts})
