"""Fitting the lens: views of the board, and the camera that explains them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Sequence, Tuple

import cv2
import numpy as np

from ..core.errors import DataError
from ..vision.lens import Lens, make_lens
from .markers import find_markers
from .sheets import CAMERA_BOARD, SQUARE

FEWEST_CORNERS = 12
"""Of a view, out of the board's 35."""
FEWEST_VIEWS, MOST_VIEWS = 10, 40
"""Of more, so many are taken, evenly."""
DIFFERENT = 0.03
"""Frame widths by which the corners of two views lie apart on average, or the second tells nothing new."""
OUTLIER = 2.0
"""A view that misses by so many times the median of all is dropped; so is none that misses less than LEAST_OUTLIER."""
LEAST_OUTLIER = 0.0008
BOUND = 0.0015
"""Frame widths (1 pixel of 640) by which the board may be missed in the end (root mean square)."""
LEAST_TILT_DEGREES = 20.0
"""Between the board's most different attitudes: boards that all face the camera cannot tell its focal length."""
PLACES = ("top left", "top", "top right", "left", "middle", "right", "bottom left", "bottom", "bottom right")
"""The ninths of the picture. Each must have seen the board, or the lens is guessed there."""
Size = Tuple[int, int]
_NAMES = cv2.fisheye if hasattr(cv2.fisheye, "CALIB_FIX_SKEW") else cv2  # OpenCV 5 moved them
_FREE = _NAMES.CALIB_USE_INTRINSIC_GUESS + _NAMES.CALIB_RECOMPUTE_EXTRINSIC + _NAMES.CALIB_FIX_SKEW
"""Where the board is comes anew from each guess of the lens, whose axes are at right angles."""
_FIRST_FOCAL = 0.45
"""Frame widths. From here the search finds narrow and wide lenses; OpenCV's own start is too wide for its version 4."""


