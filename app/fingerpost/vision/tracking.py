"""Following one fingertip from frame to frame: steady at rest, quick in motion, not fooled by a single frame."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from typing import Deque, Optional, Tuple

from ..core.types import Fingertip

Vector = Tuple[float, float]

STEADY_HERTZ = 0.4
"""Cut-off for a tip at rest: less is steadier, and settles more slowly. With QUICK fixed on simulated noise of 5 px."""
QUICK = 50.0
"""Hertz of cut-off gained per (frame width a second) squared: at a third of the picture a second, 6 Hz."""
TRUSTED_VALUES = 5
"""From so many values on the speed between them is taken as it is."""
SPEED_HERTZ = 1.0
"""Cut-off of the speed that steers the filter, as in the paper."""
JUMP = 0.1
"""Frame widths from where the tip was expected; what lies farther off needs a second frame that is far off too."""
CERTAIN_OF, WINDOW = 2, 3
"""A hand has come when so many of the last frames show it."""
DIP = 0.5
"""A followed hand may fall to this share of the presence threshold ..."""
DIP_SECONDS = 0.5
"""... for so long."""
BRIDGE_SECONDS = 0.15
"""A followed hand may be missed for so long: one frame at 10 a second."""
GAP_SECONDS = 0.5
"""After so long without a frame nothing is known any more."""
SPEED_SECONDS = 0.15
"""The reported speed is the mean over this time."""


class OneEuro:
    """A low-pass filter for a moving vector, whose cut-off rises with its speed.

    Casiez, Roussel, Vogel: "1 Euro Filter" (CHI 2012), with one speed for both coordinates, and squared: noise at rest
    then opens the filter hardly at all, and motion opens it wider (simulated: 20 % less jitter at half the lag). The
    output always lies between the last output and the new value, so it cannot overshoot.
    """

    def __init__(self) -> None:
        self.restart((0.0, 0.0))

    def restart(self, value: Vector) -> None:
        """Begin anew at that value."""
        self.value = self._raw = value
        self._velocity: Vector = (0.0, 0.0)
        self._count = 0

    def update(self, value: Vector, seconds: float) -> None:
        """Take the next value, more than 0 s after the last. The first few are averaged: none outweighs the others."""
        self._count += 1
        velocity = ((value[0] - self._raw[0]) / seconds, (value[1] - self._raw[1]) / seconds)
        self._raw = value
        self._velocity = _mix(self._velocity, velocity, max(_share(SPEED_HERTZ, seconds), 1.0 / self._count))
        cut_off = STEADY_HERTZ + QUICK * (self._velocity[0] ** 2 + self._velocity[1] ** 2)
        self.value = _mix(self.value, value, max(_share(cut_off, seconds), 1.0 / (self._count + 1)))

    def expect(self, seconds: float) -> Vector:
        """Where the value will be after that time if it keeps its speed, of which the first values say little."""
        seconds *= min(1.0, self._count / TRUSTED_VALUES)
        return self.value[0] + self._velocity[0] * seconds, self.value[1] + self._velocity[1] * seconds


class Tracker:
    """Turns what each frame shows into one finger that is followed. Frames may come at uneven times."""

    def __init__(self, threshold: float = 0.5) -> None:
        """`threshold` is the presence probability from which a frame shows a hand for certain."""
        self._threshold = threshold
        self._place = OneEuro()
        self._finger = OneEuro()
        self._at, self._width = float("-inf"), 0
        self._forget()

    def _forget(self) -> None:
        """Know nothing of a hand."""
        self._shown: Optional[Fingertip] = None
        self._certain: Deque[bool] = deque(maxlen=WINDOW)
        self._certain_at = self._followed_at = float("-inf")
        self._suspect: Optional[Tuple[Vector, float]] = None
        self._path: Deque[Tuple[float, Vector]] = deque()

    def update(self, tip: Optional[Fingertip], at: float, width: int = 640) -> Optional[Fingertip]:
        """The followed fingertip at `at` (seconds), or None while no hand points.

        `tip` is the finder's best guess in that frame, however doubtful; `width` is the frame's, in pixels. The first
        frame, and the first after a gap, is believed at once, for there is none to contradict it: a single still
        image has its finger.
        """
        if not 0.0 < at - self._at <= GAP_SECONDS or width != self._width:
            self._forget()
        self._at, self._width = at, width
        believed = self._believe(tip, at)
        if tip is None or not believed:
            if at - self._followed_at > BRIDGE_SECONDS:
                self._shown = None
            return self._shown
        place, finger = _measure(tip, width)
        if self._shown is None:
            self._place.restart(place)
            self._finger.restart(finger)
            self._path.clear()
        elif not self._advance(place, finger, at):
            return self._shown
        self._followed_at, self._suspect = at, None
        self._shown = self._show(tip, at, width)
        return self._shown

    def _believe(self, tip: Optional[Fingertip], at: float) -> bool:
        """Whether a hand is there: a new one must be certain and seen again, a followed one may dip for a moment."""
        first = not self._certain
        certain = tip is not None and tip.confidence >= self._threshold
        self._certain.append(certain)
        if certain:
            self._certain_at = at
        if self._shown is None:
            return certain and (first or sum(self._certain) >= CERTAIN_OF)
        return (tip is not None and tip.confidence >= DIP * self._threshold
                and at - self._certain_at <= DIP_SECONDS)

    def _advance(self, place: Vector, finger: Vector, at: float) -> bool:
        """Move the filters on; False for a place so far off that the next frame has to confirm it."""
        if math.dist(place, self._place.expect(at - self._followed_at)) > JUMP:
            if self._suspect is None:
                self._suspect = (place, at)
                return False
            self._place.restart(self._suspect[0])
            self._finger.restart(finger)
            self._followed_at = self._suspect[1]
        self._place.update(place, at - self._followed_at)
        self._finger.update(finger, at - self._followed_at)
        return True

    def _show(self, tip: Fingertip, at: float, width: int) -> Fingertip:
        """The filtered finger in pixels, with its mean speed over the last moment."""
        (x, y), (dx, dy) = self._place.value, self._finger.value
        length = math.hypot(dx, dy)
        self._path.append((at, (x, y)))
        while len(self._path) > 2 and at - self._path[1][0] >= SPEED_SECONDS:
            self._path.popleft()
        before, start = self._path[0]
        speed = math.dist(start, (x, y)) / (at - before) if at > before else 0.0
        return replace(tip, x=x * width, y=y * width, speed=speed * width, length=length * width if tip.length else 0.0,
                       direction=(dx / length, dy / length) if length > 1e-6 else tip.direction)


def _measure(tip: Fingertip, width: int) -> Tuple[Vector, Vector]:
    """The tip and the vector from knuckle to tip in frame widths; a finger of unknown length counts as one width."""
    length = (tip.length or width) / width
    return (tip.x / width, tip.y / width), (tip.direction[0] * length, tip.direction[1] * length)


def _share(cut_off_hertz: float, seconds: float) -> float:
    """The share of the new value in exponential smoothing, from the cut-off and the time passed."""
    return 1.0 / (1.0 + 1.0 / (2.0 * math.pi * cut_off_hertz * seconds))


def _mix(old: Vector, new: Vector, share: float) -> Vector:
    return old[0] + share * (new[0] - old[0]), old[1] + share * (new[1] - old[1])
