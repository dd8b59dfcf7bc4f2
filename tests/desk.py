"""A desk with coloured things on it, and a device that is real but for its two networks: a bright dot stands for the
fingertip, and a thing is known by its colour."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from fingerpost.body import Body
from fingerpost.core.loop import Observer
from fingerpost.core.playback import Playback
from fingerpost.core.speech import Mouth
from fingerpost.core.types import Clip, Fingertip, Frame, Guess, Press
from fingerpost.devices.clips import RATE, encode_wav
from fingerpost.devices.ear import Ear
from fingerpost.devices.microphone import WavMicrophone
from fingerpost.devices.replay import SimulatedClock
from fingerpost.memory.learner import Learner
from fingerpost.memory.objects import ObjectStore
from fingerpost.settings import Settings
from fingerpost.vision.eyes import Eyes
from tests.parts import EARCONS, SilentSpeaker, TimedButtons, TonguelessVoice, english

DESK = 90
RED, BLUE, GREEN = (220, 40, 40), (40, 60, 220), (30, 200, 60)
TIP = (160, 170)


def draw(colour: Optional[Tuple[int, int, int]], pointing: bool = True, size: int = 80) -> np.ndarray:
    """The desk from above: a chequered thing of that colour and size, and the dot below it."""
    picture = np.full((240, 320, 3), DESK, np.uint8)
    if colour is not None:
        thing = np.zeros((80, 80, 3), np.uint8)
        thing[np.indices((80, 80)).sum(axis=0) // 10 % 2 == 0] = colour
        picture[110 - size // 2:110 + size // 2, 160 - size // 2:160 + size // 2] = cv2.resize(thing, (size, size))
    if pointing:
        cv2.circle(picture, TIP, 4, (255, 255, 255), -1)
    return picture


def speak(path: Path, *seconds: float, pitch_hz: float = 180.0) -> Path:
    """A WAV file with so many utterances of those lengths, a second apart, in soft noise: a buzz in syllables stands
    for a voice."""
    rng, parts = np.random.default_rng(7), [np.zeros(RATE // 5)]
    for length in seconds:
        instants = np.arange(round(length * RATE)) / RATE
        loudness = np.where(instants % 0.25 < 0.2, 0.2, 0.005)
        parts += [loudness * np.sign(np.sin(2 * np.pi * pitch_hz * instants)), np.zeros(RATE)]
    sound = np.concatenate(parts)
    sound += 0.001 * rng.standard_normal(len(sound))
    path.write_bytes(encode_wav(Clip((sound * 32767).astype(np.int16), RATE)))
    return path


class DotFinder:
    """Finds the bright dot."""

    threshold, backbone, is_renewing = 0.5, "dots", False

    def go_over(self):
        return False

    def guess(self, pixels):
        rows, columns = np.nonzero(pixels.min(axis=2) > 240)
        if not len(rows):
            return Fingertip(0.0, 0.0, (0.0, -1.0), 0.01)
        return Fingertip(float(columns.mean()), float(rows.mean()), (0.0, -1.0), 0.99, length=60.0)


class ColourHead:
    """Likeness of colours to the mean colours of taught things."""

    def __init__(self) -> None:
        self.means: Dict[str, np.ndarray] = {}

    def fit(self, embeddings):
        self.means = {key: looks.mean(axis=0) for key, looks in embeddings.items()}

    def likeness(self, embedding):
        return {key: float(mean @ embedding / np.linalg.norm(mean) / np.linalg.norm(embedding))
                for key, mean in self.means.items()}


class ColourRecogniser:
    """Knows a thing by its mean colour."""

    backbone, names = "colours", ()

    def __init__(self) -> None:
        self.head = ColourHead()

    def embed(self, crop):
        return np.zeros(0), np.append(crop.mean(axis=(0, 1)) - DESK, 5.0).astype(np.float32)

    def guess(self, crop):
        likeness = self.head.likeness(self.embed(crop)[1])
        guesses = [Guess(key, 0.99 if value > 0.9 else 0.1) for key, value in likeness.items()]
        return tuple(sorted(guesses, key=lambda guess: -guess.confidence))

    guess_taught = guess


class LoudSpeaker(SilentSpeaker):
    """Remembers what it plays."""

    def __init__(self, clock) -> None:
        super().__init__(clock)
        self.played: List[bytes] = []

    def play(self, clip, mix=False):
        super().play(clip, mix)
        self.played.append(clip.samples.tobytes())


class Desk:
    """A wearer at the desk, and what they hear. What is taught stays in the folder."""

    def __init__(self, folder: Path, naming: str = "next", names: Sequence[str] = ("tea", "salt"),
                 sayings: Sequence[Path] = ()) -> None:
        """`sayings` are WAV files with what the wearer says when asked; without any there is no microphone."""
        self._folder, self._sayings = folder, sayings
        settings = Settings()
        self._settings = replace(settings, teaching=replace(settings.teaching, naming=naming, names=tuple(names)))
        self.heard: List[Tuple[float, str]] = []
        self.played: List[bytes] = []

    def spend(self, seconds: float, script: Dict[float, np.ndarray], presses: Sequence[Tuple[float, str, str]] = ()):
        """Ten frames a second; `script` maps seconds to what is seen from then on. Returns the words that are heard."""
        with ExitStack() as stack:
            clock = SimulatedClock()
            loop, mouth, eyes, speaker = self._assemble(stack, clock)
            buttons = TimedButtons(clock, [Press(button, kind, at) for at, button, kind in presses])
            playback = Playback(eyes, buttons, clock)
            self._submit = playback.submit
            playback.run(loop, mouth, self._frames(seconds, script))
            self.played = speaker.played
        return [text for _, text in self.heard if not text.startswith("[")]

    def _assemble(self, stack, clock):
        speaker, voice, book = LoudSpeaker(clock), TonguelessVoice(), english()
        mouth = Mouth(speaker, voice, book, EARCONS, clock, lambda at, text, phrase: self.heard.append((at, text)))
        ear = Ear(stack.enter_context(WavMicrophone(self._sayings, clock)), mouth, clock) if self._sayings else None
        store = stack.enter_context(ObjectStore(self._folder / "objects.sqlite"))
        recogniser = ColourRecogniser()
        learner = Learner(store, recogniser, self._settings.teaching.names or book.free_names(),
                          recorded=lambda: ear.clip if ear else None)
        book.taught_name, book.taught_label = learner.spoken_name, learner.spoken_label
        eyes = self._open_eyes(recogniser, learner)
        body = Body(eyes, mouth, book, recogniser, voice.render, learner, self._settings, ear)
        return body.loop(lambda action: self._submit(action), [Observer()]), mouth, eyes, speaker

    def _open_eyes(self, recogniser, learner):
        return Eyes(DotFinder(), recogniser, learner, 0.35)

    @staticmethod
    def _frames(seconds, script):
        picture = draw(None, pointing=False)
        for index in range(int(seconds * 10)):
            picture = script.get(index / 10, picture)
            yield Frame(index, index / 10, picture)
