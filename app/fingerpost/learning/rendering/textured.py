"""Shapes whose colours are read from a picture of their own, so that print on them is as sharp as the frame.

The `albedo` of their solids is no colour but a place in that picture: (column, row, 0) in its pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Sequence

import cv2
import numpy as np

from .arm import Solid, surface
from .compose import GAMMA
from .pose import rotation
from .raster import Buffers
from .shapes import AROUND, box, sheet, turned_grid

WIDE, HIGH, TRIM = 384, 240, 16
"""Pixels of a thing's picture: the lowest TRIM rows have one colour, for handles, caps and the like."""
TRIM_PLACE = np.array([WIDE / 2, HIGH + TRIM / 2, 0.0])
REGIONS = {"front": (0, 0, 200, 150), "back": (0, 0, 200, 150), "right": (200, 0, 300, 150), "left": (200, 0, 300, 150),
           "top": (0, 150, 200, HIGH)}
"""Where on the picture the faces of a box are painted: left, top, right, bottom."""
STEPS = 4
ALONG = np.sin(np.linspace(0, np.pi / 2, 14))
"""Shares of a rod's length at which it has a ring, denser towards its end."""
BLUNT = np.sqrt(1 - np.clip(ALONG - 0.92, 0, 0.08) ** 2 / 0.08**2)
"""How thick it is there, as a share: its end is round."""
Profile = Sequence["tuple[float, float]"]


@dataclass(frozen=True, eq=False)
class Thing:
    """Something that stands on the table at the origin: what it is called (empty: nothing that is boxed), its
    solids, and the picture (HIGH + TRIM, WIDE, 3) that they are painted with, linear RGB float32."""

    name: str
    solids: list[Solid]
    picture: np.ndarray

    def placed(self, x: float, z: float) -> Thing:
        """The same thing at (x, z), metres."""
        place = np.array([x, 0.0, z])
        return replace(self, solids=[replace(s, vertices=s.vertices + place) for s in self.solids])

    def turned(self, axis: Sequence[float], degrees: float) -> Thing:
        """The same thing turned about an axis (a unit vector), its lowest point on the table again and its middle over
        the origin."""
        turn = rotation(np.asarray(axis, float), degrees)
        solids = [replace(s, vertices=s.vertices @ turn.T, normals=s.normals @ turn.T) for s in self.solids]
        points = replace(self, solids=solids).points()
        low, high = points.min(0), points.max(0)
        foot = np.array([(low[0] + high[0]) / 2, low[1], (low[2] + high[2]) / 2])
        return replace(self, solids=[replace(s, vertices=s.vertices - foot) for s in solids])

    def points(self) -> np.ndarray:
        """All its vertices, (N, 3)."""
        return np.concatenate([solid.vertices for solid in self.solids])

    def numbered(self, part: int) -> list[Solid]:
        """Its solids with a part number."""
        return [replace(solid, part=part) for solid in self.solids]


