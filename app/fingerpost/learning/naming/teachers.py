"""The teachers: 8-bit MobileNets from TensorFlow Lite files, rebuilt in torch as float networks.

No ImageNet ResNet-18 under a free licence can ship, so the project distils its own from two
Apache-licensed MobileNets (Google Coral). Their weights are dequantised; every activation is clamped to
the range that its 8 bits could express, which is also where the files keep their ReLU6.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...core.errors import ModelError

_ADD, _AVERAGE_POOL, _CONV, _DEPTHWISE = 0, 1, 3, 4  # operator codes of the TFLite schema
SIZE = 224
"""Side in pixels of the pictures that the teachers were trained on."""


class _Step(NamedTuple):
    """One operator: which tensors it reads and writes, and what it does with them."""

    code: int
    inputs: tuple[int, ...]
    output: int
    stride: int
    low: float
    high: float


class Teacher(nn.Module):
    """A MobileNet as a feature extractor: RGB in [0, 1] of shape (N, 3, H, W) to features (N, D, H/32, W/32).

    Any size goes in.
    """

    def __init__(self, steps: list[_Step], weights: dict[int, tuple[Tensor, Tensor]], source: int):
        super().__init__()
        self._steps = steps
        self._source = source
        for step in steps:
            if step.code in (_CONV, _DEPTHWISE):
                weight, bias = weights[step.inputs[1]]
                self.register_buffer(f"weight_{step.output}", weight)
                self.register_buffer(f"bias_{step.output}", bias)
        self.features = bias.numel()

    def forward(self, pictures: Tensor) -> Tensor:
        """Features at stride 32, not pooled, non-negative (N, D, H/32, W/32)."""
        values = {self._source: pictures * 2.0 - 1.0}
        for step in self._steps:
            values[step.output] = self._compute(step, values).clamp_(step.low, step.high)
        return values[self._steps[-1].output]

    def _compute(self, step: _Step, values: dict[int, Tensor]) -> Tensor:
        incoming = values[step.inputs[0]]
        if step.code == _ADD:
            return incoming + values[step.inputs[1]]
        weight = getattr(self, f"weight_{step.output}")
        groups = weight.shape[0] if step.code == _DEPTHWISE else 1
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
    try:
        import tflite
    except ImportError:
        raise ModelError("reading the teachers needs the package tflite: pip install 'fingerpost[train]'") from None
    if not path.is_file():
        raise ModelError(f"no teacher at {path}: give their folder with --teachers")
    model = tflite.Model.GetRootAs(path.read_bytes(), 0)
    graph = model.Subgraphs(0)
    steps: list[_Step] = []
    weights: dict[int, tuple[Tensor, Tensor]] = {}
    for index in range(graph.OperatorsLength()):
        step = _read_step(tflite, model, graph.Operators(index))
        if step.code == _AVERAGE_POOL:
            return Teacher(steps, weights, int(graph.InputsAsNumpy()[0])).eval()
        steps.append(step)
        if step.code in (_CONV, _DEPTHWISE):
            weights[step.inputs[1]] = _read_weights(model, step)
    raise ModelError(f"{path} is not a MobileNet: it has no global average pool")


def _read_step(tflite: Any, model: Any, operator: Any) -> _Step:
    code = model.OperatorCodes(operator.OpcodeIndex())
    code = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    output = int(operator.OutputsAsNumpy()[0])
    quantised = model.Subgraphs(0).Tensors(output).Quantization()
    scale, zero = float(quantised.Scale(0)), int(quantised.ZeroPoint(0))
    stride = 1
    if code in (_CONV, _DEPTHWISE):
        options = tflite.Conv2DOptions() if code == _CONV else tflite.DepthwiseConv2DOptions()
        table = operator.BuiltinOptions()
        options.Init(table.Bytes, table.Pos)
        stride = options.StrideW()
    inputs = tuple(int(i) for i in operator.InputsAsNumpy())
    return _Step(code, inputs, output, stride, -zero * scale, (255 - zero) * scale)


def _read_weights(model: Any, step: _Step) -> tuple[Tensor, Tensor]:
    """Kernel in torch's order and bias, dequantised."""
    kernel = _dequantise(model, step.inputs[1], np.uint8)
    # Convolutions lie as (out, h, w, in), depthwise ones as (1, h, w, channels).
    kernel = kernel.transpose(3, 0, 1, 2) if step.code == _DEPTHWISE else kernel.transpose(0, 3, 1, 2)
    bias = _dequantise(model, step.inputs[2], np.int32)
    return torch.from_numpy(np.ascontiguousarray(kernel)), torch.from_numpy(bias)


def _dequantise(model: Any, index: int, kind: type) -> np.ndarray:
    tensor = model.Subgraphs(0).Tensors(index)
    raw = model.Buffers(tensor.Buffer()).DataAsNumpy().view(kind).reshape(tensor.ShapeAsNumpy())
    quantised = tensor.Quantization()
    return ((raw.astype(np.float32) - quantised.ZeroPoint(0)) * quantised.Scale(0)).astype(np.float32)
