"""How hard each layer is pressed: more where the network minds it less, until all of it fits into the budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ...core.errors import ModelError
from ...progress import Progress
from .clusters import share_blocks
from .match import Watched, measure_distance
from .prune import find_largest
from .shared import count_bytes

SAMPLE = 4096
"""Of a layer's weights so many give the first centres; for a forecast that is enough."""
LEAST_WEIGHTS = 4096
"""Smaller layers stay as they are: their codebooks would take what they save."""


class Choice(NamedTuple):
    """Of a layer's weights the `share` that is zero in the end, and the number of centres that the others share."""

    share: float
    centres: int


CHOICES = (Choice(0.0, 64), Choice(0.0, 16), Choice(0.5, 16), Choice(0.7, 16), Choice(0.8, 16), Choice(0.88, 16),
           Choice(0.94, 12))
"""From gentle to hard."""


class Option(NamedTuple):
    """A choice for a layer: what it takes, and how far the network is from itself when that layer alone bears it."""

    choice: Choice
    bytes: float
    distance: float


def list_layers(net: nn.Module) -> list[str]:
    """The names of the weights that are worth sharing."""
    return [name for name, weight in net.named_parameters() if weight.ndim > 1 and weight.numel() >= LEAST_WEIGHTS]


def make_plan(net: nn.Module, pictures: Tensor, budget: float) -> dict[str, Choice]:
    """For each layer the choice with which all of them together take at most `budget` bytes.

    `pictures` (N, 3, H, W) are normalised. Each step presses that layer further whose next choice costs least per byte
    that it saves. Raises ModelError for a budget that is below the hardest choices.
    """
    options = measure_options(net, pictures)
    chosen = dict.fromkeys(options, 0)
    while sum(options[name][number].bytes for name, number in chosen.items()) > budget:
        steps = {name: price(options[name][number], options[name][number + 1])
                 for name, number in chosen.items() if number + 1 < len(options[name])}
        if not steps:
            least = sum(each[-1].bytes for each in options.values())
            raise ModelError(f"the network does not fit: give a --budget of at least {least / 1e6:.2f} MB")
        chosen[min(steps, key=steps.__getitem__)] += 1
    return {name: options[name][number].choice for name, number in chosen.items()}


def price(before: Option, after: Option) -> float:
    """What is lost per byte saved."""
    return max(0.0, after.distance - before.distance) / max(1.0, before.bytes - after.bytes)


@torch.no_grad()
def measure_options(net: nn.Module, pictures: Tensor) -> Mapping[str, list[Option]]:
    """All choices of all layers."""
    watched = Watched(net.eval())
    untouched = watched.look(pictures)
    parameters = dict(net.named_parameters())
    found: dict[str, list[Option]] = {}
    names = list_layers(net)
    for name in Progress(names, "sensitivity", len(names)):
        found[name] = []
        for choice in CHOICES:
            weight, size = press(parameters[name].detach(), choice)
            distance = measure_distance(watched.look(pictures, {name: weight}), untouched)
            found[name].append(Option(choice, size, float(distance)))
    return found


def press(weight: Tensor, choice: Choice) -> tuple[Tensor, float]:
    """The weight as a choice leaves it before anything is learned, and about how many bytes its codes take."""
    left = weight * find_largest(weight, choice.share)
    codes, codebook = share_blocks(left.numpy(), choice.centres, zero=choice.share > 0, sample=SAMPLE)
    shared = torch.from_numpy(codebook[codes.astype(np.int64)].reshape(weight.shape).astype(np.float32))
    return shared, count_bytes(codes, len(codebook))
