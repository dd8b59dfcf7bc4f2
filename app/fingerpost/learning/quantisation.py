"""ONNX networks in fewer bits: their weights alone, which makes the file small, or all that they compute.

Computing in bytes is about twice as quick where the processor multiplies bytes. What range each activation covers is
measured on pictures before (calibration.py); the nodes are put in by ONNX Runtime's own tools (Jacob et al., 2018). The
result is for ONNX Runtime on a processor; TensorRT takes the packed network.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.shape_inference import infer_shapes
from onnxruntime.quantization import CalibrationMethod, QuantType
from onnxruntime.quantization.calibrate import TensorsData
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
from onnxruntime.transformers.float16 import convert_float_to_float16

from ..core.errors import ModelError
from ..ranges import Bounds

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


def compute_in_halves(source: Path, target: Path) -> None:
    """Turn a float ONNX network into one that computes in half floats, as a GPU does; input and outputs stay float32.

    ONNX Runtime computes such a network on a processor in floats and rounds after every layer: about as exact as on a
    GPU, and no quicker.
    """
    with _quietly():
        onnx.save(convert_float_to_float16(onnx.load(str(source)), keep_io_types=True), str(target))


def compute_in_bytes(source: Path, target: Path, bounds: Bounds) -> None:
    """Turn a float ONNX network into one whose convolutions compute in 8 bits; input and outputs stay float32.

    `bounds` are those of its tensors (see calibration.py). Raises ModelError where they are of another network.
    """
    network = onnx.load(str(source))
    nodes = [node for node in network.graph.node if node.op_type in _OPERATORS]
    inner = {name for node in nodes for name in (node.input[0], *node.output)}
    if not inner <= bounds.keys():
        raise ModelError(f"the ranges are of another network: they do not know {sorted(inner - bounds.keys())[0]}")
    ranges = TensorsData(CalibrationMethod.MinMax, {name: (np.float32(low), np.float32(high))
                                                       for name, (low, high) in bounds.items()})
    with _quietly():
        quantiser = QDQQuantizer(infer_shapes(network), per_channel=True, reduce_range=False,
                                 weight_qType=QuantType.QInt8, activation_qType=QuantType.QUInt8, tensors_range=ranges,
                                 nodes_to_quantize=[], nodes_to_exclude=[], op_types_to_quantize=_OPERATORS,
                                 extra_options={})
        quantiser.quantize_model()
        quantiser.model.save_model_to_file(str(target))


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the advice that the tools log, to prepare graphs in ways which `export` has done already."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
