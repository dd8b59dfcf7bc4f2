"""Things and their boxes: the raw outputs of a detector, decoded and thinned out in numpy.

The network gives deltas against anchors and scores, as torchvision's SSD does (Liu et al., 2016); what follows here is
kept out of its graph, so that every runtime can build it.
"""

from __future__ import annotations

import math
from typing import Any, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from ..core.errors import ModelError
from ..core.ports import Backend
from ..core.timing import Stopwatch
from ..core.types import Box, Detection
from ..models import ModelInfo
from .heirs import Heritable
from .preprocess import to_input

DELTA_WEIGHTS = np.array([10.0, 10.0, 5.0, 5.0], dtype=np.float32)
"""By these torchvision's BoxCoder multiplies what it says of centre and size."""
MOST_GROWTH = math.log(1000.0 / 16.0)
"""The logarithm of how many times as large as its anchor a box may be, as in torchvision's BoxCoder."""
CANDIDATES = 400
"""So many boxes with the highest scores are looked at; the rest is noise."""
OVERLAP = 0.45
"""Boxes of one class that overlap more (intersection over union) show the same thing, as in torchvision's SSD."""
OVERLAP_ACROSS = 0.6
"""Boxes of different classes that overlap more do; things that lie in one another overlap less."""

DETECTOR = "detector"
"""The model that finds whole things."""


class Detector(Heritable["Detector"]):
    """Finds things in a picture."""

    def __init__(self, backend: Backend, info: ModelInfo, stopwatch: Optional[Stopwatch] = None) -> None:
        """`stopwatch` times "pre-process", "network" and "post-process".

        The network runs once on a blank picture, since the first run takes longer than all others, and one that does
        not fit its manifest should be known now. Raises ModelError for that, and for what is no detector.
        """
        if info.anchors is None or info.labels is None:
            raise ModelError(f"the model '{info.name}' is no detector: the manifest gives it no anchors or no labels")
        super().__init__(backend, info)
        self._anchors = make_anchors(info.anchors, info.input[-1])
        self._stopwatch = stopwatch or Stopwatch()
        self.names: Tuple[str, ...] = info.labels
        """Everything that it can find."""
        self.threshold = info.threshold or 0.4
        """The score from which a thing counts as found, by default."""
        self._check(backend.run(np.zeros(info.input, dtype=np.float32)))

    def detect(self, pixels: np.ndarray, least: Optional[float] = None, most: int = 100) -> List[Detection]:
        """The things in an RGB uint8 picture (H, W, 3) with a score of at least `least`, `most` of them, best first."""
        boxes, scores, classes = self.find(pixels, least, most)
        corners = np.round(boxes).astype(int)
        solid = (corners[:, 2:] > corners[:, :2]).all(axis=1)
        return [Detection(self.names[number], score, Box(*corner)) for corner, score, number in zip(
            corners[solid].tolist(), scores[solid].tolist(), classes[solid].tolist())]

    def find(self, pixels: np.ndarray, least: Optional[float] = None,
             most: int = 100) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The same as arrays: boxes (n, 4) as left, top, right, bottom in fractions of pixels, scores (n,), and
        classes (n,) as numbers of `names`."""
        side = self._info.input[-1]
        with self._stopwatch.time("pre-process"):
            array = to_input(pixels, (side, side), self._info.mean, self._info.std)
        with self._stopwatch.time("network"):
            deltas, logits = self._backend.run(array)
        with self._stopwatch.time("post-process"):
            rows, classes, scores = pick(logits[0], self.threshold if least is None else least)
            boxes = np.clip(decode(deltas[0][rows], self._anchors[rows]), 0.0, side)
            kept = suppress(boxes, OVERLAP, classes)[:most]
            height, width = pixels.shape[:2]
            return boxes[kept] * (np.array([width, height] * 2) / side), scores[kept], classes[kept]

    def _become(self, heir: Detector) -> None:
        self._anchors, self.names, self.threshold = heir._anchors, heir.names, heir.threshold

    def _check(self, outputs: Sequence[np.ndarray]) -> None:
        """Whether the network gives what the manifest tells of: deltas, and scores of the names and the background."""
        wanted = [(1, len(self._anchors), 4), (1, len(self._anchors), len(self.names) + 1)]
        given = [output.shape for output in outputs]
        if given != wanted:
            raise ModelError(f"{self._info.path.name} gives arrays of {given}, its manifest tells of {wanted}: "
                             "export it again with `fingerpost export`")


def make_anchors(description: Mapping[str, Any], side: int) -> np.ndarray:
    """The anchors (A, 4) as centre x, centre y, width, height, float32, in pixels of an input so many pixels wide.

    `description` has, per level, `grids` (cells in a row), `scales` (side of a square anchor as a share of the input,
    and one number more) and `ratios` (further anchors, so many times as wide as high and the other way round), as
    torchvision's DefaultBoxGenerator lays them out: cell by cell, row by row, level by level. Raises ModelError for
    a description of another kind.
    """
    try:
        scales = [float(scale) for scale in description["scales"]]
        levels = [_make_level(int(cells), scales[level], scales[level + 1], ratios)
                  for level, (cells, ratios) in enumerate(zip(description["grids"], description["ratios"]))]
        return (np.concatenate(levels) * side).astype(np.float32)
    except (LookupError, TypeError, ValueError) as error:
        raise ModelError("the manifest describes the detector's anchors in another way than this version knows: "
                         "export it again with `fingerpost export`") from error


def _make_level(cells: int, scale: float, next_scale: float, ratios: Sequence[float]) -> np.ndarray:
    """One level's anchors (n, 4) as shares of the input."""
    shapes = [(scale, scale), (math.sqrt(scale * next_scale),) * 2]
    for ratio in ratios:
        longer, shorter = scale * math.sqrt(ratio), scale / math.sqrt(ratio)
        shapes += [(longer, shorter), (shorter, longer)]
    sizes = np.minimum(shapes, 1.0)
    middles = (np.arange(cells) + 0.5) / cells
    y, x = np.meshgrid(middles, middles, indexing="ij")
    centres = np.stack([x.ravel(), y.ravel()], axis=1)
    return np.concatenate([np.repeat(centres, len(sizes), axis=0), np.tile(sizes, (len(centres), 1))], axis=1)


