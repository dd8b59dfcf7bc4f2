"""How far a smaller network is from the one that it stands for: by what its stages see, and by what it says.

No labels are needed: the network as it was is the teacher, on any pictures like those that it will see ("FitNets",
Romero et al., 2015).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

NEAR_CELLS = 0.05
"""From so far on an error counts by its length, not by its square: 1.6 pixels of a frame 640 wide, at stride 8."""
STAGE = re.compile(r"body\.layer\d")


class View(NamedTuple):
    """What a network makes of a batch: the features after each of its stages, and its outputs."""

    stages: list[Tensor]
    outputs: tuple[Tensor, ...]


class Watched:
    """A network that shows what its stages see, and may be run with other weights than its own."""

    def __init__(self, net: nn.Module):
        self._net = net
        self.in_half = bool(getattr(net, "in_half", True))
        """Whether it may learn in bfloat16; a detector says so itself."""
        self._stages = [module for name, module in net.named_modules() if STAGE.fullmatch(name)]

    def look(self, pictures: Tensor, weights: Mapping[str, Tensor] | None = None) -> View:
        """The view of normalised pictures (N, 3, H, W), with `weights` in place of those of the same names."""
        seen: list[Tensor] = []
        hooks = [stage.register_forward_hook(lambda stage, inputs, output: seen.append(output))
                 for stage in self._stages]
        outputs = functional_call(self._net, dict(weights or {}), (pictures,))
        for hook in hooks:
            hook.remove()
        return View(seen, outputs)


def measure_distance(ours: View, theirs: View) -> Tensor:
    """A number, 0 for equal views: squared errors as shares of the mean square, and how differently maps point.

    The last of these alone is what the wearer notices of a fingertip: with the others only, a network at a bit a weight
    saw the points 2.4 pixels of 640 from where its teacher did, and was 13 % further from the labels than that.
    """
    pairs = [*zip(ours.stages, theirs.stages, strict=True), *zip(ours.outputs, theirs.outputs, strict=True)]
    total = sum(share_error(mine.float(), wanted.float()) for mine, wanted in pairs)
    maps = [pair for pair in zip(ours.outputs, theirs.outputs, strict=True) if pair[0].ndim == 4]
    return total + sum((differ(mine.float(), wanted.float()) + miss(mine.float(), wanted.float())
                        for mine, wanted in maps), start=total.new_zeros(()))


def share_error(ours: Tensor, theirs: Tensor) -> Tensor:
    """The mean squared error as a share of the teacher's mean square."""
    return F.mse_loss(ours, theirs) / theirs.square().mean().clamp(min=1e-6)


def differ(ours: Tensor, theirs: Tensor) -> Tensor:
    """Kullback-Leibler divergence of the places that two sets of heat maps (N, P, H, W) believe in, in nats a map."""
    mine, wanted = (maps.flatten(2).log_softmax(2) for maps in (ours, theirs))
    return F.kl_div(mine, wanted, log_target=True, reduction="none").sum(2).mean()


def miss(ours: Tensor, theirs: Tensor) -> Tensor:
    """How far apart the means of two sets of heat maps (N, P, H, W) lie, in twentieths of a cell (Huber, 1964).

    Each map counts as its teacher is concentrated: by the sum of its squared shares, 1 for all in one cell. Where no
    hand is to be seen, the mean says nothing.
    """
    mine, wanted = (maps.flatten(2).softmax(2) for maps in (ours, theirs))
    axes = [torch.arange(float(size)) for size in ours.shape[2:]]
    places = torch.stack(torch.meshgrid(*axes, indexing="ij")).flatten(1)
    apart = (mine - wanted) @ places.to(mine).T / NEAR_CELLS
    return (F.huber_loss(apart, torch.zeros_like(apart), reduction="none").sum(2) * wanted.square().sum(2)).mean()