@dataclass(frozen=True, eq=False)
class BoardView:
    """The corners of the board in one picture: their numbers (N,), and where they are in it, (N, 2) pixels."""

    numbers: np.ndarray
    pixels: np.ndarray

    @property
    def board(self) -> np.ndarray:
        """The same corners on the board, (N, 3) in squares."""
        flat = np.array(CAMERA_BOARD.points)[self.numbers] / SQUARE
        return np.column_stack([flat, np.zeros(len(flat))])


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted lens, how many views it rests on, and how many were dropped for missing it."""

    lens: Lens
    views: int
    dropped: int


def find_board(grey: np.ndarray) -> BoardView:
    """The corners of the board that a grey picture shows: between two markers that are seen, or not at all."""
    markers = {number: corners for number, corners in find_markers(grey).items() if number in CAMERA_BOARD.markers}
    numbers, guesses, reaches = [], [], []
    for number, point in enumerate(CAMERA_BOARD.points):
        near = [marker for marker in markers if _touches(marker, point)]
        if len(near) < 2:
            continue
        places = np.concatenate([CAMERA_BOARD.corners(marker) for marker in near])
        seen = np.concatenate([markers[marker] for marker in near])
        home, _ = cv2.findHomography(places, seen)
        if home is not None:
            numbers.append(number)
            guesses.append(cv2.perspectiveTransform(np.array([[point]]), home)[0, 0])
            reaches.append(np.hypot(*(seen - guesses[-1]).T).min())
    return _refine(grey, np.array(numbers, int), np.array(guesses).reshape(-1, 2), reaches)


def _touches(marker: int, point: Tuple[float, float]) -> bool:
    """Whether the square of a marker has a corner there."""
    away = np.abs(CAMERA_BOARD.corners(marker).mean(axis=0) - point)
    return bool(np.allclose(away, SQUARE / 2))


def _refine(grey: np.ndarray, numbers: np.ndarray, guesses: np.ndarray, reaches: Sequence[float]) -> BoardView:
    """Where black squares really meet, searched for half as far as the nearest corner of a marker lies."""
    if not len(numbers):
        return BoardView(numbers, guesses)
    window = int(np.clip(0.5 * min(reaches), 2, 10))
    precise = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 30, 0.01)
    start = (guesses - 0.5).astype(np.float32).reshape(-1, 1, 2)
    found = cv2.cornerSubPix(grey, start.copy(), (window, window), (-1, -1), precise)
    stayed = np.hypot(*(found - start).reshape(-1, 2).T) <= window
    return BoardView(numbers[stayed], found.reshape(-1, 2)[stayed].astype(np.float64) + 0.5)


def is_useful(view: BoardView, kept: Sequence[BoardView], width: int) -> bool:
    """Whether a view shows enough of the board, and not what one of those that were kept shows too."""
    if len(view.numbers) < FEWEST_CORNERS:
        return False
    return all(_distance(view, other) > DIFFERENT * width for other in kept)


def _distance(view: BoardView, other: BoardView) -> float:
    """The mean way that the corners seen in both have gone; endless where few are."""
    _, mine, theirs = np.intersect1d(view.numbers, other.numbers, return_indices=True)
    if len(mine) < FEWEST_CORNERS // 2:
        return float("inf")
    return float(np.hypot(*(view.pixels[mine] - other.pixels[theirs]).T).mean())


def fit_lens(views: Sequence[BoardView], size: Size) -> Fitted:
    """The lens of a camera with frames of `size` (width, height). Raises DataError where the views do not tell it."""
    if len(views) < FEWEST_VIEWS:
        raise DataError(f"the board was seen well in {len(views)} different views, and {FEWEST_VIEWS} are needed: hold "
                        "it nearer, flat and in good light, move it about, and keep it still for a moment each time")
    chosen = [views[index] for index in np.linspace(0, len(views) - 1, min(len(views), MOST_VIEWS)).astype(int)]
    _, errors, _ = _solve(chosen, size)
    bound = max(OUTLIER * float(np.median(errors)), LEAST_OUTLIER * size[0])
    good = [view for view, error in zip(chosen, errors) if error <= bound]
    lens, errors, tilts = _solve(good, size)
    if lens.error_px > BOUND * size[0]:
        raise DataError(f"the lens misses the board by {lens.error_px:.2f} pixels, and {BOUND * size[0]:.2f} are "
                        "accepted: fix the page to something flat and stiff, and hold it still in every picture")
    _check_places(good, size)
    if _widest_angle(tilts) < LEAST_TILT_DEGREES:
        raise DataError("the board always faced the camera: tilt it to the left, right, top and bottom too")
    if not lens.is_plausible():
        raise DataError("no lens is as these views tell: show the board farther in the corners of the picture too")
    return Fitted(lens, len(good), len(chosen) - len(good))


def _solve(views: Sequence[BoardView], size: Size) -> Tuple[Lens, np.ndarray, List[np.ndarray]]:
    """The lens, by how many pixels each view misses it, and the board's axis (3,) in each view."""
    boards, first = [view.board[None] for view in views], _FIRST_FOCAL * size[0]
    guess = np.array([[first, 0.0, size[0] / 2.0], [0.0, first, size[1] / 2.0], [0.0, 0.0, 1.0]])
    try:
        error, matrix, bent, turns, moves = cv2.fisheye.calibrate(boards, [view.pixels[None] for view in views], size,
                                                                  guess, np.zeros((4, 1)), flags=_FREE)
    except cv2.error as failure:
        raise DataError("no lens explains these views of the board: fix the page to something flat and stiff, and hold "
                        "it still in every picture") from failure
    misses = []
    for board, view, turn, move in zip(boards, views, turns, moves):
        seen, _ = cv2.fisheye.projectPoints(board, turn, move, matrix, bent)
        misses.append(float(np.sqrt(((seen[0] - view.pixels) ** 2).sum(axis=1).mean())))
    axes = [cv2.Rodrigues(turn)[0][:, 2] for turn in turns]
    return make_lens(size, matrix, bent.ravel(), error), np.array(misses), axes


def _check_places(views: Sequence[BoardView], size: Size) -> None:
    """Raises DataError that names the parts of the picture in which no corner was seen."""
    pixels = np.concatenate([view.pixels for view in views])
    ninths = np.clip((pixels * 3 / size).astype(int), 0, 2)
    missing = sorted(set(range(9)) - set((ninths[:, 1] * 3 + ninths[:, 0]).tolist()))
    if missing:
        raise DataError(f"the board was never seen at the {', '.join(PLACES[place] for place in missing)} of the "
                        "picture: hold it there too, part of it may be outside")


def _widest_angle(axes: Sequence[np.ndarray]) -> float:
    """The largest angle in degrees between any two directions."""
    stacked = np.array(axes)
    return float(np.degrees(np.arccos(np.clip(stacked @ stacked.T, -1, 1)).max()))
