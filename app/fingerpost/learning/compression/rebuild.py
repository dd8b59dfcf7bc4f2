"""From the file of a model back to its network in torch."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ...core.errors import ModelError
from ...inference.onnx import OnnxBackend
from ...models import ModelInfo
from .. import nets
from ..detection.ssd import build_mobilenet_v1
from ..shipped import read_weights

TOLERANCE = 1e-3
"""How far the outputs of file and network may lie apart, as a share of the largest one."""


def rebuild(info: ModelInfo) -> nn.Module:
    """The network of a model in torch, which says what the file says. Raises ModelError for one that is not ours."""
    strange = f"{info.path} is no network that can be built here: give one that `fingerpost export` wrote"
    try:
        net = build(info)
    except (KeyError, RuntimeError) as error:  # a layer that is not there, or of another shape
        raise ModelError(strange) from error
    if not says_the_same(net, info):
        raise ModelError(strange)
    return net


def build(info: ModelInfo) -> nn.Module:
    """The network with all weights that fit."""
    weights = read_weights(info.path)
    if info.anchors:
        width = weights["body.stem.0.0.weight"].shape[0] / 32
        net: nn.Module = build_mobilenet_v1(len(info.labels or ()), width, info.input[-1])
    elif info.labels:
        net = nets.ObjectNet(len(info.labels))
    else:
        net = nets.FINGERTIP_NETS["maps" if info.outputs[0] == "heatmaps" else "fc"]()
    nets.fill_folded(net, weights)
    return net.eval()


def says_the_same(net: nn.Module, info: ModelInfo) -> bool:
    """Whether the network's outputs for a picture of noise are those of the file."""
    picture = np.random.default_rng(0).standard_normal(info.input).astype(np.float32)
    with OnnxBackend(info.path) as backend:
        wanted = backend.run(picture)
    with torch.no_grad():
        mine = [output.numpy() for output in net(torch.from_numpy(picture))]
    return len(mine) == len(wanted) and all(
        ours.shape == theirs.shape and np.abs(ours - theirs).max() <= TOLERANCE * max(1.0, np.abs(theirs).max())
        for ours, theirs in zip(mine, wanted))
