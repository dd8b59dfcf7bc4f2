"""Weights that do least are set to zero, a few at first, more as the network learns to do without them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class Pruning:
    """The smallest weights of each layer, held at zero while the others learn (Zhu and Gupta, 2017)."""

    def __init__(self, net: nn.Module, shares: Mapping[str, float]):
        """`shares`: of the weights of each parameter, by its name, so many are zero in the end."""
        parameters = dict(net.named_parameters())
        self._layers = [(parameters[name], share) for name, share in shares.items() if share > 0.0]
        self._masks: list[Tensor] = []

    @torch.no_grad()
    def tighten(self, progress: float) -> None:
        """Choose anew which weights are zero; `progress` in [0, 1] is how far the shares have come: fast at first,
        when there is most to spare. A weight that is zero stays so."""
        reached = 1.0 - (1.0 - min(1.0, progress)) ** 3
        self._masks = [find_largest(weight, share * reached) for weight, share in self._layers]
        self.hold()

    @torch.no_grad()
    def hold(self) -> None:
        """Set them to zero again, after a step that moved them."""
        for (weight, _), mask in zip(self._layers, self._masks):
            weight.mul_(mask)


def find_largest(weight: Tensor, share: float) -> Tensor:
    """1 for the weights that stay, 0 for the `share` of them with the smallest magnitudes, in the weight's shape."""
    count = int(share * weight.numel())
    if not count:
        return torch.ones_like(weight)
    smallest = weight.abs().float().flatten().topk(count, largest=False, sorted=False).indices  # ties: just so many
    return torch.ones_like(weight).flatten().index_fill(0, smallest, 0.0).view_as(weight)
