"""ArUco markers: which ones a picture shows, and where."""

from __future__ import annotations

from typing import Any, Dict, Sequence, Tuple

import cv2
import numpy as np

from ..core.errors import DeviceError

CELLS = 6
"""A marker is so many cells wide: four that tell its number, and a black one on either side."""
_NO_ARUCO = ("this OpenCV cannot read markers: install a newer one with `pip install 'opencv-python-headless>=4.7'`, "
             "or calibrate on another computer and copy its file")


def find_markers(grey: np.ndarray) -> Dict[int, np.ndarray]:
    """The markers of a grey picture (H, W) by their numbers: corners (4, 2) in frame pixels, clockwise from the one
    that is top left when the marker stands upright. Raises DeviceError where OpenCV has no ArUco."""
    quads, numbers = _detect(grey)
    if numbers is None:
        return {}
    # OpenCV counts from the middle of the first pixel, the rest of the house from its corner.
    return {int(number): quad.reshape(4, 2).astype(np.float64) + 0.5 for number, quad in zip(numbers.ravel(), quads)}


def draw_marker(number: int) -> np.ndarray:
    """The cells of a marker, (CELLS, CELLS) bool, true where they are white. Raises DeviceError as `find_markers`."""
    aruco, dictionary = _open()
    draw = aruco.generateImageMarker if hasattr(aruco, "generateImageMarker") else aruco.drawMarker
    return np.asarray(draw(dictionary, number, CELLS)) > 0


def _detect(grey: np.ndarray) -> Tuple[Sequence[np.ndarray], Any]:
    """What OpenCV finds, by the interface it has: ArucoDetector came with 4.7, which dropped the older functions."""
    aruco, dictionary = _open()
    new = hasattr(aruco, "ArucoDetector")
    parameters = aruco.DetectorParameters() if new else aruco.DetectorParameters_create()
    parameters.cornerRefinementMethod = aruco.CORNER_REFINE_SUBPIX
    parameters.cornerRefinementWinSize = 2  # the usual 5 pixels reach into the next cell of a small marker
    if new:
        return aruco.ArucoDetector(dictionary, parameters).detectMarkers(grey)[:2]
    return aruco.detectMarkers(grey, dictionary, parameters=parameters)[:2]


def _open() -> Tuple[Any, Any]:
    """OpenCV's module and the fifty markers of 4 x 4 bits: of all the ones that can be told from farthest away."""
    aruco = getattr(cv2, "aruco", None)
    if aruco is None or not hasattr(aruco, "getPredefinedDictionary"):
        raise DeviceError(_NO_ARUCO)
    return aruco, aruco.getPredefinedDictionary(aruco.DICT_4X4_50)
