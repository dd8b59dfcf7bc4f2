"""The lens: how it bends the picture, and squares that are cut out of a frame as if it did not.

The frame itself stays as the camera gives it. To straighten a wide picture as a whole would shrink its middle or lose
its rim, and cost more on every frame than one crop does on the few that are looked at.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional, Sequence, Tuple

import cv2
import numpy as np

from ..core.errors import DataError
from ..core.types import Box, Fingertip, Frame
from .crop import crop_at, crop_past, reach_past
from .preprocess import cut
from .records import read_record, write_record

log = logging.getLogger(__name__)

SAME_SHAPE = 0.01
"""Frames whose proportions differ by less are the same view in another size."""
WIDEST = 1.75
"""Radians off the axis; nothing is seen farther out."""
SHORTEST, LONGEST = 0.2, 6.0
"""Focal lengths in frame widths: of fisheyes that see behind themselves, and of lenses that see ten degrees."""
STRETCH = 3.0
"""By so many times at most a lens shows things farther from the centre, or nearer to it, than an equidistant one."""
_ROUNDS = 8


@dataclass(frozen=True)
class Lens:
    """A calibrated camera: its frames' size, focal lengths and centre in pixels, the four coefficients of its
    distortion, by how many pixels they miss the board that they were fitted to, and the camera's name, if it is known.

    What lies t radians off the axis is seen t (1 + k1 t^2 + k2 t^4 + k3 t^6 + k4 t^8) focal lengths from the centre:
    Kannala and Brandt, "A generic camera model and calibration method" (2006), as OpenCV's fisheye module has it. It
    fits narrow lenses too, and unlike polynomials in the tangent it does not fold back at the rim of wide ones.
    """

    width: int
    height: int
    focal: Tuple[float, float]
    centre: Tuple[float, float]
    distortion: Tuple[float, ...]
    error_px: float
    camera: str = ""

    @property
    def matrix(self) -> np.ndarray:
        """The camera matrix (3, 3), for pixels that are counted from the corner of the first one."""
        return np.array([[self.focal[0], 0.0, self.centre[0]], [0.0, self.focal[1], self.centre[1]], [0.0, 0.0, 1.0]])

    def scaled(self, width: int, height: int) -> Lens:
        """The same lens for frames of another size. Raises DataError where their shape differs."""
        across, down = width / self.width, height / self.height
        if abs(across / down - 1.0) > SAME_SHAPE:
            raise DataError(f"the camera was calibrated for frames of {self.width} x {self.height} pixels, and gives "
                            f"{width} x {height}: calibrate it again with `fingerpost calibrate camera`")
        return replace(self, width=width, height=height, focal=(self.focal[0] * across, self.focal[1] * down),
                       centre=(self.centre[0] * across, self.centre[1] * down), error_px=self.error_px * across)

    def fits(self, frame: Frame) -> Lens:
        """The lens for a frame's size. Raises DataError where the frame has another shape, or is of another camera."""
        if self.camera and frame.camera and self.camera != frame.camera:
            raise DataError(f"the lens of {self.camera} was calibrated, and the pictures are of {frame.camera}: "
                            "calibrate that one with `fingerpost calibrate camera`")
        return self.scaled(frame.pixels.shape[1], frame.pixels.shape[0])

    def is_plausible(self) -> bool:
        """Whether there can be such a lens: from the centre to the corners of the frame it shows what lies farther off
        the axis farther out, and its numbers are near to those of real ones."""
        if not all(SHORTEST <= focal / self.width <= LONGEST for focal in self.focal):
            return False
        if not (0.0 <= self.centre[0] <= self.width and 0.0 <= self.centre[1] <= self.height):
            return False
        corners = np.array([(x, y) for x in (0, self.width) for y in (0, self.height)])
        rim = np.hypot(*((corners - self.centre) / self.focal).T).max()
        angle = np.linspace(0.0, WIDEST, 1000)[1:]
        value, slope = _distort(angle, self.distortion)
        count = int(np.argmax(value >= rim)) + 1 if (value >= rim).any() else len(angle)
        stretch = value[:count] / angle[:count]
        return bool(slope[:count].min() > 0.0 and stretch.min() > 1.0 / STRETCH and stretch.max() < STRETCH)

    def bend(self, rays: np.ndarray) -> np.ndarray:
        """The pixels (N, 2) where directions (N, 3) are seen."""
        across = np.hypot(rays[:, 0], rays[:, 1])
        seen = _distort(np.arctan2(across, rays[:, 2]), self.distortion)[0]
        return rays[:, :2] * (seen / np.maximum(across, 1e-12))[:, None] * self.focal + self.centre

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        """The directions (N, 3), unit vectors, that are seen at pixels (N, 2): the opposite of `bend`."""
        plain = (np.asarray(pixels, np.float64).reshape(-1, 2) - self.centre) / self.focal
        seen = np.hypot(plain[:, 0], plain[:, 1])
        angle = seen.copy()
        for _ in range(_ROUNDS):  # Newton's method
            value, slope = _distort(angle, self.distortion)
            angle = np.clip(angle - (value - seen) / np.maximum(slope, 0.1), 0.0, WIDEST)
        flat = plain * (np.sin(angle) / np.maximum(seen, 1e-12))[:, None]
        return np.column_stack([flat, np.cos(angle)])

    def straighten(self, pixels: np.ndarray) -> np.ndarray:
        """Where a lens of the same focal length that bends nothing would show what is seen at pixels (N, 2)."""
        rays = self.rays(pixels)
        return rays[:, :2] / np.maximum(rays[:, 2:], 1e-3) * self.focal + self.centre

    def curve(self, straight: np.ndarray) -> np.ndarray:
        """The opposite of `straighten`."""
        plain = (straight - self.centre) / self.focal
        return self.bend(np.column_stack([plain, np.ones(len(plain))]))


