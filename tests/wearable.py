"""A whole device of simulated parts, running in threads as on the glasses: for tests in which parts fail."""

from __future__ import annotations

import threading
import time

import pytest

from fingerpost.core import live
from fingerpost.core.loop import Loop
from fingerpost.core.speech import Mouth
from fingerpost.core.state import BY_NEXT, BY_VOICE, State
from fingerpost.devices.clocks import RealClock
from fingerpost.devices.ear import Ear
from fingerpost.upkeep.service import Service
from tests.parts import (
    EARCONS,
    PressedButtons,
    ScriptedCamera,
    ScriptedEyes,
    SilentSpeaker,
    TonguelessVoice,
    english,
    status,
)


class Device:
    """A whole device of simulated parts, running in threads as on the glasses."""

    def __init__(self, microphone=None, manager=None):
        """`manager` hears of it as systemd would."""
        clock = RealClock()
        self.camera, self.eyes, self.buttons = ScriptedCamera(clock), ScriptedEyes((300.0, 200.0)), PressedButtons()
        self.heard, self.stop = [], threading.Event()
        self.speaker = SilentSpeaker(clock)
        voice = TonguelessVoice()
        mouth = Mouth(self.speaker, voice, english(), EARCONS, clock,
                      lambda at, text, phrase: self.heard.append((at, text)))
        self.perception = live.PerceptionThread(self.eyes, self.camera, clock)
        ear = Ear(microphone, mouth, clock) if microphone else None
        observers = [Service(manager, [mouth.heartbeat, self.perception.heartbeat])] if manager else []
        state = State(naming_by=BY_VOICE if ear else BY_NEXT)
        self.loop = Loop(state, mouth, self.perception.submit, status, observers, ear)
        self.thread = threading.Thread(target=live.run_live, daemon=True, args=(
            self.loop, mouth, self.perception, self.buttons, clock, self.stop))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *details):
        self.stop.set()
        if self.eyes.block:
            self.eyes.block.set()
        self.thread.join(10)
        assert not self.thread.is_alive()

    def hears(self, words, seconds=8.0):
        """Wait for the words; returns how long it took."""
        start, mark = time.monotonic(), len(self.heard)
        while time.monotonic() - start < seconds:
            if any(words in text for _, text in self.heard[mark:]):
                return time.monotonic() - start
            time.sleep(0.01)
        pytest.fail(f"never heard {words!r}, but {self.heard}")
