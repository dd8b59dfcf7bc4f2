"""`fingerpost calibrate objects`: the likeness curve of an exported model, from simulated lessons on photos.

A class is a thing: the first of its photos teach, before a finger in a place of its own, and the last ones ask, there
or as a hard view of another day. Most strangers are other classes where the thing was taught, for on one table
everything has the table in common; the others are photos of nameless things. What measures later (held-back photos,
validation photos) takes no part. On classes that the network has learned from the curve promises too much: name
others with --classes. So it does, less so, with photos that the network has learned to call `other`: photos that it
never saw are better strangers.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ...core.errors import DataError
from ...inference.onnx import OnnxBackend
from ...progress import Progress
from ...vision.heads import TaughtHead
from ...vision.recognise import Recogniser
from ...wholefile import write_whole
from ..datasets import list_pictures, read_names, read_picture, split_photos, split_runs
from ..evaluation.common import find_model, list_wanted
from ..views import Random, make_view, point_at, random_cut, shift_colours
from .likeness import Things, fit_curve

FEWEST_CLASSES = 4
"""A lesson teaches some classes and keeps others to ask about."""
ASKING = 0.4
"""Share of a class's photos, the last by name, that ask."""
SIDE = 224
"""Pixels of a view that asks: a crop of a frame 640 wide."""
MOST_SAMPLES, MOST_QUESTIONS, MOST_STRANGERS, NEIGHBOURS = 12, 8, 400, 6
"""So many photos of a class teach and ask, and so many strangers are shown, and other things where each was taught: it
bounds the time."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost calibrate objects`."""
    parser.add_argument("--data", type=Path, required=True, help="one folder of pictures per class")
    parser.add_argument("--classes", type=Path, metavar="FILE", help="text file of the classes to use; default: all")
    parser.add_argument("--unknown", type=Path, required=True, metavar="DIR",
                        help="photos of nameless things; every fifth by name is left to the evaluation")
    parser.add_argument("--skip", type=Path, help="text file of picture names in --unknown to leave out")
    parser.add_argument("--model", type=Path, help="an ONNX file with manifest.json beside it, or their folder; "
                        "default: what ships")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the lessons (default 0)")


def main(args: argparse.Namespace) -> int:
    """Fit the curve and write it into the manifest beside the model."""
    info = find_model("objects", args.model)
    skipped = read_names(args.skip)
    strangers = [path for path in split_photos(args.unknown)[0] if path.name not in skipped]
    names = list_wanted(args.data, args.classes)
    if len(names) < FEWEST_CLASSES or not strangers:
        raise DataError(f"{len(names)} classes and {len(strangers)} strangers are too few for lessons: give --data "
                        f"at least {FEWEST_CLASSES} class folders, and --unknown some photos")
    rng = np.random.default_rng(args.seed)
    with OnnxBackend(info.path, args.threads) as backend:
        recogniser = Recogniser(backend, info, TaughtHead())
        photos = [list_pictures(args.data / name) for name in names]
        things = embed_things(recogniser, photos, spread(strangers, MOST_STRANGERS), rng)
    curve = fit_curve(things, rng)
    write_likeness(info.path.parent / "manifest.json", info.name, curve)
    print(f"{info.name}: middle {curve.middle}, width {curve.width}, sharpness {curve.sharpness}")
    return 0


def embed_things(recogniser: Recogniser, things: list[list[Path]], strangers: list[Path], rng: Random) -> Things:
    """The embeddings to simulate lessons with: photos teach, each thing in a place of its own, and others ask."""
    parts = [[[path for path, _ in part] for part in split_runs([(path, 0) for path in photos], ASKING)]
             for photos in things]
    places = [read_picture(strangers[index]) for index in rng.integers(0, len(strangers), len(things))]
    samples, questions, beside = [], [], []
    for thing, (teaching, asking) in Progress(list(enumerate(parts)), "things", len(parts)):
        samples.append(embed_all(recogniser, (lay_down(path, places[thing], rng)
                                              for path in spread(teaching, MOST_SAMPLES))))
        # Asked about where it was taught, and as a hard view of another day.
        asked = spread(asking, MOST_QUESTIONS)
        questions.append(embed_all(recogniser, [look(path, rng) if number % 2 else lay_down(path, places[thing], rng)
                                                for number, path in enumerate(asked)]))
        others = rng.choice([other for other in range(len(parts)) if other != thing],
                            min(NEIGHBOURS, len(parts) - 1), replace=False)
        beside.append({int(other): embed_all(recogniser, [lay_down(parts[other][0][0], places[thing], rng)])[0]
                       for other in others})
    shown = Progress(strangers, "strangers", len(strangers))
    return Things(samples, questions, embed_all(recogniser, (look(path, rng) for path in shown)), beside)


def embed_all(recogniser: Recogniser, crops: Iterable[np.ndarray]) -> np.ndarray:
    """Embeddings (n, D) of crops."""
    return np.stack([recogniser.embed(crop)[1] for crop in crops])


def look(path: Path, rng: Random) -> np.ndarray:
    """A photo as it might look on another day."""
    return make_view(read_picture(path), [], SIDE, rng)


def lay_down(path: Path, place: np.ndarray, rng: Random) -> np.ndarray:
    """The thing of a photo before a finger, somewhere in a place."""
    return shift_colours(point_at(random_cut(read_picture(path), SIDE, rng, 0.6),
                                  random_cut(place, SIDE, rng, 0.5), rng), rng, 0.2)


def spread(paths: list[Path], most: int) -> list[Path]:
    """At most so many of the paths, evenly over the list."""
    places = np.linspace(0, len(paths), min(most, len(paths)), endpoint=False).astype(int)
    return [paths[place] for place in places]


def write_likeness(manifest: Path, name: str, curve: tuple[float, ...]) -> None:
    """Put the curve into the model's entry."""
    content = json.loads(manifest.read_text(encoding="utf-8"))
    for entry in content["models"]:
        if entry["name"] == name:
            entry["likeness"] = list(curve)
    write_whole(manifest, (json.dumps(content, indent=2) + "\n").encode())
