"""The weights of a shipped network, read back from its file into the names that torch gives them."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

import numpy as np
import onnx
from onnx import GraphProto, NodeProto, numpy_helper

from ..core.errors import ModelError
from ..packed import read_onnx

Arrays = Dict[str, np.ndarray]
_CALIBRATED = "_DequantizeLinear_Output"
"""What the quantisation of a whole network appends to the name of a weight."""


def read_weights(path: Path) -> Arrays:
    """Weights and biases in float32 by their torch names, from a packed file or an ONNX one; 8-bit ones multiplied out.

    The exporter keeps the names of what belongs to Conv and Gemm. A Linear without bias becomes a MatMul, whose
    nameless weight is found by the node's name; what is subtracted from the embedding comes as `centre`.
    Raises ModelError for a file that is damaged or no ONNX network.
    """
    content = read_onnx(path)
    try:
        graph = onnx.load_from_string(content).graph
    except Exception as error:  # protobuf's errors share no base with onnx's
        raise ModelError(f"{path} is no ONNX network: see `fingerpost models verify`") from error
    values = _evaluate_constants(graph)
    named = {name.replace(_CALIBRATED, ""): value for name, value in values.items()}
    weights = {name: value for name, value in named.items() if name.endswith((".weight", ".bias"))}
    for node in graph.node:
        constant = values.get(node.input[1]) if len(node.input) > 1 else None
        if constant is None:
            continue
        if node.op_type == "MatMul":
            weights[".".join(node.name.strip("/").split("/")[:-1]) + ".weight"] = constant.T
        elif node.op_type == "Sub":
            weights["centre"] = constant
    return weights


def _evaluate_constants(graph: GraphProto) -> Arrays:
    """Everything in the graph that does not depend on its input and that holds weights."""
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:  # in the order of their use, as ONNX asks
        if node.op_type == "DequantizeLinear" and node.input[0] in values:
            values[node.output[0]] = _dequantise(*(values[name] for name in node.input[:2]))
        elif node.op_type == "Identity" and node.input[0] in values:  # equal tensors are stored once
            values[node.output[0]] = values[node.input[0]]
        elif node.op_type == "Constant":
            values[node.output[0]] = _constant(node)
    return values


def _dequantise(quantised: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Bytes times the scale of their output channel (the first axis); the zero point is 0."""
    return quantised.astype(np.float32) * scale.reshape(-1, *[1] * (quantised.ndim - 1))


def _constant(node: NodeProto) -> np.ndarray:
    found = [attribute.t for attribute in node.attribute if attribute.name == "value"]
    return numpy_helper.to_array(found[0]) if found else np.array(0.0)
