"""The frames that pointing is learned from, and the batches of views drawn from them."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...core.errors import DataError
from ..datasets import (
    Hands,
    pick_hands,
    read_empty,
    read_hands,
    read_names,
    split_photos,
    split_runs,
    without_hands,
)
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
    held_names: Sequence[str] = ()
    """Where each of `held` comes from, in words."""

    def lack_empty(self) -> bool:
        """Whether no frame without a hand is there to learn from."""
        return not self.empty.pictures and all(part.present.all() for part in self.hands)

    def with_unlabelled(self) -> Sources:
        """The frames that train, without their labels, where the hand-free ones belong: for learning with an anchor."""
        return self._replace(empty=without_hands([pixels for part in self.hands for pixels in part.pictures]))


def load_sources(args: argparse.Namespace) -> Sources:
    """Read everything into memory; the last `hold_out` of each source validates, and the whole of `validate`.

    Raises DataError when a source has no frame to learn from, or when there is no hand to validate with.
    """
    size = (round(SPARE * args.image_size[0]), round(SPARE * args.image_size[1]))
    split = [split_hands(read_source(text, args.point, size), args.hold_out) for text in args.data]
    hands = [part for part, _ in split]
    for text, part in zip(args.data, hands, strict=True):
        if not part.pictures:
            raise DataError(f"{text} has no frames to learn from: add rows, or give a smaller --hold-out")
    named = [(f"the end of {text}", part) for text, (_, part) in zip(args.data, split, strict=True)]
    named += [(text, read_source(text, args.point, size)) for text in args.validate]
    if not any(part.present.any() for part in hands) or not any(part.present.any() for _, part in named):
        raise DataError("no labelled hand is left to learn from or to validate with: "
                        "change --hold-out, or give --validate")
    empty, empty_held = load_negatives(args, size)
    named.append(("hand-free pictures", cut_anew(empty_held, args.image_size[0], np.random.default_rng(args.seed))))
    named = [(name, part) for name, part in named if part.pictures]
    return Sources(hands, find_shares(args.share, hands), empty,
                   [part for _, part in named], [name for name, _ in named])


def load_negatives(args: argparse.Namespace, size: tuple[int, int]) -> tuple[Hands, Hands]:
    """The hand-free photos that train, and the last ones of each folder, which validate."""
    skipped = read_names(args.skip)
    paths = [(path, number) for number, folder in enumerate(args.negatives) for path in split_photos(folder)[0]
             if path.name not in skipped]
    train, held = split_runs(paths, max(args.hold_out, EMPTY_HELD))
    return read_empty([path for path, _ in train], size), read_empty([path for path, _ in held], size)


def find_shares(given: Sequence[float], hands: Sequence[Hands]) -> np.ndarray:
    """The share of each source of the views with hands, their sum 1: as given, or by number of frames."""
    shares = np.array(given or [len(part.pictures) for part in hands], float)
    if len(shares) != len(hands) or shares.min() <= 0:
        raise DataError(f"give --share, above 0, once for each of the {len(hands)} --data, or not at all")
    return shares / shares.sum()


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
    return without_hands(empty.pictures + cuts)


class Batch(NamedTuple):
    """Views uint8 (N, H, W, 3), points (N, 3, 2) as shares with NaN where unknown, presence (N,)."""

    views: np.ndarray
    points: np.ndarray
    present: np.ndarray


def draw_batch(sources: Sources, keys: Iterable[tuple[int, ...]], empty_share: float, size: tuple[int, int]) -> Batch:
    """One random view per key. A key always draws the same view, so that processes can share a batch out."""
    drawn = [draw_view(sources, empty_share, size, np.random.default_rng(key)) for key in keys]
    return Batch(*(np.stack(part) for part in zip(*drawn)))


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
