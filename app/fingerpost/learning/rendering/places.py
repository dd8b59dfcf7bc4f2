"""Where things stand: a table that the wearer looks down at, or a shelf; its camera, surfaces and light."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Sequence

import cv2
import numpy as np

from ..datasets import read_picture
from .backgrounds import blend, carpet, colour, fabric, gradient, random_crop, random_surface, skin_like, tiles, wood
from .compose import GAMMA
from .light import Light, random_light
from .pose import rotation
from .raster import Camera
from .textured import Thing, crate, empty_picture, linear
from .viewpoint import Viewpoint

TEXTURE = (720, 720)
TOPS = (wood, wood, wood, fabric, tiles, gradient, carpet, skin_like)
WALLS = (gradient, gradient, wood, tiles, fabric, skin_like)
FARTHEST = 5.0
"""Metres from the middle of the table; whatever lies beyond is not drawn."""


@dataclass(frozen=True, eq=False)
class Place:
    """A camera before a surface at y = 0 that reaches from -`half_width` to `half_width` and from `far` (behind) to
    `near` (towards the camera). `ground` (H, W, 3) is what the camera sees without any thing, sRGB float32; `surface`
    (H, W) in [0, 1]: where that is the table; `to_light`: unit vector in the world; `furniture`: its other parts."""

    view: Viewpoint
    half_width: float
    far: float
    near: float
    ground: np.ndarray
    surface: np.ndarray
    light: Light
    to_light: np.ndarray
    furniture: list[Thing]


def random_place(size: tuple[int, int], rng: np.random.Generator, photos: Sequence[Path] = ()) -> Place:
    """A table twice as often as a shelf."""
    return random_shelf(size, rng) if rng.random() < 1 / 3 else random_table(size, rng, photos)


def random_table(size: tuple[int, int], rng: np.random.Generator, photos: Sequence[Path]) -> Place:
    """A table seen from above, the room behind it out of focus."""
    view = random_view(size, rng.uniform(25, 75), float(np.exp(rng.uniform(np.log(0.4), np.log(1.2)))), 0.02, rng)
    half_width, far, near = rng.uniform(0.35, 1.3), -rng.uniform(0.3, 1.4), 1.5
    points = view.table_points()
    surface = inside(points, half_width, far, near)
    top = textured(points[..., 0], points[..., 2], TOPS, rng)
    light, to_light = lamp(view, top, rng)
    backdrop = room(size, rng, photos)
    ground = blend(backdrop, lit(top, light, to_light[1]), surface)
    return Place(view, half_width, far, near, ground.astype(np.float32), surface, light, to_light, [])


def random_shelf(size: tuple[int, int], rng: np.random.Generator) -> Place:
    """A board before a wall, seen nearly from the front, often with another board above it."""
    view = random_view(size, rng.uniform(15, 35), rng.uniform(0.4, 0.8), 0.08, rng)
    half_width, far, near = rng.uniform(0.4, 1.2), -rng.uniform(0.15, 0.3), rng.uniform(0.05, 0.15)
    points = view.table_points()
    surface = inside(points, half_width, far, near)
    board = textured(points[..., 0], points[..., 2], TOPS, rng)
    behind = wall_points(view, far)
    wall = textured(behind[..., 0], behind[..., 1], WALLS, rng)
    light, to_light = lamp(view, (board + wall) / 2, rng)
    below = np.clip(-behind[..., 1:2] * 6, 0, 0.5)  # it is dark under the board
    ground = blend(lit(wall, light, max(to_light[2], 0.3)) * (1 - below), lit(board, light, to_light[1]), surface)
    return Place(view, half_width, far, near, ground.astype(np.float32), surface, light, to_light,
                 boards(half_width, far, near, rng))


def random_view(size: tuple[int, int], tilt: float, distance: float, height: float,
                rng: np.random.Generator) -> Viewpoint:
    """A camera that looks, tilted down by so many degrees, at a point `height` above the middle of the surface."""
    focal = size[0] / 2 / np.tan(np.radians(rng.uniform(55, 80)) / 2)
    turn = rotation(np.array([0.0, 0, 1]), rng.normal(0, 4)) @ rotation(np.array([1.0, 0, 0]), tilt)
    away = np.array([0.0, np.sin(np.radians(tilt)), np.cos(np.radians(tilt))])
    return Viewpoint(Camera(*size, float(focal)), np.array([0.0, height, 0.0]) + distance * away, turn)


def inside(points: np.ndarray, half_width: float, far: float, near: float) -> np.ndarray:
    """Where points (H, W, 3) of the table's plane lie on the table, (H, W) float32 in [0, 1], its edges smooth."""
    on_it = (np.abs(points[..., 0]) < half_width) & (points[..., 2] > far) & (points[..., 2] < near)
    return cv2.GaussianBlur(on_it.astype(np.float32), (0, 0), 0.7)


