"""The ear: after a beep it records what the wearer says, until they fall silent."""

from __future__ import annotations

from typing import Iterator, List, Optional, Sequence, Tuple

import numpy

from ..core.errors import MicrophoneError
from ..core.events import Event, Fault, Listened
from ..core.ports import Clock, Hearing, Microphone
from ..core.speech import Mouth
from ..core.types import Clip
from .clips import RATE
from .voices import shape_speech

BLOCK_SECONDS = 0.02
CLICK_SECONDS = 0.08
"""What sounds shorter than this is a click or a knock, not a voice."""
SILENCE_SECONDS = 0.7
"""After so long a silence the wearer has finished; a pause between two words is shorter."""
PATIENCE_SECONDS = 3.0
"""How long the wearer may take to begin."""
LONGEST_SECONDS = 3.0
"""How long they may speak."""
STALLED_SECONDS = 2.0
"""A microphone that gives nothing for so long, or makes a recording so much longer than all this, is a fault."""
SILENT = "the microphone gives no sound: plug it in again"
ECHO_SECONDS = 0.25
"""How long the beep goes on sounding in the room."""
QUIETEST = 10 ** (-50 / 20)
"""The root mean square, -50 dBFS, below which nothing is a voice."""
ABOVE_NOISE = 4.0
"""A voice is this many times as loud as the noise, 12 dB; once begun, half of that keeps it going."""
BEFORE_SECONDS, AFTER_SECONDS = 0.1, 0.15
"""What is kept around the voice: its first and last consonants are softer than what finds it."""


class Ear(Hearing):
    """Records through a microphone, one voice at a time. One thread uses it."""

    def __init__(self, microphone: Microphone, mouth: Mouth, clock: Clock) -> None:
        self._microphone, self._mouth, self._clock = microphone, mouth, clock
        self._course: Optional[Iterator[Optional[Clip]]] = None
        self.clip: Optional[Clip] = None
        """The voice in the last recording that had one: trimmed, and as loud as all speech."""

    def listen(self) -> None:
        """See `Hearing.listen`."""
        self.stop()
        self._course = self._record()

    def stop(self) -> None:
        """See `Hearing.stop`."""
        self._course = None
        self._microphone.stop()

    def step(self) -> Optional[Event]:
        """See `Hearing.step`."""
        if self._course is None:
            return None
        try:
            clip = next(self._course)
        except MicrophoneError as error:
            self.stop()
            return Fault("microphone", self._clock.now(), str(error))
        if clip is None:
            return None
        self.stop()
        if clip.seconds > 0:
            self.clip = clip
        return Listened(self._clock.now(), clip.seconds)

    def _record(self) -> Iterator[Optional[Clip]]:
        """The course of a recording: None while it goes on, at last the voice, perhaps empty."""
        while not self._mouth.idle():
            yield None
        yield from self._open()
        self._mouth.chime("listen")
        while not self._mouth.idle():
            yield None
        beginning = self._clock.now() + ECHO_SECONDS
        while self._clock.now() < beginning:
            yield None
        self._microphone.read()
        take, deadline = Take(), beginning + PATIENCE_SECONDS + LONGEST_SECONDS + STALLED_SECONDS
        while not take.over():
            if self._clock.now() > deadline:
                raise MicrophoneError(SILENT)
            yield None
            take.add(self._microphone.read())
        yield take.voice()

    def _open(self) -> Iterator[None]:
        """Start the microphone and wait until it gives sound: the beep promises that it hears."""
        self._microphone.start()
        deadline = self._clock.now() + STALLED_SECONDS
        while not len(self._microphone.read().samples):
            if self._clock.now() > deadline:
                raise MicrophoneError(SILENT)
            yield None


class Take:
    """One recording as it grows, and the voice in it."""

    def __init__(self) -> None:
        self._samples, self._rate = numpy.zeros(0, numpy.int16), RATE
        self._levels: List[float] = []

    def add(self, clip: Clip) -> None:
        """Append what was heard."""
        self._samples, self._rate = numpy.concatenate([self._samples, clip.samples]), clip.rate
        fresh = self._samples[len(self._levels) * self._block:]
        blocks = fresh[:len(fresh) // self._block * self._block].reshape(-1, self._block) / 32768
        self._levels += numpy.sqrt((blocks ** 2).mean(axis=1)).tolist()

    def over(self) -> bool:
        """Whether the wearer has finished, or is not going to begin."""
        found, heard = find_voice(self._levels), len(self._levels) * BLOCK_SECONDS
        if found is None:
            return heard >= PATIENCE_SECONDS
        first, last = found[0] * BLOCK_SECONDS, found[1] * BLOCK_SECONDS
        return heard - last >= SILENCE_SECONDS or heard - first >= LONGEST_SECONDS

    def voice(self) -> Clip:
        """The voice alone, at the loudness of all speech; empty when there is none."""
        found = find_voice(self._levels)
        if found is None:
            return Clip(self._samples[:0], self._rate)
        start = max(0, found[0] * self._block - round(BEFORE_SECONDS * self._rate))
        end = found[1] * self._block + round(AFTER_SECONDS * self._rate)
        return shape_speech(Clip(self._samples[start:end], self._rate))

    @property
    def _block(self) -> int:
        return round(BLOCK_SECONDS * self._rate)


def find_voice(levels: Sequence[float]) -> Optional[Tuple[int, int]]:
    """Where a voice begins and ends (exclusive) among the levels of successive blocks; None where there is none.

    The noise is what a tenth of all blocks stay below: speech has more pauses than that, even without a silence before.
    """
    if not levels:
        return None
    loud = max(QUIETEST, ABOVE_NOISE * float(numpy.percentile(levels, 10)))
    voiced: List[int] = []
    run: List[int] = []
    for block, level in enumerate(list(levels) + [0.0]):
        if level >= (loud / 2 if run else loud):
            run.append(block)
        else:
            voiced += run if len(run) * BLOCK_SECONDS >= CLICK_SECONDS else []
            run = []
    return (voiced[0], voiced[-1] + 1) if voiced else None
