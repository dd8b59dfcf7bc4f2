"""The frames that pointing is learned from, and the batches of views drawn from them."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...core.errors import DataError
from ..datasets import Hands, pick_hands, read_empty, read_hands, read_names, split_photos
from ..views import Random, random_cut
from .views import make_hand_view

SPARE = 1.3
"""Frames are kept this much larger than the network's input, so that views can zoom in."""
EMPTY_HELD, EMPTY_CUTS = 0.1, 6
"""At least so large a share of the hand-free photos validates, each whole and in so many random parts: the threshold
of presence is to rest on hundreds of views."""


class Sources(NamedTuple):
    """What trains (each source with its share of the hand views) and what validates."""

    hands: list[Hands]
    shares: np.ndarray
    empty: Hands
    held: list[Hands]

    def lack_empty(self) -> bool:
        """Whether no frame without a hand is there to learn from."""
        return not self.empty.pictures and all(part.present.all() for part in self.hands)

    def with_unlabelled(self) -> Sources:
        """The frames that train, without their labels, where the hand-free ones belong: for learning with an anchor."""
        pictures = [pixels for part in self.hands for pixels in part.pictures]
        count = len(pictures)
        return self._replace(empty=Hands(pictures, np.full((count, 3, 2), np.nan, np.float32), np.zeros(count, bool)))


def load_sources(args: argparse.Namespace) -> Sources:
    """Read everything into memory; the last `hold_out` of each source validates, and the whole of `validate`.

    Raises DataError when no hand is left to learn from or to validate with.
    """
    size = (round(SPARE * args.image_size[0]), round(SPARE * args.image_size[1]))
    split = [split_hands(read_source(text, args.point, size), args.hold_out) for text in args.data]
    skipped = read_names(args.skip)
    paths = [path for folder in args.negatives for path in split_photos(folder)[0] if path.name not in skipped]
    empty, empty_held = split_hands(read_empty(paths, size), max(args.hold_out, EMPTY_HELD))
    hands = [part for part, _ in split]
    shares = np.array(args.share or [len(part.pictures) for part in hands], float)
    if len(shares) != len(hands):
        raise DataError(f"{len(hands)} times --data but {len(shares)} times --share: give one for each, or none")
    held = [part for _, part in split] + [read_source(text, args.point, size) for text in args.validate]
    if not any(part.present.any() for part in hands) or not any(part.present.any() for part in held):
        raise DataError("no labelled hand is left to learn from or to validate with: "
                        "change --hold-out, or give --validate")
    held.append(cut_anew(empty_held, args.image_size[0], np.random.default_rng(args.seed)))
    return Sources(hands, shares / shares.sum(), empty, [part for part in held if part.pictures])


def read_source(text: str, point: str, size: tuple[int, int]) -> Hands:
    """The frames of PATH, PATH:tip or PATH:pad; `point` is what x,y label where the text is silent."""
    path, _, suffix = text.rpartition(":")
    if suffix in ("tip", "pad") and path:
        return read_hands(Path(path), suffix, size)
    return read_hands(Path(text), point, size)


def split_hands(hands: Hands, share: float) -> tuple[Hands, Hands]:
    """All but the last `share` of the frames, and these."""
    count = len(hands.pictures)
    keep = count - int(share * count)
    return pick_hands(hands, np.arange(keep)), pick_hands(hands, np.arange(keep, count))


def cut_anew(empty: Hands, side: int, rng: Random) -> Hands:
    """The hand-free frames and `EMPTY_CUTS` random parts of each."""
    cuts = [random_cut(pixels, side, rng) for pixels in empty.pictures for _ in range(EMPTY_CUTS)]
    repeated = pick_hands(empty, np.tile(np.arange(len(empty.pictures)), 1 + EMPTY_CUTS))
    return repeated._replace(pictures=empty.pictures + cuts)


class Batch(NamedTuple):
    """Views uint8 (N, H, W, 3), points (N, 3, 2) as shares with NaN where unknown, presence (N,)."""

    views: np.ndarray
    points: np.ndarray
    present: np.ndarray


def draw_batch(sources: Sources, keys: Iterable[tuple[int, ...]], empty_share: float, size: tuple[int, int]) -> Batch:
    """One random view per key. A key always draws the same view, so that processes can share a batch out."""
    drawn = [draw_view(sources, empty_share, size, np.random.default_rng(key)) for key in keys]
    return Batch(*(np.stack(part) for part in zip(*drawn, strict=True)))


def draw_view(sources: Sources, empty_share: float, size: tuple[int, int],
              rng: Random) -> tuple[np.ndarray, np.ndarray, np.bool_]:
    """A random view of a random frame, its points, and whether it shows a hand; sources count by their shares."""
    if sources.empty.pictures and rng.random() < empty_share:
        hands = sources.empty
    else:
        hands = sources.hands[rng.choice(len(sources.hands), p=sources.shares)]
    index = int(rng.integers(len(hands.pictures)))
    pixels = hands.pictures[index]
    if hands is sources.empty and rng.random() < 0.5:
        pixels = random_cut(pixels, size[0], rng)
    view, points = make_hand_view(pixels, hands.points[index], size, rng)
    return view, points, hands.present[index]
