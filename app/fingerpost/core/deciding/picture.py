"""What is wrong with a picture as a whole: its light, its focus, or something before the lens."""

from __future__ import annotations

from ..rules import Rules
from ..state import View
from ..types import Quality

COVERED = "camera_covered"


def find_flaw(view: View, rules: Rules) -> str:
    """The phrase for what spoils the picture; empty where nothing does.

    Where nothing stands out, not even a finger or a fine grain, the lens is covered, or sees a bare wall; and a black
    picture could be that of a dark room, too.
    """
    quality = view.quality
    if quality.brightness > rules.bright:
        return "too_bright"
    featureless = quality.contrast < rules.covered and view.fingertip is None
    if quality.brightness < rules.dark:
        return "dark_or_covered" if featureless else "too_dark"
    if not is_blurred(quality, rules):
        return ""
    return COVERED if featureless else "blurred"


def is_blurred(quality: Quality, rules: Rules) -> bool:
    """Whether the picture is out of focus or shaken. In dim light a sharp one has weaker edges, by the square."""
    return quality.sharpness < rules.blurred * min(1.0, (quality.brightness / rules.dim) ** 2)
