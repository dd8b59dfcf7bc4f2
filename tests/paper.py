"""Printed pages before cameras with lenses: pictures of them whose every point is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple
from xml.etree import ElementTree

import cv2
import numpy as np

MARGIN = 3.0
DPMM = 6
"""Dots per millimetre of a page that is printed here."""
TABLE = 110
OVERSAMPLING = 2


def print_page(svg: str) -> np.ndarray:
    """What a printer makes of a page, grey (H, W), margin and all: its rectangles and dots, without its words."""
    root = ElementTree.fromstring(svg)
    width, height = (float(value) for value in root.get("viewBox").split()[2:])
    page = np.full((round(height * DPMM), round(width * DPMM)), 255, np.uint8)
    for shape in root:
        kind, ink = shape.tag.split("}")[1], 255 if shape.get("fill") == "white" else 0
        numbers = [float(shape.get(key) or 0) for key in ("x", "y", "width", "height", "cx", "cy", "r")]
        left, top, right, bottom = (round((value + MARGIN) * DPMM) for value in (
            numbers[0], numbers[1], numbers[0] + numbers[2], numbers[1] + numbers[3]))
        if kind == "rect" and shape.get("fill") != "none":
            page[max(top, 0):bottom, max(left, 0):right] = ink
        if kind == "circle":
            middle = tuple(round((value + MARGIN) * DPMM) for value in numbers[4:6])
            cv2.circle(page, middle, round(numbers[6] * DPMM), 0, -1)
    return page


def cut_out(page: np.ndarray) -> np.ndarray:
    """The page without its margin, which lies on the table from then on."""
    page = page.copy()
    edge = round(MARGIN * DPMM)
    for side in (page[:edge], page[-edge:], page[:, :edge], page[:, -edge:]):
        side[:] = TABLE
    return page


@dataclass(frozen=True)
class Camera:
    """A camera for frames of width x height pixels; `wide` bends the picture as an equidistant fisheye does."""

    width: int = 640
    height: int = 480
    focal: float = 520.0
    wide: bool = False

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        """The directions (..., 3) that are seen at pixels (..., 2)."""
        flat = (np.asarray(pixels, np.float64) - (self.width / 2, self.height / 2)) / self.focal
        angle = np.hypot(flat[..., 0], flat[..., 1])
        if self.wide:
            flat = flat * (np.tan(angle) / np.maximum(angle, 1e-9))[..., None]
        return np.concatenate([flat, np.ones((*flat.shape[:-1], 1))], axis=-1)

    def project(self, points: np.ndarray) -> np.ndarray:
        """The pixels (N, 2) where points (N, 3) are seen."""
        flat = points[:, :2] / points[:, 2:]
        slope = np.hypot(flat[:, 0], flat[:, 1])
        if self.wide:
            flat = flat * (np.arctan(slope) / np.maximum(slope, 1e-9))[:, None]
        return flat * self.focal + (self.width / 2, self.height / 2)


@dataclass(frozen=True, eq=False)
class Pose:
    """How a page of `size` millimetres lies before the camera: its `middle` (3,) there, turned by `turn` (3, 3)."""

    size: Tuple[float, float]
    middle: np.ndarray
    turn: np.ndarray

    def place(self, points: np.ndarray) -> np.ndarray:
        """Points of the page (N, 2) in the camera's world, (N, 3)."""
        flat = np.column_stack([np.asarray(points) - np.array(self.size) / 2, np.zeros(len(points))])
        return flat @ self.turn.T + self.middle

    def meet(self, rays: np.ndarray) -> np.ndarray:
        """Where rays (..., 3) meet the page, (..., 2) in millimetres."""
        axis = self.turn[:, 2]
        reach = (axis @ self.middle) / (rays @ axis)
        return (rays * reach[..., None] - self.middle) @ self.turn[:, :2] + np.array(self.size) / 2


def pose(size: Tuple[float, float], middle: Tuple[float, float, float], *, tilt: float = 0.0, swing: float = 0.0,
         spin: float = 0.0) -> Pose:
    """A page with its middle at (x, y, z) millimetres, z away from the camera; angles in degrees about x, y and z."""
    turns = [cv2.Rodrigues(np.radians(angle) * np.eye(3)[axis])[0] for axis, angle in enumerate((tilt, swing, spin))]
    return Pose(size, np.array(middle, np.float64), turns[2] @ turns[1] @ turns[0])


def photograph(page: np.ndarray, laid: Pose, camera: Camera, rng: Optional[np.random.Generator] = None) -> np.ndarray:
    """The page as the camera sees it, RGB (H, W, 3), a little out of focus, and noisy with `rng`."""
    rows, columns = np.mgrid[0:camera.height * OVERSAMPLING, 0:camera.width * OVERSAMPLING]
    pixels = (np.stack([columns, rows], axis=-1) + 0.5) / OVERSAMPLING
    places = ((laid.meet(camera.rays(pixels)) + MARGIN) * DPMM - 0.5).astype(np.float32)
    seen = cv2.remap(page, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderValue=TABLE)
    grey = cv2.GaussianBlur(cv2.resize(seen, (camera.width, camera.height), interpolation=cv2.INTER_AREA), (0, 0), 0.6)
    if rng is not None:
        grey = np.clip(grey + rng.normal(0, 3, grey.shape), 0, 255).astype(np.uint8)
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
