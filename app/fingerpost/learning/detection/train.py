"""`fingerpost train detector`: a single-shot network that finds things and draws a box around each.

It learns from the split train of a Pascal VOC folder and is measured on the split val, as `fingerpost data import` and
`fingerpost data open-images` write them. --init says where to start: `shipped`, `scratch`, a checkpoint, for
ssd-mobilenet-v1 also `timm` or the .tflite file of an 8-bit MobileNet-V1 (ImageNet), for ssdlite320 `torchvision`
(COCO). Heads for other classes start anew.

Several processes share the work when torchrun starts them:
`torchrun --nproc-per-node 2 -m fingerpost train detector ...`.

--resume takes --net, --width, --image-size, --init, --scope and --rate from the checkpoint; everything else is to be
given again.
"""

from __future__ import annotations

import argparse
import math
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...core.errors import DataError, ModelError
from .. import parallel, training
from ..checkpoints import load_checkpoint, recall
from ..nets import limit_scope, set_training
from ..norms import revive_norms
from ..record import Record
from .deck import Batch, Deck
from .pool import Pool, load_pool
from .ssd import MEAN, NETS, STD, Detector, build_detector
from .starts import initialise
from .validation import validate

CHECKPOINT = "detector.pt"
STARTS = {"ssd-mobilenet-v1": "shipped", "ssdlite320": "torchvision"}
"""Where each network starts by default."""
RATE = 2e-3
"""Peak learning rate by default."""
LEAST_SIDE = 32
"""Pixels of an input from which the coarsest features have one place."""
LEAST_STEPS = 10
"""Steps of an epoch however few the pictures are; their views differ."""
NORM_VIEWS = 64
"""From so many views come the statistics of norms that were folded away."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.description, parser.formatter_class = __doc__, argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, metavar="VOC",
                        help="folder with JPEGImages, Annotations and ImageSets/Main")
    parser.add_argument("--out", type=Path, required=True, help="where checkpoint and curves go")
    parser.add_argument("--net", choices=tuple(NETS), help="default: ssd-mobilenet-v1")
    parser.add_argument("--width", type=float, help="thins ssd-mobilenet-v1: share of its channels (default 1)")
    parser.add_argument("--image-size", type=int, metavar="S", help="side in pixels of the network's input; default: "
                        "the net's own, 300 or 320")
    parser.add_argument("--init", help="where to start, see above; default: shipped, for ssdlite320 torchvision")
    parser.add_argument("--scope", choices=("head", "last", "all"), help="what learns beside the heads and the coarse "
                        "levels: nothing (head), the last stage (last), or everything (all, the default)")
    parser.add_argument("--epochs", type=int, default=60, help="how many (default %(default)s)")
    parser.add_argument("--patience", type=int, metavar="EPOCHS", help="stop after so many epochs without a better "
                        "mAP50 on val, and keep the best epoch; default: keep the last")
    parser.add_argument("--epoch-views", type=int, help="views per epoch; default: as many as pictures, "
                        f"at least {LEAST_STEPS} batches")
    parser.add_argument("--batch", type=int, default=24, help="views per step (default %(default)s)")
    parser.add_argument("--rate", type=float, help=f"peak learning rate (default {RATE})")
    parser.add_argument("--decay", type=float, default=0.02, help="weight decay (default %(default)s)")
    training.add_running(parser, "else those that were folded into 8-bit or shipped weights get some again")


def settle(args: argparse.Namespace) -> None:
    """Decide what was left open: as the checkpoint was trained with --resume, else as is usual.

    Raises DataError for a network that has no size.
    """
    if args.resume:
        recall(args, args.out / CHECKPOINT, fixed=("net", "width", "image_size", "scope"), free=("init", "rate"))
    args.net = args.net or "ssd-mobilenet-v1"
    args.width = 1.0 if args.width is None else args.width
    args.init = args.init or STARTS[args.net]
    args.scope = args.scope or "all"
    args.rate = args.rate or RATE
    if args.width <= 0 or (args.image_size is not None and args.image_size < LEAST_SIDE):
        raise DataError(f"--width must be above 0 and --image-size at least {LEAST_SIDE}: leave them out, or give more")


def prepare(batch: Batch, device: str) -> Tensor:
    """The views as the network takes them."""
    pictures = training.normalise(training.to_tensor(batch.views, device), MEAN, STD)
    return pictures.contiguous(memory_format=torch.channels_last)


def learn_batch(batch: Batch, learner: nn.Module, net: Detector, device: str) -> Tensor:
    """The loss of one batch; `learner` is the net, or what shares it among processes."""
    targets = [{"boxes": torch.from_numpy(boxes).to(device), "labels": torch.from_numpy(labels).to(device)}
               for boxes, labels in zip(batch.boxes, batch.labels, strict=True)]
    with torch.autocast(device, torch.bfloat16, enabled=net.in_half):
        deltas, logits = learner(prepare(batch, device))
    return net.loss(deltas.float(), logits.float(), targets) * weigh(net, targets)


def weigh(net: Detector, targets: list[dict[str, Tensor]]) -> float:
    """The weight that makes the mean of the processes' losses the loss of the whole batch.

    The loss is a mean over the anchors that are matched with a box; who has more of them weighs more.
    """
    if parallel.count() == 1:
        return 1.0
    matched = float(sum((net.match(target["boxes"]) >= 0).sum() for target in targets))
    return max(1.0, matched) / max(1.0, parallel.average(matched))


def train(args: argparse.Namespace) -> int:
    """Train from the top to the bottom; leaves detector.pt and curves.png in `--out`."""
    training.begin(args)
    settle(args)
    with parallel.joined():
        pool = load_pool(args.data)
        net = build_detector(args.net, len(pool.names), args.width, args.image_size)
        args.image_size = net.side
        deck = Deck(pool, args.batch, net.side, args.seed)
        settings = {**training.describe(args), "kind": "detector", "labels": pool.names}
        settings["freeze_norms"] = fill(net, args, deck)
        if parallel.is_first():
            print(f"{len(pool.learned)} pictures to learn from, {len(pool.held)} to validate, {len(pool.names)} "
                  f"classes, {len(net.boxes)} anchors", flush=True)
        net.to(settings["device"], memory_format=torch.channels_last)
        limit_scope(net, args.scope)
        run_epochs(args, settings, net, pool, deck)
    return 0


def fill(net: Detector, args: argparse.Namespace, deck: Deck) -> bool:
    """Fill the network as --init or --resume says; returns whether its norms stay frozen.

    Norms that were folded away come back, unless --freeze-norms leaves them as they are.
    """
    frozen = initialise(net, str(args.out / CHECKPOINT) if args.resume else args.init)
    if args.resume or args.freeze_norms:
        return frozen or args.freeze_norms
    if frozen:
        revive_norms(net, prepare(deck.draw(0, 0, range(NORM_VIEWS)), "cpu"))
    return False


def run_epochs(args: argparse.Namespace, settings: dict[str, Any], net: Detector, pool: Pool, deck: Deck) -> None:
    """All epochs, each followed by validation of the moving average and a checkpoint."""
    optimizer = training.make_optimizer([p for p in net.parameters() if p.requires_grad], args.decay)
    average = training.Average(net)
    record = Record(args.out / CHECKPOINT, settings, args.patience)
    if args.resume:
        check_names(args.out / CHECKPOINT, pool.names)
        record.resume(average, net, optimizer)
    check = partial(validate, held=pool.held, names=pool.names, device=settings["device"])
    course = training.Course(args.epochs, args.minutes, record.history)
    epoch, learner = len(record.history), parallel.wrap(net)
    while not parallel.agree(course.progress(epoch) >= 1 or record.exhausted):
        began = time.monotonic()
        loss = run_epoch(args, settings, (learner, net, average, optimizer), deck, course, epoch)
        epoch += 1
        if parallel.is_first():
            entry = {"epoch": float(epoch), "loss": loss, **check(average.net), "seconds": time.monotonic() - began}
            record.add(entry, average, net, optimizer)


def check_names(path: Path, names: list[str]) -> None:
    """Raises ModelError where the checkpoint was trained for other classes."""
    if load_checkpoint(path)["settings"]["labels"] != names:
        raise ModelError(f"{path} was trained for other classes: drop --resume and give it as --init, with another "
                         "--out")


def run_epoch(args: argparse.Namespace, settings: dict[str, Any],
              parts: tuple[nn.Module, Detector, training.Average, torch.optim.Optimizer],
              deck: Deck, course: training.Course, epoch: int) -> float:
    """One pass; returns the mean loss."""
    learner, net, average, optimizer = parts
    steps = count_steps(len(deck), args.batch, args.epoch_views)
    mine = parallel.own_slice(args.batch)
    batches = training.prefetch(lambda step: deck.draw(epoch, step, mine), steps, args.threads)
    set_training(learner, settings["freeze_norms"])
    losses: list[float] = []
    for batch in training.pace(batches, steps, epoch, course, optimizer, args.rate):
        loss = learn_batch(batch, learner, net, settings["device"])
        training.take_step(loss, net, optimizer, longest_gradient=5.0)
        average.update(net)
        losses.append(float(loss.detach()))
    return parallel.average(float(np.mean(losses)))


def count_steps(pictures: int, batch: int, epoch_views: int | None) -> int:
    """The steps of an epoch: as many as take all its views, the last ones too where the batch does not divide them."""
    return max(1, math.ceil((epoch_views or max(pictures, LEAST_STEPS * batch)) / batch))


def main(args: argparse.Namespace) -> int:
    """Entry of the command."""
    with training.fitting_memory():
        return train(args)
