"""`fingerpost evaluate fingertip`: how far the found point lies from the labelled one."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...core.errors import DataError
from ...inference.onnx import OnnxBackend
from ...progress import Progress
from ...vision.fingertip import PAD, TIP, FingertipFinder
from ..datasets import list_course, list_pictures, read_picture, read_table
from . import plots
from .common import add_common, find_model, print_figures, rounded, thin

WIDTH, HEIGHT = 640.0, 480.0
"""Errors are given in pixels of a frame of this size."""
NEAR_PX = 20.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost evaluate fingertip`."""
    parser.add_argument("--data", type=Path, required=True, help="a CSV image,x,y, or a folder X_Y_UUID.jpg")
    parser.add_argument("--point", choices=("tip", "pad"), default="tip",
                        help="what was labelled: the outermost point, or the middle of the last segment")
    parser.add_argument("--no-hands", type=Path, metavar="DIR", help="pictures without hands, for false_hands")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write error curve and worst frames")
    add_common(parser, "no-hands")


def main(args: argparse.Namespace) -> int:
    """Measure the fingertip network and print the figures."""
    info = find_model("fingertip", args.model)
    with OnnxBackend(info.path, args.threads) as backend:
        finder = FingertipFinder(backend, info)
        sights = [look(finder, *row, TIP if args.point == "tip" else PAD)
                  for row in Progress(list_rows(args.data, args.no_hands, args.held_back), "fingertip")]
    threshold = info.threshold or 0.5
    print_figures(measure_fingertip(sights, threshold), args.json)
    if args.plots:
        plots.draw_fingertip([s for s in sights if s.label is not None], args.plots)
    return 0


class Sight(NamedTuple):
    """One frame: where its label is and where the network sees the point, as shares (2,); None: no hand labelled."""

    path: Path
    label: np.ndarray | None
    place: np.ndarray
    presence: float
    seconds: float

    @property
    def error_px(self) -> float:
        """Distance in pixels of a frame of 640x480; NaN without a label."""
        if self.label is None:
            return float("nan")
        return float(np.hypot(*((self.place - self.label) * (WIDTH, HEIGHT))))


def list_rows(data: Path, no_hands: Path | None, held_back: bool) -> list[tuple[Path, tuple[float, float] | None]]:
    """Every frame with its labelled point in pixels, None where no hand is."""
    table = list_course(data) if data.is_dir() else read_table(data)
    rows = [(row.image, row.points.get("tip")) for row in table]
    empty = thin(list_pictures(no_hands), held_back) if no_hands else []
    return rows + [(path, None) for path in empty]


def look(finder: FingertipFinder, path: Path, label: tuple[float, float] | None, point: int) -> Sight:
    """Run the network on one frame; reading the file does not count as time."""
    pixels = read_picture(path)
    size = np.array([pixels.shape[1], pixels.shape[0]], float)
    began = time.perf_counter()
    points, presence = finder.locate(pixels)
    seconds = time.perf_counter() - began
    return Sight(path, None if label is None else np.array(label) / size, points[point] / size, presence, seconds)


def measure_fingertip(sights: list[Sight], threshold: float) -> dict[str, Any]:
    """The figures of the fixed format. Positions are measured on the labelled hands that were found.

    `within_20px` counts over all labelled hands, a missed one is outside; `rmse` is per coordinate on [-1, 1].
    """
    hands = [sight for sight in sights if sight.label is not None]
    empty = [sight for sight in sights if sight.label is None]
    found = [sight for sight in hands if sight.presence >= threshold]
    if not hands and not empty:
        raise DataError("the table has no rows: give a CSV with the columns image,x,y")
    errors = np.array([sight.error_px for sight in found])
    offsets = np.array([(sight.place - sight.label) * 2 for sight in found])
    return {"n": len(hands), "found": len(found),
            "mean_px": rounded(errors.mean()) if found else None,
            "median_px": rounded(np.median(errors)) if found else None,
            "p95_px": rounded(np.percentile(errors, 95)) if found else None,
            "rmse": rounded(np.sqrt((offsets ** 2).mean()), 4) if found else None,
            "within_20px": int((errors <= NEAR_PX).sum()),
            "false_hands": rounded(np.mean([s.presence >= threshold for s in empty]), 4) if empty else None,
            "ms_per_image": rounded(1000 * np.median([sight.seconds for sight in sights]))}
