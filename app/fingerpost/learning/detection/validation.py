"""How good a detector in training is: its average precision on the split that only validates."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ...vision.preprocess import to_input
from .. import training
from ..boxes.pictures import Picture
from ..datasets import read_picture
from .precision import Found, label_boxes, measure_precision
from .ssd import MEAN, STD, Detector

BATCH = 16


def validate(net: Detector, held: Sequence[Picture], names: Sequence[str], device: str) -> dict[str, float]:
    """`map50`, `map50_95`, and a `score` that is lower when the first is higher."""
    labelled = [label_boxes(picture, names) for picture in held]
    figures = measure_precision(labelled, find_things(net, held, device), names)
    known = {key: math.nan if figures[key] is None else figures[key] for key in ("map50", "map50_95")}
    return {**known, "score": 1 - known["map50"]}


@torch.no_grad()
def find_things(net: Detector, pictures: Sequence[Picture], device: str) -> list[Found]:
    """What the network sees in each picture, in its pixels."""
    chunks = [pictures[start:start + BATCH] for start in range(0, len(pictures), BATCH)]
    found: list[Found] = []
    for chunk, inputs in zip(chunks, training.prefetch(lambda step: load_inputs(chunks[step], net.side), len(chunks)),
                             strict=True):
        outputs = net(torch.from_numpy(inputs).to(device).contiguous(memory_format=torch.channels_last))
        found += [describe(*pair, net.side) for pair in zip(net.detect(*outputs), chunk, strict=True)]
    return found


def load_inputs(pictures: Sequence[Picture], side: int) -> np.ndarray:
    """The pictures as the network takes them, float32 (N, 3, side, side)."""
    return np.concatenate([to_input(read_picture(picture.path), (side, side), MEAN, STD) for picture in pictures])


def describe(seen: dict[str, Tensor], picture: Picture, side: int) -> Found:
    """What `Detector.detect` saw, its boxes in pixels of the picture, its classes counted from 0."""
    boxes, labels, scores = (seen[key].cpu().numpy() for key in ("boxes", "labels", "scores"))
    return Found(boxes * np.tile([picture.width / side, picture.height / side], 2), labels - 1, scores)
