"""What a detector learns from: a Pascal VOC folder with the splits train and val, checked before the first step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ...core.errors import DataError
from ..boxes.pictures import Picture
from ..boxes.voc import read_labels, read_voc


class Pool(NamedTuple):
    """The classes in the order of their numbers, the pictures to learn from, and those that only validate."""

    names: list[str]
    learned: list[Picture]
    held: list[Picture]


def load_pool(folder: Path) -> Pool:
    """The pool of a folder. Pictures without a box teach an SSD nothing and are left out of what is learned from.

    Raises DataError where a split is missing or empty, or where a class has no box to be learned from.
    """
    learned, held = read_voc(folder, "train"), read_voc(folder, "val")
    names = read_labels(folder)
    boxed = list_boxed(learned)
    if not boxed:
        raise DataError(f"the split train of {folder} has no box to learn from: box the things in its pictures")
    for name in sorted({*names, *list_boxed(held), *boxed}):
        if name not in boxed:
            raise DataError(f"the class {name!r} of {folder} has no box in the split train: box some there, or drop it")
        if name not in names:
            raise DataError(f"labels.txt in {folder} lacks the class {name!r}: add a line, or remove the file")
    return Pool(names, [picture for picture in learned if list_boxed([picture])], held)


def list_boxed(pictures: Sequence[Picture]) -> set[str]:
    """The classes of which the pictures have a box that is not difficult."""
    return {box.name for picture in pictures for box in picture.boxes if not box.difficult}
