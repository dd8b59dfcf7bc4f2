"""`fingerpost data check`: what is wrong with a Pascal VOC folder, one line for each fault."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from ...core.errors import DataError
from ...progress import Progress
from ..datasets import SUFFIXES
from .faults import find_fault
from .pictures import Picture, measure_file
from .voc import (
    LABELS,
    SPLITS,
    annotations_in,
    list_annotations,
    list_names,
    pictures_in,
    read_annotation,
    read_labels,
    split_file,
)

TRAIN = SPLITS[0]


class Finding(NamedTuple):
    """One thing that is wrong."""

    kind: str
    text: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("folder", type=Path, help="in Pascal VOC format, with labels.txt")
    parser.add_argument("--most", type=int, default=10, metavar="N", help="lines for faults of one kind (default 10)")


def main(args: argparse.Namespace) -> int:
    """Print the faults; 1 where there are any."""
    paths = list_annotations(args.folder)
    findings = sorted(find_faults(args.folder, paths), key=lambda finding: finding.kind)
    for kind, group in groupby(findings, key=lambda finding: finding.kind):
        texts = [finding.text for finding in group]
        print("\n".join(f"{kind}: {text}" for text in texts[:args.most]))
        if len(texts) > args.most:
            print(f"{kind}: and {len(texts) - args.most:,} more (--most {len(texts)} lists them)")
    print(f"{len(findings):,} faults in {len(paths):,} annotations" if findings else
          f"{len(paths):,} annotations, nothing wrong")
    return 1 if findings else 0


def find_faults(folder: Path, annotations: list[Path]) -> Iterator[Finding]:
    """Everything that is wrong with the folder and those annotations, which are all that it has."""
    labels = read_labels(folder) if (folder / LABELS).is_file() else []
    used: Counter[str] = Counter()
    stems, seen = {path.stem for path in annotations}, set()
    learned = set(list_names(folder, TRAIN)) if split_file(folder, TRAIN).is_file() else stems
    for path in Progress(annotations, "annotations", len(annotations)):
        try:
            picture = read_annotation(path, pictures_in(folder))
        except DataError as error:
            yield Finding("annotation", str(error))
            continue
        seen.add(picture.path)
        used.update(box.name for box in picture.boxes if path.stem in learned and not box.difficult)
        yield from _check_picture(picture, path)
        yield from _check_boxes(picture, labels)
    yield from (Finding("class", f"{name!r}, which {LABELS} lists, has no box to learn from")
                for name in labels if not used[name])
    yield from (Finding("picture", f"{path} has no annotation")
                for path in _list_pictures(folder) if path.stem not in stems and path not in seen)
    yield from _check_lists(folder)


def _check_picture(picture: Picture, annotation: Path) -> Iterator[Finding]:
    """Is the picture there, whole, and of the size that the annotation gives?"""
    size = measure_file(picture.path)
    if not picture.path.is_file():
        yield Finding("annotation", f"{annotation} has no picture: {picture.path} is not there")
    elif size is None:
        yield Finding("picture", f"{picture.path} cannot be read, or ends too early")
    elif size != (picture.width, picture.height):
        yield Finding("size", f"{picture.path} has {size[0]} x {size[1]} pixels, "
                      f"its annotation says {picture.width} x {picture.height}")


def _check_boxes(picture: Picture, labels: list[str]) -> Iterator[Finding]:
    for box in picture.boxes:
        corners = ", ".join(f"{corner:g}" for corner in box[1:5])
        fault = find_fault(box, picture.width, picture.height)
        if fault:
            yield Finding("box", f"{picture.path}: the box of {box.name!r} ({corners}) {fault}")
        if labels and box.name not in labels:
            yield Finding("class", f"{picture.path}: {box.name!r} is not in {LABELS}")


def _check_lists(folder: Path) -> Iterator[Finding]:
    """Does every list name what is there, and only one of them each picture?"""
    listed: dict[str, str] = {}
    for split in SPLITS:
        for name in list_names(folder, split) if split_file(folder, split).is_file() else ():
            if not (annotations_in(folder) / f"{name}.xml").is_file():
                yield Finding("list", f"{split}.txt names {name}, which has no annotation")
            if name in listed:
                yield Finding("list", f"{name} is in both {listed[name]}.txt and {split}.txt")
            listed[name] = split


def _list_pictures(folder: Path) -> list[Path]:
    return sorted(path for path in pictures_in(folder).iterdir() if path.suffix.lower() in SUFFIXES)
