"""Pictures like those that a network will see, as batches of views. They need no labels."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ...models import ModelInfo
from ...progress import Progress
from .. import training
from ..datasets import list_pictures, read_picture, shrink, split_photos
from ..detection.views import Scene
from ..detection.views import make_view as make_scene_view
from ..pointing.views import make_hand_view
from ..views import Random, make_view

KEPT_SIDE = 240
"""Shorter side in pixels of the pictures in memory."""

MakeView = Callable[[np.ndarray, Random], np.ndarray]
"""One view, RGB uint8 in the network's size, of a picture."""


def load_pictures(folders: Sequence[Path], photos: Sequence[Path] = (),
                  skipped: Collection[str] = ()) -> list[np.ndarray]:
    """All pictures below the folders, of `photos` without every fifth by name, which is held back to measure with;
    none of the skipped names. Raises DataError where there are none."""
    paths = [path for folder in folders for path in list_pictures(folder)]
    paths += [path for folder in photos for path in split_photos(folder)[0]]
    paths = [path for path in paths if path.name not in skipped]
    return [shrink(read_picture(path), KEPT_SIDE) for path in Progress(paths, "pictures", len(paths))]


class Pictures:
    """Views of pictures in the way in which the network of a model looks at the world."""

    def __init__(self, pictures: list[np.ndarray], info: ModelInfo, batch: int, seed: int):
        self._pictures, self._info, self._batch, self._seed = pictures, info, batch, seed
        self._view = choose_view(pictures, info)

    def draw(self, step: int, stage: int = 0) -> Tensor:
        """The normalised views (N, 3, H, W) of a step of a stage, the same for the same seed."""
        rng = np.random.default_rng([self._seed, stage, step])
        chosen = rng.integers(0, len(self._pictures), self._batch)
        views = np.stack([self._view(self._pictures[index], rng) for index in chosen])
        normal = training.normalise(training.to_tensor(views, "cpu"), self._info.mean, self._info.std)
        return normal.contiguous(memory_format=torch.channels_last)


def choose_view(pictures: list[np.ndarray], info: ModelInfo) -> MakeView:
    """The views from which the network of a model was trained."""
    height, width = info.input[2:]
    if info.anchors:
        nothing = np.zeros((0, 4), np.float32), np.zeros(0, np.int64)
        return lambda picture, rng: make_scene_view(Scene(picture, *nothing), width, rng).pixels
    if info.labels:
        return lambda picture, rng: make_view(picture, pictures, width, rng)
    unknown = np.full((3, 2), np.nan)
    return lambda picture, rng: make_hand_view(picture, unknown, (width, height), rng)[0]
