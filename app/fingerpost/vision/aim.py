"""Which of the things in view the finger means: plain geometry, without pixels and without numpy.

What speaks for a thing is the detector's score, the chance that the finger really points at it, since nobody and no
network tells its direction exactly, and how near it is. What lies behind the tip is the wearer's own hand.

Of things that lie in one another the innermost that the finger points at is meant: a bottle on a table, and its label
where the finger points right at the label. So everything can be had by pointing: the bottle where it shows beside its
label, the table where nothing stands on it. The other rule, what the finger meets first, gives the table as soon as the
tip is a little way off it; this one does not care on which side of a box's edge the tip lies.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Optional, Sequence, Tuple

from ..core.types import Box, Detection, Fingertip

SPREAD_DEGREES = 7.0
"""Standard deviation of a finger's direction: 6.2 measured on 177 rendered hands, and a little for what those do not
show."""
SLIGHT = 0.03
"""A chance to be pointed at below this is none: the finger misses by 13 degrees or more."""
REACH = 0.35
"""With every such distance from the tip, as a share of the frame's width, a thing counts e times less."""
PASSED = 0.15
"""A box of which the finger has less than this share before it lies behind the tip, as the hand itself does."""
INNER = 0.4
"""A box gives way to one inside it that counts at least so many times as much as itself."""
INSIDE = 0.9
"""So much of a box must lie in another for it to be inside."""
STEADY = 2.0
"""The last choice counts so many times as much, so that the answer does not flicker: between two neighbours the finger
must point three degrees past their border for the other one."""
SAME = 0.5
"""Boxes of two looks that overlap so much (intersection over union) belong to the same thing."""


class Target(NamedTuple):
    """A thing that may be meant, how much speaks for it, and whether the finger's line meets it ahead."""

    detection: Detection
    weight: float
    met: bool


def choose(detections: Sequence[Detection], tip: Fingertip, frame_width: int,
           last: Optional[Box] = None) -> Optional[Detection]:
    """The thing that the finger means; None where it points at none of them.

    `last` is the box that was chosen a moment ago: its thing stays chosen unless another one is clearly better.
    """
    targets = [weigh(detection, tip, frame_width, last) for detection in detections]
    meant = [target for target in targets if target.weight > 0.0 and not _gives_way(target, targets)]
    return max(meant, key=lambda target: target.weight).detection if meant else None


def weigh(detection: Detection, tip: Fingertip, frame_width: int, last: Optional[Box] = None) -> Target:
    """How much speaks for one thing; a weight of 0 for what the finger does not point at."""
    box = detection.box
    chord = cross(box, tip)
    if chord is None or chord[0] >= 0.0:
        fit = chance(box, tip)
    else:
        # A finger that lies on a thing touches it, unless it ends in the last third: the nearer the end, the less.
        before = chord[1] / (chord[1] - chord[0])
        fit = min(1.0, 3.0 * before) if before >= PASSED else 0.0
    steadiness = STEADY if last is not None and overlap(box, last) >= SAME else 1.0
    nearness = math.exp(-distance(box, tip) / (REACH * frame_width))
    return Target(detection, detection.confidence * fit * nearness * steadiness, chord is not None and fit > 0.0)


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
    dx, dy = tip.direction
    corners = [(x - tip.x, y - tip.y) for x in (box.left, box.right) for y in (box.top, box.bottom)]
    turns = [math.degrees(math.atan2(dx * y - dy * x, dx * x + dy * y)) / (SPREAD_DEGREES * math.sqrt(2.0))
             for x, y in corners]
    share = 0.5 * (math.erf(max(turns)) - math.erf(min(turns)))
    return share if share >= SLIGHT else 0.0


def distance(box: Box, tip: Fingertip) -> float:
    """Pixels from the tip to the nearest point of the box; 0 inside."""
    return math.hypot(max(box.left - tip.x, 0.0, tip.x - box.right), max(box.top - tip.y, 0.0, tip.y - box.bottom))


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, in [0, 1]."""
    shared = _shared(one, other)
    return shared / max(1, _area(one) + _area(other) - shared)


def _gives_way(target: Target, targets: Sequence[Target]) -> bool:
    """Whether something that the finger points at inside this thing is meant instead of it."""
    return any(inner.met and inner.weight >= INNER * target.weight
               and _lies_in(inner.detection.box, target.detection.box) for inner in targets)


def _lies_in(inner: Box, outer: Box) -> bool:
    return _area(inner) < _area(outer) and _shared(inner, outer) >= INSIDE * _area(inner)


def _shared(one: Box, other: Box) -> int:
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(0, width) * max(0, height)


def _area(box: Box) -> int:
    return (box.right - box.left) * (box.bottom - box.top)
