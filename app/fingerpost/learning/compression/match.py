"""How far a smaller network is from the one that it stands for: by what its stages see, and by what it says.

No labels are needed: the network as it was is the teacher, on any pictures like those that it will see ("FitNets",
Romero et al., 2015).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

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
    """A number, 0 for equal views: squared errors as shares of the mean square, and how differently maps point."""
    pairs = [*zip(ours.stages, theirs.stages, strict=True), *zip(ours.outputs, theirs.outputs, strict=True)]
    total = sum(share_error(mine.float(), wanted.float()) for mine, wanted in pairs)
    maps = [pair for pair in zip(ours.outputs, theirs.outputs, strict=True) if pair[0].ndim == 4]
    return total + sum((differ(mine.float(), wanted.float()) for mine, wanted in maps), start=total.new_zeros(()))


def share_error(ours: Tensor, theirs: Tensor) -> Tensor:
    """The mean squared error as a share of the teacher's mean square."""
    return F.mse_loss(ours, theirs) / theirs.square().mean().clamp(min=1e-6)


def differ(ours: Tensor, theirs: Tensor) -> Tensor:
    """Kullback-Leibler divergence of the places that two sets of heat maps (N, P, H, W) believe in, in nats a map."""
    mine, wanted = (maps.flatten(2).log_softmax(2) for maps in (ours, theirs))
    return F.kl_div(mine, wanted, log_target=True, reduction="none").sum(2).mean()
