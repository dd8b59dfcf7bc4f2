"""Reads and computes ONNX networks for the fake TensorRT, which may run under a Python that has no ONNX Runtime.

Orders come on standard input, each a line of JSON and the bytes that it announces; answers go back in the same way.
"""

from __future__ import annotations

import json
import sys

import numpy
import onnx
import onnxruntime
from onnx.shape_inference import infer_shapes

TYPES = {onnx.TensorProto.FLOAT: "float32", onnx.TensorProto.FLOAT16: "float16"}
sessions = {}


def describe(content):
    """Inputs, outputs and the names of all tensors of a network."""
    model = infer_shapes(onnx.load_from_string(content))
    onnx.checker.check_model(model)
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}
    return {"inputs": [describe_value(value) for value in graph.input if value.name not in constants],
            "outputs": [describe_value(value) for value in graph.output],
            "tensors": [name for node in graph.node for name in node.output],
            "operators": sorted({node.op_type for node in graph.node})}, b""


def describe_value(value):
    """Name, type and shape; an open dimension is -1."""
    kind = value.type.tensor_type
    shape = [size.dim_value if size.HasField("dim_value") else -1 for size in kind.shape.dim]
    return {"name": value.name, "type": TYPES.get(kind.elem_type, "other"), "shape": shape}


def run(content, network, shape, kind):
    """The outputs of a network that was given before, from its input in `content`."""
    session = sessions[network]
    array = numpy.frombuffer(content, kind).reshape(shape)
    outputs = session.run(None, {session.get_inputs()[0].name: array})
    return {"shapes": [list(output.shape) for output in outputs]}, b"".join(
        numpy.ascontiguousarray(output).tobytes() for output in outputs)


def load(content, network):
    """Be ready to run a network."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    sessions[network] = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return {}, b""


def main():
    """Serve until nobody asks any more."""
    for line in iter(sys.stdin.buffer.readline, b""):
        order = json.loads(line)
        content = sys.stdin.buffer.read(order.pop("bytes"))
        try:
            reply, data = {"describe": describe, "load": load, "run": run}[order.pop("do")](content, **order)
        except Exception as error:
            reply, data = {"error": str(error)}, b""
        sys.stdout.buffer.write(json.dumps(dict(reply, bytes=len(data))).encode() + b"\n" + data)
        sys.stdout.buffer.flush()


main()
