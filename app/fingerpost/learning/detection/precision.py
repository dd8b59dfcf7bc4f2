"""How well boxes are found: average precision as COCO defines it, counted by faster-coco-eval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..boxes.pictures import Picture
from ..evaluation.common import rounded

LEAST_SCORE = 0.01
"""Boxes that are less sure than this are not asked for."""
MOST_FOUND = 100
"""So many boxes of a picture count, the surest ones."""


class Boxed(NamedTuple):
    """Things in one picture, as they are labelled: boxes float (n, 4) as left, top, right, bottom in pixels, classes
    (n,) from 0, and which of them are hard to see: these may be found, but need not."""

    boxes: np.ndarray
    classes: np.ndarray
    difficult: np.ndarray


class Found(NamedTuple):
    """Things in one picture, as a network sees them: boxes (n, 4), classes (n,) from 0, and scores (n,) in [0, 1]."""

    boxes: np.ndarray
    classes: np.ndarray
    scores: np.ndarray


def label_boxes(picture: Picture, names: Sequence[str]) -> Boxed:
    """What is labelled in a picture, its classes as places in `names`; things with another name are left out."""
    known = [box for box in picture.boxes if box.name in names]
    return Boxed(np.array([box[1:5] for box in known], float).reshape(-1, 4),
                 np.array([names.index(box.name) for box in known], int),
                 np.array([box.difficult for box in known], bool))


def measure_precision(labelled: Sequence[Boxed], found: Sequence[Found], names: Sequence[str]) -> dict[str, Any]:
    """`map50`, `map50_95`, and `per_class_ap50` of every name of which there is a box, picture by picture.

    A box is right when its class is and when it overlaps a labelled one by an IoU of 0.5, or of 0.5, 0.55 ... 0.95;
    its average precision is read at 101 levels of recall (Lin et al., "Microsoft COCO", 2014). What is not known,
    for lack of any box, is None.
    """
    by_class = average_precisions(labelled, found, len(names))
    known = [index for index, values in enumerate(by_class) if values is not None]
    table = np.array([by_class[index] for index in known], float)
    return {"map50": rounded(table[:, 0].mean(), 4) if known else None,
            "map50_95": rounded(table.mean(), 4) if known else None,
            "per_class_ap50": {names[index]: rounded(by_class[index][0], 4) for index in known}}


def average_precisions(labelled: Sequence[Boxed], found: Sequence[Found], count: int) -> list[Any]:
    """For each of `count` classes its average precisions at IoU 0.5, 0.55 ... 0.95, or None without any box of it."""
    from faster_coco_eval import COCO, COCOeval_faster  # of the learning side's packages, only this needs it

    truth = COCO({"images": [{"id": index} for index in range(len(labelled))],
                  "categories": [{"id": index} for index in range(count)], "annotations": list_labelled(labelled)})
    judge = COCOeval_faster(truth, truth.loadRes(list_found(found)), "bbox")
    judge.evaluate()
    judge.accumulate()
    curves = judge.eval["precision"][:, :, :, 0, -1]  # IoU, recall, class; of things of any size; -1: no such box
    return [curves[:, :, index].mean(1) if (curves[:, :, index] >= 0).all() else None for index in range(count)]


def list_labelled(labelled: Sequence[Boxed]) -> list[dict[str, Any]]:
    """The labelled boxes as COCO's annotations. What is difficult counts as a crowd, which may be found or not."""
    rows = [(index, *row) for index, part in enumerate(labelled) for row in zip(*part, strict=True)]
    return [{"id": number, "image_id": index, "category_id": int(kind), "bbox": _corner_and_size(box),
             "area": float(np.prod(_corner_and_size(box)[2:])), "iscrowd": int(difficult)}
            for number, (index, box, kind, difficult) in enumerate(rows, 1)]


def list_found(found: Sequence[Found]) -> list[dict[str, Any]]:
    """The found boxes as COCO's results, of every picture its surest ones."""
    rows = []
    for index, part in enumerate(found):
        for number in np.argsort(-part.scores, kind="stable")[:MOST_FOUND]:
            rows.append({"image_id": index, "category_id": int(part.classes[number]),
                         "bbox": _corner_and_size(part.boxes[number]), "score": float(part.scores[number])})
    return rows


def _corner_and_size(box: np.ndarray) -> list[float]:
    left, top, right, bottom = (float(side) for side in box)
    return [left, top, right - left, bottom - top]
