"""Light on drawn surfaces: a soft key light, sky and ground, a little shine, and shade in the creases."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit

from .raster import Buffers


@dataclass(frozen=True, eq=False)
class Light:
    """`towards` is a unit vector to the key light in the camera's frame (x right, y up, z towards it);
    `key`, `sky`, `ground` and the `rim` along outlines are linear RGB, `shine` is how glossy surfaces are."""

    towards: np.ndarray
    key: np.ndarray
    sky: np.ndarray
    ground: np.ndarray
    shine: float
    rim: np.ndarray


def random_light(rng: np.random.Generator, tint: np.ndarray) -> Light:
    """A light from above or beside the camera, coloured by lamp or daylight and by what stands around.

    `tint`: mean linear RGB of the surroundings.
    """
    towards = rng.normal((0, 0.7, 0.5), (0.8, 0.5, 0.5))
    towards /= np.linalg.norm(towards)
    warmth = rng.normal(0, 0.12)
    lamp = np.array([1 + warmth, 1, 1 - warmth])
    around = tint / max(tint.mean(), 1e-3)
    around = around * rng.uniform(0.1, 0.7) + (1 - rng.uniform(0.1, 0.7))
    ratio = rng.beta(2, 2)  # how much of the light is directed
    sky, ground = (1 - 0.75 * ratio) * around, (1 - 0.75 * ratio) * around * rng.uniform(0.2, 0.8)
    rim = around * (rng.uniform(0.1, 0.6) if rng.random() < 0.25 else 0.0)
    return Light(towards, 1.5 * ratio * lamp, sky, ground, float(rng.uniform(0, 0.12)), rim)


def shaded(buffers: Buffers, light: Light, creases: float = 1.0) -> np.ndarray:
    """Linear RGB (H, W, 3) float32 of what was drawn, zero elsewhere; attributes are normals and albedo."""
    colours = np.zeros((*buffers.part.shape, 3), np.float32)
    half = light.towards + np.array([0.0, 0.0, 1.0])
    half /= max(np.linalg.norm(half), 1e-6)
    shade_pixels(buffers.part, buffers.attributes, light.towards, half, light.key, light.sky, light.ground,
                 light.rim, light.shine, colours)
    if creases > 0:
        colours *= openness(buffers, creases)[..., None]
    return colours


@njit(cache=True)
def shade_pixels(part: np.ndarray, attributes: np.ndarray, towards: np.ndarray, half: np.ndarray,
                 key: np.ndarray, sky: np.ndarray, ground: np.ndarray, rim: np.ndarray, shine: float,
                 colours: np.ndarray) -> None:
    """The inner loop of `shaded`."""
    height, width = part.shape
    for y in range(height):
        for x in range(width):
            if part[y, x] == 0:
                continue
            nx, ny, nz = attributes[y, x, 0], attributes[y, x, 1], attributes[y, x, 2]
            size = np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9
            nx, ny, nz = nx / size, ny / size, nz / size
            facing = nx * towards[0] + ny * towards[1] + nz * towards[2]
            up = 0.5 + 0.5 * ny
            edge = (1.0 - min(1.0, abs(nz))) ** 3
            glint = max(0.0, nx * half[0] + ny * half[1] + nz * half[2]) ** 18 * shine
            for k in range(3):
                # skin scatters red light farther round the edge of the shade than blue
                wrap = 0.35 - 0.12 * k
                lit = max(0.0, (facing + wrap) / (1.0 + wrap))
                incoming = key[k] * lit + sky[k] * up + ground[k] * (1.0 - up) + rim[k] * edge
                colours[y, x, k] = attributes[y, x, 3 + k] * incoming + glint * key[k]


def openness(buffers: Buffers, strength: float) -> np.ndarray:
    """How open each pixel lies, (H, W) in [0.3, 1]: one farther off than those around lies in a crease."""
    drawn = (buffers.part > 0).astype(np.float32)
    depth = np.where(drawn > 0, buffers.depth, 0).astype(np.float32)
    result = np.ones_like(depth)
    for size, weight in ((9, 22.0), (31, 9.0)):
        share = cv2.boxFilter(drawn, -1, (size, size))
        around = cv2.boxFilter(depth, -1, (size, size)) / np.maximum(share, 1e-3)
        result -= strength * weight * np.clip(depth - around, 0, 0.02)
    return np.clip(result, 0.3, 1)
