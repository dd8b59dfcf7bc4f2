"""The mouth: order, interruption, hush, and a voice that is slow or missing."""

from __future__ import annotations

import time

import numpy as np
import pytest

from fingerpost.core.errors import SoundError, VoiceError
from fingerpost.core.events import Fault, Recovered
from fingerpost.core.loop import Loop
from fingerpost.core.phrases import PhraseBook
from fingerpost.core.ports import Speaker, Voice
from fingerpost.core.speech import Mouth, SpeechThread
from fingerpost.core.state import POINTING, State
from fingerpost.core.types import URGENT, Clip, Utterance
from fingerpost.devices.replay import SimulatedClock
from tests.parts import english, status

RATE = 22050
BOOK = PhraseBook({"a": "alpha", "b": "beta", "c": "gamma", "named": "{thing}", "maybe": "Maybe {thing}."}, {})


class FakeSpeaker(Speaker):
    """Remembers what it plays; a clip lasts as long as it is."""

    def __init__(self, clock):
        self.clock, self.until, self.broken, self.played = clock, 0.0, False, []

    def play(self, clip, mix=False):
        if self.broken:
            raise SoundError("unplugged; plug it in again")
        self.played.append(clip)
        if not mix:
            self.until = self.clock.now() + clip.seconds

    def hush(self):
        self.until = 0.0

    def busy(self):
        return self.clock.now() < self.until


