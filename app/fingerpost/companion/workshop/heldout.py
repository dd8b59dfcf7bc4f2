"""Labelled frames parted into what a training learns from and what measures before and after it."""

from __future__ import annotations

import csv
import math
import os
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from ...core.errors import DataError
from ..lessons.labels import Label

FEWEST_HANDS = 3
"""Of so many hands one can be spared to measure."""
HELD_SHARE = 0.25
TELLING_HANDS = 5
"""Figures that were measured on fewer hands say little."""
LEARN, HELD = "learn.csv", "held.csv"


class Split(NamedTuple):
    """What is learned from, and what only measures."""

    learned: List[Label]
    held: List[Label]


def split_labels(labels: Sequence[Label]) -> Split:
    """The newest quarter of the hands measures, one at least, and the newest quarter of the frames without, if any.

    The newest, because neighbours in time are often alike: at random, twins of what was learned would measure.
    Raises DataError where there are too few hands.
    """
    hands = [label for label in labels if label.has_hand]
    empty = [label for label in labels if not label.has_hand]
    if len(hands) < FEWEST_HANDS:
        raise DataError(say_too_few(len(hands)))
    learned_hands, held_hands = _part(hands, math.ceil(HELD_SHARE * len(hands)))
    learned_empty, held_empty = _part(empty, round(HELD_SHARE * len(empty)))
    return Split(learned_hands + learned_empty, held_hands + held_empty)


def say_too_few(hands: int) -> str:
    """Why that many labelled fingertips cannot be learned from, with the remedy."""
    return f"{hands} fingertips are labelled, and {FEWEST_HANDS} are needed: label more of them on the page Fingertips"


def describe_split(split: Split) -> Dict[str, Any]:
    """How many frames were learned from and held out, and a caution where the figures say little."""
    notes: Dict[str, Any] = {"learned": _count(split.learned), "held_out": _count(split.held)}
    hands = notes["held_out"]["hands"]
    if hands < TELLING_HANDS:
        frames = "1 frame" if hands == 1 else f"{hands} frames"
        notes["caution"] = (f"The figures rest on {frames} that the training did not see, which says little: "
                            "label 20 or more.")
    return notes


def lay_out(split: Split, source: Path, room: Path) -> Tuple[Path, Path]:
    """Tables of both parts in `room`, with the pictures: what is deleted in `source` meanwhile stays here.

    Raises DataError for a picture that is gone, OSError where `room` cannot be written.
    """
    room.mkdir(parents=True, exist_ok=True)
    return _write(split.learned, source, room / LEARN), _write(split.held, source, room / HELD)


def _part(labels: List[Label], held: int) -> Tuple[List[Label], List[Label]]:
    return labels[:len(labels) - held], labels[len(labels) - held:]


def _count(labels: Sequence[Label]) -> Dict[str, int]:
    hands = sum(label.has_hand for label in labels)
    return {"hands": hands, "empty": len(labels) - hands}


def _write(labels: Sequence[Label], source: Path, table: Path) -> Path:
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("image", "x", "y"))
        for number, (image, x, y) in enumerate(labels):
            picture = table.with_name(f"{table.stem}-{number:05}{Path(image).suffix}")
            try:
                os.link(str(source / image), str(picture))
            except FileNotFoundError as error:
                raise DataError(f"the picture {image} of a labelled fingertip is gone: delete its label") from error
            writer.writerow((picture.name, "" if x is None else x, "" if y is None else y))
    return table