class View:
    """A camera without distortion that stands where the real one does and looks at one of its pixels.

    Its own pixels (0, 0 is where it looks) are there as large as those of the frame.
    """

    def __init__(self, lens: Lens, pixel: Tuple[float, float]) -> None:
        self._lens = lens
        rays = lens.rays(np.array([pixel, (pixel[0] + 1.0, pixel[1]), (pixel[0], pixel[1] + 1.0)]))
        self.turn = _turn_to_axis(rays[0])
        """(3, 3): takes directions of the real camera into this one's."""
        seen = rays @ self.turn.T
        right, down = seen[1:, :2] / seen[1:, 2:]
        self.focal = float(1.0 / np.sqrt(abs(right[0] * down[1] - right[1] * down[0])))

    def see(self, pixel: Tuple[float, float]) -> np.ndarray:
        """Where a pixel of the frame is in this view, (2,)."""
        ray = self.turn @ self._lens.rays(np.array([pixel]))[0]
        return self.focal * ray[:2] / ray[2]

    def find(self, place: np.ndarray) -> Tuple[float, float]:
        """The pixel of the frame that is seen there: the opposite of `see`."""
        ray = self.turn.T @ np.array([*(place / self.focal), 1.0])
        x, y = self._lens.bend(ray[None])[0].tolist()
        return x, y

    def cut(self, pixels: np.ndarray, side: int) -> np.ndarray:
        """The square (side, side, 3) about where it looks; beyond the frame its border is repeated."""
        middle = (side - 1) / 2.0
        own = np.array([[self.focal, 0.0, middle], [0.0, self.focal, middle], [0.0, 0.0, 1.0]])
        matrix = self._lens.matrix
        matrix[:2, 2] -= 0.5  # OpenCV counts from the middle of the first pixel
        columns, rows = cv2.fisheye.initUndistortRectifyMap(matrix, np.array(self._lens.distortion), self.turn, own,
                                                            (side, side), cv2.CV_32FC1)
        return cv2.remap(pixels, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _distort(angle: np.ndarray, distortion: Sequence[float]) -> Tuple[np.ndarray, np.ndarray]:
    """How far from the centre something at that angle off the axis is seen, in focal lengths, and the slope of that."""
    square = angle * angle
    value, slope = np.ones_like(angle), np.ones_like(angle)
    for number, coefficient in enumerate(distortion, start=1):
        term = coefficient * square ** number
        value, slope = value + term, slope + (2 * number + 1) * term
    return angle * value, slope


def _turn_to_axis(ray: np.ndarray) -> np.ndarray:
    """The shortest rotation (3, 3) that turns a direction into (0, 0, 1)."""
    unit = ray / np.linalg.norm(ray)
    axis = np.cross(unit, (0.0, 0.0, 1.0))
    sine = float(np.linalg.norm(axis))
    if sine < 1e-9:
        return np.eye(3)
    return cv2.Rodrigues(axis / sine * np.arctan2(sine, unit[2]))[0]


class Optics:
    """Finds and cuts squares of frames: straight ones where the lens is known, else as they are."""

    def __init__(self, lens: Optional[Lens] = None) -> None:
        self._calibrated = lens
        self._lens: Optional[Lens] = None
        self._view: Tuple[object, ...] = ()

    def crop_past(self, tip: Fingertip, frame: Frame, share: float) -> Box:
        """The square past the fingertip, as crop.crop_past gives it, along the finger as it really is."""
        height, width = frame.pixels.shape[:2]
        lens = self._find_lens(frame)
        if lens is None:
            return crop_past(tip, width, height, share)
        view = View(lens, (tip.x, tip.y))
        back = tip.length or width / 10.0
        knuckle = view.see((tip.x - back * tip.direction[0], tip.y - back * tip.direction[1]))
        dx, dy = (-knuckle / max(float(np.hypot(*knuckle)), 1e-6)).tolist()
        side = min(int(round(share * width)), width, height)
        reach = reach_past((dx, dy), side)
        x, y = view.find(np.array([dx * reach, dy * reach]))
        return crop_at(x, y, side, width, height)

    def cut(self, frame: Frame, box: Box) -> np.ndarray:
        """What a square of the frame shows."""
        lens = self._find_lens(frame)
        if lens is None:
            return cut(frame.pixels, box)
        middle = ((box.left + box.right) / 2.0, (box.top + box.bottom) / 2.0)
        return View(lens, middle).cut(frame.pixels, box.right - box.left)

    def _find_lens(self, frame: Frame) -> Optional[Lens]:
        """The lens for that frame; where it is another camera's, that is said once, and there is none."""
        view = (frame.camera, frame.pixels.shape)
        if self._calibrated is not None and view != self._view:
            self._view = view
            try:
                self._lens = self._calibrated.fits(frame)
            except DataError as error:
                log.warning("%s. Until then nothing is straightened.", error)
                self._lens = None
        return self._lens


def make_lens(size: Tuple[int, int], matrix: np.ndarray, distortion: np.ndarray, error_px: float) -> Lens:
    """A lens from a camera matrix (3, 3) and four coefficients, for frames of `size` (width, height)."""
    return Lens(size[0], size[1], (float(matrix[0, 0]), float(matrix[1, 1])),
                (float(matrix[0, 2]), float(matrix[1, 2])), tuple(float(k) for k in distortion), float(error_px))


def write_lens(path: Path, lens: Lens) -> None:
    """Keep a lens as JSON: camera, size, matrix, distortion, error. Raises DataError."""
    write_record(path, {"camera": lens.camera, "size": [lens.width, lens.height], "matrix": lens.matrix.tolist(),
                        "distortion": list(lens.distortion), "error_px": lens.error_px})


def read_lens(path: Path) -> Optional[Lens]:
    """The lens that was kept, None where there is none. Raises DataError where the file is broken."""
    return read_record(path, parse_lens, "fingerpost calibrate camera")


def parse_lens(record: dict) -> Lens:
    """The lens of a record. Raises ValueError, KeyError, TypeError or OverflowError where it is none."""
    width, height = record["size"]
    matrix, distortion = (np.array(record[key], np.float64) for key in ("matrix", "distortion"))
    numbers = np.array([width, height, *matrix.flat, *distortion.flat], np.float64)
    if matrix.shape != (3, 3) or distortion.shape != (4,) or not np.isfinite(numbers).all() \
            or min(width, height, matrix[0, 0], matrix[1, 1]) <= 0:
        raise ValueError("these are no numbers of a camera")
    lens = make_lens((int(width), int(height)), matrix, distortion, record["error_px"])
    if not lens.is_plausible():
        raise ValueError("no camera has such a lens")
    return replace(lens, camera=str(record.get("camera", "")))
