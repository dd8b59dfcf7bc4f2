"""What a picture with boxes is, whatever format it came in."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import NamedTuple

import cv2
import numpy as np

from ...core.errors import DataError

END_OF_JPEG = b"\xff\xd9"
TRAILER_BYTES = 1024
"""Some cameras write a little behind the end of a JPEG."""


class Labelled(NamedTuple):
    """A box around one thing, in pixels of the picture: `right` and `bottom` lie outside of it."""

    name: str
    left: float
    top: float
    right: float
    bottom: float
    difficult: bool = False
    """Hard to see even for people, or a box around a crowd: not learned from, and not counted when it is missed."""


class Picture(NamedTuple):
    """A picture, its size in pixels, and everything that is boxed in it."""

    path: Path
    width: int
    height: int
    boxes: tuple[Labelled, ...]


def resize(picture: Picture, width: int, height: int) -> Picture:
    """The same picture at another size, its boxes with it."""
    x, y = width / picture.width, height / picture.height
    boxes = tuple(box._replace(left=box.left * x, top=box.top * y, right=box.right * x, bottom=box.bottom * y)
                  for box in picture.boxes)
    return picture._replace(width=width, height=height, boxes=boxes)


def measure(data: bytes) -> tuple[int, int] | None:
    """Width and height, upright, of a JPEG or PNG in memory; None where it is not a picture, or not all of it."""
    # OpenCV fills what is missing of a JPEG with grey and says nothing.
    if data.startswith(b"\xff\xd8") and END_OF_JPEG not in data[-TRAILER_BYTES:]:
        return None
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    return None if pixels is None else (pixels.shape[1], pixels.shape[0])


def measure_file(path: Path) -> tuple[int, int] | None:
    """As `measure`, of a file; None where there is none."""
    try:
        return measure(path.read_bytes())
    except OSError:
        return None


def path_inside(folder: Path, name: str) -> Path:
    """The file of that name below the folder. Raises DataError for a name that leads out of it."""
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or not parts.parts or "\0" in name:
        raise DataError(f"the file name {name!r} leads out of {folder}: write names of files below it")
    return folder / parts
