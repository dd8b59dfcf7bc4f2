"""`fingerpost train personal`: how much a wearer's own few labelled frames improve the network.

For each number of frames, and for several random choices of them, a copy of the network learns from these alone and
is measured on the wearer's last frames, which none of them learns from.

Only the heads learn unless --scope says otherwise, and gently. What it brings (two wearers, one clip each, labelled
frame by frame): 5 frames 4.4 to 4.5 px and 7.6 to 6.2 px, 20 frames 4.4 to 3.3 px and 7.6 to 5.3 px, presence as
before. So 20 frames are worth labelling, 5 hardly. At three times the rate they made the network worse for a wearer
whom it saw well. With layers 2 to 4 learning as well (`deep`) false hands tripled, although presence was anchored:
the wearer's own frames show too little of the world without hands.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from ...core.errors import DataError, ModelError
from ...models import ModelStore
from ...progress import Progress
from .. import training
from ..charts import load_pyplot, save_chart
from ..checkpoints import load_checkpoint
from ..datasets import Hands, pick_hands, read_empty, split_photos, without_hands
from ..evaluation.fingertip import DEFAULT_THRESHOLD
from ..evaluation.sights import NEAR_PX
from ..nets import FINGERTIP_NETS, SCOPES, initialise, limit_scope, set_training
from .sources import SPARE, Sources, draw_batch, read_source
from .train import GENTLE_RATE, learn_batch
from .validation import measure_errors, predict

EMPTY_SHARE = 0.25
"""Share of the views that only anchor presence: any part of any frame."""


class Figures(NamedTuple):
    """Of the wearer's held-back frames: median error in pixels of 640x480, share within 20 px, share found as hands at
    the threshold; and the share of hand-free photos found as hands, NaN without such photos."""

    median_px: float
    within_20px: float
    found: float
    false_hands: float


TITLES = ("median error, px of 640x480", "share within 20 px", "share of hands found", "false hands")
DIGITS = 4


class Judge(NamedTuple):
    """What every network is measured on: the wearer's held-back frames, and hand-free photos where there are any."""

    held: Hands
    empty: Hands
    threshold: float
    size: tuple[int, int]

    def measure(self, net: nn.Module) -> Figures:
        """Positions count whatever presence says of the frame."""
        net.eval()
        points, chance = predict(net, self.held, self.size, "cpu")
        error = measure_errors(self.held, points)
        false = predict(net, self.empty, self.size, "cpu")[1] >= self.threshold if self.empty.pictures else [np.nan]
        return Figures(float(np.median(error)), float((error <= NEAR_PX).mean()),
                       float((chance >= self.threshold).mean()), float(np.mean(false)))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--data", required=True, metavar="PATH[:tip|:pad]",
                        help="the wearer's frames: a CSV image,x,y or a course folder")
    parser.add_argument("--point", choices=("tip", "pad"), default="tip",
                        help="what x,y label where --data is silent (default tip)")
    parser.add_argument("--shots", type=int, nargs="+", default=[5, 20, 80],
                        help="how many frames to learn from (default 5 20 80)")
    parser.add_argument("--draws", type=int, default=3,
                        help="random choices of the frames for each number (default %(default)s)")
    parser.add_argument("--held-back", type=int, metavar="N",
                        help="how many of the last frames only measure; default: a third")
    parser.add_argument("--no-hands", type=Path, metavar="DIR",
                        help="photos without hands, for false_hands; every fifth, which never trains, is taken")
    parser.add_argument("--out", type=Path, required=True, help="where personal.png goes")
    parser.add_argument("--init", default="shipped", help="shipped (default) or a checkpoint")
    parser.add_argument("--scope", choices=tuple(SCOPES), default="head",
                        help="what learns beside the heads (default head: nothing)")
    parser.add_argument("--steps", type=int, default=60, help="of each training (default %(default)s)")
    parser.add_argument("--batch", type=int, default=16, help="views per step (default %(default)s)")
    parser.add_argument("--rate", type=float, default=GENTLE_RATE, help="peak learning rate (default %(default)s)")
    parser.add_argument("--image-size", type=int, nargs=2, metavar=("W", "H"),
                        help="of the network's input; default: that of --init")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="CPU threads (here %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn at random (default 0)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def main(args: argparse.Namespace) -> int:
    """Measure before, then for every number of frames and every choice; print and draw."""
    torch.set_num_threads(args.threads)
    net, threshold, size = load_start(args.init)
    args.image_size = tuple(args.image_size or size)
    pool, held = load_frames(args)
    empty = read_empty(split_photos(args.no_hands)[1] if args.no_hands else [], args.image_size)
    judge = Judge(held, empty, threshold, args.image_size)
    if max(args.shots) > len(pool.pictures):
        print(f"only {len(pool.pictures)} frames to learn from: larger numbers are left out", file=sys.stderr)
    runs = [(count, draw) for count in args.shots if count <= len(pool.pictures) for draw in range(args.draws)]
    results = [(0, judge.measure(net))]
    for count, draw in Progress(runs, "training", len(runs)):
        results.append((count, judge.measure(adapt(net, choose(pool, count, draw, args.seed), args))))
    summary = summarise(results)
    args.out.mkdir(parents=True, exist_ok=True)
    draw_personal(summary, args.out / "personal.png")
    print(json.dumps({"held_back": len(held.pictures), "results": summary}) if args.json else write_table(summary))
    return 0


