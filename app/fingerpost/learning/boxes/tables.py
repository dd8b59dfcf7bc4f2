"""The tables of Open Images: names of classes, boxes, authors of pictures; read row by row, for some have gigabytes.

Columns as https://storage.googleapis.com/openimages/web/download_v7.html describes them. A box is given in shares of
the picture's width and height, so a picture read from here counts as 1 x 1 pixels until its file has been looked at.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from ...core.errors import DataError
from .pictures import Labelled

CLASS_COLUMNS = ("LabelName", "DisplayName")
BOX_COLUMNS = ("ImageID", "LabelName", "XMin", "YMin", "XMax", "YMax", "IsGroupOf")
AUTHOR_COLUMNS = ("ImageID", "Author", "Title", "License", "OriginalLandingURL")
IMAGE_ID = re.compile(r"[0-9A-Za-z_-]+")
"""Anything else, a slash above all, is no name for a file."""

LONGEST_HEADER = 4096
"""Characters; what has no line break before is another file."""


class Author(NamedTuple):
    """Who made a picture, and on what terms it was shared."""

    name: str
    title: str
    licence: str
    page: str


def read_classes(path: Path) -> dict[str, str]:
    """The names of the classes by their ids: /m/01jfm_ is Vehicle registration plate. Raises DataError."""
    with _open(path) as file:
        rows = [row for row in csv.reader(file) if row and tuple(row) != CLASS_COLUMNS]  # without a header before V7
    if not rows or any(len(row) != 2 or not row[0].startswith("/") for row in rows):
        raise DataError(f"{path} is no table of classes: it should have the columns {','.join(CLASS_COLUMNS)}")
    return {row[0]: row[1] for row in rows}


def read_boxes(path: Path, classes: Mapping[str, str]) -> dict[str, tuple[Labelled, ...]]:
    """The boxes of some classes (their names by their ids), by picture, in shares of its width and height.

    A group of things in one box is difficult. Raises DataError for another table.
    """
    found: dict[str, list[Labelled]] = defaultdict(list)
    mentioned = re.compile("|".join(f",{re.escape(key)}," for key in classes))
    with _open(path) as file:
        places = _find_columns(file, BOX_COLUMNS, path)
        # Most of fourteen million rows are about other things: found out by looking at the text, not at the columns.
        for row in csv.reader(line for line in file if mentioned.search(line)):
            image, box = _read_box(row, places, path, classes)
            found[image].append(box)
    return {image: tuple(boxes) for image, boxes in found.items()}


def read_authors(path: Path, wanted: Container[str]) -> Iterator[tuple[str, Author]]:
    """The authors of the pictures that are wanted, as the table lists them. Raises DataError for another table."""
    with _open(path) as file:
        image, *others = _find_columns(file, AUTHOR_COLUMNS, path)
        for row in csv.reader(file):
            if len(row) > max(others) and row[image] in wanted:
                yield row[image], Author(*(" ".join(row[place].split()) for place in others))


def check_columns(path: Path, columns: Sequence[str]) -> None:
    """Raises DataError where a table has other columns."""
    with _open(path) as file:
        _find_columns(file, columns, path)


def _open(path: Path) -> TextIO:
    return path.open(newline="", encoding="utf-8-sig", errors="replace")


def _find_columns(file: TextIO, columns: Sequence[str], path: Path) -> list[int]:
    """Where the columns stand in a row, as the first line of the file says."""
    header = file.readline(LONGEST_HEADER).strip().split(",")
    for column in columns:
        if column not in header:
            raise DataError(f"{path} has no column {column}: give the table as Open Images publishes it")
    return [header.index(column) for column in columns]


def _read_box(row: Sequence[str], places: Sequence[int], path: Path,
              classes: Mapping[str, str]) -> tuple[str, Labelled]:
    try:
        image, label, *corners, group = (row[place] for place in places)
        left, top, right, bottom = map(float, corners)
        name = classes[label]
    except (IndexError, KeyError, ValueError):
        raise DataError(f"{path} has a row that is no box: {','.join(row)[:80]}; fetch the table again") from None
    if not IMAGE_ID.fullmatch(image):
        raise DataError(f"{path} has a row with the ImageID {image!r}, which is no name for a file: "
                        "fetch the table again")
    return image, Labelled(name, left, top, right, bottom, group == "1")