def wall_points(view: Viewpoint, far: float) -> np.ndarray:
    """Where every pixel looks at the upright wall at z = `far`, (H, W, 3)."""
    rays = view.rays()
    reach = (far - view.eye[2]) / np.minimum(rays[..., 2], -1.0)
    return view.eye + rays * reach[..., None]


def textured(x: np.ndarray, y: np.ndarray, kinds: Sequence, rng: np.random.Generator) -> np.ndarray:
    """A made-up surface seen at places (H, W) in metres, sRGB float32 (H, W, 3)."""
    pixels = np.clip(kinds[int(rng.integers(0, len(kinds)))](TEXTURE, rng), 0.01, 1).astype(np.float32)
    scale = TEXTURE[0] / rng.uniform(0.7, 1.8)
    column, row = ((np.clip(place, -FARTHEST, FARTHEST) * scale + TEXTURE[0] / 2).astype(np.float32)
                   for place in (x, y))
    return cv2.remap(pixels, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def lamp(view: Viewpoint, surroundings: np.ndarray, rng: np.random.Generator) -> tuple[Light, np.ndarray]:
    """A light from above, tinted by the surroundings (sRGB), and the direction to it in the world."""
    towards = rng.normal((0, 1.2, 0.25), (0.6, 0.2, 0.45))
    towards[1] = max(towards[1], 0.6)
    towards /= np.linalg.norm(towards)
    tint = (surroundings ** GAMMA).mean((0, 1))
    light = random_light(rng, (tint + tint.mean()) / 2)
    return replace(light, towards=view.turn @ towards, rim=np.zeros(3), shine=float(rng.uniform(0, 0.3))), towards


def lit(pixels: np.ndarray, light: Light, facing: float) -> np.ndarray:
    """A flat surface (sRGB) under the light, which it faces by that cosine; stronger on one side."""
    slope = np.linspace(1.1, 0.9, pixels.shape[1], dtype=np.float32)[None, :, None]
    incoming = light.key * facing + 0.9 * light.sky
    return np.clip(pixels ** GAMMA * incoming * slope, 0, 1) ** (1 / GAMMA)


def room(size: tuple[int, int], rng: np.random.Generator, photos: Sequence[Path]) -> np.ndarray:
    """What stands behind a table, out of focus, sRGB float32."""
    if photos and rng.random() < 0.7:
        pixels = random_crop(read_picture(photos[int(rng.integers(0, len(photos)))], 2), size, rng)
    else:
        pixels = random_surface(size, rng)
    return cv2.GaussianBlur(pixels, (0, 0), rng.uniform(1, 6)).astype(np.float32) / 255


def boards(half_width: float, far: float, near: float, rng: np.random.Generator) -> list[Thing]:
    """The front edge of a shelf's board and, two times in three, the board above it."""
    shade = colour(rng)
    thick, depth = rng.uniform(0.014, 0.03), near - far
    sizes = [(thick, 0.005, near, -thick)]
    if rng.random() < 2 / 3:
        sizes.append((thick, depth, near - depth / 2, rng.uniform(0.36, 0.5)))
    picture = linear(empty_picture(shade, shade))
    return [Thing("", [replace(s, vertices=s.vertices + [0, bottom, z])
                       for s in crate(2 * half_width, height, long)], picture) for height, long, z, bottom in sizes]
