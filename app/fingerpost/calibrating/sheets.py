"""The two printed pages, in millimetres: where their markers are, and the points that they lead to.

Only proportions count: a page that was printed smaller or larger calibrates as well. Both fit on A4 and on Letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Tuple

import numpy as np

Point = Tuple[float, float]


@dataclass(frozen=True)
class Sheet:
    """A page `width` x `height` with square markers `side` wide, given by their numbers and top left corners.

    `points` are what it is for, from the top left: targets for the finger, or corners where black squares meet.
    """

    name: str
    width: float
    height: float
    side: float
    markers: Mapping[int, Point]
    points: Tuple[Point, ...]

    def corners(self, number: int) -> np.ndarray:
        """The corners (4, 2) of a marker in the order of `find_markers`."""
        left, top = self.markers[number]
        return np.array([(left, top), (left + self.side, top), (left + self.side, top + self.side),
                         (left, top + self.side)])


# Of OpenCV's fifty markers of 4 x 4 bits, 17 has one white block only: too much in a room looks like it.
_NUMBERS = [number for number in range(50) if number != 17]
TARGET_RADIUS = 5.0
"""Of the dots that show where the targets of the finger are."""
_COLUMNS, _ROWS = 4, 6

FINGER_PAGE = Sheet(
    "fingertip", 180.0, 250.0, 30.0,
    {_NUMBERS[row * _COLUMNS + column]: (9.0 + 44.0 * column, 10.0 + 40.0 * row)
     for row in range(_ROWS) for column in range(_COLUMNS)},
    # Around the rim, clockwise from the top left, where paper can be felt: its corners and the middles of its edges.
    ((0.0, 0.0), (90.0, 0.0), (180.0, 0.0), (180.0, 125.0), (180.0, 250.0), (90.0, 250.0), (0.0, 250.0), (0.0, 125.0)))
"""Cut out along its outline; the finger is put on its rim, and whatever the hand hides, other markers are in sight."""

SQUARE = 30.0
ACROSS, DOWN = 6, 8
"""Squares of the board. Those whose column and row add up to an even number are black, as in OpenCV's ChArUco."""
_BOARD_SIDE = 20.0
_WHITE = [(column, row) for row in range(DOWN) for column in range(ACROSS) if (column + row) % 2]

CAMERA_BOARD = Sheet(
    "camera", ACROSS * SQUARE, DOWN * SQUARE, _BOARD_SIDE,
    {number: (column * SQUARE + (SQUARE - _BOARD_SIDE) / 2, row * SQUARE + (SQUARE - _BOARD_SIDE) / 2)
     for number, (column, row) in zip(_NUMBERS[_COLUMNS * _ROWS:], _WHITE)},
    tuple((column * SQUARE, row * SQUARE) for row in range(1, DOWN) for column in range(1, ACROSS)))
"""A chessboard with a marker in each white square, so that part of it is enough. No marker is on both pages."""