def painted(buffers: Buffers, things: Sequence[Thing]) -> Buffers:
    """What was drawn of things 1, 2, ... with colours in the place of places in their pictures."""
    atlas = np.concatenate([thing.picture for thing in things])
    starts = np.arange(-1, len(things), dtype=np.float32) * (HIGH + TRIM)
    columns = buffers.attributes[..., 3]
    rows = buffers.attributes[..., 4] + starts[buffers.part]
    albedo = cv2.remap(atlas, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return replace(buffers, attributes=np.concatenate([buffers.attributes[..., :3], albedo], axis=2))


def empty_picture(colours: np.ndarray, trim: np.ndarray) -> np.ndarray:
    """A picture that begins with `colours`, (3,) or one for each row (HIGH, 3), and ends with the trim; sRGB."""
    rows = np.broadcast_to(np.asarray(colours, float).reshape(-1, 3), (HIGH, 3))
    column = np.concatenate([rows, np.broadcast_to(trim, (TRIM, 3))])
    return np.repeat(column[:, None], WIDE, axis=1).astype(np.float32)


def linear(picture: np.ndarray) -> np.ndarray:
    """An sRGB picture as linear RGB float32; 0.85 of it, for nothing reflects all light."""
    return (0.85 * np.clip(picture, 0, 1) ** GAMMA).astype(np.float32)


def marks(profile: Profile) -> np.ndarray:
    """How far along the profile each of its points lies, from 0 to 1."""
    lengths = np.hypot(*np.diff(np.array(profile), axis=0).T)
    return np.concatenate([[0.0], np.cumsum(lengths)]) / lengths.sum()


def banded(profile: Profile, colours: Sequence[np.ndarray], trim: np.ndarray) -> np.ndarray:
    """The picture of a turned shape with one colour for each stretch between two points of its profile."""
    along = 1 - (np.arange(HIGH) + 0.5) / HIGH
    stretch = np.searchsorted(marks(profile), along, side="right") - 1
    return empty_picture(np.array(colours)[stretch], trim)


def wrap_size(profile: Profile, first: int, last: int) -> tuple[int, int]:
    """The width and height in pixels of a print around the profile from one of its points to another."""
    radius = max(profile[first][0], profile[last][0])
    length = np.hypot(profile[last][0] - profile[first][0], profile[last][1] - profile[first][1])
    return WIDE, max(16, round(WIDE * length / (2 * np.pi * radius)))


def wrap(picture: np.ndarray, profile: Profile, first: int, last: int, pixels: np.ndarray) -> None:
    """Put a print around a turned shape, from one point of its profile up to another; changes the picture."""
    along = marks(profile)
    top, bottom = round((1 - along[last]) * HIGH), round((1 - along[first]) * HIGH)
    picture[top:bottom] = cv2.resize(pixels, (WIDE, bottom - top), interpolation=cv2.INTER_AREA)


def paste(picture: np.ndarray, face: str, pixels: np.ndarray) -> None:
    """Put a print on a face of a box; changes the picture."""
    left, top, right, bottom = REGIONS[face]
    picture[top:bottom, left:right] = cv2.resize(pixels, (right - left, bottom - top), interpolation=cv2.INTER_AREA)


def places(columns: np.ndarray | float, rows: np.ndarray | float) -> np.ndarray:
    """Places in a picture, (..., 3)."""
    return np.stack(np.broadcast_arrays(columns, rows, 0.0), axis=-1)


def turned(profile: Profile, stretch: tuple[float, float] = (1.0, 1.0)) -> Solid:
    """A profile turned about the upright axis, perhaps stretched along x and z; the picture runs around it, its foot
    at the profile's beginning."""
    grid, place = turned_grid(list(profile), STEPS)
    along = np.interp(place, np.arange(len(profile)), marks(profile))
    rows, columns = (1 - along) * (HIGH - 1), np.linspace(WIDE - 1, 0, AROUND + 1)
    return sheet(grid * [stretch[0], 1, stretch[1]], places(columns[None], rows[:, None]), 0)


def slab(width: float, height: float, depth: float, squareness: float) -> Solid:
    """A thin block with rounded corners (a superellipse of that exponent); the picture lies on top of it."""
    profile = [(0.0, 0.0), (0.93, 0.0), (1.0, 0.2 * height), (1.0, 0.8 * height), (0.95, height), (0.0, height)]
    grid, _ = turned_grid(profile, STEPS)
    angle = np.linspace(0, 2 * np.pi, AROUND + 1)
    rounding = (np.abs(np.cos(angle)) ** squareness + np.abs(np.sin(angle)) ** squareness) ** (-1 / squareness)
    grid[..., [0, 2]] *= rounding[None, :, None]
    columns, rows = (np.clip(grid[..., axis] / 2 + 0.5, 0, 1) * (size - 1) for axis, size in ((0, WIDE), (2, HIGH)))
    return sheet(grid * [width / 2, 1, depth / 2], places(columns, rows), 0)


def crate(width: float, height: float, depth: float) -> list[Solid]:
    """A box with its print on front, back, right, left and top."""
    faces = box((width, height, depth), lambda u, v: places(u, 1 - v), 0, cells=1)
    painted_faces = []
    for face, (left, top, right, bottom) in zip(faces, REGIONS.values()):
        scale = np.array([right - left - 2, bottom - top - 2, 0])
        painted_faces.append(replace(face, albedo=face.albedo * scale + [left + 1, top + 1, 0]))
    return painted_faces


def rod(centres: np.ndarray, half_width: np.ndarray, half_height: np.ndarray, trim: bool = True) -> Solid:
    """A bent rod through points (N, 3), its half axes across and upwards (N,); in the colour of the trim, or with the
    picture wound around it."""
    tangents = np.gradient(centres, axis=0)
    across = np.cross(tangents, [0.0, 1.0, 0.0])
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    upward = np.cross(across, tangents)
    upward /= np.linalg.norm(upward, axis=1, keepdims=True)
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    rings = (centres[:, None] + (half_width[:, None] * np.cos(angle))[..., None] * across[:, None]
             + (half_height[:, None] * np.sin(angle))[..., None] * upward[:, None])
    if trim:
        return surface(rings, TRIM_PLACE, 0)
    columns = np.abs(angle / np.pi - 1) * (WIDE - 1)  # there and back, so that the seam fits
    rows = np.linspace(0, HIGH - 1, len(centres))
    return surface(rings, places(columns[None], rows[:, None]), 0)