def load_start(source: str) -> tuple[nn.Module, float, Sequence[int]]:
    """The network to start from, shipped or of a checkpoint, with its presence threshold and its input's size."""
    if source == "shipped":
        info = ModelStore().info("fingertip")
        head, threshold, size = "maps", info.threshold, info.input[:1:-1]
    else:
        settings = load_checkpoint(Path(source))["settings"]
        head, threshold, size = (settings.get(name) for name in ("head", "threshold", "image_size"))
        if head is None or size is None:
            raise ModelError(f"{source} finds no fingertips: give a checkpoint that `train fingertip` wrote")
    net = FINGERTIP_NETS[head]()
    initialise(net, source)
    return net, threshold or DEFAULT_THRESHOLD, size


def load_frames(args: argparse.Namespace) -> tuple[Hands, Hands]:
    """The frames to learn from, and the last ones, which measure. Raises DataError when there are too few."""
    size = (round(SPARE * args.image_size[0]), round(SPARE * args.image_size[1]))
    hands = read_source(args.data, args.point, size)
    hands = pick_hands(hands, np.flatnonzero(hands.present))
    count = len(hands.pictures)
    held = count // 3 if args.held_back is None else args.held_back
    if held < 1 or count - held < min(args.shots):
        raise DataError(f"{count} labelled frames are too few to hold {held} back and learn from {min(args.shots)}: "
                        "label more, or give other --shots and --held-back")
    return pick_hands(hands, np.arange(count - held)), pick_hands(hands, np.arange(count - held, count))


def choose(pool: Hands, count: int, draw: int, seed: int) -> Hands:
    """A random choice of so many frames; larger ones of the same draw contain the smaller ones."""
    return pick_hands(pool, np.random.default_rng((seed, draw)).permutation(len(pool.pictures))[:count])


def adapt(net: nn.Module, frames: Hands, args: argparse.Namespace) -> nn.Module:
    """A copy of the network that has learned from views of these frames and was held to what it said of presence."""
    learner = copy.deepcopy(net).to(memory_format=torch.channels_last)
    optimizer = training.make_optimizer(limit_scope(learner, args.scope), decay=0.0)
    average = training.Average(learner)
    sources = Sources([frames], np.ones(1), without_hands([]), []).with_unlabelled()
    set_training(learner, freeze_norms=True)
    for step in range(args.steps):
        training.set_rate(optimizer, training.learning_rate(step / args.steps, args.rate))
        keys = [(args.seed, step, index) for index in range(args.batch)]
        loss = learn_batch(draw_batch(sources, keys, EMPTY_SHARE, args.image_size), learner, "cpu", anchor=net)
        training.take_step(loss, learner, optimizer, longest_gradient=5.0)
        average.update(learner)
    return average.net


def summarise(results: list[tuple[int, Figures]]) -> list[dict[str, Any]]:
    """One entry per number of frames: the means over its choices, and the figures of each."""
    entries = []
    for shots in dict.fromkeys(count for count, _ in results):
        draws = [figures for count, figures in results if count == shots]
        means = Figures(*np.mean(draws, axis=0))
        entries.append({"shots": shots, **write_figures(means), "draws": [write_figures(one) for one in draws]})
    return entries


def write_figures(figures: Figures) -> dict[str, float]:
    """The measured figures as rounded numbers, fit for JSON."""
    return {key: round(float(value), DIGITS) for key, value in figures._asdict().items() if not np.isnan(value)}


def write_table(summary: list[dict[str, Any]]) -> str:
    """The means as a table for people."""
    keys = [key for key in Figures._fields if key in summary[0]]
    lines = ["frames  " + "  ".join(f"{key:>11}" for key in keys)]
    lines += [f"{entry['shots']:6}  " + "  ".join(f"{entry[key]:11.2f}" for key in keys) for entry in summary]
    return "\n".join(lines)


def draw_personal(summary: list[dict[str, Any]], path: Path) -> None:
    """Each figure against the number of frames: the mean as a line, every choice as a dot."""
    panels = [(key, title) for key, title in zip(Figures._fields, TITLES, strict=True) if key in summary[0]]
    figure, axes = load_pyplot().subplots(1, len(panels), figsize=(3.6 * len(panels), 3))
    places = range(len(summary))
    for axis, (key, title) in zip(axes, panels, strict=True):
        axis.plot(places, [entry[key] for entry in summary], marker="_", markersize=14)
        dots = [(place, draw[key]) for place in places for draw in summary[place]["draws"]]
        axis.scatter(*zip(*dots, strict=True), s=12, color="black", alpha=0.6)
        axis.set_xticks(places, [str(entry["shots"]) for entry in summary])
        axis.set(title=title, xlabel="the wearer's own frames", ylim=(0, None))
        axis.grid(alpha=0.3)
    save_chart(figure, path)
