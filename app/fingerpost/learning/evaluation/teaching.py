"""`evaluate objects --teach-from`: simulated teaching, as a wearer does it, measured over many draws.

A draw takes some classes at random, teaches each from a few photos of one folder, and asks for all photos of these
classes in the other folder. What was taught is all that the head knows: the built-in names take no part.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...core.errors import DataError
from ...core.rules import Rules
from ...progress import Progress
from ...vision.heads import TaughtHead
from ...vision.recognise import Recogniser
from ..datasets import list_classes, list_pictures, read_picture
from ..views import Random, centre_square
from .answers import Answer, measure_objects
from .common import list_unlabelled, list_wanted, rounded
from .rivals import HEADS

SHOTS = (1, 3, 5, 10)
"""Photos a class for the table of the heads."""
OLDER = 20
"""So many things are asked for before and after one more is taught."""
RESAMPLES = 2000
"""Of the bootstrap over draws, from which the 95 % intervals come (Efron, 1979)."""


class Pool(NamedTuple):
    """Embeddings (n, D) by class of what may be taught and of what is asked; of strangers (k, D); seconds a picture."""

    samples: dict[str, np.ndarray]
    questions: dict[str, np.ndarray]
    strangers: np.ndarray
    seconds: float


class Draw(NamedTuple):
    """One draw: top-1 by (shots, head), the answers of the head that ships, and how many points of top-1 the older
    things lost when one more was taught."""

    top1: dict[tuple[int, str], float]
    known: list[Answer]
    photos: list[Answer]
    untaught: list[Answer]
    loss: float


def add_teaching(parser: argparse.ArgumentParser) -> None:
    """The options of simulated teaching."""
    parser.add_argument("--teach-from", type=Path, metavar="DIR", help="teach anew from these class folders; --data "
                        "asks; --model may be a torchvision ResNet-18 (.pth)")
    parser.add_argument("--classes", type=Path, metavar="FILE",
                        help="text file of the classes to draw from; default: all that are in both folders")
    parser.add_argument("--ways", type=int, default=10, help="classes a draw (default %(default)s)")
    parser.add_argument("--shots", type=int, default=5, help="photos a class that teach (default %(default)s)")
    parser.add_argument("--draws", type=int, default=30, help="how many (default %(default)s)")
    parser.add_argument("--curve", type=float, nargs=3, metavar=("MIDDLE", "WIDTH", "SHARPNESS"),
                        help="from likeness to probability; default: the model's own")
    parser.add_argument("--seed", type=int, default=0, help="of the draws (default 0)")


def list_drawn(args: argparse.Namespace) -> list[str]:
    """The classes to draw from. Raises DataError when there are fewer than a draw needs."""
    names = [name for name in list_wanted(args.teach_from, args.classes) if name in list_classes(args.data)]
    if len(names) < args.ways:
        raise DataError(f"only {len(names)} classes are in both folders: give fewer --ways")
    return names


def embed_pool(recogniser: Recogniser, args: argparse.Namespace, names: list[str]) -> Pool:
    """Embed the middle squares of everything once."""
    strangers = list_unlabelled(args.unknown, args.held_back)
    samples, questions, seconds = {}, {}, []
    for name in Progress(names, "classes", len(names)):
        samples[name] = np.stack([recogniser.embed(read_square(path))[1]
                                  for path in list_pictures(args.teach_from / name)])
        asked = [read_square(path) for path in list_pictures(args.data / name)]
        began = time.perf_counter()
        questions[name] = np.stack([recogniser.embed(square)[1] for square in asked])
        seconds.append((time.perf_counter() - began) / len(asked))
    unknown = [recogniser.embed(read_square(path))[1] for path in Progress(strangers, "strangers", len(strangers))]
    return Pool(samples, questions, np.array(unknown), float(np.median(seconds)))


def read_square(path: Path) -> np.ndarray:
    """The middle square of a picture."""
    return centre_square(read_picture(path))


def measure_teaching(pool: Pool, args: argparse.Namespace, curve: tuple[float, ...]) -> tuple[dict[str, Any],
                                                                                             list[Draw]]:
    """The figures, those of the fixed format first, and the draws behind them.

    `top1` to `per_class` are over the answers of all draws with `--shots` photos a class; tables follow, with 95 %
    intervals over the draws.
    """
    rng = np.random.default_rng(args.seed)
    draws = [draw_lesson(pool, args.ways, args.shots, curve, rng) for _ in range(args.draws)]
    least = Rules().maybe
    known = [answer for draw in draws for answer in draw.known]
    photos = [answer for draw in draws for answer in draw.photos]
    figures = measure_objects(known, photos, least)
    figures["ms_per_image"] = rounded(1000 * pool.seconds)
    figures.update(ways=args.ways, shots=args.shots, draws=args.draws, classes=len(pool.samples))
    for shots in sorted({shots for shots, _ in draws[0].top1}):
        figures[f"top1_{shots}_shots"] = {head: describe([draw.top1[shots, head] for draw in draws]) for head in HEADS}
    figures["strangers"] = {"photos": measure_strangers(draws, "photos", least),
                            "untaught": measure_strangers(draws, "untaught", least)}
    figures["older_things_lose"] = describe([draw.loss for draw in draws])
    return figures, draws


def draw_lesson(pool: Pool, ways: int, shots: int, curve: tuple[float, ...], rng: Random) -> Draw:
    """One draw; fewer shots are always among the more."""
    names = sorted(rng.choice(sorted(pool.samples), ways, replace=False))
    shuffled = {name: rng.permutation(pool.samples[name]) for name in names}
    asked = np.concatenate([pool.questions[name] for name in names])
    wanted = np.repeat(np.arange(ways), [len(pool.questions[name]) for name in names])
    top1 = {(count, title): float((score({name: rows[:count] for name, rows in shuffled.items()}, asked).argmax(axis=1)
                                   == wanted).mean())
            for count in sorted({*SHOTS, shots}) for title, score in HEADS.items()}
    head = TaughtHead(*curve)
    head.fit({name: rows[:shots] for name, rows in shuffled.items()})
    untaught = [pool.questions[name] for name in sorted(pool.questions) if name not in names]
    return Draw(top1, ask(head, pool.questions, names), ask(head, {"": pool.strangers}, [""]),
                ask(head, {"": np.concatenate(untaught)} if untaught else {}, [""]), teach_one_more(pool, shots, rng))


def ask(head: TaughtHead, questions: dict[str, np.ndarray], names: list[str]) -> list[Answer]:
    """What the head makes of all questions of some names; the empty name stands for strangers."""
    answers = []
    for name in names:
        for embedding in questions.get(name, ()):
            chances = head.probabilities(embedding)
            ranked = sorted(chances, key=lambda key: -chances[key])
            answers.append(Answer(name, tuple(ranked), chances[ranked[0]], 0.0))
    return answers


def teach_one_more(pool: Pool, shots: int, rng: Random) -> float:
    """How many points of top-1 the older things lose by one more; there are as many as the classes allow."""
    names = rng.permutation(sorted(pool.samples))[:OLDER + 1].tolist()
    lessons = {name: rng.permutation(pool.samples[name])[:shots] for name in names}
    older = names[:-1]
    shares = []
    for taught in (older, names):
        head = TaughtHead()
        head.fit({name: lessons[name] for name in taught})
        shares.append(np.mean([answer.guesses[0] == answer.name for answer in ask(head, pool.questions, older)]))
    return 100.0 * float(shares[0] - shares[1])


def measure_strangers(draws: list[Draw], kind: str, least: float) -> dict[str, Any]:
    """AUROC, answered and wrong_spoken against one kind of strangers, each with its interval."""
    figures = [measure_objects(draw.known, getattr(draw, kind), least) for draw in draws if getattr(draw, kind)]
    table: dict[str, Any] = {}
    for key in ("unknown_auroc", "answered", "wrong_spoken"):
        described = describe([figure[key] for figure in figures if figure[key] is not None])
        table.update(zip((key, f"{key}_low", f"{key}_high"), described.values()))
    return table


def describe(values: list[float]) -> dict[str, float | None]:
    """Mean and 95 % interval over draws, by bootstrap; nothing without values."""
    if not values:
        return {"mean": None, "low": None, "high": None}
    rng = np.random.default_rng(0)
    means = np.array(values)[rng.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return {"mean": rounded(np.mean(values), 4), "low": rounded(low, 4), "high": rounded(high, 4)}
