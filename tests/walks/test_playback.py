"""The loop over recorded frames in simulated time: a day with scripted eyes and its expected words."""

from __future__ import annotations

from fingerpost.core.loop import Loop, Observer
from fingerpost.core.playback import Playback
from fingerpost.core.speech import Mouth
from fingerpost.core.state import State
from fingerpost.core.types import Frame, Press
from fingerpost.devices.replay import SimulatedClock
from tests.parts import (
    BLANK,
    EARCONS,
    ScriptedEyes,
    SilentSpeaker,
    TimedButtons,
    TonguelessVoice,
    english,
    status,
)


class Day:
    """Ten frames a second before scripted eyes."""

    def __init__(self, seconds, script, presses=()):
        """`script` maps seconds to (tip or None, thing)."""
        self.clock, self.eyes, self.heard = SimulatedClock(), ScriptedEyes(), []
        mouth = Mouth(SilentSpeaker(self.clock), TonguelessVoice(), english(), EARCONS, self.clock,
                      lambda at, text, phrase: self.heard.append((round(at, 1), text)))
        playback = Playback(self.eyes, TimedButtons(self.clock, presses), self.clock)
        self.loop = Loop(State(), mouth, playback.submit, status, [Observer()])
        playback.run(self.loop, mouth, self.frames(seconds, script))

    def frames(self, seconds, script):
        for index in range(int(seconds * 10)):
            if index / 10 in script:
                self.eyes.tip, self.eyes.thing = script[index / 10]
            yield Frame(index, index / 10, BLANK)

    def words(self):
        return [text for _, text in self.heard if not text.startswith("[")]


def test_a_thing_is_named_soon_after_the_finger_rests():
    day = Day(4.0, {1.0: ((300, 200), "Kiwi")})
    assert day.words() == ["Ready.", "kiwi"]
    at = {text: at for at, text in day.heard}["kiwi"]
    assert 1.4 <= at <= 1.9


def test_every_frame_is_seen_once():
    assert Day(3.0, {}).eyes.seen == list(range(30))


def test_the_words_follow_the_finger():
    day = Day(9.0, {0.0: ((300, 200), "Kiwi"), 3.0: ((100, 100), "Lime"), 6.0: ((500, 300), "Plum")})
    assert day.words()[1:] == ["kiwi", "lime", "plum"]


def test_a_hand_at_the_edge_is_guided_into_the_picture():
    day = Day(6.0, {0.0: ((300, 20), "Kiwi"), 3.0: ((300, 200), "Kiwi")})
    assert day.words()[1:] == ["Turn your head up.", "kiwi"]


def test_teaching_by_button():
    presses = [Press("mode", "short", 0.5), Press("action", "short", 2.0), Press("action", "short", 2.5),
               Press("action", "long", 3.0), Press("mode", "short", 4.0)]
    day = Day(6.0, {0.0: ((300, 200), "Kiwi")}, presses)
    assert day.words() == ["Ready.", "Teaching. Point at the thing and press action.",
                               "Learned lime. One more look from another side would help.", "Pointing.", "kiwi"]
    assert day.eyes.samples == 2


def test_asleep_nothing_is_looked_at():
    presses = [Press("mode", "long", 1.0), Press("mode", "short", 2.0)]
    day = Day(3.0, {}, presses)
    assert not set(range(11, 20)) & set(day.eyes.seen)
    assert day.words()[-2:] == ["Sleeping.", "Awake."]


def test_power_off_by_both_buttons():
    presses = [Press("both", "long", at) for at in (0.5, 1.5, 3.0)]
    day = Day(4.0, {}, presses)
    assert day.loop.switched_off
    assert day.words()[-1] == "Goodbye."
