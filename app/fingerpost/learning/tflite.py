"""8-bit networks in TensorFlow Lite files: their layers with dequantised weights, up to the global average pool."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..core.errors import ModelError

ADD, AVERAGE_POOL, CONV, DEPTHWISE = 0, 1, 3, 4  # operator codes of the TFLite schema
Weights = dict[int, tuple[Tensor, Tensor]]
"""Kernels in torch's order and biases, by the number of the tensor that holds the kernel."""


class Step(NamedTuple):
    """One operator: which tensors it reads and writes, and what it does with them."""

    code: int
    inputs: tuple[int, ...]
    output: int
    stride: int
    low: float
    high: float


class Network(NamedTuple):
    """The operators in their order, the weights of the convolutions among them, and the tensor that is the picture."""

    steps: list[Step]
    weights: Weights
    source: int


def read_network(path: Path) -> Network:
    """Read a TFLite file up to its global average pool. Raises ModelError when it is missing or unreadable."""
    try:
        import tflite
    except ImportError:
        raise ModelError("reading .tflite files needs the package tflite: pip install 'fingerpost[train]'") from None
    if not path.is_file():
        raise ModelError(f"no network at {path}: give the path of a .tflite file")
    content = path.read_bytes()
    if content[4:8] != b"TFL3":  # the mark of the format, which its reader does not look at
        raise ModelError(f"{path} is no TFLite file: give the path of a .tflite file")
    model = tflite.Model.GetRootAs(content, 0)
    graph = model.Subgraphs(0)
    steps: list[Step] = []
    weights: Weights = {}
    for index in range(graph.OperatorsLength()):
        step = _read_step(tflite, model, graph.Operators(index))
        if step.code == AVERAGE_POOL:
            return Network(steps, weights, int(graph.InputsAsNumpy()[0]))
        steps.append(step)
        if step.code in (CONV, DEPTHWISE):
            weights[step.inputs[1]] = _read_weights(model, step)
    raise ModelError(f"{path} is not a MobileNet: it has no global average pool")


def _read_step(tflite: Any, model: Any, operator: Any) -> Step:
    code = model.OperatorCodes(operator.OpcodeIndex())
    code = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    output = int(operator.OutputsAsNumpy()[0])
    quantised = model.Subgraphs(0).Tensors(output).Quantization()
    scale, zero = float(quantised.Scale(0)), int(quantised.ZeroPoint(0))
    stride = 1
    if code in (CONV, DEPTHWISE):
        options = tflite.Conv2DOptions() if code == CONV else tflite.DepthwiseConv2DOptions()
        table = operator.BuiltinOptions()
        options.Init(table.Bytes, table.Pos)
        stride = options.StrideW()
    inputs = tuple(int(i) for i in operator.InputsAsNumpy())
    return Step(code, inputs, output, stride, -zero * scale, (255 - zero) * scale)


def _read_weights(model: Any, step: Step) -> tuple[Tensor, Tensor]:
    """Kernel in torch's order and bias, dequantised."""
    kernel = _dequantise(model, step.inputs[1], np.uint8)
    # Convolutions lie as (out, h, w, in), depthwise ones as (1, h, w, channels).
    kernel = kernel.transpose(3, 0, 1, 2) if step.code == DEPTHWISE else kernel.transpose(0, 3, 1, 2)
    bias = _dequantise(model, step.inputs[2], np.int32)
    return torch.from_numpy(np.ascontiguousarray(kernel)), torch.from_numpy(bias)


def _dequantise(model: Any, index: int, kind: type) -> np.ndarray:
    tensor = model.Subgraphs(0).Tensors(index)
    raw = model.Buffers(tensor.Buffer()).DataAsNumpy().view(kind).reshape(tensor.ShapeAsNumpy())
    quantised = tensor.Quantization()
    return ((raw.astype(np.float32) - quantised.ZeroPoint(0)) * quantised.Scale(0)).astype(np.float32)
