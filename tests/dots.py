"""Tiny data to learn from: a bright dot stands for the fingertip."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np


def parse(module, *words):
    """The arguments of a command's module."""
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    return parser.parse_args([str(word) for word in words])


def write_dot(path: Path, x: int, y: int, colour=(255, 255, 255)) -> None:
    """A picture of 64x48 with a dot; none is seen where it lies outside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = np.full((48, 64, 3), 40, np.uint8)
    cv2.circle(frame, (x, y), 5, colour, -1)
    cv2.imwrite(str(path), frame)


def write_hands(folder: Path, count: int) -> Path:
    """A table of so many frames with their dots."""
    lines = ["image,x,y"]
    for index in range(count):
        write_dot(folder / f"{index}.png", 20 + index, 24)
        lines.append(f"{index}.png,{20 + index},24")
    (folder / "hands.csv").write_text("\n".join(lines))
    return folder / "hands.csv"


def write_empty(folder: Path, count: int) -> Path:
    """A folder of so many frames without a dot."""
    for index in range(count):
        write_dot(folder / f"{index}.png", -50, 0)
    return folder
