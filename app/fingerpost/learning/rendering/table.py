"""A table as the wearer sees it: wood, things on it, soft shadows. It stands still, so it is drawn once."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .arm import Solid
from .compose import GAMMA, layer_of, over
from .hand import OVERSAMPLING, HandPicture, draw_solids
from .light import Light, shaded
from .pose import rotation
from .raster import Buffers, Camera, draw
from .viewpoint import Viewpoint

SIZE = (640, 480)
TILT_DEGREES = 44.0
CAMERA = Camera(*SIZE, SIZE[0] / 2 / np.tan(np.radians(62) / 2))
VIEW = Viewpoint(CAMERA, eye=np.array([0.0, 0.40, 0.30]),  # metres above and before the middle of the table
                 turn=rotation(np.array([1.0, 0.0, 0.0]), TILT_DEGREES))
TO_LIGHT = np.array([-0.45, 0.95, -0.15]) / np.linalg.norm([-0.45, 0.95, -0.15])
LIGHT = Light(towards=VIEW.turn @ TO_LIGHT, key=np.array([0.78, 0.74, 0.68]), sky=np.array([0.46, 0.48, 0.52]),
              ground=np.array([0.30, 0.26, 0.22]), shine=0.10, rim=np.zeros(3))


@dataclass(frozen=True, eq=False)
class Table:
    """A drawn scene: sRGB `pixels` (H, W, 3) float32 in [0, 1]; `part` (H, W): the thing each pixel shows."""

    pixels: np.ndarray
    part: np.ndarray

    def middle(self, part: int) -> np.ndarray:
        """The middle (x, y) of a thing's bounding box in the picture."""
        rows, columns = np.nonzero(self.part == part)
        return np.array([columns.min() + columns.max(), rows.min() + rows.max()]) / 2

    def near_edge(self, part: int, direction: np.ndarray) -> np.ndarray:
        """Where a line through the thing's middle along `direction` first meets the thing."""
        line = self.middle(part) - np.arange(max(SIZE))[:, None] * direction
        line = line[((line >= 0) & (line < SIZE)).all(1)]
        columns, rows = line.astype(int).T
        return line[np.flatnonzero(self.part[rows, columns] == part)[-1]]


def drawn_table(solids: list[Solid], seed: int) -> Table:
    """Draw a table with things on it; every solid's part number says which thing it belongs to."""
    soft, wide = shadows_of(VIEW, solids, TO_LIGHT)
    ground = painted_ground(seed) * (1 - 0.42 * soft - 0.35 * wide)[..., None]
    buffers = draw_things(VIEW, solids)
    layer = layer_of(shaded(buffers, LIGHT, 0.6), buffers.part > 0, 0.0, np.random.default_rng(seed))
    return Table(over(ground, layer), buffers.part[::OVERSAMPLING, ::OVERSAMPLING])


def draw_things(view: Viewpoint, solids: list[Solid]) -> Buffers:
    """Draw solids that stand in the world, OVERSAMPLING times the size of the view."""
    return draw_solids(view.camera.scaled(OVERSAMPLING), solids, view.turn, -view.turn @ view.eye, np.zeros(0, bool))


def shadows_of(view: Viewpoint, solids: list[Solid], towards: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What darkens the table, each (H, W) in [0, 1]: the soft shadows that fall away from a light in the direction
    `towards`, and the wide gloom around the feet of things. Both are drawn for an endless table."""
    shade = np.zeros((view.camera.height, view.camera.width), np.float32)
    contact = np.zeros_like(shade)
    for solid in solids:
        shade = np.maximum(shade, shadow_of(view, solid, towards))
        contact = np.maximum(contact, shadow_of(view, solid, np.array([0.0, 1.0, 0.0])))
    return cv2.GaussianBlur(shade, (0, 0), 5), cv2.GaussianBlur(contact, (0, 0), 14)


def shadow_of(view: Viewpoint, solid: Solid, towards: np.ndarray) -> np.ndarray:
    """The hard shadow of a solid on the table, as the camera sees it, (H, W) of 0 and 1."""
    fallen = solid.vertices - solid.vertices[:, 1:2] / towards[1] * towards
    parts = np.ones(len(solid.triangles), np.uint8)
    buffers = draw(view.camera, view.to_camera(fallen), solid.triangles, parts, np.zeros((len(fallen), 1)))
    return buffers.part.astype(np.float32)


def hand_shadow(hand: HandPicture) -> np.ndarray:
    """The soft shadow of a drawn hand on the table, (H, W) in [0, 1], from the points that its camera saw."""
    seen = hand.buffers.part[::OVERSAMPLING, ::OVERSAMPLING] > 0
    depth = hand.buffers.depth[::OVERSAMPLING, ::OVERSAMPLING][seen]
    rows, columns = np.nonzero(seen)
    x = (columns + 0.5 - SIZE[0] / 2) / CAMERA.focal * depth
    y = (SIZE[1] / 2 - rows - 0.5) / CAMERA.focal * depth
    points = VIEW.to_world(np.stack([x, y, -depth], axis=1))
    fallen = CAMERA.project(VIEW.to_camera(points - points[:, 1:2] / TO_LIGHT[1] * TO_LIGHT))
    shade = np.zeros(SIZE[::-1], np.float32)
    place = np.floor(fallen[:, :2]).astype(int)
    inside = (place >= 0).all(1) & (place < SIZE).all(1)
    shade[place[inside, 1], place[inside, 0]] = 1
    closed = cv2.morphologyEx(shade, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return cv2.GaussianBlur(closed, (0, 0), 9)


def painted_ground(seed: int) -> np.ndarray:
    """The table top in sRGB (H, W, 3) float32, lit more strongly on the left."""
    rng = np.random.default_rng(seed)
    place = VIEW.table_points()
    column, row = (place[..., axis].astype(np.float32) * 900 + shift for axis, shift in ((0, 900), (2, 1300)))
    wood = cv2.remap(planks((1800, 1800), rng), column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    light = 1.06 - 0.25 * (place[..., 0] + 0.3) - 0.15 * np.abs(place[..., 2])
    return np.clip((wood ** GAMMA * light[..., None]), 0, 1).astype(np.float32) ** np.float32(1 / GAMMA)


def planks(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A top view of boards painted a pale grey-blue, fine grain along x, sRGB (h, w, 3) float32.

    Not the colour of skin: a finger on bare wood is still hard to find (see models/fingertip.md).
    """
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = cv2.resize(rng.normal(0, 1, (14, 5)).astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    fibres = cv2.resize(rng.normal(0, 1, (height // 3, 24)).astype(np.float32), size)
    grain = np.sin((y + 14 * waves) * 0.11 + 2 * waves)
    board = np.floor(y / 150)
    tone = 1 + 0.035 * np.sin(board * 78.2 + 1) + 0.03 * grain + 0.03 * fibres - 0.30 * (y % 150 < 2)
    return np.clip(np.array([0.62, 0.67, 0.70], np.float32) * tone[..., None], 0, 1)
