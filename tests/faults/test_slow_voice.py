"""A voice that takes its time, or never comes back: nobody waits for it."""

from __future__ import annotations

import os
import threading

import pytest

from fingerpost.core.actions import Keep, Learn
from fingerpost.core.errors import VoiceError
from fingerpost.core.events import Learned
from fingerpost.core.speech import BATCH_TEXTS, RenderingThread
from fingerpost.core.types import Frame
from fingerpost.memory.learner import Learner
from fingerpost.memory.objects import ObjectStore
from fingerpost.vision.eyes import Eyes
from tests.desk import RED, ColourRecogniser, DotFinder, draw
from tests.parts import TonguelessVoice

PATIENCE_SECONDS = 10.0


class SlowVoice(TonguelessVoice):
    """Renders when it is released, and tells how far it is."""

    style = "usual"

    def __init__(self):
        super().__init__()
        self.batches, self.complaint, self.error, self.niceness = [], "", VoiceError, 0
        self.released, self.begun = threading.Event(), threading.Event()
        self.done = threading.Semaphore(0)

    def render(self, texts):
        self.niceness = os.getpriority(os.PRIO_PROCESS, 0)
        self.begun.set()
        self.released.wait(PATIENCE_SECONDS)
        self.batches.append(list(texts))
        self.done.release()
        if self.complaint:
            raise self.error(self.complaint)
        super().render(texts)

    def wait_for(self, batches):
        for _ in range(batches):
            assert self.done.acquire(timeout=PATIENCE_SECONDS)


@pytest.fixture
def voice():
    voice = SlowVoice()
    yield voice
    voice.released.set()


@pytest.fixture
def rendering(voice):
    thread = RenderingThread(voice)
    thread.start()
    yield thread
    thread.stop()
    thread.stop()


def test_the_eyes_go_on_while_a_new_name_is_rendered(tmp_path, voice, rendering):
    with ObjectStore(tmp_path / "objects.sqlite") as store:
        recogniser = ColourRecogniser()
        learner = Learner(store, recogniser, ("tea",), lambda object_id: rendering.submit(["tea"]))
        eyes = Eyes(DotFinder(), recogniser, learner, 0.35)
        for index in range(6):
            eyes.see(Frame(index, index / 10, draw(RED)))
        eyes.do(Keep(5), 0.5)
        assert isinstance(eyes.do(Learn(), 0.6), Learned)
        assert voice.begun.wait(PATIENCE_SECONDS)
        found = [eyes.see(Frame(index, index / 10, draw(RED, pointing=index > 14))).fingertip is not None
                 for index in range(7, 20)]
        assert found[-1]
        assert not found[6]
    assert voice.cached("tea") is None, "all that happened while the voice was busy"
    voice.released.set()
    voice.wait_for(1)
    rendering.stop()
    assert voice.cached("tea")


def test_a_name_just_learned_goes_before_what_still_waits(voice, rendering):
    texts = [f"text {number}" for number in range(2 * BATCH_TEXTS + 1)]
    rendering.submit(texts)
    assert voice.begun.wait(PATIENCE_SECONDS)
    rendering.submit(["tea"])
    voice.released.set()
    voice.wait_for(4)
    assert voice.batches == [texts[:BATCH_TEXTS], ["tea"], texts[BATCH_TEXTS:2 * BATCH_TEXTS], texts[-1:]]


def test_what_waits_to_be_said_in_a_style_of_yesterday_is_not_rendered(voice, rendering):
    texts = [f"text {number}" for number in range(2 * BATCH_TEXTS)]
    rendering.submit(texts)
    assert voice.begun.wait(PATIENCE_SECONDS)
    voice.style = "another"
    rendering.submit(["tea"])
    voice.released.set()
    voice.wait_for(2)
    rendering.submit(["salt"])
    voice.wait_for(1)
    assert voice.batches == [texts[:BATCH_TEXTS], ["tea"], ["salt"]]


def test_a_voice_that_hangs_does_not_hold_up_the_end_and_nothing_is_rendered_after_it(voice, rendering):
    rendering.submit(["tea"])
    rendering.submit(["salt"])
    assert voice.begun.wait(PATIENCE_SECONDS)
    rendering.stop()
    assert rendering.is_alive(), "it was left behind"
    voice.released.set()
    rendering.join(PATIENCE_SECONDS)
    assert len(voice.batches) == 1


@pytest.mark.parametrize("error", [VoiceError, RuntimeError])
def test_a_missing_voice_is_complained_of_once_and_the_thread_goes_on(voice, rendering, caplog, error):
    voice.complaint, voice.error = "there is no voice; install espeak-ng", error
    voice.released.set()
    for text in ("tea", "salt"):
        rendering.submit([text])
        voice.wait_for(1)
    voice.complaint = ""
    rendering.submit(["sugar"])
    voice.wait_for(1)
    rendering.stop()
    assert voice.cached("sugar")
    assert [record.getMessage() for record in caplog.records] == ["there is no voice; install espeak-ng"]


def test_everything_else_goes_before_it(voice, rendering):
    voice.released.set()
    rendering.submit(["tea"])
    voice.wait_for(1)
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert own < voice.niceness or own == 19
