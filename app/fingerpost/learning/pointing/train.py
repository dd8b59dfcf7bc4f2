"""`fingerpost train fingertip`: a ResNet-18 that finds tip, pad and knuckle of a pointing finger.

Sources that label different points learn together: each supervises only what it labels, everything else is
masked out of the loss. Frames without hands (--negatives, rendered frames, rows without x,y) teach when no one points.

A wearer's own frames improve the shipped network with --init shipped. Without --negatives presence is then anchored:
it is learned from what the shipped network says of the frames, whatever their labels say, and by default only the
heads learn.

Several processes share the work when torchrun starts them:
`torchrun --nproc-per-node 2 -m fingerpost train fingertip ...`.

--resume takes --init, --scope, --rate, --head and --image-size from the checkpoint; everything else is to be given
again.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...models import ModelStore
from .. import parallel, training
from ..checkpoints import recall
from ..nets import FINGERTIP_NETS, FingertipMaps, initialise, limit_scope, set_training
from ..record import Record, report
from .losses import measure_loss
from .sources import EMPTY_HELD, Batch, Sources, draw_batch, load_sources
from .validation import draw_worst, validate

CHECKPOINT = "fingertip.pt"
SIZE = (160, 120)
"""Width and height of the network's input, in pixels, unless the shipped network says otherwise."""
RATE, GENTLE_RATE = 1.5e-3, 3e-4
"""Peak learning rates by default: in general, and where a trained network is only to be adapted."""
LEAST_STEPS = 10
"""Steps of an epoch however few the frames are; their views differ."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.description, parser.formatter_class = __doc__, argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", action="append", required=True, metavar="PATH[:tip|:pad]",
                        help="a CSV image,x,y, a folder of rendered frames, or a course folder; may repeat")
    parser.add_argument("--share", type=float, action="append", default=[], help="weight of a source among the views "
                        "with hands, one per --data; their sum is made 1; default: by number of frames")
    parser.add_argument("--point", choices=("tip", "pad"), default="tip",
                        help="what x,y label where --data is silent (default tip)")
    parser.add_argument("--negatives", type=Path, action="append", default=[], metavar="DIR",
                        help="photos without hands; every fifth by name is held back for evaluation; may repeat")
    parser.add_argument("--skip", type=Path, metavar="FILE",
                        help="text file of picture names in --negatives that do show hands")
    parser.add_argument("--out", type=Path, required=True, help="where checkpoint, curves and worst frames go")
    parser.add_argument("--validate", action="append", default=[], metavar="PATH[:tip|:pad]",
                        help="frames that only validate, beside the shares held out; may repeat")
    parser.add_argument("--hold-out", type=float, default=0.02, help="share of every source that only validates: its "
                        f"last frames (default %(default)s); of each --negatives at least {EMPTY_HELD} does")
    add_recipe(parser)
    training.add_common(parser)
    parser.set_defaults(init=None, scope=None)  # left open: see settle


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """The options that say how is learned."""
    parser.add_argument("--head", choices=tuple(FINGERTIP_NETS),
                        help="soft-argmax maps (default), or fully connected")
    parser.add_argument("--image-size", type=int, nargs=2, metavar=("W", "H"), help="of the network's input; default: "
                        "the shipped network's with --init shipped, else {} {}".format(*SIZE))
    parser.add_argument("--epochs", type=int, default=20, help="how many (default %(default)s)")
    parser.add_argument("--patience", type=int, metavar="EPOCHS", help="stop after so many epochs without a better "
                        "validation score, and keep the best epoch; default: keep the last")
    parser.add_argument("--epoch-views", type=int, help="views per epoch; default: as many as frames, "
                        f"at least {LEAST_STEPS} batches")
    parser.add_argument("--batch", type=int, default=64, help="views per step (default %(default)s)")
    parser.add_argument("--rate", type=float, help=f"peak learning rate; default {RATE}, "
                        f"from the shipped weights {GENTLE_RATE}")
    parser.add_argument("--decay", type=float, default=0.02, help="weight decay (default %(default)s)")
    parser.add_argument("--empty-share", type=float, default=0.25,
                        help="share of the views that come from --negatives (default %(default)s)")


def settle(args: argparse.Namespace) -> None:
    """Decide what was left open: as the checkpoint was trained with --resume, else by what there is to learn from."""
    if args.resume:
        recall(args, args.out / CHECKPOINT, fixed=("head", "image_size", "scope"), free=("init", "rate"))
    args.init = args.init or "torchvision"
    args.head = args.head or "maps"
    args.scope = args.scope or ("head" if is_anchored(args) else "all")
    shipped = args.init == "shipped"
    args.rate = args.rate or (GENTLE_RATE if shipped else RATE)
    size = ModelStore().info("fingertip").input[:1:-1] if shipped else SIZE
    args.image_size = tuple(args.image_size or size)


def is_anchored(args: argparse.Namespace) -> bool:
    """Whether presence is learned from what the shipped network says: from hands alone one learns that there always
    is one, and a few frames without do not help."""
    return args.init == "shipped" and not args.negatives


def learn_batch(batch: Batch, net: nn.Module, device: str, anchor: nn.Module | None = None) -> Tensor:
    """The loss of one batch; with an anchor, presence is learned from what that network says instead of the labels."""
    pictures = training.normalise(training.to_tensor(batch.views, device)).contiguous(memory_format=torch.channels_last)
    points, present = (torch.from_numpy(part).to(device) for part in batch[1:])
    with torch.autocast(device, torch.bfloat16):
        output, presence = net(pictures)
        if anchor is not None:
            with torch.no_grad():
                present = anchor(pictures)[1][:, 0].float().sigmoid()
    return share_loss(output.float(), presence.float(), points, present)


def share_loss(output: Tensor, presence: Tensor, points: Tensor, present: Tensor) -> Tensor:
    """This process's part of a loss whose mean over the processes is the loss of the whole batch.

    Presence is a mean over the views, of which all have as many; places are a mean over the labelled points, of which
    some have more: theirs weigh more.
    """
    loss = measure_loss(output, presence, points, present)
    if parallel.count() == 1:
        return loss
    of_presence = measure_loss(output, presence, torch.full_like(points, float("nan")), present)
    known = float((~torch.isnan(points[..., 0])).sum())
    mean = parallel.average(known)
    weight = known / mean if mean else 0.0
    return weight * (loss - of_presence) + of_presence


def train(args: argparse.Namespace) -> int:
    """Train from the top to the bottom; leaves fingertip.pt, curves.png and worst.jpg in `--out`."""
    training.begin(args)
    settle(args)
    with parallel.joined():
        net = FINGERTIP_NETS[args.head]()
        freeze = training.fill(net, args, args.out / CHECKPOINT)  # first: its mistakes show at once
        sources, anchor = load_sources(args), None
        if is_anchored(args):
            sources, anchor = sources.with_unlabelled(), load_anchor()
        if parallel.is_first():
            announce(sources, anchor is not None)
        settings = {**training.describe(args), "freeze_norms": freeze}
        net.to(settings["device"], memory_format=torch.channels_last)
        limit_scope(net, args.scope)
        run_epochs(args, settings, net, sources, anchor)
    return 0


def load_anchor() -> nn.Module:
    """The shipped network, which holds presence where it is."""
    anchor = FingertipMaps()
    initialise(anchor, "shipped")
    return anchor.eval().to(training.find_device(), memory_format=torch.channels_last)


def announce(sources: Sources, anchored: bool) -> None:
    """Say which figure is measured on what, and where presence has nothing of its own to learn from."""
    for number, (hands, name) in enumerate(zip(sources.held, sources.held_names, strict=True)):
        if hands.present.any():
            print(f"px{number}, within{number}: {name}")
    if anchored:
        print("without --negatives presence stays as the shipped network judges it; by default only the heads learn")
    elif sources.lack_empty():
        print("warning: no frame without a hand, so the network will see one everywhere: "
              "give --negatives, or start from --init shipped", file=sys.stderr)


def run_epochs(args: argparse.Namespace, settings: dict[str, Any], net: nn.Module, sources: Sources,
               anchor: nn.Module | None) -> None:
    """All epochs, each followed by validation of the moving average and a checkpoint."""
    optimizer = training.make_optimizer([p for p in net.parameters() if p.requires_grad], args.decay)
    average = training.Average(net)
    record = Record(args.out / CHECKPOINT, settings, args.patience)
    if args.resume:
        record.resume(average, net, optimizer)
    check = partial(validate, held=sources.held, size=args.image_size, device=settings["device"],
                    threshold=ModelStore().info("fingertip").threshold if anchor else None)
    before: dict[str, float] = {}
    if args.init == "shipped" and not args.resume and parallel.is_first():
        before = check(average.net)
        report(before, "before  ")
    course = training.Course(args.epochs, args.minutes, record.history)
    epoch, learner = len(record.history), parallel.wrap(net)
    while not parallel.agree(course.progress(epoch) >= 1 or record.exhausted):
        began = time.monotonic()
        loss = run_epoch(args, settings, (learner, anchor, average, optimizer), sources, course, epoch)
        epoch += 1
        if parallel.is_first():
            entry = {"epoch": float(epoch), "loss": loss, **check(average.net), "seconds": time.monotonic() - began}
            record.add(entry, average, net, optimizer)
    if before:
        compare(before, record.shipped)
    if parallel.is_first():
        average.net.load_state_dict(record.model)
        draw_worst(average.net, sources.held, args.image_size, settings["device"],
                   record.shipped["threshold"], args.out / "worst.jpg")


def compare(before: dict[str, float], after: dict[str, float]) -> None:
    """Report what the training brought on the frames held out, and advise against a network that got worse."""
    report({key: after[key] for key in before}, "after   ")
    if after["score"] > before["score"]:
        print("warning: on the frames held out the shipped network is better: keep it, or label more frames",
              file=sys.stderr)


def run_epoch(args: argparse.Namespace, settings: dict[str, Any],
              parts: tuple[nn.Module, nn.Module | None, training.Average, torch.optim.Optimizer],
              sources: Sources, course: training.Course, epoch: int) -> float:
    """One pass; returns the mean loss."""
    net, anchor, average, optimizer = parts
    frames = sum(len(part.pictures) for part in sources.hands)
    steps = max(1, args.epoch_views // args.batch) if args.epoch_views else max(LEAST_STEPS, frames // args.batch)
    mine, size = parallel.own_slice(args.batch), args.image_size
    batches = training.prefetch(lambda step: draw_batch(sources, [(args.seed, epoch, step, index) for index in mine],
                                                        args.empty_share, size), steps)
    set_training(net, settings["freeze_norms"])
    losses: list[float] = []
    for batch in training.pace(batches, steps, epoch, course, optimizer, args.rate):
        loss = learn_batch(batch, net, settings["device"], anchor)
        training.take_step(loss, net, optimizer, longest_gradient=5.0)
        average.update(net)
        losses.append(float(loss.detach()))
    return parallel.average(float(np.mean(losses)))


def main(args: argparse.Namespace) -> int:
    """Entry of the command."""
    return train(args)
