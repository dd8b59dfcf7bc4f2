"""Pictures on disk to arrays in memory: class folders, photo folders, fingertip tables and course folders."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from ..core.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
HELD_BACK = 5
"""Every so-manieth photo of a folder, by sorted name from the first, never trains: it measures strangers."""


_READERS = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4,
            8: cv2.IMREAD_REDUCED_COLOR_8}


def read_picture(path: Path, part: int = 1) -> np.ndarray:
    """RGB uint8 (H, W, 3), turned upright as the file says, and at 1/`part` (1, 2, 4 or 8) of its size.

    Raises DataError for what is no picture.
    """
    pixels = cv2.imread(str(path), _READERS[part])
    if pixels is None:
        raise DataError(f"{path} cannot be read as a picture: remove it or replace it")
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def shrink(pixels: np.ndarray, side: int) -> np.ndarray:
    """The picture with its shorter side at most `side` pixels; memory and time are saved once, at loading."""
    height, width = pixels.shape[:2]
    factor = side / min(height, width)
    if factor >= 1:
        return pixels
    size = (round(width * factor), round(height * factor))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def list_pictures(folder: Path) -> list[Path]:
    """All pictures below a folder, sorted by path. Raises DataError when there are none."""
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES) if folder.is_dir() else []
    if not found:
        raise DataError(f"no pictures in {folder}: give a folder that holds JPEG or PNG files")
    return found


def list_classes(folder: Path) -> list[str]:
    """The names of the class folders, sorted. Raises DataError when there are none."""
    names = sorted(p.name for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
    if not names:
        raise DataError(f"no class folders in {folder}: put the pictures of each thing in a folder of its name")
    return names


def list_labelled(folder: Path, labels: Sequence[str]) -> list[tuple[Path, int]]:
    """Every picture of the class folders with its index in `labels`. Raises DataError for a foreign class."""
    foreign = [name for name in list_classes(folder) if name not in labels]
    if foreign:
        raise DataError(f"{folder} has the class {foreign[0]!r}, which the model does not know: train it first")
    return [(path, labels.index(name)) for name in list_classes(folder) for path in list_pictures(folder / name)]


def split_runs(labelled: Sequence[tuple[Path, int]],
               share: float) -> tuple[list[tuple[Path, int]], list[tuple[Path, int]]]:
    """Hold out the last `share` of each class (or folder, or whatever the numbers stand for) by name.

    Neighbours in name are often shots of the same shelf; a random hold-out would find their twins in training.
    """
    train: list[tuple[Path, int]] = []
    held: list[tuple[Path, int]] = []
    for label in sorted({label for _, label in labelled}):
        of_class = [item for item in labelled if item[1] == label]
        keep = len(of_class) - int(share * len(of_class))
        train += of_class[:keep]
        held += of_class[keep:]
    return train, held


def split_photos(folder: Path) -> tuple[list[Path], list[Path]]:
    """The photos that may train, and those held back (every fifth by name)."""
    paths = list_pictures(folder)
    held = paths[::HELD_BACK]
    return [path for index, path in enumerate(paths) if index % HELD_BACK], held


def read_names(path: Path | None) -> frozenset[str]:
    """The file names that a text file lists, one per line after any `#` comment lines. Raises DataError."""
    if path is None:
        return frozenset()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): give a text file of picture names") from error
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


class Hands(NamedTuple):
    """Frames in memory with what is labelled in them.

    `points` is float32 (N, 3, 2): tip, pad and knuckle as shares of width and height, NaN where a source does
    not label them. `present` is bool (N,): is a pointing hand in view?
    """

    pictures: list[np.ndarray]
    points: np.ndarray
    present: np.ndarray


COLUMNS = {"tip": ("x", "y"), "pad": ("pad_x", "pad_y"), "knuckle": ("knuckle_x", "knuckle_y")}
"""Where a table with all points, as `fingerpost data synthesize` writes it, keeps each of them."""
RENDERED_TABLE = "fingertips.csv"
"""The table in a folder of rendered frames."""
COURSE_NAME = re.compile(r"^(-?\d+)_(-?\d+)_[0-9a-fA-F-]+$")
"""X_Y_UUID, the file names that NVIDIA's course notebooks write."""


def read_hands(source: Path, point: str, size: tuple[int, int]) -> Hands:
    """A CSV, a folder with `fingertips.csv`, or a course folder; frames are squeezed to `size` (width, height).

    `point` (tip or pad) says what the columns x and y label, unless the table has columns for the others too.
    """
    pictures, points, present = [], [], []
    for row in list_rows(source):
        pixels = read_picture(row.image)
        height, width = pixels.shape[:2]
        pictures.append(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
        places = {point if key == "tip" and len(row.points) == 1 else key: xy for key, xy in row.points.items()}
        points.append([np.divide(places[key], (width, height)) if key in places else (np.nan, np.nan)
                       for key in COLUMNS])
        present.append(bool(row.points))
    return Hands(pictures, np.array(points, np.float32).reshape(-1, 3, 2), np.array(present, bool))


class Row(NamedTuple):
    """One labelled frame: its file, the labelled points in its pixels (none: no pointing hand), left or right hand."""

    image: Path
    points: dict[str, tuple[float, float]]
    side: str = ""
    """left, right, or empty where the table does not say."""


def list_rows(source: Path) -> list[Row]:
    """The rows of a CSV, of a folder with `fingertips.csv`, or of a course folder."""
    if source.is_dir() and not (source / RENDERED_TABLE).is_file():
        return list_course(source)
    return read_table(source / RENDERED_TABLE if source.is_dir() else source)


def read_table(path: Path) -> list[Row]:
    """The rows of a CSV `image,x,y[,pad_x,pad_y,knuckle_x,knuckle_y,side]`; x and y come back as `tip`.

    Raises DataError with line and remedy.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [_read_row(line, path, number) for number, line in enumerate(csv.DictReader(file), 2)]
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): give a CSV with the columns image,x,y") from error


def _read_row(line: dict[str, str], path: Path, number: int) -> Row:
    points = {}
    try:
        for name, (x, y) in COLUMNS.items():
            if line.get(x) and line.get(y):
                points[name] = (float(line[x]), float(line[y]))
        return Row(path.parent / line["image"], points, line.get("side") or "")
    except (KeyError, ValueError):
        raise DataError(f"{path}, line {number}: write image,x,y with x and y in pixels, or empty") from None


def list_course(folder: Path) -> list[Row]:
    """The pictures X_Y_UUID.jpg of a folder. Raises DataError for another name."""
    rows = []
    for path in list_pictures(folder):
        match = COURSE_NAME.match(path.stem)
        if not match:
            raise DataError(f"{path} is not named X_Y_UUID: rename it, or write a CSV with the columns image,x,y")
        rows.append(Row(path, {"tip": (float(match[1]), float(match[2]))}))
    return rows


def read_empty(paths: Sequence[Path], size: tuple[int, int]) -> Hands:
    """Pictures without a pointing hand, squeezed to `size` (width, height)."""
    return without_hands([cv2.resize(read_picture(path), size, interpolation=cv2.INTER_AREA) for path in paths])


def without_hands(pictures: list[np.ndarray]) -> Hands:
    """The pictures as frames in which nothing is labelled and no hand points."""
    count = len(pictures)
    return Hands(pictures, np.full((count, 3, 2), np.nan, np.float32), np.zeros(count, bool))


def pick_hands(hands: Hands, indices: np.ndarray) -> Hands:
    """Some of the frames."""
    return Hands([hands.pictures[i] for i in indices], hands.points[indices], hands.present[indices])
