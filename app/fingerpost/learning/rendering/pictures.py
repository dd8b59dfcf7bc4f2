"""Saving what was rendered: pictures, tables, contact sheets."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Mapping, Sequence

import cv2
import numpy as np

from ...core.errors import DataError


def write_picture(path: Path, pixels: np.ndarray, quality: int = 92) -> None:
    """Save RGB (H, W, 3) or grey (H, W) uint8 pixels; raises DataError where that is not possible."""
    ordered = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if path.suffix == ".jpg" else []
    if not cv2.imwrite(str(path), ordered, options):
        raise DataError(f"{path} cannot be written; free some space or name another folder")


def write_table(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
    """Save rows as CSV with a header."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_sheet(path: Path, tiles: Sequence[np.ndarray], columns: int) -> None:
    """Save RGB tiles of one size side by side, `columns` to a line."""
    padded = [*tiles, *[np.zeros_like(tiles[0])] * (-len(tiles) % columns)]
    lines = [np.hstack(padded[start : start + columns]) for start in range(0, len(padded), columns)]
    write_picture(path, np.vstack(lines))
