"""ONNX networks made ready for TensorRT, without the ONNX library, which the wearable has not.

Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3. Three things are done to a graph:

- weights that the file keeps in 8 bits become floats (TensorRT 8 takes a DequantizeLinear for quantised arithmetic)
- all becomes half precision, for a TensorRT that takes the types of the ONNX file as they are (11)
- what convolutions take is quantised and dequantised, for a TensorRT that computes in 8 bits only there (11)
"""

from __future__ import annotations

from typing import Dict, List, Mapping, Sequence, Set, Tuple

import numpy as np

from ..core.errors import ModelError
from .protobuf import Message

GRAPH = 7
NODE, INITIALIZER, INPUT, OUTPUT, VALUE_INFO = 1, 5, 11, 12, 13
NODE_INPUT, NODE_OUTPUT, OPERATOR, ATTRIBUTE = 1, 2, 4, 5
ATTRIBUTE_NAME, ATTRIBUTE_INTEGER, ATTRIBUTE_TENSOR, ATTRIBUTE_TYPE = 1, 3, 5, 20
INTEGER = 2
DIMENSIONS, DATA_TYPE, FLOATS, TENSOR_NAME, RAW = 1, 2, 4, 8, 9
FLOAT, INT8, HALF = 1, 3, 10
STEPS = 127.0
"""TensorRT's 8 bits are symmetric: from -127 to 127 steps."""
_TYPES = {FLOAT: "<f4", INT8: "<i1"}
_LAYERS = ("Conv", "Gemm")


class Graph:
    """The graph of an ONNX file. Raises ValueError where the bytes are none."""

    def __init__(self, content: bytes) -> None:
        self._model = Message(content)
        self._graph = self._model.message(GRAPH)
        self._nodes = self._graph.messages(NODE)
        self._constants = {tensor.text(TENSOR_NAME): tensor for tensor in self._graph.messages(INITIALIZER)}
        self._in_bytes: Set[str] = set()
        if not self._nodes:
            raise ValueError("it has no layers")

    def inputs(self) -> List[Tuple[int, Tuple[int, ...]]]:
        """Type and shape of each input that is not a constant; open dimensions are 0."""
        kinds = [value.message(2).message(1) for value in self._graph.messages(INPUT)
                 if value.text(1) not in self._constants]
        return [(kind.integer(1), tuple(size.integer(1) for size in kind.message(2).messages(1))) for kind in kinds]

    def outputs(self) -> List[str]:
        """The names of the outputs, in their order."""
        return [value.text(1) for value in self._graph.messages(OUTPUT)]

    def computes_in_bytes(self) -> bool:
        """Whether it was made to compute in 8 bits already."""
        return any(node.text(OPERATOR) == "QuantizeLinear" for node in self._nodes)

    def unpack_weights(self) -> None:
        """Turn weights in 8 bits to floats, all but those of layers that are to compute in 8 bits."""
        for node in [node for node in self._nodes if self._unpacks_weight(node)]:
            if node.text(NODE_OUTPUT) in self._in_bytes:
                continue
            packed, scale, zero = (_read(self._constants.pop(_decode(name))) for name in node.texts(NODE_INPUT))
            spread = [1] * packed.ndim
            if scale.ndim:
                spread[_axis(node)] = -1
            steps = packed.astype(np.float32) - zero.astype(np.float32).reshape(spread)
            name = node.text(NODE_OUTPUT)
            self._constants[name] = _write(name, steps * scale.reshape(spread))
            self._nodes.remove(node)

    def halve(self) -> None:
        """Compute in half precision: weights, constants, input and outputs. Raises ModelError for too large weights."""
        # A Resize takes its scales in single precision whatever it resizes.
        single = {_decode(name) for node in self._nodes if node.text(OPERATOR) == "Resize"
                  for name in node.texts(NODE_INPUT)[1:]}
        self._constants = {name: tensor if name in single else _halve(tensor)
                           for name, tensor in self._constants.items()}
        for node in self._nodes:
            if node.text(OPERATOR) == "Constant" and node.text(NODE_OUTPUT) not in single:
                node.put(ATTRIBUTE, [part.put(ATTRIBUTE_TENSOR, [_halve(tensor) for tensor in
                                                                 part.messages(ATTRIBUTE_TENSOR)])
                                     for part in node.messages(ATTRIBUTE)])
        for number in (INPUT, OUTPUT):
            self._graph.put(number, [_halve_value(value) for value in self._graph.messages(number)])
        self._graph.put(VALUE_INFO, [])  # types of what is in between, which follow from the rest

    def quantise(self, bounds: Mapping[str, Tuple[float, float]]) -> int:
        """Let layers compute in 8 bits; how many do. `bounds` are those of tensors.

        Weights that the file keeps as floats are rounded, all but the few of depthwise kernels, which lose by it.
        """
        packed = {node.text(NODE_OUTPUT) for node in self._nodes if self._unpacks_weight(node)}
        quantised: Dict[str, str] = {}
        nodes: List[Message] = []
        for node in self._nodes:
            names = [_decode(name) for name in node.texts(NODE_INPUT)]
            if node.text(OPERATOR) in _LAYERS and names[0] in bounds and (
                    names[1] in packed or self._pack_weight(names[1], nodes)):
                packed.add(names[1])
                self._in_bytes.add(names[1])
                if names[0] not in quantised:
                    quantised[names[0]] = self._add_quantiser(names[0], bounds[names[0]], nodes)
                node.put(NODE_INPUT, [quantised[names[0]], *names[1:]])
            nodes.append(node)
        self._nodes = nodes
        return len(self._in_bytes)

    def dump(self) -> bytes:
        """The ONNX file."""
        self._graph.put(NODE, self._nodes).put(INITIALIZER, list(self._constants.values()))
        return self._model.put(GRAPH, [self._graph]).dump()

    def _add_quantiser(self, name: str, bound: Tuple[float, float], nodes: List[Message]) -> str:
        """Put QuantizeLinear and DequantizeLinear behind a tensor; the name of what they give."""
        scale = max(abs(bound[0]), abs(bound[1]), 1e-6) / STEPS
        scale_name, zero_name, bytes_name, floats_name = (f"{name}.{part}" for part in
                                                          ("scale", "zero", "int8", "rounded"))
        self._constants[scale_name] = _write(scale_name, np.array(scale, np.float32))
        self._constants[zero_name] = _write(zero_name, np.array(0, np.int8))
        nodes.append(_make_node("QuantizeLinear", [name, scale_name, zero_name], bytes_name))
        nodes.append(_make_node("DequantizeLinear", [bytes_name, scale_name, zero_name], floats_name))
        return floats_name

    def _pack_weight(self, name: str, nodes: List[Message]) -> bool:
        """Put 8 bits, a scale for each output channel, and a DequantizeLinear in place of a weight in floats, if it is
        one that may be rounded."""
        tensor = self._constants.get(name)
        if tensor is None or tensor.integer(DATA_TYPE) != FLOAT:
            return False
        weight = _read(tensor)
        if weight.ndim < 2 or weight.shape[1] == 1:
            return False
        rows = weight.reshape(len(weight), -1)
        scale = np.maximum(np.abs(rows).max(axis=1) / STEPS, 1e-12).astype(np.float32)
        parts = {f"{name}.int8": np.round(rows / scale[:, None]).astype(np.int8).reshape(weight.shape),
                 f"{name}.scale": scale, f"{name}.zero": np.zeros(len(scale), np.int8)}
        self._constants.update((part, _write(part, numbers)) for part, numbers in parts.items())
        del self._constants[name]
        axis = Message().put(ATTRIBUTE_NAME, ["axis"]).put(ATTRIBUTE_INTEGER, [0]).put(ATTRIBUTE_TYPE, [INTEGER])
        nodes.append(_make_node("DequantizeLinear", list(parts), name).put(ATTRIBUTE, [axis]))
        return True

    def _unpacks_weight(self, node: Message) -> bool:
        names = [_decode(name) for name in node.texts(NODE_INPUT)]
        return node.text(OPERATOR) == "DequantizeLinear" and len(names) == 3 and all(
            name in self._constants for name in names)


