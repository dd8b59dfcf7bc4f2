"""`fingerpost evaluate fingertip`: how far the found point lies from the labelled one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ...core.errors import DataError
from ...inference.onnx import OnnxBackend
from ...models import ModelInfo
from ...progress import Progress
from ...vision.fingertip import FingertipFinder
from . import plots
from .common import add_common, find_model, print_figures, rounded
from .peers import INSTALL, ask_mediapipe, list_peer_errors, measure_mediapipe
from .sights import Sight, describe_errors, list_errors, list_frames, look
from .slices import measure_slices

DEFAULT_THRESHOLD = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost evaluate fingertip`."""
    parser.add_argument("--data", type=Path, required=True,
                        help="a CSV image,x,y, a folder of rendered frames, or a folder X_Y_UUID.jpg")
    parser.add_argument("--point", choices=("tip", "pad"), default="tip",
                        help="what was labelled: the outermost point, or the middle of the last segment")
    parser.add_argument("--no-hands", type=Path, metavar="DIR", help="pictures without hands, for false_hands")
    parser.add_argument("--slices", action="store_true",
                        help="the figures again for dark, blurred, patterned ... frames and for kinds of hands")
    parser.add_argument("--peer", choices=("mediapipe",), help="measure MediaPipe Hands on the same frames")
    parser.add_argument("--peer-python", default=sys.executable, metavar="PATH",
                        help=f"the Python that has MediaPipe; make one with: {INSTALL}")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write error curves, worst frames, slices")
    parser.add_argument("--beside", type=Path, metavar="CSV",
                        help="with --plots: draw frames of --data beside frames of this table (rendered ones)")
    add_common(parser, "no-hands")


def main(args: argparse.Namespace) -> int:
    """Measure the fingertip network, and its peer, and print the figures."""
    if args.beside and not args.plots:
        raise DataError("--beside draws a picture: say where to with --plots DIR")
    info = find_model("fingertip", args.model)
    threshold = info.threshold or DEFAULT_THRESHOLD
    sights = look_at_all(info, args)
    hands = [sight for sight in sights if sight.label is not None]
    figures = measure_fingertip(sights, threshold)
    curves = {"Fingerpost": list_errors(hands, threshold)}
    if args.slices:
        figures["slices"] = measure_slices(hands, threshold)
    if args.peer:
        answers = ask_mediapipe(args.peer_python, [sight.path for sight in sights], args.threads)
        figures["mediapipe"] = measure_mediapipe(sights, answers)
        curves["MediaPipe"], curves["MediaPipe, offset removed"] = list_peer_errors(sights, answers)
    print_figures(figures, args.json)
    if args.plots:
        plots.draw_fingertip(args.plots, sights, threshold, curves, figures.get("slices"))
    if args.beside:
        tables = [("/".join(table.parts[-2:]), list_frames(table)) for table in (args.data, args.beside)]
        plots.draw_beside(tables, args.plots / "beside.jpg")
    return 0


def look_at_all(info: ModelInfo, args: argparse.Namespace) -> list[Sight]:
    """Run the network on every frame, with no more threads than the options say."""
    rows = list_frames(args.data, args.no_hands, args.held_back)
    cv2.setNumThreads(args.threads)
    with OnnxBackend(info.path, args.threads) as backend:
        finder = FingertipFinder(backend, info)
        return [look(finder, row, args.point) for row in Progress(rows, "fingertip", len(rows))]


def measure_fingertip(sights: list[Sight], threshold: float) -> dict[str, Any]:
    """The figures of the fixed format. Positions are measured on the labelled hands that were found.

    `within_20px` counts over all labelled hands, a missed one is outside; `rmse` is per coordinate on [-1, 1].
    """
    hands = [sight for sight in sights if sight.label is not None]
    empty = [sight for sight in sights if sight.label is None]
    if not sights:
        raise DataError("the table has no rows: give a CSV with the columns image,x,y")
    errors = list_errors(hands, threshold)
    offsets = np.array([(sight.place - sight.label) * 2 for sight in hands if sight.presence >= threshold])
    return {"n": len(hands), **describe_errors(errors),
            "mean_px": rounded(np.nanmean(errors)) if len(offsets) else None,
            "rmse": rounded(np.sqrt((offsets ** 2).mean()), 4) if len(offsets) else None,
            "false_hands": rounded(np.mean([s.presence >= threshold for s in empty]), 4) if empty else None,
            "ms_per_image": rounded(1000 * np.median([sight.seconds for sight in sights]))}
