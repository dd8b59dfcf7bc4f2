"""8-bit networks in TensorFlow Lite files: their layers with dequantised weights, up to the global average pool."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..core.errors import ModelError

ADD, AVERAGE_POOL, CONV, DEPTHWISE = 0, 1, 3, 4  # operator codes of the TFLite schema
INT32, UINT8 = 2, 3  # types of tensors, as it numbers them
NUMPY = {INT32: np.int32, UINT8: np.uint8}
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
    """Read a TFLite file up to its global average pool.

    Raises ModelError when it is missing, cut short, not in 8 bits, or has no such pool.
    """
    try:
        import tflite
    except ImportError:
        raise ModelError("reading .tflite files needs the package tflite: pip install 'fingerpost[train]'") from None
    if not path.is_file():
        raise ModelError(f"no network at {path}: give the path of a .tflite file")
    content = path.read_bytes()
    if content[4:8] != b"TFL3":  # the mark of the format, which its reader does not look at
        raise ModelError(f"{path} is no TFLite file: give the path of a .tflite file")
    try:
        return _read_graph(tflite, tflite.Model.GetRootAs(content, 0))
    except (struct.error, ValueError) as error:  # what lies beyond the end is asked for
        raise ModelError(f"{path} is cut short: fetch the file again") from error
    except ModelError as error:
        raise ModelError(f"{path} is {error}") from None


def _read_graph(tflite: Any, model: Any) -> Network:
    graph = model.Subgraphs(0)
    operators = [graph.Operators(index) for index in range(graph.OperatorsLength())]
    codes = [_read_code(model, operator) for operator in operators]
    if AVERAGE_POOL not in codes:
        raise ModelError("not a MobileNet: it has no global average pool")
    steps = [_read_step(tflite, model, operator, code)
             for operator, code in zip(operators, codes[:codes.index(AVERAGE_POOL)])]
    weights = {step.inputs[1]: _read_weights(model, step) for step in steps if step.code in (CONV, DEPTHWISE)}
    return Network(steps, weights, int(graph.InputsAsNumpy()[0]))


def _read_code(model: Any, operator: Any) -> int:
    code = model.OperatorCodes(operator.OpcodeIndex())
    return int(max(code.BuiltinCode(), code.DeprecatedBuiltinCode()))


def _read_step(tflite: Any, model: Any, operator: Any, code: int) -> Step:
    output = int(operator.OutputsAsNumpy()[0])
    scale, zero = _read_scale(model.Subgraphs(0).Tensors(output), UINT8)
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
    kernel = _dequantise(model, step.inputs[1], UINT8)
    # Convolutions lie as (out, h, w, in), depthwise ones as (1, h, w, channels).
    kernel = kernel.transpose(3, 0, 1, 2) if step.code == DEPTHWISE else kernel.transpose(0, 3, 1, 2)
    bias = _dequantise(model, step.inputs[2], INT32)
    return torch.from_numpy(np.ascontiguousarray(kernel)), torch.from_numpy(bias)


def _dequantise(model: Any, index: int, kind: int) -> np.ndarray:
    tensor = model.Subgraphs(0).Tensors(index)
    scale, zero = _read_scale(tensor, kind)
    raw = model.Buffers(tensor.Buffer()).DataAsNumpy().view(NUMPY[kind]).reshape(tensor.ShapeAsNumpy())
    return ((raw.astype(np.float32) - zero) * scale).astype(np.float32)


def _read_scale(tensor: Any, kind: int) -> tuple[float, int]:
    """What a step of a tensor's numbers is worth, and which of them is zero. Raises ModelError for another kind."""
    quantised = tensor.Quantization()
    if tensor.Type() != kind or quantised is None or quantised.ScaleLength() != 1:
        raise ModelError("no 8-bit network: give one whose weights are uint8, such as mobilenet_v1_1.0_224_quant")
    return float(quantised.Scale(0)), int(quantised.ZeroPoint(0))
