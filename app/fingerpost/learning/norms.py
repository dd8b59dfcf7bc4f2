"""Batch norms that were folded away, brought back."""

from __future__ import annotations

import torch
from torch import Tensor, nn


@torch.no_grad()
def revive_norms(net: nn.Module, pictures: Tensor) -> None:
    """Give the batch norms of a network the statistics that these pictures (N, 3, H, W) have, so that they can learn.

    Weights into which norms were folded leave norms that do nothing. They could only stay frozen: let loose, they would
    divide by variances that they never knew. Here each gets mean, variance, scale and bias such that the network still
    computes the same.
    """
    measured: dict[nn.BatchNorm2d, tuple[Tensor, Tensor]] = {}

    def measure(norm: nn.BatchNorm2d, inputs: tuple[Tensor, ...]) -> None:
        measured[norm] = inputs[0].mean((0, 2, 3)), inputs[0].var((0, 2, 3), correction=0)

    hooks = [norm.register_forward_pre_hook(measure) for norm in net.modules() if isinstance(norm, nn.BatchNorm2d)]
    net.eval()(pictures)
    for hook in hooks:
        hook.remove()
    for norm, (mean, variance) in measured.items():
        slope = norm.weight / (norm.running_var + norm.eps).sqrt()
        norm.bias += (mean - norm.running_mean) * slope
        norm.weight.copy_(slope * (variance + norm.eps).sqrt())
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
