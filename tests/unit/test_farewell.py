"""The last words are said before the device ends or starts anew, and the watchdog hears of it meanwhile."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from fingerpost.core import live
from fingerpost.core.deciding.errands import RESTORE
from fingerpost.core.events import ErrandDone, Tick
from fingerpost.core.loop import Loop, Observer
from fingerpost.core.speech import Mouth
from fingerpost.core.state import POINTING, State
from fingerpost.core.types import URGENT, Clip, Utterance
from fingerpost.devices.clocks import SimulatedClock
from tests.parts import EARCONS, SilentSpeaker, TonguelessVoice, english, status

RATE = 8000


class SlowVoice(TonguelessVoice):
    """Takes ten seconds for everything, as at the slowest rate."""

    def render(self, texts):
        self.rendered.update({text: Clip(np.ones(10 * RATE, np.int16), RATE) for text in texts})


class Speaking(SimulatedClock):
    """A clock by which the mouth goes on; `plan` has what is done at a moment."""

    def __init__(self):
        super().__init__()
        self.step, self.plan = lambda: None, {}

    def sleep(self, seconds):
        super().sleep(seconds)
        for at in [at for at in self.plan if at <= self.now()]:
            self.plan.pop(at)()
        self.step()


class Ticks(Observer):
    """The moments at which the watchdog may be fed."""

    def __init__(self):
        self.at = []

    def on_event(self, event, state):
        if isinstance(event, Tick):
            self.at.append(event.at)


@pytest.fixture
def bench():
    """A device without threads, which is saying what is not urgent."""
    bench = Observer()
    bench.clock, bench.heard, bench.ticks, bench.stop = Speaking(), [], Ticks(), threading.Event()
    bench.speaker = SilentSpeaker(bench.clock)
    bench.mouth = Mouth(bench.speaker, SlowVoice(), english(), EARCONS, bench.clock,
                        lambda at, text, phrase: bench.heard.append((round(at), phrase)))
    bench.clock.step = bench.mouth.step
    bench.loop = Loop(State(mode=POINTING), bench.mouth, lambda action: None, status, [bench.ticks])
    bench.mouth.say(Utterance("unsure"))
    bench.mouth.step()
    return bench


def say_last_words(bench):
    live._say_last_words(bench.loop, bench.mouth, bench.clock, bench.stop)


def test_what_was_restored_is_heard_to_its_end_before_the_new_start(bench):
    bench.clock.sleep(1.0)
    bench.loop.feed(ErrandDone(1.0, RESTORE, "ready", (("count", "3"),)))
    assert bench.loop.restarts
    say_last_words(bench)
    assert bench.heard == [(0, "unsure"), (1, "restore_ready")]
    assert bench.mouth.idle()
    assert bench.clock.now() > 11.0


def test_words_that_nobody_cuts_off_are_heard_first(bench):
    """As those of an empty battery, behind a warning."""
    bench.mouth.hush()
    for phrase in ("battery_low", "battery_empty"):
        bench.mouth.say(Utterance(phrase, (("percent", "3"),), priority=URGENT))
    say_last_words(bench)
    assert [phrase for _, phrase in bench.heard] == ["unsure", "battery_low", "battery_empty"]
    assert bench.mouth.idle()


def test_the_watchdog_hears_of_the_device_meanwhile(bench):
    say_last_words(bench)
    assert len(bench.ticks.at) > 90
    assert max(after - before for before, after in zip(bench.ticks.at, bench.ticks.at[1:])) < 1.0


def test_an_output_that_stands_still_is_not_waited_for_for_ever(bench):
    bench.speaker.until = 1e9
    say_last_words(bench)
    assert not bench.mouth.idle()
    assert bench.clock.now() < live.FINISH_SECONDS + 1.0


def test_who_is_told_to_stop_meanwhile_does_so(bench):
    bench.clock.plan[2.0] = bench.stop.set
    say_last_words(bench)
    assert bench.clock.now() < 3.0
