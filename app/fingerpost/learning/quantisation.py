"""ONNX networks in 8 bits: their weights alone, which makes the file small, or all that they compute.

Computing in bytes is about twice as quick where the processor multiplies bytes. What range each activation covers is
measured on pictures like those that the network will see (Jacob et al., 2018), by ONNX Runtime's own tools. The result
is for ONNX Runtime on a processor; TensorRT takes the packed network.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from ..progress import Progress
from ..vision.preprocess import to_input
from .datasets import list_pictures, read_picture

PICTURES = 64
"""So many are looked at."""
_OPERATORS = ["Conv", "Clip", "Relu"]
"""What computes in bytes. What follows the heads only moves numbers about: so each level keeps a range of its own."""


def pack(source: Path, target: Path) -> None:
    """Store the weights of Conv and Gemm in 8 bits: a quarter of the bytes, float again when loaded.

    Each output channel has its own scale, the largest weight over 127; a DequantizeLinear node before every
    layer turns the bytes into floats, and ONNX Runtime folds it away at load. Depthwise kernels stay floats: they are
    few, and bytes of them cost a detector a hundredth of its precision.
    """
    model = onnx.load(str(source))
    graph = model.graph
    kernels = {node.input[1] for node in graph.node if node.op_type in ("Conv", "Gemm")}
    nodes = []
    for weight in [tensor for tensor in graph.initializer if tensor.name in kernels and tensor.dims[1] > 1]:
        quantised, scale = quantise(numpy_helper.to_array(weight))
        name = weight.name
        graph.initializer.remove(weight)
        graph.initializer.extend([numpy_helper.from_array(quantised, f"{name}.int8"),
                                  numpy_helper.from_array(scale, f"{name}.scale"),
                                  numpy_helper.from_array(np.zeros(len(scale), np.int8), f"{name}.zero")])
        nodes.append(helper.make_node("DequantizeLinear", [f"{name}.int8", f"{name}.scale", f"{name}.zero"],
                                      [name], name=f"{name}.unpack", axis=0))
    for node in reversed(nodes):
        graph.node.insert(0, node)
    onnx.checker.check_model(model)
    onnx.save(model, str(target))


def quantise(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int8 of the same shape and one float32 scale per output channel (the first axis)."""
    largest = np.abs(weight.reshape(len(weight), -1)).max(axis=1)
    scale = np.maximum(largest / 127.0, 1e-12).astype(np.float32)
    spread = scale.reshape(-1, *[1] * (weight.ndim - 1))
    return np.clip(np.round(weight / spread), -127, 127).astype(np.int8), scale


class Samples(CalibrationDataReader):
    """Pictures of a folder, evenly chosen, as a network takes them. Raises DataError where there are none."""

    def __init__(self, folder: Path, size: tuple[int, int], mean: tuple[float, ...], std: tuple[float, ...]):
        paths = list_pictures(folder)
        chosen = np.linspace(0, len(paths) - 1, min(PICTURES, len(paths))).astype(int)
        self._arrays = (to_input(read_picture(paths[index]), size, mean, std)
                        for index in Progress(chosen, "calibrate", len(chosen)))

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next one by the name of the network's input; None when all have been seen."""
        array = next(self._arrays, None)
        return None if array is None else {"input": array}


def compute_in_bytes(source: Path, target: Path, samples: Samples) -> None:
    """Turn a float ONNX network into one whose convolutions compute in 8 bits; input and outputs stay float32."""
    with _quietly():
        quantize_static(source, target, samples, quant_format=QuantFormat.QDQ, per_channel=True,
                        op_types_to_quantize=_OPERATORS, activation_type=QuantType.QUInt8,
                        weight_type=QuantType.QInt8)


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the advice that the tools log, to prepare graphs in ways which `export` has done already."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
