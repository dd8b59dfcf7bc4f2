"""`fingerpost evaluate objects`: how often the name is right, and what becomes of strangers."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...core.state import Rules
from ...inference.onnx import OnnxBackend
from ...progress import Progress
from ...vision.recognise import Recogniser, TaughtHead
from ..datasets import list_labelled, read_picture
from ..views import centre_square
from .common import add_common, find_model, list_unlabelled, print_figures, rounded


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost evaluate objects`."""
    parser.add_argument("--data", type=Path, required=True, help="one folder of pictures per class")
    parser.add_argument("--unknown", type=Path, metavar="DIR", help="pictures of things that have no name")
    add_common(parser, "unknown")


def main(args: argparse.Namespace) -> int:
    """Measure the object network and print the figures."""
    info = find_model("objects", args.model)
    labels = list(info.labels or ())
    known = list_labelled(args.data, labels)
    strangers = list_unlabelled(args.unknown, args.held_back)
    with OnnxBackend(info.path, args.threads) as backend:
        recogniser = Recogniser(backend, info, TaughtHead())
        answers = [name(recogniser, path, labels[label]) for path, label in Progress(known, "known things")]
        unknown = [name(recogniser, path, "") for path in Progress(strangers, "strangers")]
    print_figures(measure_objects(answers, unknown, Rules().maybe), args.json)
    return 0


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
    return {"n": len(known), "top1": rounded(right.mean(), 4),
            "top5": rounded(np.mean([answer.name in answer.guesses[:5] for answer in known]), 4),
            "unknown_auroc": measure_auroc(known, unknown) if unknown else None,
            "wrong_spoken": rounded(((spoken & ~right).sum() + named) / said, 4) if unknown and said else None,
            "answered": rounded(spoken.mean(), 4),
            "per_class": {key: rounded(right[[a.name == key for a in known]].mean(), 4) for key in names},
            "ms_per_image": rounded(1000 * np.median([answer.seconds for answer in known]))}


def measure_auroc(known: list[Answer], unknown: list[Answer]) -> float:
    """How often a known thing is named with more confidence than a stranger (Mann-Whitney; ties count half)."""
    ours = np.array([answer.confidence for answer in known])[:, None]
    theirs = np.array([answer.confidence for answer in unknown])[None]
    return rounded(((ours > theirs) + 0.5 * (ours == theirs)).mean(), 4)
