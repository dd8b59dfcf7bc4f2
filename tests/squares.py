"""Tiny pictures with boxes to learn from: coloured squares, one colour per class, on a grey ground."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from fingerpost.learning.boxes.pictures import Labelled, Picture
from fingerpost.learning.boxes.voc import write_voc
from tests.dots import parse

COLOURS = {"blue": (0, 0, 255), "red": (255, 0, 0)}


def square(name: str, left: int, top: int, side: int = 24, difficult: bool = False) -> Labelled:
    """A square of that class."""
    return Labelled(name, left, top, left + side, top + side, difficult)


def draw_squares(path: Path, *boxes: Labelled, size=(96, 72)) -> Picture:
    """A picture of that width and height with the squares in it."""
    pixels = np.full((size[1], size[0], 3), 90, np.uint8)
    for box in boxes:
        cv2.rectangle(pixels, (int(box.left), int(box.top)), (int(box.right) - 1, int(box.bottom) - 1),
                      COLOURS[box.name][::-1], -1)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), pixels)
    return Picture(path, *size, boxes)


def write_squares(folder: Path, learned: int = 8, held: int = 4) -> Path:
    """A Pascal VOC folder with so many pictures in train and in val, each with a red and a blue square."""
    pictures = [draw_squares(folder / "JPEGImages" / f"{index}.png", square("red", 2 + 3 * index, 6),
                             square("blue", 68 - 3 * index, 40)) for index in range(learned + held)]
    write_voc(folder, {"train": pictures[:learned], "val": pictures[learned:]}, ["blue", "red"])
    return folder


def export_detector(folder: Path) -> None:
    """A tiny detector that has learned next to nothing, as `train` and `export` leave it, in FOLDER/model; the squares
    that it has seen are in FOLDER/voc. It needs torch."""
    from fingerpost.learning import export
    from fingerpost.learning.detection import train

    train.main(parse(train, "--data", write_squares(folder / "voc", 4, 2), "--out", folder / "out", "--width", 0.25,
                     "--image-size", 64, "--init", "scratch", "--batch", 2, "--epoch-views", 2, "--epochs", 1,
                     "--threads", 1))
    export.main(parse(export, folder / "out", "--out", folder / "model"))
