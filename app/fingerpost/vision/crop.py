"""Which part of the frame the finger points at."""

from __future__ import annotations

from typing import Sequence

from ..core.types import Box, Fingertip


def crop_past(tip: Fingertip, width: int, height: int, share: float = 0.35, gap: float = 0.0) -> Box:
    """The square past the fingertip, along the finger.

    Its side is `share` of the frame's width; the middle of the side that faces the finger stands `gap`
    sides past the tip. A square that would leave the frame is moved back inside, so that the network
    never sees a border that no camera made.
    """
    side = min(int(round(share * width)), width, height)
    dx, dy = tip.direction
    reach = reach_past(tip.direction, side, gap)
    return crop_at(tip.x + dx * reach, tip.y + dy * reach, side, width, height)


def reach_past(direction: Sequence[float], side: int, gap: float = 0.0) -> float:
    """How far along a direction the middle of a square must lie for its edge, not its corner, to stand at the tip."""
    return side * (0.5 + gap) / max(abs(direction[0]), abs(direction[1]))


def crop_around(box: Box, width: int, height: int, margin: float = 0.1) -> Box:
    """The square that holds a whole thing, with a margin of so much of its longer side all around.

    What is longer than the frame is wide or high is cut to a square about its middle.
    """
    longer = max(box.right - box.left, box.bottom - box.top)
    side = min(int(round(longer * (1.0 + 2.0 * margin))), width, height)
    return crop_at((box.left + box.right) / 2, (box.top + box.bottom) / 2, side, width, height)


def crop_at(x: float, y: float, side: int, width: int, height: int) -> Box:
    """The square about that middle, moved back inside the frame where it would leave it."""
    left, top = int(round(x - side / 2)), int(round(y - side / 2))
    left = min(max(left, 0), width - side)
    top = min(max(top, 0), height - side)
    return Box(left, top, left + side, top + side)
