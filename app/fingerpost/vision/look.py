"""The two ways to look at what the finger points at: past it, or at the whole thing that it means."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import List, Optional, Sequence, Tuple

from ..core.types import NOTHING, Box, Fingertip, Frame, Guess
from .aim import Target, choose
from .crop import crop_around
from .detect import Detector, merge
from .lens import Optics
from .preprocess import cut, measure_detail
from .recognise import Recogniser, rank

STEADY_SECONDS = 2.0
"""For so long a thing that was chosen is chosen again rather than its neighbour."""
LARGE = 2.0
"""A box so many times as long as the square past the finger may well be that of a table or a bed, with a thing on it
that the detector does not know."""
BARE = 0.25
"""A square past the finger with so much detail is not that of a thing too far away, whatever the detector finds."""


class Looker(ABC):
    """One way to look. `tip` is where a finger was seen in the frame."""

    @abstractmethod
    def look(self, frame: Frame, tip: Fingertip) -> Tuple[Guess, ...]:
        """What the thing may be, best guess first; NOTHING among them where there may be none."""

    @abstractmethod
    def aim(self, frame: Frame, tip: Fingertip) -> Box:
        """The square of the frame that shows the thing, as a sample of it is kept."""

    @abstractmethod
    def measure_detail(self, frame: Frame, tip: Fingertip) -> float:
        """The share of such a sample that shows something, in [0, 1]: little, where the thing is too far away."""

    @abstractmethod
    def outline(self, frame: Frame, tip: Fingertip) -> Box:
        """What to draw around the thing for those who look on; costs nothing."""


class CropLooker(Looker):
    """Takes the square past the finger for the thing."""

    def __init__(self, recogniser: Recogniser, crop_share: float, optics: Optional[Optics] = None) -> None:
        """`crop_share` is the side of the square as a share of the frame's width."""
        self._recogniser, self._crop_share = recogniser, crop_share
        self.optics = optics or Optics()

    def look(self, frame: Frame, tip: Fingertip) -> Tuple[Guess, ...]:
        """The names that the object network and the wearer give to what is past the finger."""
        return self._recogniser.guess(self.optics.cut(frame, self.aim(frame, tip)))

    def aim(self, frame: Frame, tip: Fingertip) -> Box:
        """The square past the finger."""
        return self.optics.crop_past(tip, frame, self._crop_share)

    def measure_detail(self, frame: Frame, tip: Fingertip) -> float:
        """Of the same square."""
        return measure_detail(cut(frame.pixels, self.aim(frame, tip)))

    def outline(self, frame: Frame, tip: Fingertip) -> Box:
        """The same square."""
        return self.aim(frame, tip)


class BoxLooker(Looker):
    """Finds things and their boxes, and chooses the one that the finger means.

    What the wearer has taught is recognised in its box as it is past the finger otherwise. Where there is no box, or a
    large one, what lies past the finger may still be something taught that the detector does not know.
    """

    def __init__(self, detector: Detector, recogniser: Recogniser, past: CropLooker) -> None:
        self.detector, self._recogniser, self._past = detector, recogniser, past
        self._seen: Optional[Tuple[Frame, Fingertip]] = None
        self._seen_at = float("-inf")
        self._targets: Sequence[Target] = ()

    def look(self, frame: Frame, tip: Fingertip) -> Tuple[Guess, ...]:
        """What was taught with the probability that it is that; what is left goes to the detector's names, or to
        NOTHING where the finger points at none of its things."""
        targets = self._find(frame, tip)
        taught = max((self._recogniser.guess_taught(self._past.optics.cut(frame, square))
                      for square in self._squares(targets, frame, tip)), key=_sum)
        left = 1.0 - _sum(taught)
        return rank((*taught, *(share(left, targets) if targets else [Guess(NOTHING, left)])))

    def aim(self, frame: Frame, tip: Fingertip) -> Box:
        """The square about the chosen box, or past the finger where there is none, or a large one."""
        return self._squares(self._find(frame, tip), frame, tip)[0]

    def measure_detail(self, frame: Frame, tip: Fingertip) -> float:
        """Of that square; but the detector, which costs much more, is asked only where little is past the finger."""
        detail = self._past.measure_detail(frame, tip)
        return detail if detail >= BARE else measure_detail(cut(frame.pixels, self.aim(frame, tip)))

    def outline(self, frame: Frame, tip: Fingertip) -> Box:
        """The box that was chosen last, if that was just now; else the square past the finger."""
        return self._recall(frame) or self._past.outline(frame, tip)

    def _find(self, frame: Frame, tip: Fingertip) -> Sequence[Target]:
        """What the finger may mean; found once for each frame."""
        if self._seen != (frame, tip):
            # Only an earlier frame binds: single pictures that are looked at one after the other share their instant.
            last = self._recall(frame) if frame.at > self._seen_at else None
            self._targets = choose(merge(self.detector.detect(frame.pixels)), tip, frame.pixels.shape[1], last)
            self._seen, self._seen_at = (frame, tip), frame.at
        return self._targets

    def _recall(self, frame: Frame) -> Optional[Box]:
        """The box that was chosen last, unless that is too long before this frame."""
        targets, recent = self._targets, frame.at - self._seen_at <= STEADY_SECONDS
        return targets[0].detection.box if recent and targets else None  # others look on from threads of their own

    def _squares(self, targets: Sequence[Target], frame: Frame, tip: Fingertip) -> List[Box]:
        """Where in the frame something taught may be seen; the first is what a sample shows."""
        past = self._past.aim(frame, tip)
        if not targets:
            return [past]
        height, width = frame.pixels.shape[:2]
        box = targets[0].detection.box
        whole = crop_around(box, width, height)
        large = max(box.right - box.left, box.bottom - box.top) > LARGE * (past.right - past.left)
        return [past, whole] if large else [whole]


def share(belief: float, targets: Sequence[Target]) -> List[Guess]:
    """The chosen target, which comes first, and the runner-up of another name as guesses that share a belief.

    The chosen one takes of it its score, as far as the finger points at anything of its name: it does not matter which
    of two spoons is meant. Of what it leaves, and never more than itself, it gives the runner-up by their weights.
    """
    chosen = targets[0]
    pointed = sum(target.confidence for target in targets if target.name == chosen.name)
    sure = min(chosen.detection.confidence, pointed)
    guesses = [Guess(chosen.name, belief * sure, calibrated=False)]
    runner_up = next((target for target in targets if target.name != chosen.name), None)
    if runner_up is not None:
        near = min(1.0, runner_up.steady_weight / chosen.steady_weight)
        guesses.append(Guess(runner_up.name, belief * near * min(sure, 1.0 - sure), calibrated=False))
    return guesses


def _sum(guesses: Sequence[Guess]) -> float:
    return sum(guess.confidence for guess in guesses)
