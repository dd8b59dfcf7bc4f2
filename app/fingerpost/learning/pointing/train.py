"""`fingerpost train fingertip`: a ResNet-18 that finds tip, pad and knuckle of a pointing finger.

Sources that label different points learn together: each supervises only what it labels, everything else is
masked out of the loss.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from ...vision.fingertip import PAD, TIP, decode_points
from .. import training
from ..datasets import Hands
from ..nets import SCOPES, FingertipMaps, FingertipPoints, initialise, limit_scope, set_training
from .losses import measure_loss
from .sources import Batch, Sources, draw_batch, load_sources

SCALE_PX = (640.0, 480.0)
"""Errors are given in pixels of a frame of this size."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--data", action="append", required=True, metavar="PATH[:tip|:pad]",
                        help="a CSV image,x,y, a folder of rendered frames, or a course folder; may repeat")
    parser.add_argument("--share", type=float, action="append", default=[], help="share of the views with hands, "
                        "one per --data; default: by number of frames")
    parser.add_argument("--point", choices=("tip", "pad"), default="tip", help="what x,y label where --data is silent")
    parser.add_argument("--negatives", type=Path, action="append", default=[],
                        help="photos without hands; every fifth is held back; may repeat")
    parser.add_argument("--skip", type=Path, help="text file of picture names in --negatives that do show hands")
    parser.add_argument("--out", type=Path, required=True, help="where checkpoint and curves go")
    parser.add_argument("--init", default="torchvision", help="torchvision (default), scratch, or a checkpoint")
    parser.add_argument("--scope", choices=tuple(SCOPES), default="all", help="what learns")
    parser.add_argument("--head", choices=("maps", "fc"), default="maps", help="soft-argmax maps, or fully connected")
    parser.add_argument("--image-size", type=int, nargs=2, default=(160, 120), metavar=("W", "H"))
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--minutes", type=float, help="train for this time instead of for --epochs")
    parser.add_argument("--epoch-views", type=int, help="views per epoch; default: as many as frames")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=1.5e-3, help="peak learning rate")
    parser.add_argument("--decay", type=float, default=0.02, help="weight decay")
    parser.add_argument("--empty-share", type=float, default=0.25, help="share of views without a hand")
    parser.add_argument("--hold-out", type=float, default=0.02, help="share of every source that only validates")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")


def learn_batch(batch: Batch, net: nn.Module, device: str) -> Tensor:
    """The loss of one batch."""
    pictures = training.normalise(training.to_tensor(batch.views, device))
    with torch.autocast(device, torch.bfloat16):
        output, presence = net(pictures.contiguous(memory_format=torch.channels_last))
    points, present = (torch.from_numpy(part).to(device) for part in batch[1:])
    return measure_loss(output.float(), presence.float(), points, present)


