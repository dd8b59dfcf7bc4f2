"""The pictures that objects are learned from, and the batches of views drawn from them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torch import Tensor

from ..datasets import list_classes, list_pictures, read_names, read_picture, shrink, split_photos, split_runs
from ..evaluation.common import list_wanted
from ..views import Random, make_view, mix_batch

KEPT_SIDE = 208
"""Shorter side in pixels of the pictures in memory: a cut from them still fills a view of 160."""

NAMELESS = 0.35
"""Share of the views that show nameless things: they teach what is other, and the teachers' wider world."""


class Pool(NamedTuple):
    """Pictures in memory with the index of their class."""

    pictures: list[np.ndarray]
    labels: np.ndarray


def choose_classes(data: Path, leave_out: Path | None) -> list[str]:
    """The class folders, less those that a text file lists: they neither train, nor validate, nor stand for nameless
    things. Raises DataError for a listed class that is not there."""
    left_out = list_wanted(data, leave_out) if leave_out else []
    return [name for name in list_classes(data) if name not in left_out]


def load_pools(args: argparse.Namespace, names: list[str]) -> tuple[Pool, Pool, Pool]:
    """Known things to learn from, nameless things to learn from, and all that validates; `names` are the classes."""
    labelled = [(path, label) for label, name in enumerate(names) for path in list_pictures(args.data / name)]
    known, held = split_runs(labelled, args.hold_out)
    nameless: list[Path] = []
    if args.other:
        nameless = split_photos(args.other)[0]
    nameless += [path for folder in args.extra for path in list_pictures(folder)]
    skipped = read_names(args.skip)
    strangers = [(path, len(names)) for path in nameless if path.name not in skipped]
    unknown, unknown_held = split_runs(strangers, args.hold_out if len(strangers) > 20 else 0.0)
    return _read(known), _read(unknown), _read(held + unknown_held)


def _read(labelled: list[tuple[Path, int]]) -> Pool:
    pictures = [shrink(read_picture(path), KEPT_SIDE) for path, _ in labelled]
    return Pool(pictures, np.array([label for _, label in labelled], dtype=np.int64))


class Batch(NamedTuple):
    """Views uint8 (N, S, S, 3), their labels, the labels mixed in, the first labels' shares (N,), and, once the
    teachers have seen them, their features at each place (N, h, w, D)."""

    views: np.ndarray
    labels: np.ndarray
    mixed: np.ndarray
    shares: np.ndarray
    wanted: Tensor | None = None


def draw_batch(known: Pool, nameless: Pool, count: int, side: int, rng: Random) -> Batch:
    """Random views; the share `NAMELESS` of them from nameless things, where there are any."""
    views, labels = [], []
    for _ in range(count):
        pool = nameless if nameless.pictures and rng.random() < NAMELESS else known
        index = int(rng.integers(len(pool.pictures)))
        views.append(make_view(pool.pictures[index], nameless.pictures or known.pictures, side, rng))
        labels.append(pool.labels[index])
    stacked, first = np.stack(views), np.array(labels)
    mixed_views, mixed, shares = mix_batch(stacked, first, rng)
    return Batch(mixed_views, first, mixed, shares)
