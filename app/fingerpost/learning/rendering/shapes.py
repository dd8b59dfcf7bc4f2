"""Household things made of triangles: turned shapes, boxes, a handle. In metres; the table is y = 0."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable

import numpy as np

from .arm import Solid, surface
from .mesh import normals_of
from .pose import rotation

AROUND = 72
RED, CREAM, BLUE, WHITE = (0.55, 0.012, 0.016), (0.80, 0.72, 0.58), (0.015, 0.08, 0.42), (0.82, 0.82, 0.80)
GREEN, ORANGE = (0.012, 0.17, 0.045), (0.80, 0.22, 0.015)
YELLOW, GREY = (0.75, 0.50, 0.04), (0.35, 0.36, 0.38)
Painter = Callable[[np.ndarray, np.ndarray], np.ndarray]


def lathe(profile: list[tuple[float, float]], colours: np.ndarray, part: int, steps: int = 6) -> Solid:
    """A profile of (radius, height) pairs turned about the upright axis; it runs up outside and down inside.

    `colours`: linear RGB for the whole, (3,), or one per profile point, (N, 3).
    """
    vertices, place = turned_grid(profile, steps)
    shades = np.broadcast_to(np.asarray(colours, float), (len(profile), 3))[np.floor(place).astype(int)]
    return sheet(vertices, np.broadcast_to(shades[:, None], vertices.shape), part)


def turned_grid(profile: list[tuple[float, float]], steps: int) -> tuple[np.ndarray, np.ndarray]:
    """The points (N, AROUND + 1, 3) of a profile turned about the upright axis, and where on it each row lies (N,):
    1.5 is half-way between its second and its third pair."""
    points = np.array(profile)
    place = np.linspace(0, len(points) - 1, (len(points) - 1) * steps + 1)
    numbers = np.arange(len(points))
    radius, height = (np.interp(place, numbers, points[:, k]) for k in range(2))
    angle = np.linspace(0, 2 * np.pi, AROUND + 1)
    x, z = radius[:, None] * np.cos(angle), radius[:, None] * np.sin(angle)
    return np.stack([x, np.broadcast_to(height[:, None], x.shape), z], axis=-1), place


def sheet(grid: np.ndarray, albedo: np.ndarray, part: int) -> Solid:
    """A surface through a grid of points (N, M, 3)."""
    rows, columns = grid.shape[:2]
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(columns - 1), indexing="ij")
    a = row * columns + column
    b, c, d = a + 1, a + columns, a + columns + 1
    pairs = np.stack([np.stack([a, c, b], -1), np.stack([b, c, d], -1)], axis=2)
    triangles = pairs.reshape(-1, 3).astype(np.int32)
    vertices = grid.reshape(-1, 3)
    return Solid(vertices, normals_of(vertices, triangles), albedo.reshape(-1, 3), triangles, part)


def box(size: tuple[float, float, float], colour_at: Painter, part: int, cells: int = 48) -> list[Solid]:
    """A box standing on the table: five sheets, the lowest face left out; `colour_at(u, v)` paints each."""
    w, h, d = size
    corners = {  # origin, then the two edges; their cross product points outwards
        "front": ((-w / 2, 0, d / 2), (w, 0, 0), (0, h, 0)),
        "back": ((w / 2, 0, -d / 2), (-w, 0, 0), (0, h, 0)),
        "right": ((w / 2, 0, d / 2), (0, 0, -d), (0, h, 0)),
        "left": ((-w / 2, 0, -d / 2), (0, 0, d), (0, h, 0)),
        "top": ((-w / 2, h, d / 2), (w, 0, 0), (0, 0, -d)),
    }
    share = np.linspace(0, 1, cells + 1)
    v, u = np.meshgrid(share, share, indexing="ij")
    faces = []
    for origin, along, upward in corners.values():
        grid = np.array(origin) + u[..., None] * np.array(along) + v[..., None] * np.array(upward)
        face = sheet(grid[:, ::-1], colour_at(u, v)[:, ::-1], part)
        faces.append(face)
    return faces


def stripes(first: tuple[float, ...], second: tuple[float, ...], count: int) -> Painter:
    """A painter of `count` pairs of upright stripes for `box`."""
    def paint(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        return np.where((u * count % 1 < 0.5)[..., None], first, second)
    return paint


def plain(colour: tuple[float, ...]) -> Painter:
    """A painter of one colour for `box`."""
    def paint(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        return np.broadcast_to(np.asarray(colour), (*u.shape, 3))
    return paint


def moved(solids: list[Solid], x: float, z: float, degrees: float = 0.0) -> list[Solid]:
    """Solids turned about the upright axis and set down at (x, z)."""
    turn = rotation(np.array([0.0, 1.0, 0.0]), degrees)
    place = np.array([x, 0, z])
    return [replace(s, vertices=s.vertices @ turn.T + place, normals=s.normals @ turn.T) for s in solids]


def mug(part: int) -> list[Solid]:
    """A red mug, 11 cm high, cream inside, its handle along +x."""
    outer = [(0.0, 0.0), (0.040, 0.0), (0.045, 0.004), (0.047, 0.05), (0.047, 0.107)]
    inner = [(0.0455, 0.110), (0.043, 0.108), (0.042, 0.05), (0.038, 0.008), (0.0, 0.007)]
    colours = np.array([RED] * len(outer) + [CREAM] * len(inner))
    return [lathe(outer + inner, colours, part), surface(handle((0.045, 0.057), 0.030, 0.033), np.array(RED), part)]


def handle(middle: tuple[float, float], reach: float, rise: float) -> np.ndarray:
    """The rings (30, 20, 3) of a mug's handle along +x: half an ellipse about `middle`, which is its distance from the
    axis and its height, with the half axes `reach` outwards and `rise` upwards."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 30)
    centres = np.stack([middle[0] + reach * np.cos(angle), middle[1] + rise * np.sin(angle), 0 * angle], axis=1)
    outward = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    turn = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    return (centres[:, None] + 0.0065 * np.cos(turn)[:, None] * outward[:, None]
            + 0.009 * np.sin(turn)[:, None] * np.array([0, 0, 1.0]))


