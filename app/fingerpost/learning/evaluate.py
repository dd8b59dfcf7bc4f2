"""`fingerpost evaluate fingertip | objects`: the shipped networks as the wearable runs them, without torch."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..core.errors import DataError
from ..core.state import Rules
from ..inference.onnx import OnnxBackend
from ..models import ModelInfo, ModelStore
from ..progress import Progress
from ..vision.fingertip import PAD, TIP, FingertipFinder
from ..vision.recognise import Recogniser, TaughtHead
from . import plots
from .datasets import HELD_BACK, list_course, list_labelled, list_pictures, read_picture, read_table
from .views import centre_square

WIDTH, HEIGHT = 640.0, 480.0
"""Errors are given in pixels of a frame of this size."""
NEAR_PX = 20.0


def add_arguments_fingertip(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost evaluate fingertip`."""
    parser.add_argument("--data", type=Path, required=True, help="a CSV image,x,y, or a folder X_Y_UUID.jpg")
    parser.add_argument("--point", choices=("tip", "pad"), default="tip",
                        help="what was labelled: the outermost point, or the middle of the last segment")
    parser.add_argument("--no-hands", type=Path, metavar="DIR", help="pictures without hands, for false_hands")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write error curve and worst frames")
    _add_common(parser, "no-hands")


def add_arguments_objects(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost evaluate objects`."""
    parser.add_argument("--data", type=Path, required=True, help="one folder of pictures per class")
    parser.add_argument("--unknown", type=Path, metavar="DIR", help="pictures of things that have no name")
    _add_common(parser, "unknown")


def _add_common(parser: argparse.ArgumentParser, strangers: str) -> None:
    parser.add_argument("--model", type=Path, help="an ONNX file with manifest.json beside it, or their folder; "
                        "default: what ships")
    parser.add_argument("--held-back", action="store_true",
                        help=f"of --{strangers} take only every fifth by name, which training never sees")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def main_fingertip(args: argparse.Namespace) -> int:
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


def main_objects(args: argparse.Namespace) -> int:
    """Measure the object network and print the figures."""
    info = find_model("objects", args.model)
    labels = list(info.labels or ())
    known = list_labelled(args.data, labels)
    strangers = thin(list_pictures(args.unknown), args.held_back) if args.unknown else []
    with OnnxBackend(info.path, args.threads) as backend:
        recogniser = Recogniser(backend, info, TaughtHead())
        answers = [name(recogniser, path, labels[label]) for path, label in Progress(known, "known things")]
        unknown = [name(recogniser, path, "") for path in Progress(strangers, "strangers")]
    print_figures(measure_objects(answers, unknown, Rules().maybe), args.json)
    return 0


def find_model(kind: str, given: Path | None) -> ModelInfo:
    """The shipped model, or the one of the manifest in or beside `given`."""
    if given is None:
        return ModelStore().load(kind)
    return ModelStore(given if given.is_dir() else given.parent).load(kind)


def thin(paths: list[Path], held_back: bool) -> list[Path]:
    """All of the pictures, or only those that training holds back."""
    return paths[::HELD_BACK] if held_back else paths


def print_figures(figures: dict[str, Any], as_json: bool) -> None:
    """One JSON object, or a line per figure."""
    print(json.dumps(figures) if as_json else "\n".join(f"{key:>14}  {value}" for key, value in figures.items()))


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
            "mean_px": _rounded(errors.mean()) if found else None,
            "median_px": _rounded(np.median(errors)) if found else None,
            "p95_px": _rounded(np.percentile(errors, 95)) if found else None,
            "rmse": _rounded(np.sqrt((offsets ** 2).mean()), 4) if found else None,
            "within_20px": int((errors <= NEAR_PX).sum()),
            "false_hands": _rounded(np.mean([s.presence >= threshold for s in empty]), 4) if empty else None,
            "ms_per_image": _rounded(1000 * np.median([sight.seconds for sight in sights]))}


class Answer(NamedTuple):
    """One picture: its name (empty for a stranger), the names guessed, the first one's confidence, seconds taken."""

    name: str
    guesses: tuple[str, ...]
    confidence: float
    seconds: float


def name(recogniser: Recogniser, path: Path, wanted: str) -> Answer:
    """Name the middle square of one picture; reading the file does not count as time."""
    square = centre_square(read_picture(path))
    began = time.perf_counter()
    guesses = recogniser.guess(square)
    seconds = time.perf_counter() - began
    return Answer(wanted, tuple(guess.object_id for guess in guesses), guesses[0].confidence, seconds)


def measure_objects(known: list[Answer], unknown: list[Answer], least: float) -> dict[str, Any]:
    """The figures of the fixed format; a name counts as spoken, hedged or not, from confidence `least`.

    Strangers are weighted as if there were as many as known things.
    """
    right = np.array([answer.guesses[0] == answer.name for answer in known])
    spoken = np.array([answer.confidence >= least for answer in known])
    named = np.mean([answer.confidence >= least for answer in unknown]) * len(known) if unknown else 0.0
    names = sorted({answer.name for answer in known})
    said = spoken.sum() + named
    return {"n": len(known), "top1": _rounded(right.mean(), 4),
            "top5": _rounded(np.mean([answer.name in answer.guesses[:5] for answer in known]), 4),
            "unknown_auroc": measure_auroc(known, unknown) if unknown else None,
            "wrong_spoken": _rounded(((spoken & ~right).sum() + named) / said, 4) if unknown and said else None,
            "answered": _rounded(spoken.mean(), 4),
            "per_class": {key: _rounded(right[[a.name == key for a in known]].mean(), 4) for key in names},
            "ms_per_image": _rounded(1000 * np.median([answer.seconds for answer in known]))}


def measure_auroc(known: list[Answer], unknown: list[Answer]) -> float:
    """How often a known thing is named with more confidence than a stranger (Mann-Whitney; ties count half)."""
    ours = np.array([answer.confidence for answer in known])[:, None]
    theirs = np.array([answer.confidence for answer in unknown])[None]
    return _rounded(((ours > theirs) + 0.5 * (ours == theirs)).mean(), 4)


def _rounded(value: Any, digits: int = 2) -> float:
    return round(float(value), digits)
