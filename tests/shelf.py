"""A shelf of coloured things, and a detector that finds them by their colours and is decoded as real ones are."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Sequence, Tuple

import cv2
import numpy as np

from fingerpost.core.errors import ModelError
from fingerpost.core.ports import Backend
from fingerpost.models import ModelInfo
from fingerpost.vision.detect import DELTA_WEIGHTS, Detector, make_anchors
from fingerpost.vision.eyes import Eyes
from fingerpost.vision.look import BoxLooker
from tests.desk import DESK, Desk, DotFinder

SIDE = 96
ANCHORS = {"grids": [8, 4], "scales": [0.2, 0.4, 0.8], "ratios": [[2], [2]]}
COLOURS = {"tea": (220, 40, 40), "soap": (40, 60, 220), "salt": (30, 200, 60), "label": (230, 230, 40)}
INFO = ModelInfo("detector", Path("detector.onnx"), "0" * 64, 1, (1, 3, SIDE, SIDE), (0.5,) * 3, (0.5,) * 3,
                 ("boxes", "scores"), tuple(COLOURS), None, 1, 1, "", "", {}, "", anchors=ANCHORS)
Place = Tuple[str, int, int, int, int]
"""A thing and its box: name, left, top, right, bottom."""
SHELF: Sequence[Place] = (("tea", 10, 60, 100, 150), ("soap", 104, 50, 190, 150), ("salt", 196, 70, 300, 150))


def draw_shelf(places: Sequence[Place] = SHELF, tip: Tuple[int, int] = (-50, -50)) -> np.ndarray:
    """The shelf, 320x240, with things at their places and a dot for the fingertip, which points up."""
    picture = np.full((240, 320, 3), DESK, np.uint8)
    for name, left, top, right, bottom in places:
        picture[top:bottom, left:right] = COLOURS[name]
    cv2.circle(picture, tip, 4, (255, 255, 255), -1)
    return picture


class ColourNet(Backend):
    """Encodes the box of every colour that it sees against the anchor most like it."""

    def __init__(self, score: float = 0.8) -> None:
        self.score, self.runs = score, 0

    def run(self, array: np.ndarray) -> Tuple[np.ndarray, ...]:
        self.runs += 1
        anchors = make_anchors(ANCHORS, SIDE)
        deltas = np.zeros((1, len(anchors), 4), np.float32)
        logits = np.zeros((1, len(anchors), len(COLOURS) + 1), np.float32)
        logits[..., 0] = 12.0
        for number, box in self._find((array[0].transpose(1, 2, 0) + 1.0) * 127.5).items():
            size = np.concatenate([(box[:2] + box[2:]) / 2, box[2:] - box[:2]])
            nearest = np.abs((anchors - size) / size.max()).sum(axis=1).argmin()
            anchor = anchors[nearest]
            deltas[0, nearest] = DELTA_WEIGHTS * np.concatenate(
                [(size[:2] - anchor[:2]) / anchor[2:], np.log(size[2:] / anchor[2:])])
            logits[0, nearest, number + 1] = 12.0 + np.log(self.score / (1.0 - self.score))
        return deltas, logits

    @staticmethod
    def _find(pixels: np.ndarray) -> Dict[int, np.ndarray]:
        """The box of each colour in view, by its number."""
        boxes = {}
        for number, colour in enumerate(COLOURS.values()):
            rows, columns = np.nonzero(np.abs(pixels - colour).max(axis=2) < 40)
            if len(rows) > 8:
                boxes[number] = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], float)
        return boxes


class Shelf(Desk):
    """A wearer before the shelf, whose device looks at whole things, or begins to when it is told to."""

    def __init__(self, folder: Path, way: str = "detector", installed: bool = True) -> None:
        super().__init__(folder)
        self._way, self._installed, self.net = way, installed, ColourNet()

    def _open_eyes(self, recogniser, learner):
        def open_whole(past):
            if not self._installed:
                raise ModelError("there is no detector on this machine: fetch one")
            return BoxLooker(Detector(self.net, INFO), recogniser, past)

        eyes = Eyes(DotFinder(), recogniser, learner, 0.35, open_whole=open_whole)
        eyes.begin_by(self._way)
        return eyes