@torch.no_grad()
def predict(net: nn.Module, hands: Hands, size: tuple[int, int], device: str) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, 3, 2) as shares, decoded exactly as on the wearable, and presence probabilities (N,)."""
    points, presence = [], []
    for start in range(0, len(hands.pictures), 64):
        frames = [cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in hands.pictures[start:start + 64]]
        inputs = training.normalise(training.to_tensor(np.stack(frames), device))
        output, logit = net(inputs.contiguous(memory_format=torch.channels_last))
        points += [decode_points(one[None]) for one in output.float().cpu().numpy()]
        presence.append(logit[:, 0].float().sigmoid().cpu().numpy())
    return np.array(points), np.concatenate(presence)


def validate(net: nn.Module, held: list[Hands], size: tuple[int, int], device: str) -> dict[str, float]:
    """Median pixel error per source (on its outermost labelled point), hands found, false hands, and threshold."""
    figures, chances, present = {}, [], []
    for number, hands in enumerate(part for part in held if part.pictures):
        points, presence = predict(net, hands, size, device)
        chances.append(presence)
        present.append(hands.present)
        if hands.present.any():
            point = TIP if not np.isnan(hands.points[hands.present, TIP]).all() else PAD
            error = np.linalg.norm((points - hands.points)[:, point] * SCALE_PX, axis=1)
            error = error[~np.isnan(error)]
            figures[f"px{number}"] = float(np.median(error))
            figures[f"within{number}"] = float((error <= 20).mean())
    chance, there = np.concatenate(chances), np.concatenate(present)
    figures["threshold"] = fit_threshold(chance, there)
    figures["missed"] = float((chance[there] < figures["threshold"]).mean())
    figures["false"] = float((chance[~there] >= figures["threshold"]).mean()) if (~there).any() else 0.0
    return figures


def fit_threshold(chance: np.ndarray, present: np.ndarray) -> float:
    """The presence probability that leaves the smallest sum of the shares missed and falsely found."""
    if present.all() or not present.any():
        return 0.5
    choices = np.linspace(0.05, 0.95, 91)
    cost = [(chance[present] < t).mean() + (chance[~present] >= t).mean() for t in choices]
    best = choices[np.isclose(cost, min(cost))]
    return float(np.median(best))  # the middle of a flat valley holds best


def train(args: argparse.Namespace) -> int:
    """Train from the top to the bottom; leaves fingertip.pt and curves.png in `--out`."""
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    training.keep_freed_memory()
    settings = training.describe(args)
    net = FingertipMaps() if args.head == "maps" else FingertipPoints()
    initialise(net, args.init)
    net.to(settings["device"], memory_format=torch.channels_last)
    limit_scope(net, args.scope)
    run_epochs(args, settings, net, load_sources(args))
    return 0


def run_epochs(args: argparse.Namespace, settings: dict[str, Any], net: nn.Module, sources: Sources) -> None:
    """All epochs, each followed by validation of the moving average and a checkpoint."""
    optimizer = training.make_optimizer([p for p in net.parameters() if p.requires_grad], args.decay)
    average = training.Average(net)
    checkpoint = args.out / "fingertip.pt"
    history = training.resume(checkpoint, average, net, optimizer) if args.resume else []
    course = training.Course(args.epochs, args.minutes, history)
    while course.progress(len(history)) < 1:
        began = time.monotonic()
        loss = run_epoch(args, settings["device"], (net, average, optimizer), sources, course, len(history))
        entry = {"epoch": len(history) + 1.0, "loss": loss,
                 **validate(average.net, sources.held, tuple(args.image_size), settings["device"]),
                 "seconds": time.monotonic() - began}
        history.append(entry)
        settings["threshold"] = entry["threshold"]
        training.report(entry)
        training.save_checkpoint(checkpoint, average, net, optimizer, settings, history)
        training.draw_curves(history, args.out / "curves.png")


def run_epoch(args: argparse.Namespace, device: str,
              parts: tuple[nn.Module, training.Average, torch.optim.Optimizer],
              sources: Sources, course: training.Course, epoch: int) -> float:
    """One pass; returns the mean loss."""
    net, average, optimizer = parts
    rng = np.random.default_rng((args.seed, epoch))
    views = args.epoch_views or sum(len(part.pictures) for part in sources.hands)
    steps = max(1, views // args.batch)
    size = tuple(args.image_size)
    batches = training.prefetch(lambda _: draw_batch(sources, args.batch, args.empty_share, size, rng), steps)
    set_training(net)
    losses: list[float] = []
    for step, batch in enumerate(training.progress(batches, steps, f"epoch {epoch + 1}")):
        progress = course.progress(epoch + step / steps)
        if progress >= 1 and losses:  # the clock may run out inside an epoch
            break
        training.set_rate(optimizer, training.learning_rate(progress, args.rate))
        loss = learn_batch(batch, net, device)
        training.take_step(loss, net, optimizer, longest_gradient=5.0)
        average.update(net)
        losses.append(float(loss.detach()))
    return float(np.mean(losses))


def main(args: argparse.Namespace) -> int:
    """Entry of the command."""
    return train(args)
