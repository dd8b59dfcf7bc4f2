"""The teachers: 8-bit MobileNets from TensorFlow Lite files, rebuilt in torch as float networks.

No ImageNet ResNet-18 under a free licence can ship, so the project distils its own from two
Apache-licensed MobileNets (Google Coral). Their weights are dequantised; every activation is clamped to
the range that its 8 bits could express, which is also where the files keep their ReLU6.
"""

from __future__ import annotations

from pathlib import Path

import torch.nn.functional as F
from torch import Tensor, nn

from ...core.errors import ModelError
from ..tflite import ADD, CONV, DEPTHWISE, Step, Weights, read_network

SIZE = 224
"""Side in pixels of the pictures that the teachers were trained on."""


class Teacher(nn.Module):
    """A MobileNet as a feature extractor: RGB in [0, 1] of shape (N, 3, H, W) to features (N, D, H/32, W/32).

    Any size goes in.
    """

    def __init__(self, steps: list[Step], weights: Weights, source: int):
        super().__init__()
        self._steps = steps
        self._source = source
        for step in steps:
            if step.code in (CONV, DEPTHWISE):
                weight, bias = weights[step.inputs[1]]
                self.register_buffer(f"weight_{step.output}", weight)
                self.register_buffer(f"bias_{step.output}", bias)
        self.features = bias.numel()

    def forward(self, pictures: Tensor) -> Tensor:
        """Features at stride 32, not pooled, non-negative (N, D, H/32, W/32)."""
        values = {self._source: pictures * 2.0 - 1.0}
        for step in self._steps:
            # Its way back is one pass over the values, that of a clamp five.
            values[step.output] = F.hardtanh_(self._compute(step, values), step.low, step.high)
        return values[self._steps[-1].output]

    def _compute(self, step: Step, values: dict[int, Tensor]) -> Tensor:
        incoming = values[step.inputs[0]]
        if step.code == ADD:
            return incoming + values[step.inputs[1]]
        weight = getattr(self, f"weight_{step.output}")
        groups = weight.shape[0] if step.code == DEPTHWISE else 1
        bias = getattr(self, f"bias_{step.output}")
        incoming, padding = _pad(incoming, weight.shape[-1], step.stride)
        return F.conv2d(incoming, weight, bias, step.stride, padding, 1, groups)


def _pad(incoming: Tensor, kernel: int, stride: int) -> tuple[Tensor, int]:
    """TensorFlow's SAME padding: at stride 2 an even side gets its zeros on the right and below only.

    Returns the picture and the symmetric padding that is left to the convolution, which is far quicker at it.
    """
    if stride == 1:
        return incoming, kernel // 2
    margins = []
    for side in (incoming.shape[3], incoming.shape[2]):
        total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        margins += [total // 2, total - total // 2]
    return F.pad(incoming, margins), 0


def load_teacher(path: Path) -> Teacher:
    """Read a TFLite file up to its global average pool. Raises ModelError when it is missing or unreadable."""
    if not path.is_file():
        raise ModelError(f"no teacher at {path}: give their folder with --teachers")
    return Teacher(*read_network(path)).eval()