def _decode(name: bytes) -> str:
    return name.decode("utf-8")


def _axis(node: Message) -> int:
    """The axis that the scales of a DequantizeLinear run along; 1 where it does not say."""
    for part in node.messages(ATTRIBUTE):
        if part.text(ATTRIBUTE_NAME) == "axis":
            return part.integer(ATTRIBUTE_INTEGER)
    return 1


def _read(tensor: Message) -> np.ndarray:
    """The numbers of a constant, which stand in it raw, or float by float. Raises ValueError."""
    kind = tensor.integer(DATA_TYPE)
    if kind not in _TYPES:
        raise ValueError(f"constants of type {kind} are not expected there")
    raw = b"".join(tensor.texts(RAW)) or b"".join(
        field.value for field in tensor.fields if field.number == FLOATS and isinstance(field.value, bytes))
    return np.frombuffer(raw, _TYPES[kind]).reshape(tensor.integers(DIMENSIONS))


def _write(name: str, numbers: np.ndarray) -> Message:
    kind = {"float32": FLOAT, "int8": INT8, "float16": HALF}[str(numbers.dtype)]
    return Message().put(DIMENSIONS, [int(size) for size in numbers.shape]).put(DATA_TYPE, [kind]).put(
        TENSOR_NAME, [name]).put(RAW, [np.ascontiguousarray(numbers).tobytes()])


def _halve(tensor: Message) -> Message:
    """A constant in half precision, if it is in single precision."""
    if tensor.integer(DATA_TYPE) != FLOAT:
        return tensor
    numbers = _read(tensor)
    if np.abs(numbers).max(initial=0.0) > float(np.finfo(np.float16).max):
        raise ModelError("a weight is too large for half precision: build with `--precision fp32`")
    return _write(tensor.text(TENSOR_NAME), numbers.astype(np.float16))


def _halve_value(value: Message) -> Message:
    """An input or output in half precision, if it is in single precision."""
    kind = value.message(2)
    tensor = kind.message(1)
    return value.put(2, [kind.put(1, [tensor.put(1, [HALF])])]) if tensor.integer(1) == FLOAT else value


def _make_node(operator: str, inputs: Sequence[str], output: str) -> Message:
    return Message().put(NODE_INPUT, list(inputs)).put(NODE_OUTPUT, [output]).put(3, [output]).put(
        OPERATOR, [operator])
