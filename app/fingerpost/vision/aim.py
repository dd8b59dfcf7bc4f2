"""Which of the things in view the finger means: plain geometry, without pixels and without numpy.

What speaks for a thing is the detector's score, the chance that the finger really points at it, since nobody and no
network tells its direction exactly, and how near it is. What lies behind the tip is the wearer's own hand.

Of things that lie in one another the innermost that the finger points at is meant: a bottle on a table, and its label
where the finger points right at the label. So everything can be had by pointing: the bottle where it shows beside its
label, the table where nothing stands on it. Why so: docs/decisions/012-the-thing-under-the-finger.md.
"""

from __future__ import annotations

import math
from typing import List, NamedTuple, Optional, Sequence, Tuple

from ..core.types import Box, Detection, Fingertip

SPREAD_DEGREES = 7.0
"""Standard deviation of a finger's direction: 6.2 measured on 177 rendered hands, and a little for what those do not
show."""
SLIGHT = 0.2
"""A thing beside the finger's line that is pointed at with a lower chance is not meant: the finger misses it by six
degrees or more."""
REACH = 0.35
"""With every such distance from the tip, as a share of the frame's width, a thing counts e times less."""
PASSED = 0.15
"""A box of which the finger has less than this share before it lies behind the tip, as the hand itself does."""
INNER = 0.4
"""A box gives way to one inside it that counts at least so many times as much as itself."""
INSIDE = 0.9
"""So much of a box must lie in another for it to be inside."""
PART = 0.6
"""A box inside another may take so large a share of it if it is as sure, and half of that if it is half as sure: a
doubtful box on a large part of a thing is a second reading of it, no thing of its own."""
STEADY = 2.0
"""The last choice counts so many times as much, so that the answer does not flicker: between two neighbours the finger
must point three degrees past their border for the other one."""
SAME = 0.5
"""Boxes of two looks that overlap so much (intersection over union) belong to the same thing."""


class Target(NamedTuple):
    """A thing that may be meant."""

    detection: Detection
    chance: float
    """That the finger points at it."""
    met: bool
    """Whether the finger's line meets it ahead."""
    weight: float
    """How much speaks for it."""
    steadiness: float
    """How many times as much it counts for having been the last choice: STEADY, or 1 for all others."""

    @property
    def name(self) -> str:
        """What the detector calls it."""
        return self.detection.name

    @property
    def confidence(self) -> float:
        """Its score, as far as the finger points at it."""
        return self.detection.confidence * self.chance

    @property
    def steady_weight(self) -> float:
        """Its weight, with what it counts for as the last choice."""
        return self.weight * self.steadiness


def choose(detections: Sequence[Detection], tip: Fingertip, frame_width: int,
           last: Optional[Box] = None) -> List[Target]:
    """All that the finger may mean, first of them what it does mean; empty where it points at nothing.

    `last` is the box that was chosen a moment ago: its thing stays chosen unless another one is clearly better.
    """
    held = _find_again(last, detections) if last is not None else None
    targets = [weigh(one, tip, frame_width, STEADY if one is held else 1.0) for one in detections]
    targets = [target for target in targets if target.weight > 0.0]
    return sorted(targets, key=lambda target: (_gives_way(target, targets), -target.steady_weight))


def weigh(detection: Detection, tip: Fingertip, frame_width: int, steadiness: float = 1.0) -> Target:
    """How much speaks for one thing; a weight of 0 for what the finger does not point at."""
    box = detection.box
    chord = cross(box, tip)
    if chord is None or chord[0] >= 0.0:
        fit = chance(box, tip)
        if chord is None and fit < SLIGHT:
            fit = 0.0
    else:
        # A finger that lies on a thing touches it, unless it ends in the last third: the nearer the end, the less.
        before = chord[1] / (chord[1] - chord[0])
        fit = min(1.0, 3.0 * before) if before >= PASSED else 0.0
    nearness = math.exp(-distance(box, tip) / (REACH * frame_width))
    return Target(detection, fit, chord is not None, detection.confidence * fit * nearness, steadiness)


def cross(box: Box, tip: Fingertip) -> Optional[Tuple[float, float]]:
    """Where the line along the finger enters and leaves the box, in pixels past the tip, negative behind it; None where
    it misses the box."""
    enter, leave = -math.inf, math.inf
    for start, step, low, high in ((tip.x, tip.direction[0], box.left, box.right),
                                   (tip.y, tip.direction[1], box.top, box.bottom)):
        if abs(step) < 1e-9:
            if not low <= start <= high:
                return None
            continue
        near, far = sorted(((low - start) / step, (high - start) / step))
        enter, leave = max(enter, near), min(leave, far)
    return (enter, leave) if enter < leave else None


def chance(box: Box, tip: Fingertip) -> float:
    """The probability that a finger outside the box, whose direction is a little uncertain, points at it."""
    towards = ((box.left + box.right) / 2 - tip.x, (box.top + box.bottom) / 2 - tip.y)
    corners = [(x - tip.x, y - tip.y) for x in (box.left, box.right) for y in (box.top, box.bottom)]
    # A box is less than half a turn wide, seen from outside, so that turns from its middle have no seam. A corner right
    # at the tip lies in no direction.
    middle = _turn(tip.direction, towards)
    turns = [(middle + _turn(towards, corner)) / (SPREAD_DEGREES * math.sqrt(2.0)) for corner in corners if any(corner)]
    return 0.5 * (math.erf(max(turns)) - math.erf(min(turns)))


def distance(box: Box, tip: Fingertip) -> float:
    """Pixels from the tip to the nearest point of the box; 0 inside."""
    return math.hypot(max(box.left - tip.x, 0.0, tip.x - box.right), max(box.top - tip.y, 0.0, tip.y - box.bottom))


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, in [0, 1]."""
    shared = _shared(one, other)
    return shared / max(1, _area(one) + _area(other) - shared)


def _find_again(last: Box, detections: Sequence[Detection]) -> Optional[Detection]:
    """The thing whose box is most like one of a moment ago; None where it is not there any more."""
    nearest = max(detections, key=lambda detection: overlap(detection.box, last), default=None)
    return nearest if nearest is not None and overlap(nearest.box, last) >= SAME else None


def _gives_way(outer: Target, targets: Sequence[Target]) -> bool:
    """Whether something that the finger points at inside this thing is meant instead of it.

    Having been the last choice helps only the inner one. If it helped the outer one too, what lies in a thing could
    not be had once the thing was named.
    """
    return any(inner.met and inner.name != outer.name and _claim(inner, outer) * inner.steadiness >= 1.0
               for inner in targets)


def _claim(inner: Target, outer: Target) -> float:
    """How much speaks for a thing inside another, rather than for that one; 1 is just enough.

    It must count enough, lie inside, and be small enough for how sure it is.
    """
    area = _area(inner.detection.box)
    sureness = inner.detection.confidence / outer.detection.confidence
    return min(inner.weight / (INNER * outer.weight),
               _shared(inner.detection.box, outer.detection.box) / (INSIDE * area),
               PART * _area(outer.detection.box) * sureness / area)


def _turn(one: Tuple[float, float], other: Tuple[float, float]) -> float:
    """Degrees from one direction to another, in [-180, 180]."""
    return math.degrees(math.atan2(one[0] * other[1] - one[1] * other[0], one[0] * other[0] + one[1] * other[1]))


def _shared(one: Box, other: Box) -> int:
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(0, width) * max(0, height)


def _area(box: Box) -> int:
    return (box.right - box.left) * (box.bottom - box.top)
