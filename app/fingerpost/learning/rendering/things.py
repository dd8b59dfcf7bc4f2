"""Things that lie about: rounded patches of photos with a shadow, laid on a table before a finger."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ...core.errors import DataError
from ..datasets import SUFFIXES, read_picture
from .backgrounds import photo_paths

SMALLEST, LARGEST = 100, 230  # pixels of a thing's longer side in a frame 640 wide


@dataclass(frozen=True, eq=False)
class Patch:
    """A cut-out before it is laid down: premultiplied RGBA (h, w, 4) float32, turn in degrees, name."""

    pixels: np.ndarray
    degrees: float
    name: str

    def reach(self, direction: np.ndarray) -> float:
        """How far the patch extends from its middle along a direction, in pixels."""
        height, width = self.pixels.shape[:2]
        turn = np.radians(self.degrees)
        across = abs(direction[0] * np.cos(turn) + direction[1] * np.sin(turn))
        down = abs(direction[1] * np.cos(turn) - direction[0] * np.sin(turn))
        return float(min(width / 2 / max(across, 1e-6), height / 2 / max(down, 1e-6)))


def named_photos(folder: Path) -> dict[str, list[Path]]:
    """The photos of each class, one folder per class; raises DataError where there are none."""
    classes = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        photos = sorted(p for p in path.glob("*") if p.suffix.lower() in SUFFIXES)
        if photos:
            classes[path.name] = photos
    if not classes:
        raise DataError(f"{folder} holds no folders of photos; name a folder with one folder per class")
    return classes


def cut_patch(path: Path, name: str, rng: np.random.Generator) -> Patch:
    """The middle of a photo with rounded corners, 100 to 230 px large, to be laid down a little askew."""
    photo = read_picture(path)
    height, width = photo.shape[:2]
    share = rng.uniform(0.85, 1.0)
    w, h = int(min(width, height * 1.25) * share), int(min(height, width * 1.25) * share)
    left, top = (width - w) // 2, (height - h) // 2
    scale = rng.uniform(SMALLEST, LARGEST) / max(w, h)
    size = (round(w * scale), round(h * scale))
    small = cv2.resize(photo[top : top + h, left : left + w], size, interpolation=cv2.INTER_AREA)
    alpha = rounded(size, 0.14 * min(size))
    return Patch(np.dstack([np.float32(small) / 255 * alpha[..., None], alpha]), rng.normal(0, 10), name)


def rounded(size: tuple[int, int], radius: float) -> np.ndarray:
    """A rectangle with rounded, smooth corners, (h, w) float32 in [0, 1]."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    outside_x = np.maximum(np.abs(x - (size[0] - 1) / 2) - size[0] / 2 + radius, 0)
    outside_y = np.maximum(np.abs(y - (size[1] - 1) / 2) - size[1] / 2 + radius, 0)
    return np.clip(radius - np.hypot(outside_x, outside_y), 0, 1)


def laid(scene: np.ndarray, patch: Patch, middle: np.ndarray) -> np.ndarray:
    """The scene (float32 in [0, 1]) with a patch and its shadow, the patch's middle at (x, y)."""
    height, width = scene.shape[:2]
    h, w = patch.pixels.shape[:2]
    move = cv2.getRotationMatrix2D(((w - 1) / 2, (h - 1) / 2), -patch.degrees, 1.0)
    move[:, 2] += middle - np.array([(w - 1) / 2, (h - 1) / 2])
    layer = cv2.warpAffine(patch.pixels, move, (width, height), flags=cv2.INTER_LINEAR)
    shadow = cv2.GaussianBlur(np.roll(layer[..., 3], (7, 4), (0, 1)), (0, 0), 7)
    scene = scene * (1 - 0.45 * shadow[..., None])
    return layer[..., :3] + scene * (1 - layer[..., 3:])


def footprint(patch: Patch, middle: np.ndarray) -> np.ndarray:
    """The bounding circle of a laid patch: x, y, radius."""
    return np.array([*middle, np.hypot(*patch.pixels.shape[:2]) / 2])


def free_place(patch: Patch, taken: list[np.ndarray], kept_clear: np.ndarray,
               rng: np.random.Generator) -> np.ndarray | None:
    """Where a patch covers little of what lies there and nothing of `kept_clear` (H, W); None if nowhere."""
    height, width = kept_clear.shape
    for _ in range(40):
        middle = rng.uniform((0.05 * width, 0.05 * height), (0.95 * width, 0.95 * height))
        x, y, radius = footprint(patch, middle)
        apart = all(np.hypot(x - other[0], y - other[1]) > 0.8 * (radius + other[2]) for other in taken)
        left, top = np.maximum((x - radius, y - radius), 0).astype(int)
        if apart and not kept_clear[top : int(y + radius), left : int(x + radius)].any():
            return middle
    return None


def stranger_paths(folder: Path) -> list[Path]:
    """The photos of things that nothing knows: every fifth of a folder, which no training ever sees."""
    return photo_paths(folder, held_back=True)
