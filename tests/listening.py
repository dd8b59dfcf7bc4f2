"""Listening to a narration by measuring it: how loud its phrases are, and whether one runs into the next."""

from __future__ import annotations

from typing import List, NamedTuple

import numpy as np

from fingerpost.core.types import Clip
from fingerpost.devices.clips import decode_wav
from fingerpost.devices.voices import speech_rms
from fingerpost.devices.wavspeaker import WavSpeaker

SHORTEST_SECONDS = 0.3
"""What is shorter, as a name of one syllable, is not measured: its loudness hangs on where it is cut."""

ROUNDING_SECONDS = 1e-3


class Sounded(NamedTuple):
    """A clip on the time line: seconds from the start."""

    at: float
    seconds: float
    earcon: bool

    @property
    def end(self) -> float:
        return self.at + self.seconds


class NotingSpeaker(WavSpeaker):
    """Writes the narration, and notes what begins to sound when, and when something was silenced."""

    def __init__(self, path, clock) -> None:
        super().__init__(path, clock)
        self.path, self.clock = path, clock
        self.sounded: List[Sounded] = []
        self.cut_off: List[float] = []

    def play(self, clip: Clip, mix: bool = False) -> None:
        self.sounded.append(Sounded(self.clock.now(), clip.seconds, earcon=mix))
        super().play(clip, mix)

    def hush(self) -> None:
        if self.busy():
            self.cut_off.append(self.clock.now())
        super().hush()


class Narration:
    """What a speaker has written that was opened at the second 0 of its clock, and is closed now."""

    def __init__(self, speaker: NotingSpeaker) -> None:
        clip = decode_wav(speaker.path.read_bytes())
        self._rate, self._levels = clip.rate, clip.samples / 32768
        self._sounded, self.cut_off = speaker.sounded, speaker.cut_off
        self.minutes, self.peak = clip.seconds / 60, float(np.abs(self._levels).max())

    def loudness(self) -> List[float]:
        """In decibels below full scale, of all speech that is long enough and sounds alone."""
        clips = [clip for clip in self._words() if clip.seconds >= SHORTEST_SECONDS and self._is_alone(clip)]
        return [20 * float(np.log10(speech_rms(self._levels[self._sample(clip.at):self._sample(clip.end)])))
                for clip in clips]

    def overlaps(self) -> List[float]:
        """When words began before those before them were over."""
        words = self._words()
        return [after.at for before, after in zip(words, words[1:]) if after.at < before.end - ROUNDING_SECONDS]

    def speaking_minutes(self) -> float:
        """How long words sound, all together."""
        return sum(clip.seconds for clip in self._words()) / 60

    def _words(self) -> List[Sounded]:
        return [clip for clip in self._sounded if not clip.earcon]

    def _is_alone(self, clip: Sounded) -> bool:
        return not any(other is not clip and other.at < clip.end and clip.at < other.end for other in self._sounded)

    def _sample(self, at: float) -> int:
        return round(at * self._rate)
