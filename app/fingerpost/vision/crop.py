"""Which part of the frame the finger points at."""

from __future__ import annotations

from ..core.types import Box, Fingertip


def crop_past(tip: Fingertip, width: int, height: int, share: float = 0.35, gap: float = 0.0) -> Box:
    """The square past the fingertip, along the finger.

    Its side is `share` of the frame's width; the middle of the side that faces the finger stands `gap`
    sides past the tip. A square that would leave the frame is moved back inside, so that the network
    never sees a border that no camera made.
    """
    side = min(int(round(share * width)), width, height)
    dx, dy = tip.direction
    # How far the centre must lie for the square's edge, not its corner, to stand at the tip.
    reach = side * (0.5 + gap) / max(abs(dx), abs(dy))
    left = int(round(tip.x + dx * reach - side / 2))
    top = int(round(tip.y + dy * reach - side / 2))
    left = min(max(left, 0), width - side)
    top = min(max(top, 0), height - side)
    return Box(left, top, left + side, top + side)