def pick(logits: np.ndarray, least: float) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Anchors (n,), classes (n,) and scores (n,) that reach `least`, best first, from logits (A, classes + 1).

    A score is the softmax over the classes and the background, which comes first. It reaches p only where its logit
    lies log(p / (1 - p)) above the background's, so of most anchors no softmax is needed.
    """
    margin = math.log(least / (1.0 - least))
    likely = np.flatnonzero(logits[:, 1:].max(axis=1) >= logits[:, 0] + margin)
    exponentials = np.exp(logits[likely] - logits[likely].max(axis=1, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    rows, classes = np.nonzero(probabilities[:, 1:] >= least)
    scores = probabilities[rows, classes + 1]
    best = np.argsort(-scores, kind="stable")[:CANDIDATES]
    return likely[rows[best]], classes[best], scores[best]


def decode(deltas: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """Boxes (n, 4) as left, top, right, bottom, from deltas against anchors (n, 4), as torchvision's BoxCoder codes
    them: the shift of the centre in sizes of the anchor, and the logarithm of the growth."""
    shares = deltas / DELTA_WEIGHTS
    centres = anchors[:, :2] + shares[:, :2] * anchors[:, 2:]
    halves = 0.5 * anchors[:, 2:] * np.exp(np.minimum(shares[:, 2:], MOST_GROWTH))
    return np.concatenate([centres - halves, centres + halves], axis=1)


def suppress(boxes: np.ndarray, overlap: float, classes: Optional[np.ndarray] = None) -> np.ndarray:
    """Which of the boxes (n, 4), best first, remain when each removes those after it that overlap it more.

    With `classes` (n,) only those of its own class.
    """
    left, top, right, bottom = boxes.T
    areas = (right - left) * (bottom - top)
    width = np.minimum.outer(right, right) - np.maximum.outer(left, left)
    height = np.minimum.outer(bottom, bottom) - np.maximum.outer(top, top)
    shared = np.maximum(width, 0.0) * np.maximum(height, 0.0)
    same = shared > overlap * (np.add.outer(areas, areas) - shared)
    if classes is not None:
        same &= np.equal.outer(classes, classes)
    kept = np.ones(len(boxes), dtype=bool)
    for number in range(len(boxes)):
        if kept[number]:
            kept[number + 1:] &= ~same[number, number + 1:]
    return np.flatnonzero(kept)


def merge(detections: Sequence[Detection], overlap: float = OVERLAP_ACROSS) -> List[Detection]:
    """One detection per place, the best, whatever the classes; `detections` come best first."""
    boxes = np.array([[box.left, box.top, box.right, box.bottom] for box in (found.box for found in detections)],
                     dtype=np.float32).reshape(-1, 4)
    return [detections[number] for number in suppress(boxes, overlap)]
