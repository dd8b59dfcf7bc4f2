"""Where the camera stands in a world whose table top is y = 0; x to the right, y up, z towards the wearer; metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .raster import Camera


@dataclass(frozen=True, eq=False)
class Viewpoint:
    """A camera whose `eye` (3,) stands in the world; `turn` (3, 3) takes world directions into the camera's frame."""

    camera: Camera
    eye: np.ndarray
    turn: np.ndarray

    def to_camera(self, points: np.ndarray) -> np.ndarray:
        """World points (N, 3) in the camera's frame."""
        return (points - self.eye) @ self.turn.T

    def to_world(self, points: np.ndarray) -> np.ndarray:
        """The opposite of `to_camera`."""
        return points @ self.turn + self.eye

    def rays(self) -> np.ndarray:
        """The world direction of every pixel, (H, W, 3), `camera.focal` long along the camera's axis."""
        width, height = self.camera.width, self.camera.height
        y, x = np.mgrid[0:height, 0:width].astype(np.float32) + 0.5
        return np.stack([x - width / 2, height / 2 - y, np.full_like(x, -self.camera.focal)], -1) @ self.turn

    def table_points(self) -> np.ndarray:
        """Where every pixel looks at the table, (H, W, 3); those near or above the horizon lie very far off."""
        rays = self.rays()
        reach = self.eye[1] / np.maximum(-rays[..., 1], 1.0)
        return self.eye + rays * reach[..., None]
