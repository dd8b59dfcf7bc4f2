"""A device whose parts are all real but for its networks, its voice and its loudspeaker, and a wearer who presses."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager

from fingerpost import wiring
from fingerpost.core.events import ErrandDone
from fingerpost.core.loop import Observer
from fingerpost.core.playback import Playback
from fingerpost.core.preferences import Preferences
from fingerpost.core.types import Frame, Press
from fingerpost.core.visits import Preferred
from fingerpost.devices.replay import SimulatedClock
from fingerpost.settings import Settings
from tests.desk import ColourRecogniser, DotFinder, draw
from tests.parts import PressedButtons, SilentSpeaker, TonguelessVoice


class StyledVoice(TonguelessVoice):
    """Notes in which style it renders what."""

    def __init__(self):
        super().__init__()
        self.spoken, self.now = [], "en 170"

    def set_style(self, language, words_per_minute, voice):
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


@contextmanager
def spend_day(folder, monkeypatch):
    """A day with a device that keeps what it is taught in that folder."""
    monkeypatch.setattr(wiring, "open_recogniser", lambda stack, settings: ColourRecogniser())
    monkeypatch.setattr(wiring, "open_finder", lambda stack, settings: DotFinder())
    with ExitStack() as stack:
        yield Day(stack, folder, monkeypatch)


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
        self.loop = body.loop(self.playback.submit, [self.transcriber], announced=True, run_errand=self._run_errand)
        self.index, self.errand = 0, ""

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

    def press(self, button, kind, seconds=4.0):
        """The wearer presses; returns the words that are heard."""
        self.loop.feed(Press(button, kind, self.clock.now()))
        return self.live(seconds)

    def end_errand(self, outcome, **slots):
        """What the errand that was begun comes to; returns the words that are heard."""
        self.loop.feed(ErrandDone(self.clock.now(), self.errand, outcome, tuple(slots.items())))
        return self.live(1.0)

    def _run_errand(self, errand):
        self.errand = errand
