"""What the fakes of TensorRT share. It keeps to Python 3.6, as what it is for.

Each fake imitates the documented Python API of one generation: its names and no others, its arguments, the order of
calls that it demands, and what it returns when it refuses. Engines compute through ONNX Runtime, from and to the memory
of the fake GPU, in the order of the stream. The references are those below https://docs.nvidia.com/deeplearning/tensorrt/,
of the release that a fake names; C++ pages where the Python page leaves the demands to them.

A file whose path is in FAKE_TENSORRT_FAULT makes the next build or run fail, with one of these words in it: refuse,
crash, hang.
"""

import ctypes
import hashlib
import json
import os
import signal
import subprocess
from enum import IntEnum

MAGIC = b"fake engine\n"
WORKSPACE_UNLIMITED = -1


def _cuda():
    """The same library that the process under test has loaded, found in the same way."""
    library = ctypes.CDLL("libcudart.so")
    library.fake_launch.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long]
    library.fake_read.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    library.fake_write.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    return library


CUDA = _cuda()
KERNEL = ctypes.CFUNCTYPE(None, ctypes.c_long)


class Calculator:
    """Reads and computes networks, in a process of its own."""

    def __init__(self):
        self._process = None

    def ask(self, order, content=b""):
        """Reply and bytes; raises ValueError for what is no network."""
        if self._process is None:
            self._process = subprocess.Popen([os.environ["FAKE_TENSORRT_PYTHON"], os.environ["FAKE_TENSORRT_COMPUTE"]],
                                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._process.stdin.write(json.dumps(dict(order, bytes=len(content))).encode() + b"\n" + content)
        self._process.stdin.flush()
        reply = json.loads(self._process.stdout.readline().decode())
        data = self._process.stdout.read(reply["bytes"])
        if "error" in reply:
            raise ValueError(reply["error"])
        return reply, data


CALCULATOR = Calculator()


def suffer(logger):
    """The misfortune that a test has ordered; True where it is only a refusal."""
    path = os.environ.get("FAKE_TENSORRT_FAULT", "")
    if not os.path.exists(path):
        return False
    with open(path) as file:
        word = file.read()
    if word == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if word == "hang":
        ctypes.PyDLL(None).pause()  # as native code that never comes back and never lets go of Python's lock
    logger.log(ILogger.ERROR, "the fake was told to refuse")
    return True


class Severity(IntEnum):
    INTERNAL_ERROR, ERROR, WARNING, INFO, VERBOSE = range(5)


class ILogger:
    """api/python_api/infer/Core/Logger.html: to be derived from, with an __init__ that calls this one."""

    Severity = Severity
    INTERNAL_ERROR, ERROR, WARNING, INFO, VERBOSE = Severity

    def __init__(self):
        self._made = True


def check_logger(logger):
    """pybind11 refuses objects whose base was not initialised, and anything that is no logger."""
    if not isinstance(logger, ILogger) or not getattr(logger, "_made", False):
        raise TypeError("incompatible constructor arguments: a logger whose __init__ was called is needed")
    return logger


class DataType(IntEnum):
    """api/python_api/infer/FoundationalTypes/DataType.html"""

    FLOAT, HALF, INT8, INT32, BOOL = range(5)


TYPES = {"float32": DataType.FLOAT, "float16": DataType.HALF}
SIZES = {DataType.FLOAT: 4, DataType.HALF: 2}


class HostMemory(bytes):
    """api/python_api/infer/FoundationalTypes/HostMemory.html: has the buffer interface, and nbytes."""

    @property
    def nbytes(self):
        return len(self)


class ParserError:
    """api/python_api/parsers/Onnx/pyOnnx.html: desc() and more."""

    def __init__(self, text):
        self._text = text

    def desc(self):
        return self._text


class Tensor:
    """api/python_api/infer/Graph/LayerBase.html, ITensor: name, shape, and in weakly typed networks dynamic_range."""

    __slots__ = ("_name", "_shape", "_range")

    def __init__(self, name, shape=()):
        self._name, self._shape, self._range = name, tuple(shape), None

    @property
    def name(self):
        return self._name

    @property
    def shape(self):
        return self._shape


class RangedTensor(Tensor):
    """Until TensorRT 10: dynamic_range is a pair of floats."""

    __slots__ = ()

    @property
    def dynamic_range(self):
        return self._range

    @dynamic_range.setter
    def dynamic_range(self, bounds):
        low, high = bounds
        self._range = [float(low), float(high)]


class Layer:
    """The same page, ILayer: num_outputs and get_output(index)."""

    def __init__(self, tensor):
        self._tensor = tensor
        self.num_outputs = 1

    def get_output(self, index):
        return self._tensor if index == 0 else None


class Network:
    """api/python_api/infer/Graph/Network.html: num_inputs, get_input, num_layers, get_layer."""

    tensor_class = RangedTensor
    explicit_batch = None

    def __init__(self, flags):
        self._flags, self._content = flags, None
        self._facts = {"inputs": [], "outputs": [], "tensors": [], "operators": []}
        self._inputs, self._layers = [], []

    @property
    def num_inputs(self):
        return len(self._inputs)

    def get_input(self, index):
        return self._inputs[index]

    @property
    def num_layers(self):
        return len(self._layers)

    def get_layer(self, index):
        return self._layers[index]

    def _fill(self, content, facts):
        self._content, self._facts = content, facts
        self._inputs = [self.tensor_class(value["name"], value["shape"]) for value in facts["inputs"]]
        self._layers = [Layer(self.tensor_class(name)) for name in facts["tensors"]]

    def _refuse_parser(self):
        """python_api/parsers/Onnx/pyOnnx.html, before 10: only networks with an explicit batch can be parsed."""
        if self.explicit_batch is None or self._flags & 1 << int(self.explicit_batch):
            return ""
        return "only full-dimensions mode is supported: set EXPLICIT_BATCH"

    def _ranges(self):
        tensors = self._inputs + [layer.get_output(0) for layer in self._layers]
        return {tensor.name: tensor._range for tensor in tensors if tensor._range is not None}


class OnnxParser:
    """api/python_api/parsers/Onnx/pyOnnx.html: parse(model) gives a bool, errors are asked for one by one."""

    def __init__(self, network, logger):
        self._network, self._errors = network, []
        check_logger(logger)

    def parse(self, model):
        if not isinstance(model, bytes):
            raise TypeError("parse(): incompatible function arguments")
        reason = self._network._refuse_parser()
        try:
            if not reason:
                self._network._fill(model, CALCULATOR.ask({"do": "describe"}, model)[0])
        except ValueError as error:
            reason = str(error)
        self._errors = [ParserError(reason)] if reason else []
        return not reason

    @property
    def num_errors(self):
        return len(self._errors)

    def get_error(self, index):
        return self._errors[index]


class OptimizationProfile:
    """api/python_api/infer/Core/OptimizationProfile.html: set_shape(input, min, opt, max)."""

    def __init__(self):
        self._shapes = {}

    def set_shape(self, input, min, opt, max):
        if not len(min) == len(opt) == len(max):
            raise ValueError("the shapes have different lengths")
        self._shapes[input] = [list(min), list(opt), list(max)]


class BuilderConfig:
    """api/python_api/infer/Core/BuilderConfig.html, what all releases have."""

    def __init__(self):
        self._flags, self._profiles, self._workspace = set(), [], WORKSPACE_UNLIMITED

    def set_flag(self, flag):
        self._flags.add(self.flags(flag).name)

    def add_optimization_profile(self, profile):
        self._profiles.append(profile)
        return len(self._profiles) - 1


class Builder:
    """api/python_api/infer/Core/Builder.html. build_serialized_network gives None where it fails."""

    def __init__(self, logger):
        self._logger = check_logger(logger)

    def create_builder_config(self):
        return self.config_class()

    def create_network(self, flags=0):
        return self.network_class(flags)

    def create_optimization_profile(self):
        return OptimizationProfile()

    def build_serialized_network(self, network, config):
        reason = self._refuse(network, config)
        if suffer(self._logger):
            return None
        if reason:
            self._logger.log(ILogger.ERROR, reason)
            return None
        profile = config._profiles[0]._shapes if config._profiles else {}
        header = dict(network._facts, version=self.version, gpu=gpu_facts(), workspace=config._workspace,
                      flags=sorted(config._flags), ranges=network._ranges(), profile=profile)
        body = json.dumps(header).encode() + b"\n" + network._content
        return HostMemory(MAGIC + hashlib.sha256(body).digest() + body)

    def _refuse(self, network, config):
        """Why not: no network, or open dimensions without a profile (developer guide, working with dynamic shapes)."""
        if network._content is None:
            return "Network must have at least one output"
        profile = config._profiles[0]._shapes if config._profiles else {}
        for value in network._facts["inputs"]:
            if -1 in value["shape"] and value["name"] not in profile:
                return "Network has dynamic or shape inputs, but no optimization profile has been defined."
        return ""


class FlaggedBuilder(Builder):
    """The same page until TensorRT 10, whose networks have no types of their own."""

    @property
    def platform_has_fast_fp16(self):
        return platform_has_fast("fp16")

    @property
    def platform_has_fast_int8(self):
        return platform_has_fast("int8")

    def _refuse(self, network, config):
        """developer-guide, working with INT8: networks with Q/DQ layers need the flag INT8."""
        if "DequantizeLinear" in network._facts["operators"] and "INT8" not in config._flags:
            return "Network has Q/DQ layers but the INT8 builder flag is not set"
        return super()._refuse(network, config)


def gpu_facts():
    """Serialised engines are bound to the GPU that they were built on (developer guide, engine portability)."""
    return [os.environ.get("FAKE_CUDA_NAME", ""), os.environ.get("FAKE_CUDA_CAPABILITY", "")]


def platform_has_fast(precision):
    """support-matrix, hardware and precision: 5.3 and 6.2 have fast FP16, 6.1 fast INT8, from 7.0 on both."""
    major, minor = map(int, os.environ.get("FAKE_CUDA_CAPABILITY", "5.3").split("."))
    return (major, minor) in {"fp16": [(5, 3), (6, 0), (6, 2)], "int8": [(6, 1)]}[precision] or major >= 7


class Runtime:
    """api/python_api/infer/Core/Runtime.html: deserialize_cuda_engine gives None for what it does not take."""

    def __init__(self, logger):
        self._logger = check_logger(logger)

    def deserialize_cuda_engine(self, serialized_engine):
        data = bytes(serialized_engine)
        body = data[len(MAGIC) + 32:]
        if not data.startswith(MAGIC) or hashlib.sha256(body).digest() != data[len(MAGIC):len(MAGIC) + 32]:
            self._logger.log(ILogger.ERROR, "Serialization assertion stdVersionRead == serializationVersion failed")
            return None
        header, _, content = body.partition(b"\n")
        facts = json.loads(header.decode())
        if [facts["version"], facts["gpu"]] != [self.version, gpu_facts()]:
            self._logger.log(ILogger.ERROR, "The engine plan file is not compatible with this version or device")
            return None
        return self.engine_class(facts, content, self._logger)


class Engine:
    """What an engine knows; the fakes give it the names of their generation."""

    def __init__(self, facts, content, logger):
        self._facts, self._logger = facts, logger
        self._arrays = facts["inputs"] + facts["outputs"]
        self._names = [value["name"] for value in self._arrays]
        self._identity = hashlib.sha256(content).hexdigest()
        CALCULATOR.ask({"do": "load", "network": self._identity}, content)

    def create_execution_context(self):
        return self.context_class(self)

    def _type(self, index):
        return TYPES[self._arrays[index]["type"]]

    def _is_input(self, index):
        return index < len(self._facts["inputs"])


class Context:
    """What an execution context does; the fakes give it the names of their generation."""

    kernels = {}

    def __init__(self, engine):
        self._engine, self._logger = engine, engine._logger
        self._shapes = [None if -1 in value["shape"] else list(value["shape"])
                        for value in engine._facts["inputs"]]

    def _set_shape(self, index, shape):
        """Whether it lies within the profile, or is the one that was built for."""
        value = self._engine._facts["inputs"][index]
        low, _, high = self._engine._facts["profile"].get(value["name"], [value["shape"]] * 3)
        if len(shape) != len(low) or not all(a <= size <= b for a, size, b in zip(low, shape, high)):
            self._logger.log(ILogger.ERROR, "the shape does not satisfy any optimization profile")
            return False
        self._shapes[index] = list(shape)
        return True

    def _shape(self, index):
        """That of an output follows from those of the inputs; where they are not set, open dimensions are -1."""
        inputs = self._engine._facts["inputs"]
        if index < len(inputs):
            return tuple(self._shapes[index] or inputs[index]["shape"])
        declared = self._engine._arrays[index]["shape"]
        if (declared and -1 not in declared) or None in self._shapes:
            return tuple(declared)
        zeros = b"\0" * SIZES[self._engine._type(0)] * _volume(self._shapes[0])
        return tuple(self._compute(zeros)[0][index - len(inputs)])

    def _enqueue(self, addresses, stream):
        """Queue the run; False where shapes are missing (NvInferRuntime.h, enqueueV2 and enqueueV3)."""
        if suffer(self._logger):
            return False
        if None in self._shapes:
            self._logger.log(ILogger.ERROR, "Parameter check failed: allInputShapesSpecified()")
            return False
        number = len(Context.kernels)
        Context.kernels[number] = KERNEL(lambda order: self._kernel(addresses))
        return CUDA.fake_launch(stream, ctypes.cast(Context.kernels[number], ctypes.c_void_p), number) == 0

    def _kernel(self, addresses):
        """When its turn comes in the stream: from the GPU's memory to the GPU's memory."""
        size = SIZES[self._engine._type(0)] * _volume(self._shapes[0])
        data = ctypes.create_string_buffer(size)
        if CUDA.fake_read(data, addresses[0], size):
            os.abort()  # an illegal address ends a CUDA context
        shapes, outputs = self._compute(data.raw)
        offset = 0
        for index, shape in enumerate(shapes, start=1):
            size = SIZES[self._engine._type(index)] * _volume(shape)
            if CUDA.fake_write(addresses[index], outputs[offset:offset + size], size):
                os.abort()
            offset += size

    def _compute(self, data):
        reply, outputs = CALCULATOR.ask({"do": "run", "network": self._engine._identity, "shape": self._shapes[0],
                                         "kind": self._engine._arrays[0]["type"]}, data)
        return reply["shapes"], outputs


def _volume(shape):
    size = 1
    for length in shape:
        size *= length
    return size


def init_libnvinfer_plugins(logger, namespace):
    """api/python_api/infer/Plugin/IPluginRegistry.html"""
    check_logger(logger)
    return True


