"""Pictures with boxes made harder: the views from which a detector learns.

A view is a window of the picture, squeezed to the network's square: a smaller window brings a thing nearer, a window
larger than the picture takes it farther away. Both come from SSD (Liu et al., 2016, section 2.2 and 3.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import cv2
import numpy as np

from ..boxes.pictures import Picture
from ..datasets import read_picture
from ..views import Random, shift_colours, soften

OVERLAPS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9)
"""A smaller window overlaps some box by at least one of these IoUs, drawn anew for each."""
TRIALS = 40
"""Windows that are drawn to find one; where none will do, the view shows the whole picture."""
LEAST_SHARE, LEAST_RATIO, MOST_RATIO = 0.3, 0.5, 2.0
"""Of a smaller window's sides, in those of the picture, and of its width over its height."""
WIDEST = 1.8
"""Sides of the largest window, in those of the picture. SSD goes up to 4, for things that are small in their
pictures; what one points at is not."""
CHANCES = (0.2, 0.25)
"""Of the whole picture, and of a larger window."""
LEAST_PX = 2.0
"""What is smaller than this in a view is not learned."""


class Scene(NamedTuple):
    """A picture in memory: RGB uint8 (H, W, 3), boxes float32 (n, 4) as left, top, right, bottom in its pixels, and
    the numbers of their classes (n,), from 1 on; 0 is what lies between the boxes."""

    pixels: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray


def read_scene(picture: Picture, numbers: Mapping[str, int], side: int) -> Scene:
    """Read a picture that is to be seen at `side` pixels; what is difficult, or has no number, is left out.

    A JPEG much larger than that is decoded at a half, a quarter or an eighth of its size, which takes that much less
    time. Raises DataError for what is no picture.
    """
    wanted = [box for box in picture.boxes if not box.difficult and box.name in numbers]
    spare = min(picture.width, picture.height) / (2 * side)
    pixels = read_picture(picture.path, max(part for part in (1, 2, 4, 8) if part <= max(1, spare)))
    scale = np.tile([pixels.shape[1] / picture.width, pixels.shape[0] / picture.height], 2)
    boxes = np.array([(box.left, box.top, box.right, box.bottom) for box in wanted], float).reshape(-1, 4) * scale
    return Scene(pixels, boxes.astype(np.float32), np.array([numbers[box.name] for box in wanted], np.int64))


def squeeze(pixels: np.ndarray, side: int) -> np.ndarray:
    """The picture at (side, side), made the same way as for the exported network (`vision.preprocess`)."""
    shrinking = pixels.shape[1] > side
    return cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)


def make_view(scene: Scene, side: int, rng: Random) -> Scene:
    """One view of a scene at (side, side), with the boxes whose middle it shows."""
    view = cut_window(scene, draw_window(scene, rng), side, rng)
    chance = rng.random(3)
    if chance[0] < 0.5:
        view = mirror(view)
    pixels = view.pixels
    if chance[1] < 0.8:
        pixels = shift_colours(pixels, rng)
    if chance[2] < 0.25:
        pixels = soften(pixels, rng)
    return view._replace(pixels=pixels)


def draw_window(scene: Scene, rng: Random) -> np.ndarray:
    """Left, top, right and bottom of a window in pixels of the scene: all of it, more than it, or a part."""
    size = np.array(scene.pixels.shape[1::-1], float)
    kind = rng.random()
    if kind < CHANCES[0]:
        return np.concatenate([np.zeros(2), size])
    if kind < sum(CHANCES):
        wide = size * rng.uniform(1.0, WIDEST)
        corner = rng.uniform(0, 1, 2) * (size - wide)
        return np.concatenate([corner, corner + wide])
    return draw_part(scene.boxes, size, rng)


def draw_part(boxes: np.ndarray, size: np.ndarray, rng: Random) -> np.ndarray:
    """A window inside the picture that shows the middle of a box and overlaps it enough."""
    sides = size * rng.uniform(LEAST_SHARE, 1.0, (TRIALS, 2))
    corners = rng.uniform(0, 1, (TRIALS, 2)) * (size - sides)
    windows = np.hstack([corners, corners + sides])
    ratios = sides[:, 0] / sides[:, 1]
    overlaps = np.where(find_inside(boxes, windows), measure_overlaps(boxes, windows), -1.0)
    good = (ratios >= LEAST_RATIO) & (ratios <= MOST_RATIO) & (overlaps.max(1, initial=-1) >= rng.choice(OVERLAPS))
    return windows[good.argmax()] if good.any() else np.concatenate([np.zeros(2), size])


def find_inside(boxes: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """Whether the middle of each box lies in each window: bool (windows, boxes)."""
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    return ((middles > windows[:, None, :2]) & (middles < windows[:, None, 2:])).all(2)


def measure_overlaps(boxes: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """Intersection over union of each box with each window: (windows, boxes)."""
    corners = np.minimum(boxes[:, 2:], windows[:, None, 2:]) - np.maximum(boxes[:, :2], windows[:, None, :2])
    shared = corners.clip(min=0).prod(2)
    areas = [(each[:, 2:] - each[:, :2]).prod(1) for each in (boxes, windows)]
    return shared / (areas[0] + areas[1][:, None] - shared)


def cut_window(scene: Scene, window: np.ndarray, side: int, rng: Random) -> Scene:
    """What the window shows, squeezed to (side, side); beyond the picture is one colour, drawn at random."""
    left, top, right, bottom = (int(round(place)) for place in window)
    height, width = scene.pixels.shape[:2]
    inside = scene.pixels[max(0, top):bottom, max(0, left):right]
    margins = (max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width))
    if any(margins):
        inside = cv2.copyMakeBorder(inside, *margins, cv2.BORDER_CONSTANT, value=rng.integers(0, 256, 3).tolist())
    scale = side / np.array([right - left, bottom - top] * 2, float)
    boxes = ((scene.boxes - np.array([left, top, left, top])) * scale).clip(0, side).astype(np.float32)
    seen = find_inside(scene.boxes, np.array([[left, top, right, bottom]]))[0]
    seen &= (boxes[:, 2:] - boxes[:, :2] >= LEAST_PX).all(1)
    return Scene(squeeze(inside, side), boxes[seen], scene.labels[seen])


def mirror(scene: Scene) -> Scene:
    """The scene as a mirror shows it."""
    left, top, right, bottom = scene.boxes.T
    width = scene.pixels.shape[1]
    boxes = np.stack([width - right, top, width - left, bottom], 1)
    return scene._replace(pixels=np.ascontiguousarray(scene.pixels[:, ::-1]), boxes=boxes)
