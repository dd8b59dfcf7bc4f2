"""The two ways to look at what the finger points at: past it, or at the whole thing that it means."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Optional, Tuple

from ..core.types import NOTHING, Box, Detection, Fingertip, Frame, Guess
from .aim import choose
from .crop import crop_around, crop_past
from .detect import Detector, merge
from .preprocess import cut
from .recognise import Recogniser, rank

STEADY_SECONDS = 2.0
"""For so long a thing that was chosen is chosen again rather than its neighbour."""


class Looker(ABC):
    """One way to look. `tip` is where a finger was seen in the frame."""

    @abstractmethod
    def look(self, frame: Frame, tip: Fingertip) -> Tuple[Guess, ...]:
        """What the thing may be, best guess first; NOTHING among them where there may be none."""

    @abstractmethod
    def aim(self, frame: Frame, tip: Fingertip) -> Box:
        """The square of the frame that shows the thing, as a sample of it is kept."""

    @abstractmethod
    def outline(self, frame: Frame, tip: Fingertip) -> Box:
        """What to draw around the thing for those who look on; costs nothing."""


class CropLooker(Looker):
    """Takes the square past the finger for the thing."""

    def __init__(self, recogniser: Recogniser, crop_share: float) -> None:
        """`crop_share` is the side of the square as a share of the frame's width."""
        self._recogniser, self._crop_share = recogniser, crop_share

    def look(self, frame: Frame, tip: Fingertip) -> Tuple[Guess, ...]:
        """The names that the object network and the wearer give to what is past the finger."""
        return self._recogniser.guess(cut(frame.pixels, self.aim(frame, tip)))

    def aim(self, frame: Frame, tip: Fingertip) -> Box:
        """The square past the finger."""
        height, width = frame.pixels.shape[:2]
        return crop_past(tip, width, height, self._crop_share)

    def outline(self, frame: Frame, tip: Fingertip) -> Box:
        """The same square."""
        return self.aim(frame, tip)


class BoxLooker(Looker):
    """Finds things and their boxes, and chooses the one that the finger means.

    What the wearer has taught is recognised in its box as it is past the finger otherwise. Where there is no box, what
    lies past the finger may still be something taught that the detector does not know.
    """

    def __init__(self, detector: Detector, recogniser: Recogniser, past: CropLooker) -> None:
        self._detector, self._recogniser, self._past = detector, recogniser, past
        self._last: Optional[Box] = None
        self._last_at = float("-inf")

    def look(self, frame: Frame, tip: Fingertip) -> Tuple[Guess, ...]:
        """What was taught with the probability that it is that; what is left goes to the detector's name by its score,
        or to NOTHING."""
        found = self._find(frame, tip)
        taught = self._recogniser.guess_taught(cut(frame.pixels, self._square(found, frame, tip)))
        left = 1.0 - sum(guess.confidence for guess in taught)
        if found is None:
            return rank((*taught, Guess(NOTHING, left)))
        return rank((*taught, Guess(found.name, left * found.confidence, calibrated=False)))

    def aim(self, frame: Frame, tip: Fingertip) -> Box:
        """The square about the chosen box, or past the finger where there is none."""
        return self._square(self._find(frame, tip), frame, tip)

    def outline(self, frame: Frame, tip: Fingertip) -> Box:
        """The box that was chosen last, if that was just now; else the square past the finger."""
        recent = frame.at - self._last_at <= STEADY_SECONDS
        return self._last if recent and self._last else self._past.outline(frame, tip)

    def _find(self, frame: Frame, tip: Fingertip) -> Optional[Detection]:
        # Only an earlier frame binds: single pictures that are looked at one after the other share their instant.
        last = self._last if 0.0 < frame.at - self._last_at <= STEADY_SECONDS else None
        found = choose(merge(self._detector.detect(frame.pixels)), tip, frame.pixels.shape[1], last)
        self._last, self._last_at = found.box if found else None, frame.at
        return found

    def _square(self, found: Optional[Detection], frame: Frame, tip: Fingertip) -> Box:
        height, width = frame.pixels.shape[:2]
        return crop_around(found.box, width, height) if found else self._past.aim(frame, tip)
