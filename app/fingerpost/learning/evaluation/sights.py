"""What an evaluation of the fingertip keeps of every frame: where the label is, and what the network sees."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...vision.fingertip import PAD, TIP, FingertipFinder
from ..datasets import Row, list_rows, read_picture
from .common import list_unlabelled, rounded

WIDTH, HEIGHT = 640.0, 480.0
"""Errors are given in pixels of a frame of this size."""
NEAR_PX = 20.0
UNSEEN = np.full((3, 2), np.nan)


class Sight(NamedTuple):
    """One frame: where its label is and where the network sees that point, as shares (2,); None: no hand labelled.

    `points` are tip, pad and knuckle as the network sees them, shares (3, 2); `side` is the hand as the table says.
    """

    path: Path
    label: np.ndarray | None
    place: np.ndarray
    presence: float
    seconds: float
    points: np.ndarray = UNSEEN
    side: str = ""

    @property
    def error_px(self) -> float:
        """Distance in pixels of a frame of 640x480; NaN without a label."""
        if self.label is None:
            return float("nan")
        return float(np.hypot(*((self.place - self.label) * (WIDTH, HEIGHT))))


def list_frames(data: Path, no_hands: Path | None = None, held_back: bool = False) -> list[Row]:
    """The frames of a table or a folder, then the pictures of `no_hands`, which have no points."""
    return list_rows(data) + [Row(path, {}) for path in list_unlabelled(no_hands, held_back)]


def look(finder: FingertipFinder, row: Row, point: str) -> Sight:
    """Run the network on one frame; reading the file does not count as time.

    `point` (tip or pad) is what x and y label, unless the table has columns of its own for the pad.
    """
    pixels = read_picture(row.image)
    size = np.array([pixels.shape[1], pixels.shape[0]], float)
    began = time.perf_counter()
    points, presence = finder.locate(pixels)
    seconds = time.perf_counter() - began
    label = row.points.get(point, row.points.get("tip"))
    shares = points / size
    return Sight(row.image, None if label is None else np.array(label) / size,
                 shares[PAD if point == "pad" else TIP], presence, seconds, shares, row.side)


def list_errors(hands: list[Sight], threshold: float) -> np.ndarray:
    """The error of each labelled hand in pixels; NaN for those that are missed at the presence threshold."""
    return np.array([sight.error_px if sight.presence >= threshold else np.nan for sight in hands])


def describe_errors(errors_px: np.ndarray) -> dict[str, Any]:
    """Figures of the errors of labelled hands, NaN where the hand was missed.

    Median and percentile are over the found hands; `within_20px` is over all, a missed hand is outside.
    """
    found = errors_px[~np.isnan(errors_px)]
    return {"found": len(found),
            "median_px": rounded(np.median(found)) if len(found) else None,
            "p95_px": rounded(np.percentile(found, 95)) if len(found) else None,
            "within_20px": int((found <= NEAR_PX).sum())}
