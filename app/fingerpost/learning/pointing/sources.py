"""The frames that pointing is learned from, and the batches of views drawn from them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...core.errors import DataError
from ..datasets import Hands, pick_hands, read_empty, read_hands, read_names, split_photos
from ..views import Random, random_cut
from .views import make_hand_view

SPARE = 1.3
"""Frames are kept this much larger than the network's input, so that views can zoom in."""


class Sources(NamedTuple):
    """What trains (each source with its share of the hand views) and what validates."""

    hands: list[Hands]
    shares: np.ndarray
    empty: Hands
    held: list[Hands]


def load_sources(args: argparse.Namespace) -> Sources:
    """Read everything into memory; the last `hold_out` of each source validates."""
    size = (round(SPARE * args.image_size[0]), round(SPARE * args.image_size[1]))
    everything = [read_hands(*parse_source(text, args.point), size) for text in args.data]
    split = [split_hands(hands, args.hold_out) for hands in everything]
    skipped = read_names(args.skip)
    paths = [path for folder in args.negatives for path in split_photos(folder)[0] if path.name not in skipped]
    empty, empty_held = split_hands(read_empty(paths, size), args.hold_out)
    hands = [part for part, _ in split]
    shares = np.array(args.share or [len(part.pictures) for part in hands], float)
    if len(shares) != len(hands):
        raise DataError(f"{len(hands)} times --data but {len(shares)} times --share: give one for each, or none")
    return Sources(hands, shares / shares.sum(), empty, [part for _, part in split] + [empty_held])


def parse_source(text: str, point: str) -> tuple[Path, str]:
    """PATH, PATH:tip or PATH:pad."""
    path, _, suffix = text.rpartition(":")
    return (Path(path), suffix) if suffix in ("tip", "pad") and path else (Path(text), point)


def split_hands(hands: Hands, share: float) -> tuple[Hands, Hands]:
    """All but the last `share` of the frames, and these."""
    count = len(hands.pictures)
    keep = count - int(share * count)
    return pick_hands(hands, np.arange(keep)), pick_hands(hands, np.arange(keep, count))


class Batch(NamedTuple):
    """Views uint8 (N, H, W, 3), points (N, 3, 2) as shares with NaN where unknown, presence (N,)."""

    views: np.ndarray
    points: np.ndarray
    present: np.ndarray


def draw_batch(sources: Sources, count: int, empty_share: float, size: tuple[int, int], rng: Random) -> Batch:
    """Random views of all sources by their shares."""
    views, points, present = [], [], []
    for _ in range(count):
        if sources.empty.pictures and rng.random() < empty_share:
            hands = sources.empty
        else:
            hands = sources.hands[rng.choice(len(sources.hands), p=sources.shares)]
        index = int(rng.integers(len(hands.pictures)))
        pixels = hands.pictures[index]
        if hands is sources.empty and rng.random() < 0.5:
            pixels = random_cut(pixels, size[0], rng)
        view, moved = make_hand_view(pixels, hands.points[index], size, rng)
        views.append(view)
        points.append(moved)
        present.append(hands.present[index])
    return Batch(np.stack(views), np.stack(points), np.array(present))
