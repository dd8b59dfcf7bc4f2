"""The pictures of a pool, dealt out as batches of views."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .pool import Pool
from .views import make_view, read_scene


class Batch(NamedTuple):
    """Views uint8 (N, S, S, 3), and of each the boxes (n, 4) in its pixels and the numbers of their classes (n,)."""

    views: np.ndarray
    boxes: list[np.ndarray]
    labels: list[np.ndarray]


class Deck:
    """The pictures of a pool as batches of views: in every epoch all of them come by, in another order.

    Where the last batch has room, it is filled up with the first of them.
    """

    def __init__(self, pool: Pool, batch: int, side: int, seed: int):
        self._pictures, self._side, self._seed, self._batch = pool.learned, side, seed, batch
        self._numbers = {name: number for number, name in enumerate(pool.names, 1)}

    def __len__(self) -> int:
        return len(self._pictures)

    def draw(self, epoch: int, step: int, indices: range) -> Batch:
        """The views of a step of an epoch that have these places in its batch.

        Raises DataError for a picture that cannot be read.
        """
        order = np.random.default_rng((self._seed, epoch)).permutation(len(self._pictures))
        views = []
        for index in indices:
            picture = self._pictures[order[(step * self._batch + index) % len(order)]]
            rng = np.random.default_rng((self._seed, epoch, step, index))
            views.append(make_view(read_scene(picture, self._numbers, self._side), self._side, rng))
        return Batch(np.stack([view.pixels for view in views]), [view.boxes for view in views],
                     [view.labels for view in views])
