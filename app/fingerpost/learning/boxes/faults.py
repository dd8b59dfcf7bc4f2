"""What can be wrong with a box, and what of it can be mended."""

from __future__ import annotations

import math

from .pictures import Labelled, Picture

SMALLEST_PIXELS = 2
"""A box with a shorter side is a slip of the mouse."""


def find_fault(box: Labelled, width: int, height: int) -> str:
    """What is wrong with a box in a picture of that size, as the end of a sentence; empty where nothing is."""
    across, down = box.right - box.left, box.bottom - box.top
    if not all(map(math.isfinite, box[1:5])):
        return "has a corner that is no number"
    if across < 0 or down < 0:
        return "is inverted"
    if across == 0 or down == 0:
        return "is empty"
    if box.left < 0 or box.top < 0 or box.right > width or box.bottom > height:
        return f"lies outside of the picture, which has {width} x {height} pixels"
    if min(across, down) < SMALLEST_PIXELS:
        return f"is smaller than {SMALLEST_PIXELS} pixels"
    return ""


def clip(box: Labelled, width: int, height: int) -> Labelled:
    """What of the box lies inside of the picture; inverted or empty where nothing does."""
    return box._replace(left=max(0.0, box.left), top=max(0.0, box.top),
                        right=min(float(width), box.right), bottom=min(float(height), box.bottom))


def mend(picture: Picture) -> Picture:
    """The picture with its boxes cut at its edges, and without those that are still faulty."""
    size = picture.width, picture.height
    cut = (clip(box, *size) for box in picture.boxes if all(map(math.isfinite, box[1:5])))
    return picture._replace(boxes=tuple(box for box in cut if not find_fault(box, *size)))
