"""Triangles into pixels: a z-buffer with perspective-correct attributes, compiled by numba."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit


@dataclass(frozen=True, eq=False)
class Buffers:
    """What was drawn: `depth` (H, W) in metres from the camera plane (infinite where nothing was drawn),
    `part` (H, W) uint8 (0 = nothing) and the interpolated `attributes` (H, W, K)."""

    depth: np.ndarray
    part: np.ndarray
    attributes: np.ndarray


@dataclass(frozen=True)
class Camera:
    """A pinhole at the origin that looks along -z with y up; `focal` in pixels."""

    width: int
    height: int
    focal: float

    def project(self, points: np.ndarray) -> np.ndarray:
        """Points (N, 3) in metres to (x, y, depth) (N, 3): pixels from the top left, then metres."""
        depth = -points[:, 2]
        scale = self.focal / np.where(np.abs(depth) < 1e-6, 1e-6, depth)
        x, y = self.width / 2 + points[:, 0] * scale, self.height / 2 - points[:, 1] * scale
        return np.stack([x, y, depth], axis=1)

    def scaled(self, factor: int) -> Camera:
        """The same view in `factor` times as many pixels a side."""
        return Camera(self.width * factor, self.height * factor, self.focal * factor)


def draw(camera: Camera, vertices: np.ndarray, triangles: np.ndarray, parts: np.ndarray,
         attributes: np.ndarray, near: float = 0.04) -> Buffers:
    """Draw triangles (T, 3) of vertices (V, 3) with a part number each (T,) and attributes (V, K).

    Both faces are drawn; a triangle nearer than `near` metres to the camera plane is left out whole.
    """
    depth = np.full((camera.height, camera.width), np.inf, np.float32)
    part = np.zeros((camera.height, camera.width), np.uint8)
    values = np.zeros((camera.height, camera.width, attributes.shape[1]), np.float32)
    fill(camera.project(vertices), triangles, parts, attributes.astype(np.float32), near, depth, part, values)
    return Buffers(depth, part, values)


@njit(cache=True)
def fill(points: np.ndarray, triangles: np.ndarray, parts: np.ndarray, attributes: np.ndarray, near: float,
         depth: np.ndarray, part: np.ndarray, values: np.ndarray) -> None:
    """The inner loop of `draw`: fills the three buffers in place."""
    height, width = depth.shape
    for number in range(len(triangles)):
        a, b, c = triangles[number]
        if points[a, 2] < near or points[b, 2] < near or points[c, 2] < near:
            continue
        ax, ay = points[a, 0], points[a, 1]
        bx, by = points[b, 0], points[b, 1]
        cx, cy = points[c, 0], points[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0.0:
            continue
        left, top = max(0, int(np.ceil(min(ax, bx, cx) - 0.5))), max(0, int(np.ceil(min(ay, by, cy) - 0.5)))
        right = min(width - 1, int(np.floor(max(ax, bx, cx) - 0.5)))
        bottom = min(height - 1, int(np.floor(max(ay, by, cy) - 0.5)))
        za, zb, zc = 1.0 / points[a, 2], 1.0 / points[b, 2], 1.0 / points[c, 2]
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                px, py = x + 0.5, y + 0.5  # a pixel's centre decides
                wa = ((bx - px) * (cy - py) - (by - py) * (cx - px)) / area
                wb = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) / area
                wc = 1.0 - wa - wb
                if wa < 0.0 or wb < 0.0 or wc < 0.0:
                    continue
                # 1/depth and attribute/depth are linear on the screen, depth and attribute are not
                inverse = wa * za + wb * zb + wc * zc
                z = 1.0 / inverse
                if z >= depth[y, x]:
                    continue
                depth[y, x], part[y, x] = z, parts[number]
                for k in range(values.shape[2]):
                    values[y, x, k] = (wa * za * attributes[a, k] + wb * zb * attributes[b, k]
                                       + wc * zc * attributes[c, k]) * z