def striped_box(part: int) -> list[Solid]:
    """A blue and white striped carton, 12 x 13 x 7 cm."""
    return box((0.12, 0.13, 0.07), stripes(BLUE, WHITE, 5), part)


def bottle(part: int) -> list[Solid]:
    """A green bottle with a cream label and a grey cap, 21 cm high."""
    profile = [(0.0, 0.0), (0.034, 0.0), (0.036, 0.004), (0.036, 0.035), (0.0362, 0.036), (0.0362, 0.095),
               (0.036, 0.096), (0.036, 0.125), (0.030, 0.145), (0.015, 0.165), (0.013, 0.190), (0.015, 0.191),
               (0.015, 0.210), (0.0, 0.211)]
    colours = np.array([GREEN] * 4 + [CREAM] * 2 + [GREEN] * 5 + [GREY] * 3)
    return [lathe(profile, colours, part)]


def ball(radius: float, colour: tuple[float, ...], part: int) -> list[Solid]:
    """A ball on the table."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 14)
    profile = [(radius * np.cos(a), radius + radius * np.sin(a)) for a in angle]
    return [lathe(profile, np.array(colour), part, steps=2)]


def plate(part: int) -> list[Solid]:
    """A flat white plate, 20 cm across."""
    profile = [(0.055, 0.0), (0.06, 0.004), (0.10, 0.016), (0.101, 0.018), (0.099, 0.0185), (0.06, 0.007),
               (0.0, 0.006)]
    return [lathe(profile, np.array(WHITE), part)]


def notebook(part: int) -> list[Solid]:
    """A yellow notebook lying flat."""
    return box((0.13, 0.012, 0.18), plain(YELLOW), part, cells=12)


def coin(part: int) -> list[Solid]:
    """A coin lying flat, 3 cm across."""
    return [lathe([(0.015, 0.0), (0.015, 0.002), (0.0, 0.002)], np.array(GREY), part)]
