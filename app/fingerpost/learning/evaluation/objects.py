"""`fingerpost evaluate objects`: how often the name is right, and what becomes of strangers."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from ...core.rules import Rules
from ...inference.onnx import OnnxBackend
from ...progress import Progress
from ...vision.recognise import Recogniser, TaughtHead
from ..datasets import list_labelled, list_pictures
from .answers import Answer, measure_objects
from .common import add_common, find_model, list_unlabelled, print_figures
from .doubt import draw_doubt, draw_heads
from .plain import PlainBackend, wrap_plain
from .teaching import Draw, add_teaching, embed_pool, list_drawn, measure_teaching, read_square

CENTRE_PICTURES = 200
"""A plain network's centre is the mean embedding of so many pictures, about, of the teaching folder."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost evaluate objects`."""
    parser.add_argument("--data", type=Path, required=True, help="one folder of pictures per class")
    parser.add_argument("--unknown", type=Path, metavar="DIR", help="pictures of things that have no name")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write the curves of doubt")
    add_teaching(parser)
    parser.add_argument("--teacher", type=Path, metavar="TFLITE", help="also fine-tune this MobileNet, from which the "
                        "network was distilled, on --learn-from, and measure it on --data")
    parser.add_argument("--learn-from", type=Path, metavar="DIR",
                        help="one folder of pictures per class, the same that our network has learned from")
    add_common(parser, "unknown")


def main(args: argparse.Namespace) -> int:
    """Measure the object network, or what can be taught on top of it, and print the figures."""
    figures = teach(args) if args.teach_from else measure_names(args)
    if args.teacher:
        from .tutor import measure_tutor  # torch is slow to load, and only this needs it

        figures["teacher"] = measure_tutor(args)
    print_figures(figures, args.json)
    return 0


def measure_names(args: argparse.Namespace) -> dict[str, Any]:
    """The names that the network knows without being taught."""
    info = find_model("objects", args.model)
    labels = list(info.labels or ())
    known = list_labelled(args.data, labels)
    strangers = list_unlabelled(args.unknown, args.held_back)
    with OnnxBackend(info.path, args.threads) as backend:
        recogniser = Recogniser(backend, info, TaughtHead())
        answers = [name(recogniser, path, labels[label]) for path, label in Progress(known, "known things")]
        unknown = [name(recogniser, path, "") for path in Progress(strangers, "strangers")]
    if args.plots:
        args.plots.mkdir(parents=True, exist_ok=True)
        draw_doubt(answers, {"photos": unknown}, Rules().accepted_wrong, Rules().maybe, args.plots / "names.png")
    return measure_objects(answers, unknown, Rules().maybe)


def name(recogniser: Recogniser, path: Path, wanted: str) -> Answer:
    """Name the middle square of one picture; reading the file does not count as time."""
    square = read_square(path)
    began = time.perf_counter()
    guesses = recogniser.guess(square)
    seconds = time.perf_counter() - began
    return Answer(wanted, tuple(guess.object_id for guess in guesses), guesses[0].confidence, seconds)


def teach(args: argparse.Namespace) -> dict[str, Any]:
    """Simulated teaching, with the curve of the model; a plain network has none but the default."""
    names = list_drawn(args)
    if args.model is not None and args.model.suffix == ".pth":
        pictures = list_pictures(args.teach_from)
        with PlainBackend(args.model, args.threads) as plain:
            squares = [read_square(path) for path in pictures[::max(1, len(pictures) // CENTRE_PICTURES)]]
            pool = embed_pool(wrap_plain(plain, squares), args, names)
        figures, draws = measure_teaching(pool, args, tuple(args.curve or ()))
    else:
        info = find_model("objects", args.model)
        with OnnxBackend(info.path, args.threads) as backend:
            pool = embed_pool(Recogniser(backend, info, TaughtHead()), args, names)
        figures, draws = measure_teaching(pool, args, tuple(args.curve or info.likeness or ()))
    if args.plots:
        draw_teaching(figures, draws, args.plots)
    return figures


def draw_teaching(figures: dict[str, Any], draws: list[Draw], folder: Path) -> None:
    """The charts of simulated teaching."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {shots: figures[f"top1_{shots}_shots"] for shots in sorted({shots for shots, _ in draws[0].top1})}
    draw_heads(tables, folder / "heads.png")
    known = [answer for draw in draws for answer in draw.known]
    strangers = {kind: [answer for draw in draws for answer in getattr(draw, kind)] for kind in ("photos", "untaught")}
    draw_doubt(known, {kind: answers for kind, answers in strangers.items() if answers}, Rules().accepted_wrong,
               Rules().maybe, folder / "taught.png")
