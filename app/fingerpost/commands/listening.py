"""How soon the ear hears of it: sound measured as an output device sees it."""

from __future__ import annotations

import os
import pty
import threading
import time
import tty
from contextlib import ExitStack
from functools import partial
from typing import Callable, Dict, Sequence

import numpy as np

from ..core.events import Seen, Status
from ..core.loop import Loop
from ..core.speech import Mouth, SpeechThread
from ..core.state import ASLEEP, POINTING, Answer, State
from ..core.types import ACTION, SHORT, Fingertip, Press, Quality, Utterance
from ..devices.clocks import RealClock
from ..devices.sound import PygameSpeaker
from ..settings import Settings
from ..sounding import load_earcons, open_phrases
from ..wiring import open_voice

_LONG_PHRASE = Utterance("help_pointing")
_FRAME_SECONDS = 1.0 / 30.0
_CLEAR = Quality(640, 480, 0.5, 200.0)


def measure_sound(settings: Settings, rounds: int = 25) -> Dict[str, object]:
    """From the decision to the first sample of a cached name, and from a press, or the first frame of a finger that
    rests at a new place, to silence, in milliseconds.

    Measured where an output device would: SDL's `disk` driver takes samples at the pace of a sound card.
    """
    with ExitStack() as stack:
        tape = Tape()
        speaker = stack.enter_context(PygameSpeaker())
        voice, book = stack.enter_context(open_voice(settings)), open_phrases(settings)
        named = Utterance("named", (("thing", "Kiwi"),), interrupts=True)
        voice.render([book.text(named), book.text(_LONG_PHRASE)])
        mouth = Mouth(speaker, voice, book, load_earcons(), RealClock())
        thread = SpeechThread(mouth)
        thread.start()
        tape.start()
        try:
            first = [time_first_sample(mouth, tape, named) for _ in range(rounds)]
            silent = [time_silence(mouth, tape) for _ in range(rounds)]
            pointed = [time_new_rest(mouth, tape) for _ in range(rounds)]
        finally:
            thread.stop()
            tape.stop()
    return {"name_to_first_sample_p95_ms": _p95(first), "press_to_silence_p95_ms": _p95(silent),
            "pointing_to_silence_p95_ms": _p95(pointed)}


def time_first_sample(mouth: Mouth, tape: Tape, named: Utterance) -> float:
    """Milliseconds from the decision to the first sample of the name."""
    _wait_until(lambda: mouth.idle() and tape.silent_for(0.1))
    start = time.monotonic()
    mouth.say(named)
    _wait_until(partial(tape.sounds_since, start))
    return (tape.sounding_at - start) * 1000.0


def time_silence(mouth: Mouth, tape: Tape) -> float:
    """Milliseconds from a press to the last sample, in the middle of a long phrase."""
    # Asleep, a press of action does nothing but hush.
    loop = Loop(State(mode=ASLEEP), mouth, lambda action: None, lambda at: Status(at, "", None, ()))
    mouth.say(_LONG_PHRASE)
    time.sleep(0.35)
    start = time.monotonic()
    loop.feed(Press(ACTION, SHORT, start))
    _wait_until(lambda: tape.silent_for(0.1))
    return max(0.0, tape.last_sound_at - start) * 1000.0


def time_new_rest(mouth: Mouth, tape: Tape) -> float:
    """Milliseconds from the first of thirty frames a second in which the finger rests to the last sample."""
    loop = Loop(State(mode=POINTING, answer=Answer("nothing", time.monotonic()), finger_at=time.monotonic()), mouth,
                lambda action: None, lambda at: Status(at, "", None, ()))
    mouth.say(_LONG_PHRASE)
    time.sleep(0.35)
    start, index = time.monotonic(), 0
    while not tape.silent_for(0.1) and index < 60:
        loop.feed(Seen(index, time.monotonic(), Fingertip(320.0, 240.0, (0.0, -1.0), 0.9), _CLEAR))
        index += 1
        time.sleep(_FRAME_SECONDS)
    return max(0.0, tape.last_sound_at - start) * 1000.0


class Tape(threading.Thread):
    """Follows what SDL's disk driver writes, and notes when sound begins and ends.

    The driver writes to a pseudo-terminal in raw mode: a file would hold back 4096 bytes, 93 ms of sound.
    """

    def __init__(self) -> None:
        super().__init__(name="tape", daemon=True)
        self._reading, self._writing = pty.openpty()
        tty.setraw(self._writing)
        os.environ["SDL_AUDIODRIVER"] = "disk"
        os.environ["SDL_DISKAUDIOFILE"] = os.ttyname(self._writing)
        self._stopping = False
        self.sounding_at = self.last_sound_at = float("-inf")
        """When the newest sound began, and when sound was last written (monotonic seconds)."""

    def run(self) -> None:
        """Read along."""
        while not self._stopping:
            data = os.read(self._reading, 1 << 16)
            now = time.monotonic()
            if any(data):
                if now - self.last_sound_at > 0.1:
                    self.sounding_at = now
                self.last_sound_at = now

    def sounds_since(self, at: float) -> bool:
        """Whether a sound has begun after that instant."""
        return self.sounding_at > at

    def silent_for(self, seconds: float) -> bool:
        """Whether nothing but silence was written for so long."""
        return time.monotonic() - self.last_sound_at > seconds

    def stop(self) -> None:
        """Stop reading; the speaker must still be open, for its samples end the last read."""
        self._stopping = True
        self.join(1.0)
        os.close(self._reading)
        os.close(self._writing)


def _wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.001)


def _p95(values: Sequence[float]) -> float:
    return round(float(np.percentile(values, 95)), 1)
