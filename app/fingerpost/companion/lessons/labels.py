"""Fingertips that a person has labelled: pictures and one table, as `fingerpost train fingertip` reads them."""

from __future__ import annotations

import csv
import fcntl
import io
import math
import re
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Collection, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import cv2
import numpy as np

from ...core.errors import DataError
from ...wholefile import write_whole
from ..safety.imagesize import read_size
from ..space import check_space

TABLE, IMAGES = "fingertips.csv", "images"
"""The table and the folder of its pictures."""
MOST = 5000
"""More are not taken: at about 150 kB each they would fill the card."""

_COLUMNS = ["image", "x", "y"]
_QUALITY = 95  # of the JPEG files: what is learned from must look as the camera sees it
_HEADER_BYTES = 4096
_OURS = re.compile(IMAGES + r"/(\d+)\.jpg")


class Label(NamedTuple):
    """A picture, by its path below the folder, and the fingertip in its pixels; x and y are None without a hand."""

    image: str
    x: Optional[float]
    y: Optional[float]

    @property
    def id(self) -> str:
        """What the page calls it: when it was saved, in unix milliseconds. Empty for a row of another origin."""
        match = _OURS.fullmatch(self.image)
        return match.group(1) if match else ""

    @property
    def at(self) -> float:
        """When it was saved, in unix seconds."""
        return int(self.id) / 1000.0

    @property
    def has_hand(self) -> bool:
        """Whether a fingertip is labelled."""
        return self.x is not None


class Labels:
    """The labelled frames of a folder. Any thread or process may use it; the table is read again each time, so that
    people may edit it too."""

    def __init__(self, folder: Path) -> None:
        """The folder is made with the first label."""
        self._folder, self._table = folder, folder / TABLE

    def all(self) -> List[Label]:
        """All of them, in the order in which they were saved. Raises DataError for a table that is none."""
        try:
            rows = list(csv.reader(io.StringIO(self._table.read_text(encoding="utf-8"))))
        except FileNotFoundError:
            return []
        except (OSError, ValueError, csv.Error) as error:
            raise DataError(f"{self._table} cannot be read ({error}): mend it, or move it away") from error
        if not rows or rows[0] != _COLUMNS:
            raise DataError(f"{self._table} does not begin with {','.join(_COLUMNS)}: mend it, or move it away")
        return [self._read_row(number, row) for number, row in enumerate(rows[1:], 2) if row]

    def add(self, pixels: np.ndarray, tip: Optional[Tuple[float, float]]) -> Tuple[str, int]:
        """Save an RGB uint8 frame with its fingertip in pixels, None without a hand: its id, and how many there are.

        Both are on the disk then. Raises DataError where that cannot be.
        """
        done, encoded = cv2.imencode(".jpg", np.ascontiguousarray(pixels[:, :, ::-1]),
                                     [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        if not done:
            raise DataError("the picture could not be encoded: label another one")
        with self._alone():
            check_space(self._folder)
            labels = self.all()
            if len(labels) >= MOST:
                raise DataError(f"there are {len(labels)} labelled frames, which is enough: delete some first")
            label = Label(_name_anew({label.image for label in labels}), *(tip or (None, None)))
            self._write(self._folder / label.image, encoded.tobytes())
            try:
                self._write_table([*labels, label])
            except BaseException:
                self._drop_picture(label)
                raise
        return label.id, len(labels) + 1

    def remove(self, label_id: str) -> Optional[int]:
        """Delete a label with its picture; how many are left, None where there was none of that id. Raises DataError.
        """
        with self._alone():
            labels = self.all()
            label = _find(labels, label_id)
            if label is None:
                return None
            self._write_table([other for other in labels if other is not label])
            self._drop_picture(label)
        return len(labels) - 1

    def picture(self, label_id: str) -> Optional[bytes]:
        """The JPEG file of a label; None where there is none."""
        label = _find(self.all(), label_id)
        try:
            return None if label is None else (self._folder / label.image).read_bytes()
        except OSError:
            return None

    def size(self, label: Label) -> Tuple[int, int]:
        """Width and height in pixels of its picture; zeros where that cannot be read."""
        try:
            with (self._folder / label.image).open("rb") as file:
                height, width = read_size(file.read(_HEADER_BYTES)) or (0, 0)
        except OSError:
            return 0, 0
        return width, height

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only one who changes the labels: another companion, or another thread of this one, waits."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = (self._folder / ".lock").open("w")
        except OSError as error:
            raise _refuse_writing(self._folder, error) from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _drop_picture(self, label: Label) -> None:
        try:
            (self._folder / label.image).unlink()
        except OSError:
            pass  # it is gone already, and nothing speaks of it any more

    def _read_row(self, number: int, row: Sequence[str]) -> Label:
        try:
            image, x, y = row
            if not x and not y:
                return Label(image, None, None)
            if not (math.isfinite(float(x)) and math.isfinite(float(y))):
                raise ValueError
            return Label(image, float(x), float(y))
        except ValueError:
            raise DataError(f"{self._table}, line {number}: write image,x,y with x and y in pixels, or empty") from None

    def _write_table(self, labels: Sequence[Label]) -> None:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows((label.image, _write_pixels(label.x), _write_pixels(label.y)) for label in labels)
        self._write(self._table, text.getvalue().encode())

    def _write(self, path: Path, data: bytes) -> None:
        try:
            write_whole(path, data)
        except OSError as error:
            raise _refuse_writing(path, error) from error


def _refuse_writing(path: Path, error: OSError) -> DataError:
    return DataError(f"{path} cannot be written ({error.strerror}): make room on the card, or check its permissions")


def _name_anew(taken: Collection[str]) -> str:
    moment = int(time.time() * 1000)
    while f"{IMAGES}/{moment}.jpg" in taken:
        moment += 1
    return f"{IMAGES}/{moment}.jpg"


def _find(labels: Sequence[Label], label_id: str) -> Optional[Label]:
    """The label of that id, among those that have one."""
    return next((label for label in labels if label.id and label.id == label_id), None)


def _write_pixels(value: Optional[float]) -> str:
    """To a tenth of a pixel, which is finer than anybody labels."""
    return "" if value is None else f"{value:.1f}"
