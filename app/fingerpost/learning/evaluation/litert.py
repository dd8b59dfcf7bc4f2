"""A detector in a TensorFlow Lite file under LiteRT, timed on the pictures of our own evaluation."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ...core.errors import ModelError
from ...progress import Progress
from .common import rounded

ROUNDS = 3
"""Ours and the peer look at all pictures in turn, so many times: a busy moment should strike both."""
PAUSE_SECONDS = 0.1
"""Between the two. The threads of a network that has just run may still be waiting for work, and take some."""


class LiteDetector:
    """An SSD that takes uint8 pictures and has its own suppression inside, as TensorFlow's are exported."""

    def __init__(self, path: Path, threads: int):
        """Raises ModelError without LiteRT, and for a file that is no such network."""
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError:
            raise ModelError("--peer needs LiteRT: pip install ai-edge-litert") from None
        if not path.is_file():
            raise ModelError(f"no network at {path}: give the path of a .tflite file")
        try:
            self._interpreter = Interpreter(str(path), num_threads=threads)
            self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"LiteRT does not run {path}: give the .tflite file of a detector") from error
        self._source = self._interpreter.get_input_details()[0]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]
        if self._source["dtype"] != np.uint8 or len(self._outputs) != 4:
            raise ModelError(f"{path} is no 8-bit SSD with boxes, classes, scores and their number: give one that is, "
                             "such as ssd_mobilenet_v1_coco_quant.tflite")

    def detect(self, pixels: np.ndarray) -> list[np.ndarray]:
        """Boxes, classes, scores and number of what is seen in an RGB uint8 picture (H, W, 3)."""
        height, width = self._source["shape"][1:3]
        squeezed = cv2.resize(pixels, (int(width), int(height)), interpolation=cv2.INTER_AREA)
        self._interpreter.set_tensor(self._source["index"], squeezed[None])
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]


def time_beside(ours: Callable[[np.ndarray], Any], peer: Callable[[np.ndarray], Any],
                pictures: Sequence[np.ndarray]) -> dict[str, float]:
    """Median milliseconds of a whole picture, RGB uint8 (H, W, 3), for both, and ours as a multiple of the peer's."""
    seconds: dict[str, list[float]] = {"ours": [], "peer": []}
    for look in (ours, peer):
        look(pictures[0])  # what is only set up once does not count
    for _ in Progress(range(ROUNDS), "side by side", ROUNDS):
        for name, look in (("ours", ours), ("peer", peer)):
            time.sleep(PAUSE_SECONDS)
            seconds[name] += [time_one(look, pixels) for pixels in pictures]
    medians = {name: float(np.median(values)) for name, values in seconds.items()}
    return {"ours_ms": rounded(1000 * medians["ours"]), "peer_ms": rounded(1000 * medians["peer"]),
            "ratio": rounded(medians["ours"] / medians["peer"], 3)}


def time_one(look: Callable[[np.ndarray], Any], pixels: np.ndarray) -> float:
    """Seconds of one look."""
    began = time.perf_counter()
    look(pixels)
    return time.perf_counter() - began
