"""How soon it is silent: measured in the sound of a replay, from the press or from the first frame of a new rest."""

from __future__ import annotations

import numpy as np
import pytest

from fingerpost.core.loop import Loop
from fingerpost.core.playback import Playback
from fingerpost.core.preferences import BRIEF, FULL, NORMAL, Preferences
from fingerpost.core.speech import Mouth
from fingerpost.core.state import State
from fingerpost.core.types import Clip, Frame, Press
from fingerpost.devices.clips import decode_wav
from fingerpost.devices.replay import SimulatedClock
from fingerpost.devices.wavspeaker import WavSpeaker
from tests.parts import BLANK, EARCONS, RATE, ScriptedEyes, TimedButtons, TonguelessVoice, english, status

STEP = RATE // 50
NAMED, NEXT = 1.0, 2.8
"""When the finger comes to rest at one thing, and at the next, while the name of the first is still being said."""
HERE, THERE = (300, 200), (100, 400)


class Drawl(TonguelessVoice):
    """Takes four seconds over everything: an even tone."""

    def render(self, texts):
        tone = (8000 * np.sin(np.arange(RATE * 4) * 0.1)).astype(np.int16)
        self.rendered.update({text: Clip(tone, RATE) for text in texts})


def listen(folder, script, presses=(), seconds=5.0, verbosity=NORMAL, frames_per_second=10):
    """The loudest sample in each fiftieth of a second; `script` maps seconds to where the finger is from then on."""
    clock, eyes, path = SimulatedClock(), ScriptedEyes(), folder / "heard.wav"
    with WavSpeaker(path, clock) as speaker:
        mouth = Mouth(speaker, Drawl(), english(), EARCONS, clock)
        playback = Playback(eyes, TimedButtons(clock, presses), clock)
        loop = Loop(State(preferences=Preferences(verbosity=verbosity)), mouth, playback.submit, status)
        playback.run(loop, mouth, show(eyes, script, seconds, frames_per_second))
    samples = np.abs(decode_wav(path.read_bytes()).samples.astype(int))
    return samples[:len(samples) // STEP * STEP].reshape(-1, STEP).max(axis=1)


def show(eyes, script, seconds, frames_per_second):
    waiting = sorted(script.items())
    for index in range(round(seconds * frames_per_second)):
        at = index / frames_per_second
        while waiting and waiting[0][0] <= at + 1e-9:
            eyes.tip = waiting.pop(0)[1]
            eyes.thing = "Lime" if eyes.tip == THERE else "Kiwi"
        yield Frame(index, at, BLANK)


def is_loud(levels, start, end):
    """Whether something sounds all the time from start to end."""
    return bool((levels[int(start * 50):int(end * 50)] > 1000).all())


def is_silent(levels, start, end):
    """Whether nothing does; the earcons of these days are but one step high."""
    return bool((levels[int(start * 50) + 1:int(end * 50)] < 100).all())


@pytest.mark.parametrize("at", [1.9, 2.31, 2.38])
def test_a_press_silences_within_0_15_s(tmp_path, at):
    """In sleep a press of action is answered by silence alone."""
    presses = [Press("mode", "long", 1.0), Press("action", "short", at)]
    levels = listen(tmp_path, {}, presses, seconds=4.0)
    assert is_loud(levels, 1.1, at)
    assert is_silent(levels, at + 0.15, 3.9)


@pytest.mark.parametrize("frames_per_second", [10, 15, 30])
@pytest.mark.parametrize("verbosity", [BRIEF, NORMAL, FULL])
def test_a_new_rest_silences_within_0_15_s_and_then_gets_its_answer(tmp_path, frames_per_second, verbosity):
    levels = listen(tmp_path, {NAMED: HERE, NEXT: THERE}, verbosity=verbosity,
                       frames_per_second=frames_per_second)
    begins = np.ceil(NEXT * frames_per_second) / frames_per_second
    assert is_loud(levels, 1.7, begins)
    assert is_silent(levels, begins + 0.15, begins + 0.45)
    assert is_loud(levels, begins + 0.85, 4.9)


def test_a_hand_that_only_passes_silences_nothing(tmp_path):
    way = {NEXT + step / 10: (300 + 30 * step, 200 - 5 * step) for step in range(12)}
    levels = listen(tmp_path, {NAMED: HERE, **way, 4.0: None})
    assert is_loud(levels, 1.7, 4.9)


def test_a_finger_that_stirs_in_its_place_silences_nothing(tmp_path):
    stirs = {NEXT + step / 5: (300 + 15 * (step % 2), 200) for step in range(10)}
    levels = listen(tmp_path, {NAMED: HERE, **stirs})
    assert is_loud(levels, 1.7, 4.9)
