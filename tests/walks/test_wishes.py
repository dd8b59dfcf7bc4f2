"""A helper changes how the device speaks while it runs: all of it but for its networks and its voice is real."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from fingerpost import wiring
from fingerpost.core.loop import Observer
from fingerpost.core.playback import Playback
from fingerpost.core.preferences import BRIEF, Preferences
from fingerpost.core.state import MENU_ITEMS
from fingerpost.core.types import Frame, Press
from fingerpost.core.visits import Preferred
from fingerpost.devices.replay import SimulatedClock
from fingerpost.settings import Settings
from tests.desk import RED, ColourRecogniser, DotFinder, draw
from tests.parts import PressedButtons, SilentSpeaker, TonguelessVoice


class StyledVoice(TonguelessVoice):
    """Notes in which style it renders what."""

    def __init__(self):
        super().__init__()
        self.spoken, self.now = [], "en 170"

    def set_style(self, language, words_per_minute):
        self.rendered.clear()
        self.now = f"{language} {words_per_minute}"

    def render(self, texts):
        self.spoken += [(self.now, text) for text in texts]
        super().render(texts)


class Transcriber(Observer):
    """Keeps the words."""

    def __init__(self):
        self.words = []

    def on_heard(self, at, text, phrase):
        if not text.startswith("["):
            self.words.append(text)


class Day:
    """A device that sees nothing but a red thing and a finger that rests on it."""

    def __init__(self, stack, folder, monkeypatch):
        self.clock, self.voice, self.transcriber = SimulatedClock(), StyledVoice(), Transcriber()
        self.speaker, self.volumes = SilentSpeaker(self.clock), []
        self.speaker.set_volume = self.volumes.append
        monkeypatch.setattr(wiring, "open_voice", lambda settings: self.voice)
        body = wiring.assemble(stack, Settings(), self.clock, self.speaker, folder / "objects.sqlite",
                               [self.transcriber], preferences=Preferences())
        self.mouth = body.mouth
        self.playback = Playback(body.eyes, PressedButtons(), self.clock)
        self.loop = body.loop(self.playback.submit, [self.transcriber], announced=True)
        self.index = 0

    def live(self, seconds, colour=None, pointing=False):
        """Ten frames a second; returns the words that are heard."""
        self.transcriber.words.clear()
        pictures = [draw(colour, pointing)] * round(seconds * 10)
        frames = [Frame(self.index + count, self.clock.now() + (count + 1) / 10, picture)
                  for count, picture in enumerate(pictures)]
        self.index += len(frames)
        self.playback.run(self.loop, self.mouth, frames)
        return list(self.transcriber.words)

    def prefer(self, name, value):
        """A helper chooses that; returns the words that are heard."""
        self.loop.feed(Preferred(self.clock.now(), name, value))
        return self.live(1.0)

    def press(self, button, kind):
        """The wearer presses; returns the words that are heard."""
        self.loop.feed(Press(button, kind, self.clock.now()))
        return self.live(4.0)


@pytest.fixture
def day(tmp_path, monkeypatch):
    monkeypatch.setattr(wiring, "open_recogniser", lambda stack, settings: ColourRecogniser())
    monkeypatch.setattr(wiring, "open_finder", lambda stack, settings: DotFinder())
    with ExitStack() as stack:
        yield Day(stack, tmp_path, monkeypatch)


def test_volume_rate_and_language_change_at_once_and_are_said_in_the_new_way(day):
    assert day.live(2.0) == ["Ready."]
    assert day.prefer("volume", 6) == ["Volume 6."]
    assert day.volumes == [0.6]
    assert day.prefer("words_per_minute", 240) == ["Speech rate 240."]
    assert day.prefer("language", "de") == ["Deutsch."]
    assert day.voice.spoken[-2:] == [("en 240", "Speech rate 240."), ("de 240", "Deutsch.")]
    assert day.live(2.0, RED, pointing=True) == ["Nicht sicher."]
    assert day.prefer("language", "nowhere") == []
    assert day.prefer("language", "en") == ["English."]


def test_in_few_words_doubt_is_still_said(day):
    day.live(2.0)
    assert day.prefer("verbosity", BRIEF) == ["I say less."]
    assert day.live(2.0, RED, pointing=True) == ["Not sure."]


def test_a_device_that_runs_without_a_companion_page_says_so(day):
    day.live(2.0)
    day.press("both", "long")
    for _ in MENU_ITEMS[:MENU_ITEMS.index("companion")]:
        day.press("action", "short")
    assert day.press("action", "long") == [
        "I am opening the companion page.", "The companion page is not installed.", "Open the companion page."]
