"""Touches: the finger on a target of the printed page, whose markers tell where the target really is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Dict, Optional, Tuple

import cv2
import numpy as np

from ..core.errors import DataError
from ..core.types import Fingertip, Frame
from ..vision.fingertip import FingertipFinder
from ..vision.lens import Lens
from .markers import find_markers
from .sheets import FINGER_PAGE

FEWEST_MARKERS = 6
LEAST_SPREAD = 0.3
"""Of the page's area, between the outermost markers in sight: farther out the targets would be guessed."""
LARGEST_MISS = 1.2
"""Millimetres, root mean square. By more the markers are not where they would be on a flat page."""
REACH = 0.4
"""A finger is on a target that is nearer than so much of the way from that target to the next."""
PLACES = ("far_left", "far_middle", "far_right", "right_middle", "near_right", "near_middle", "near_left",
          "left_middle")
"""The targets clockwise, as a wearer in front of the page would call them."""


class Unseen(DataError):
    """A frame shows no touch. `phrase` is what the wearer hears of it."""

    def __init__(self, phrase: str, reason: str) -> None:
        super().__init__(reason)
        self.phrase = phrase


@dataclass(frozen=True)
class Touch:
    """The finger on a target of the page, in a frame `width` pixels wide: where the tip was found, and where it is."""

    target: int
    tip: Fingertip
    truth: Tuple[float, float]
    width: int
    place: str = PLACES[0]
    """What the wearer calls that target, one of PLACES."""


def find_touch(frame: Frame, finder: FingertipFinder, lens: Optional[Lens] = None) -> Touch:
    """The touch that a frame shows. Raises Unseen where it shows none, or none that can be trusted, and DataError where
    the lens is not that of its camera."""
    grey = cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2GRAY)
    targets = find_targets(grey, lens.fits(frame) if lens is not None else None)
    tip = finder.guess(frame.pixels)
    if tip.confidence < finder.threshold or tip.length <= 0.0:
        raise Unseen("no_hand", "no pointing finger is seen")
    away = np.hypot(*(targets - (tip.x, tip.y)).T)
    target = int(away.argmin())
    if away[target] > REACH * np.sort(np.hypot(*(targets - targets[target]).T))[1]:
        raise Unseen("calibrate_off", "the finger is on no target of the page")
    x, y = targets[target].tolist()
    return Touch(target, tip, (x, y), frame.pixels.shape[1], name_targets(targets)[target])


def find_targets(grey: np.ndarray, lens: Optional[Lens] = None) -> np.ndarray:
    """Where the targets of the page are in a grey frame, (8, 2) pixels, hidden ones too. The lens is one for frames of
    that size. Raises Unseen."""
    seen = find_markers(grey)
    known = {number: corners for number, corners in seen.items() if number in FINGER_PAGE.markers}
    if not known and seen:
        raise Unseen("calibrate_wrong_page", "these are markers of another page: print the one of `fingerpost "
                     "calibrate page fingertip`")
    if not known:
        raise Unseen("calibrate_no_page", "no marker of the page is seen: lay it flat and in good light before the "
                     "camera; another page does not do, nor does a mirrored picture")
    page = np.concatenate([FINGER_PAGE.corners(number) for number in known])
    frame = np.concatenate(list(known.values()))
    home = find_home(page, frame if lens is None else lens.straighten(frame))
    if len(known) < FEWEST_MARKERS or _area(page) < LEAST_SPREAD * FINGER_PAGE.width * FINGER_PAGE.height:
        raise Unseen("calibrate_covered", "too little of the page is seen: the hand covers it, or it is not whole in "
                     "the picture")
    targets = cv2.perspectiveTransform(np.array([FINGER_PAGE.points]), home)[0]
    return targets if lens is None else lens.curve(targets)


def find_home(page: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """The homography (3, 3) from the page's millimetres to pixels. Raises Unseen where no flat page looks like that."""
    home, _ = cv2.findHomography(page, frame)
    if home is not None:
        misses = cv2.perspectiveTransform(page[None], home)[0] - frame
        scale = math.sqrt(_area(frame) / _area(page))  # pixels in a millimetre
        if math.sqrt((misses ** 2).sum(axis=1).mean()) <= LARGEST_MISS * scale:
            return home
    raise Unseen("calibrate_wrong_page", "the markers are not where they are on a flat page: lay it flat, print it "
                 "again with `fingerpost calibrate page fingertip`, or, for a wide lens, run `fingerpost calibrate "
                 "camera` first")


def name_targets(targets: np.ndarray) -> Dict[int, str]:
    """What the wearer calls each target, (8, 2) pixels as find_targets gives them, however the page is turned."""
    count = len(PLACES)
    corners = range(0, count, 2)
    far_left = min(corners, key=lambda target: targets[target].sum())
    return {(far_left + step) % count: place for step, place in enumerate(PLACES)}


def _area(points: np.ndarray) -> float:
    return float(cv2.contourArea(cv2.convexHull(points.astype(np.float32))))
