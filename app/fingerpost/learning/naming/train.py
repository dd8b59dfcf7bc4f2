"""`fingerpost train objects`: a ResNet-18 that names things, one folder of pictures per class.

With teachers it learns two things at once from the same views: the classes, and the teachers' features, at each place
and pooled, through a linear projection (function matching: Beyer et al., "A good teacher is patient and consistent",
2022).
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...core.errors import DataError
from ...vision.wider import OTHER
from .. import parallel, training
from ..checkpoints import load_checkpoint, save_checkpoint
from ..nets import ObjectNet, limit_scope, set_training, walk
from ..record import Record
from ..views import Random, centre_square, make_view
from .heritage import take_over
from .likeness import fit_likeness
from .matching import Match, prepare_match, repeat_batches
from .pools import NAMELESS, Batch, Pool, choose_classes, draw_batch, load_pools

CHECKPOINT = "objects.pt"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--data", type=Path, required=True, help="one folder of pictures per class")
    parser.add_argument("--out", type=Path, required=True, help="where checkpoint, curves and labels go")
    parser.add_argument("--teachers", type=Path, help="folder with the two MobileNet .tflite files to distil from")
    parser.add_argument("--other", type=Path, help="photos of nameless things; every fifth is held back")
    parser.add_argument("--extra", type=Path, action="append", default=[],
                        help="more nameless pictures, all of them learned from; may repeat")
    parser.add_argument("--skip", type=Path, help="text file of picture names in --other and --extra to leave out")
    parser.add_argument("--leave-out", type=Path, metavar="FILE",
                        help="text file of class folders in --data that the network must never see")
    parser.add_argument("--epochs", type=int, default=40, help="how many (default %(default)s)")
    parser.add_argument("--image-size", type=int, default=160,
                        help="side in pixels of the network's input (default %(default)s)")
    parser.add_argument("--early-size", type=int, default=112,
                        help="side in pixels in the first part (default %(default)s)")
    parser.add_argument("--early-share", type=float, default=0.6,
                        help="share of the epochs at the early size (default %(default)s)")
    parser.add_argument("--batch", type=int, default=64, help="views per step (default %(default)s)")
    parser.add_argument("--rate", type=float, default=2e-3, help="peak learning rate (default %(default)s)")
    parser.add_argument("--decay", type=float, default=0.05, help="weight decay (default %(default)s)")
    parser.add_argument("--match", type=float, default=5.0,
                        help="weight of the teachers' features in the loss (default %(default)s)")
    parser.add_argument("--repeat", type=int, default=3,
                        help="how often the student learns what the teachers saw once (default %(default)s)")
    parser.add_argument("--hold-out", type=float, default=0.1,
                        help="share of every class that only validates (default %(default)s)")
    training.add_common(parser)


def learn_batch(batch: Batch, net: ObjectNet, match: Match | None, settings: dict[str, Any], side: int) -> Tensor:
    """The loss of one batch, seen by the student at `side` pixels."""
    pictures = training.to_tensor(batch.views, settings["device"])
    if pictures.shape[-1] != side:
        pictures = F.interpolate(pictures, size=(side, side), mode="bilinear", antialias=True)
    inputs = training.normalise(pictures).contiguous(memory_format=torch.channels_last)
    with torch.autocast(settings["device"], torch.bfloat16):
        features = walk(net.body, inputs)[2]
        logits = net.head(features.mean((2, 3)))
    first, second, shares = (torch.from_numpy(part).to(settings["device"]) for part in batch[1:4])
    loss = (shares * F.cross_entropy(logits.float(), first, reduction="none", label_smoothing=0.05)
            + (1 - shares) * F.cross_entropy(logits.float(), second, reduction="none", label_smoothing=0.05)).mean()
    return loss + settings["match"] * match.loss(features, batch.wanted) if match else loss


@torch.no_grad()
def predict(net: ObjectNet, pictures: list[np.ndarray], side: int) -> Tensor:
    """Logits (N, classes) of pictures of any size, cut to their middle square."""
    outputs = []
    for start in range(0, len(pictures), 64):
        squares = [cv2.resize(centre_square(p), (side, side), interpolation=cv2.INTER_AREA)
                   for p in pictures[start:start + 64]]
        inputs = training.normalise(training.to_tensor(np.stack(squares), "cpu"))
        outputs.append(net(inputs.contiguous(memory_format=torch.channels_last))[0].float())
    return torch.cat(outputs)


def validate(net: ObjectNet, held: Pool, side: int) -> dict[str, float]:
    """Top-1 on the held-out known things and the share of held-out strangers that are called other."""
    guesses = predict(net, held.pictures, side).argmax(1).numpy()
    right = guesses == held.labels
    stranger = held.labels == net.head.out_features - 1
    return {"top1": float(right[~stranger].mean()), "other": float(right[stranger].mean()) if stranger.any() else 0.0}


def fit_temperature(net: ObjectNet, held: Pool, side: int, rng: Random) -> float:
    """The temperature that makes the softmax honest (Guo et al., 2017), fitted on views of views of held-out pictures.

    Held-out pictures resemble training too much, and so do single views of them; the wearer's pictures do not. Views
    of views are about as hard: docs/decisions/004-own-weights.md.
    """
    views = [make_view(make_view(picture, held.pictures, side, rng), held.pictures, side, rng)
             for picture in held.pictures for _ in range(4)]
    logits = predict(net, views, side)
    labels = torch.from_numpy(np.repeat(held.labels, 4))
    choices = torch.linspace(0.5, 3.0, 101)
    losses = torch.stack([F.cross_entropy(logits / t, labels) for t in choices])
    return float(choices[losses.argmin()])


def train(args: argparse.Namespace) -> int:
    """Train from the top to the bottom; leaves objects.pt and curves.png in `--out`."""
    if parallel.expected() > 1:
        raise DataError("objects are learned by one process: start `train objects` without torchrun")
    training.begin(args)
    settings = training.describe(args)
    names = choose_classes(args.data, args.leave_out)
    known, nameless, held = load_pools(args, names)
    settings["labels"] = names + [OTHER]
    net = ObjectNet(len(names) + 1)
    settings["freeze_norms"] = training.fill(net, args, args.out / CHECKPOINT)
    net.to(settings["device"], memory_format=torch.channels_last)
    match = prepare_match(args, known, nameless, settings["device"]) if args.teachers else None
    take_over(args.init, settings["labels"], net, match)
    run_epochs(args, settings, net, match, (known, nameless, held))
    calibrate(args.out / CHECKPOINT, held, args.seed)
    return 0


def calibrate(checkpoint: Path, held: Pool, seed: int) -> None:
    """Add to the checkpoint what held-out pictures tell: temperature, and likeness curve with its centre.

    The export folds temperature and centre into the network.
    """
    state = load_checkpoint(checkpoint)
    settings = state["settings"]
    net = ObjectNet(len(settings["labels"])).eval()
    net.load_state_dict(state["model"])
    side, rng = settings["image_size"], np.random.default_rng(seed)
    settings["temperature"] = fit_temperature(net, held, side, rng)
    likeness = fit_likeness(partial(embed, net), held.pictures, side, rng)
    settings["centre"] = likeness.centre.tolist()
    settings["likeness"] = list(likeness.curve)
    save_checkpoint(checkpoint, state)


@torch.no_grad()
def embed(net: ObjectNet, views: np.ndarray) -> np.ndarray:
    """Embeddings (N, 512) of views, RGB uint8 (N, S, S, 3)."""
    inputs = training.normalise(training.to_tensor(views, "cpu"))
    return net(inputs.contiguous(memory_format=torch.channels_last))[1].numpy()


def run_epochs(args: argparse.Namespace, settings: dict[str, Any], net: ObjectNet, match: Match | None,
               pools: tuple[Pool, Pool, Pool]) -> None:
    """All epochs, each followed by validation of the moving average and a checkpoint."""
    learner = nn.ModuleDict({"net": net, "project": match.project} if match else {"net": net})
    limit_scope(net, args.scope)
    optimizer = training.make_optimizer([p for p in learner.parameters() if p.requires_grad], args.decay)
    average = training.Average(net)
    record = Record(args.out / CHECKPOINT, settings)
    if args.resume:
        record.resume(average, learner, optimizer)
    course = training.Course(args.epochs, args.minutes, record.history)
    while course.progress(len(record.history)) < 1:
        began = time.monotonic()
        loss = run_epoch(args, settings, (learner, match, average, optimizer), pools, course, len(record.history))
        entry = {"epoch": len(record.history) + 1.0, "loss": loss, **validate(average.net, pools[2], args.image_size),
                 "seconds": time.monotonic() - began}
        record.add(entry, average, learner, optimizer)


def run_epoch(args: argparse.Namespace, settings: dict[str, Any],
              parts: tuple[nn.ModuleDict, Match | None, training.Average, torch.optim.Optimizer],
              pools: tuple[Pool, Pool, Pool], course: training.Course, epoch: int) -> float:
    """As many views as there are known pictures, plus the nameless ones' share; returns the mean loss."""
    learner, match, average, optimizer = parts
    known, nameless, _ = pools
    side = args.early_size if course.progress(epoch) < args.early_share else args.image_size
    # With teachers the views keep their full size for them; the student's are made smaller from it.
    drawn = args.image_size if match else side
    rng = np.random.default_rng((args.seed, epoch))
    steps = max(1, int(len(known.pictures) / (1 - NAMELESS * bool(nameless.pictures)) / args.batch))
    fresh = training.prefetch(lambda _: draw_batch(known, nameless, args.batch, drawn, rng), steps)
    batches = repeat_batches(fresh, match, settings, rng) if match else fresh
    steps *= args.repeat if match else 1
    set_training(learner, settings["freeze_norms"])
    losses: list[float] = []
    for batch in training.pace(batches, steps, epoch, course, optimizer, args.rate):
        loss = learn_batch(batch, learner["net"], match, settings, side)
        training.take_step(loss, learner, optimizer, longest_gradient=1.0)
        average.update(learner["net"])
        losses.append(float(loss.detach()))
    return float(np.mean(losses))


def main(args: argparse.Namespace) -> int:
    """Entry of the command."""
    return train(args)
