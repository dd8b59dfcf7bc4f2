"""A simulated speaker: a WAV file on a time line."""

from __future__ import annotations

import threading
import wave
from pathlib import Path
from typing import List, Optional, Tuple

import numpy

from ..core.errors import SoundError
from ..core.ports import Clock, Speaker
from ..core.types import Clip
from ..wholefile import replacing
from .clips import RATE, limit, resample


class WavSpeaker(Speaker):
    """Lays clips on the time line of `clock` and, when closed, writes it to `path`."""

    FADE_SECONDS = 0.005
    LONGEST_SECONDS = 4 * 3600.0  # the file grows by 160 MB an hour; at this length it is full
    BLOCK_SAMPLES = 1 << 18  # how much is mixed at a time: keeps the memory flat

    def __init__(self, path: Path, clock: Clock, last_seconds: Optional[float] = None) -> None:
        """With `last_seconds` only so much of the end is kept, and the file is never full."""
        self._path, self._clock = path, clock
        self._kept_samples = None if last_seconds is None else round(last_seconds * RATE)
        self._start: Optional[float] = None
        self._laid: List[Tuple[int, numpy.ndarray]] = []
        self._voice: Optional[int] = None
        self._lock = threading.Lock()

    def open(self) -> None:
        """Start the time line."""
        self._laid, self._voice, self._start = [], None, self._clock.now()

    def close(self) -> None:
        """Write the file up to now or to the last sample, whichever is later; raises SoundError."""
        with self._lock:
            if self._start is None:
                return
            length = max([self._now()] + [at + len(samples) for at, samples in self._laid])
            self._start = None
            try:
                self._write(0 if self._kept_samples is None else max(0, length - self._kept_samples), length)
            except OSError as error:
                raise SoundError(f"cannot write {self._path} ({error.strerror}): free some space or name "
                                 "another file") from error

    def play(self, clip: Clip, mix: bool = False) -> None:
        """See `Speaker.play`; raises SoundError when the file is full or closed."""
        with self._lock:
            if self._start is None:
                raise SoundError("the speaker is closed: open it before playing")
            now = self._now()
            if self._kept_samples is not None:
                self._forget(now - self._kept_samples)
            elif now > self.LONGEST_SECONDS * RATE:
                raise SoundError(f"{self._path} is full after {self.LONGEST_SECONDS / 3600:.0f} hours: "
                                 "start again, or plug in a sound card")
            if not mix:
                self._cut(now)
                self._voice = len(self._laid)
            self._laid.append((now, resample(clip.samples, clip.rate)))

    def hush(self) -> None:
        """See `Speaker.hush`."""
        with self._lock:
            if self._start is not None:
                self._cut(self._now())

    def busy(self) -> bool:
        """See `Speaker.busy`; the clock decides."""
        with self._lock:
            if self._start is None or self._voice is None:
                return False
            at, samples = self._laid[self._voice]
            return self._now() < at + len(samples)

    def _now(self) -> int:
        assert self._start is not None
        return max(0, round((self._clock.now() - self._start) * RATE))

    def _cut(self, now: int) -> None:
        if self._voice is not None:
            at, samples = self._laid[self._voice]
            fade = numpy.linspace(1.0, 0.0, round(self.FADE_SECONDS * RATE))
            kept = samples[:now - at + len(fade)].astype(numpy.float64)
            if now < at + len(samples):
                tail = kept[now - at:]
                tail *= fade[:len(tail)]
                self._laid[self._voice] = at, numpy.rint(kept).astype(numpy.int16)
            self._voice = None

    def _forget(self, before: int) -> None:
        """Drop the clips that have ended by then."""
        while self._laid and self._laid[0][0] + len(self._laid[0][1]) <= before:
            self._laid.pop(0)
            self._voice = self._voice - 1 if self._voice else None

    def _write(self, first: int, length: int) -> None:
        with replacing(self._path, sync=False) as raw, wave.open(raw, "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            for start in range(first, length, self.BLOCK_SAMPLES):
                block = self._mix(start, min(length, start + self.BLOCK_SAMPLES))
                file.writeframes(numpy.rint(limit(block / 32768) * 32767).astype("<i2").tobytes())

    def _mix(self, start: int, stop: int) -> numpy.ndarray:
        block = numpy.zeros(stop - start)
        for at, samples in self._laid:
            if at < stop and at + len(samples) > start:
                part = samples[max(0, start - at):stop - at]
                offset = max(0, at - start)
                block[offset:offset + len(part)] += part
        return block
