"""`fingerpost evaluate detector`: how well the boxes lie and how often their names are right."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ...core.errors import DataError
from ...inference.onnx import OnnxBackend
from ...models import ModelInfo
from ...progress import Progress
from ...vision.detect import Detector
from ..boxes.pictures import Picture
from ..boxes.voc import SPLITS, read_voc
from ..datasets import read_picture
from ..detection.precision import LEAST_SCORE, MOST_FOUND, Found, label_boxes, measure_precision
from .common import add_common, find_model, print_figures, rounded
from .litert import LiteDetector, time_beside

TIMED = 50
"""On so many pictures a peer is timed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost evaluate detector`."""
    parser.add_argument("--data", type=Path, required=True, metavar="VOC",
                        help="folder with JPEGImages, Annotations and ImageSets/Main")
    parser.add_argument("--split", choices=SPLITS, default="val", help="which of its lists (default %(default)s)")
    parser.add_argument("--peer", type=Path, metavar="TFLITE",
                        help="also time this 8-bit SSD under LiteRT on the same pictures (pip install ai-edge-litert)")
    add_common(parser)


def main(args: argparse.Namespace) -> int:
    """Measure the detector and print the figures."""
    info = find_model("detector", args.model)
    pictures = read_voc(args.data, args.split)
    check_names(pictures, info)
    cv2.setNumThreads(args.threads)
    peer = LiteDetector(args.peer, args.threads) if args.peer else None
    with OnnxBackend(info.path, args.threads) as backend:
        detector = Detector(backend, info)
        figures = measure_detector(detector, pictures)
        if peer:
            some = [read_picture(picture.path) for picture in pictures[:TIMED]]
            figures["side_by_side"] = {"peer": args.peer.name, **time_beside(detector.detect, peer.detect, some)}
    print_figures(figures, args.json)
    return 0


def check_names(pictures: Sequence[Picture], info: ModelInfo) -> None:
    """Raises DataError for a class that the model does not know."""
    foreign = sorted({box.name for picture in pictures for box in picture.boxes} - set(info.labels or ()))
    if foreign:
        raise DataError(f"the class {foreign[0]!r} is boxed, but {info.path.name} does not know it: train it first, "
                        "or give another --model")


def measure_detector(detector: Detector, pictures: Sequence[Picture]) -> dict[str, Any]:
    """The figures of the fixed format; difficult boxes need not be found. A class without a box has no figure."""
    looks = [look(detector, picture) for picture in Progress(pictures, "pictures", len(pictures))]
    found, seconds = zip(*looks, strict=True)
    labelled = [label_boxes(picture, detector.names) for picture in pictures]
    return {"n": len(pictures), **measure_precision(labelled, found, detector.names),
            "ms_per_image": rounded(1000 * np.median(seconds))}


def look(detector: Detector, picture: Picture) -> tuple[Found, float]:
    """What is found in a picture, in its annotation's pixels, and the seconds that it took, reading the file aside."""
    pixels = read_picture(picture.path)
    began = time.perf_counter()
    boxes, scores, classes = detector.find(pixels, LEAST_SCORE, MOST_FOUND)
    seconds = time.perf_counter() - began
    scale = np.tile([picture.width / pixels.shape[1], picture.height / pixels.shape[0]], 2)
    return Found(boxes * scale, classes, scores), seconds