class FakeVoice(Voice):
    """Renders half a second of anything, unless it is broken."""

    def __init__(self):
        self.clips, self.broken, self.while_rendering = {}, False, None

    def cached(self, text):
        return self.clips.get(text)

    def render(self, texts):
        if self.broken:
            raise VoiceError("no voice; install espeak-ng")
        if self.while_rendering:
            self.while_rendering()
        self.clips.update({text: Clip(np.ones(RATE // 2, np.int16), RATE) for text in texts})


class Bench:
    """A mouth on a simulated clock."""

    def __init__(self, book=BOOK):
        self.clock = SimulatedClock()
        self.speaker, self.voice, self.heard = FakeSpeaker(self.clock), FakeVoice(), []
        earcons = {name: Clip(np.ones(RATE // 10, np.int16), RATE) for name in ("ready", "fault")}
        self.mouth = Mouth(self.speaker, self.voice, book, earcons, self.clock,
                           lambda at, text, phrase: self.heard.append((round(at, 2), text)))

    def wait(self, seconds):
        for _ in range(round(seconds / 0.02)):
            self.mouth.step()
            self.clock.sleep(0.02)


@pytest.fixture
def bench():
    return Bench()


def test_utterances_take_their_turn(bench):
    bench.mouth.say(Utterance("a"))
    bench.mouth.say(Utterance("b"))
    bench.wait(1.5)
    assert bench.heard == [(0.0, "alpha"), (0.5, "beta")]
    assert bench.mouth.idle()


def test_priority_goes_first_and_order_is_kept_within(bench):
    bench.mouth.say(Utterance("a"))
    bench.wait(0.1)
    for utterance in (Utterance("b"), Utterance("c", priority=1), Utterance("a", priority=1)):
        bench.mouth.say(utterance)
    bench.wait(2.5)
    assert [text for _, text in bench.heard] == ["alpha", "gamma", "alpha", "beta"]


def test_an_interruption_replaces_everything(bench):
    bench.mouth.say(Utterance("a"))
    bench.mouth.say(Utterance("b"))
    bench.wait(0.2)
    bench.mouth.say(Utterance("c", interrupts=True))
    bench.wait(1.0)
    assert bench.heard == [(0.0, "alpha"), (0.2, "gamma")]


def test_a_hush_may_spare_what_is_urgent(bench):
    for utterance in (Utterance("a", priority=URGENT), Utterance("b", priority=URGENT), Utterance("c")):
        bench.mouth.say(utterance)
    bench.wait(0.2)
    bench.mouth.hush(spares_urgent=True)
    bench.wait(2.0)
    assert bench.heard == [(0.0, "alpha"), (0.5, "beta")]


@pytest.fixture
def faulty():
    """A bench with a loop whose parts fail and recover; what was said of it."""
    bench = Bench(english())
    loop = Loop(State(mode=POINTING), bench.mouth, lambda action: None, status)

    def happen(*events, pause=0.02):
        for kind, part in events:
            loop.feed(kind(part, bench.clock.now()))
            bench.wait(pause)
        bench.wait(6.0)
        return [(at, text) for at, text in bench.heard if not text.startswith("[")]

    return bench, happen


@pytest.mark.parametrize("pause", [0.0, 0.02, 0.3])
def test_faults_at_once_are_all_heard(faulty, pause):
    _, happen = faulty
    said = happen((Fault, "buttons"), (Fault, "gpu"), (Fault, "camera"), pause=pause)
    assert [text for _, text in said] == [
        "The buttons do not answer.", "The graphics processor has failed. I am slower now.",
        "I cannot see: the camera is gone."]
    assert all(later - at > 0.49 for (at, _), (later, _) in zip(said, said[1:])), "each is heard to its end"


def test_a_fault_cuts_off_all_else_and_nothing_but_the_wearer_cuts_off_a_fault(faulty):
    bench, happen = faulty
    bench.mouth.say(Utterance("named", (("thing", "Kiwi"),)))
    bench.mouth.say(Utterance("named", (("thing", "Lime"),)))
    bench.wait(0.1)
    (_, named), (at, fault) = happen((Fault, "camera"))
    assert (named, fault) == ("kiwi", "I cannot see: the camera is gone.")
    assert at < 0.3, "the other name is dropped, and this one cut"
    bench.mouth.say(Utterance("fault_eyes", priority=2, interrupts=True))
    bench.wait(0.1)
    bench.mouth.say(Utterance("named", (("thing", "Kiwi"),), interrupts=True))
    bench.wait(2.0)
    (eyes_at, eyes), (name_at, name) = bench.heard[-2:]
    assert (eyes, name) == ("I cannot see: the recogniser has stopped.", "kiwi")
    assert name_at - eyes_at > 0.49
    bench.mouth.say(Utterance("fault_eyes", priority=2, interrupts=True))
    bench.wait(0.1)
    bench.mouth.hush()
    assert bench.mouth.idle()


def test_of_a_camera_that_comes_and_goes_only_the_last_news_waits(faulty):
    _, happen = faulty
    said = happen(*[(Fault, "camera"), (Recovered, "camera")] * 10)
    assert [text for _, text in said] == ["I cannot see: the camera is gone.", "The camera is back."]


def test_hush_silences_and_empties_the_queue(bench):
    bench.mouth.say(Utterance("a"))
    bench.mouth.say(Utterance("b"))
    bench.wait(0.1)
    bench.mouth.hush()
    assert bench.mouth.idle()
    bench.wait(1.0)
    assert bench.heard == [(0.0, "alpha")]


def test_speech_waits_for_an_earcon_to_end(bench):
    bench.mouth.chime("ready")
    bench.mouth.say(Utterance("a"))
    bench.wait(0.5)
    assert bench.heard == [(0.0, "[ready]"), (0.1, "alpha")]


def test_what_is_hushed_while_it_is_rendered_is_never_heard(bench):
    bench.voice.while_rendering = bench.mouth.hush
    bench.mouth.say(Utterance("a"))
    bench.wait(1.0)
    assert bench.heard == []


LABEL = Clip(np.arange(RATE // 4, dtype=np.int16), RATE)


@pytest.fixture
def labelled(bench):
    """A bench whose book knows a thing by the wearer's own voice."""
    BOOK.taught_label = lambda object_id: LABEL if object_id == "taught:1" else None
    yield bench
    BOOK.taught_label = lambda object_id: None


def test_the_wearers_own_voice_is_played_as_it_was_recorded_and_written_as_text(labelled):
    labelled.mouth.say(Utterance("named", (("thing", "taught:1"),)))
    labelled.wait(0.1)
    assert labelled.speaker.played == [LABEL]
    assert labelled.heard == [(0.0, "taught:1")]


def test_a_phrase_with_a_label_is_said_piece_by_piece_before_the_next_begins(labelled):
    labelled.mouth.say(Utterance("maybe", (("thing", "taught:1"),)))
    labelled.mouth.say(Utterance("a"))
    labelled.wait(0.6)
    assert not labelled.mouth.idle()
    labelled.wait(1.0)
    assert [clip is LABEL for clip in labelled.speaker.played] == [False, True, False]
    assert labelled.heard == [(0.0, "Maybe taught:1."), (0.76, "alpha")]


def test_a_hush_between_two_pieces_ends_the_phrase(labelled):
    labelled.mouth.say(Utterance("maybe", (("thing", "taught:1"),)))
    labelled.wait(0.2)
    labelled.mouth.hush()
    assert labelled.mouth.idle()
    labelled.wait(1.0)
    assert LABEL not in labelled.speaker.played


def test_without_a_voice_the_fault_earcon_sounds_and_nothing_dies(bench):
    bench.voice.broken = True
    bench.mouth.say(Utterance("a"))
    bench.wait(0.04)
    assert bench.speaker.busy()
    bench.wait(1.0)
    assert bench.mouth.idle()


def test_a_speaker_that_breaks_does_not_stop_the_mouth(bench):
    bench.speaker.broken = True
    bench.mouth.say(Utterance("a"))
    bench.mouth.chime("ready")
    bench.wait(0.5)
    bench.speaker.broken = False
    bench.mouth.say(Utterance("b"))
    bench.wait(1.0)
    assert [text for _, text in bench.heard if text != "[ready]"] == ["beta"]


def test_an_utterance_that_cannot_be_said_does_not_silence_the_next(bench):
    thread = SpeechThread(bench.mouth)
    thread.start()
    bench.mouth.say(Utterance("no such phrase"))
    bench.mouth.say(Utterance("a"))
    end = time.monotonic() + 5
    while not bench.heard and time.monotonic() < end:
        time.sleep(0.01)
    thread.stop()
    assert bench.heard == [(0.0, "alpha")]
