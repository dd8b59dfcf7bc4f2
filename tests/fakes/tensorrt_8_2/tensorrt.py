"""TensorRT 8.2.1 as JetPack 4.6.1 has it: https://docs.nvidia.com/deeplearning/tensorrt/archives/tensorrt-821/api/

Pages are named below that address. Inputs and outputs are bindings, which have numbers.
"""

from enum import IntEnum

import tensorrt_parts as parts
from tensorrt_parts import DataType, ILogger, OnnxParser, init_libnvinfer_plugins  # noqa: F401

__version__ = "8.2.1.8"
float32, float16, int8 = DataType.FLOAT, DataType.HALF, DataType.INT8


class BuilderFlag(IntEnum):
    """python_api/infer/Core/BuilderConfig.html"""

    FP16, INT8, DEBUG, GPU_FALLBACK, STRICT_TYPES, REFIT = range(6)


class NetworkDefinitionCreationFlag(IntEnum):
    """python_api/infer/Graph/Network.html"""

    EXPLICIT_BATCH, EXPLICIT_PRECISION = range(2)


class INetworkDefinition(parts.Network):
    """python_api/infer/Graph/Network.html"""

    def _refuse_parser(self):
        """python_api/parsers/Onnx/pyOnnx.html: only networks with an explicit batch dimension can be parsed."""
        explicit = self._flags & 1 << int(NetworkDefinitionCreationFlag.EXPLICIT_BATCH)
        return "" if explicit else "only full-dimensions mode is supported: set EXPLICIT_BATCH"


class IBuilderConfig(parts.BuilderConfig):
    """python_api/infer/Core/BuilderConfig.html: there is max_workspace_size, and no set_memory_pool_limit yet."""

    @property
    def max_workspace_size(self):
        return self._workspace

    @max_workspace_size.setter
    def max_workspace_size(self, size):
        self._workspace = int(size)

    def _check_flag(self, flag):
        return BuilderFlag(flag).name


class Builder(parts.Builder):
    """python_api/infer/Core/Builder.html"""

    version, config_class, network_class = __version__, IBuilderConfig, INetworkDefinition

    @property
    def platform_has_fast_fp16(self):
        return parts.platform_has_fast("fp16")

    @property
    def platform_has_fast_int8(self):
        return parts.platform_has_fast("int8")

    def _refuse(self, network, config):
        """developer-guide, working with INT8: networks with Q/DQ layers need the flag INT8."""
        if "DequantizeLinear" in network._facts["operators"] and "INT8" not in config._flags:
            return "Network has Q/DQ layers but the INT8 builder flag is not set"
        return super()._refuse(network, config)


class IExecutionContext(parts.Context):
    """python_api/infer/Core/ExecutionContext.html"""

    def set_binding_shape(self, binding, shape):
        """To be called for each input with open dimensions before execute_async_v2."""
        return self._set_shape(binding, shape)

    def get_binding_shape(self, binding):
        return self._shape(binding)

    @property
    def all_binding_shapes_specified(self):
        return None not in self._shapes

    def execute_async_v2(self, bindings, stream_handle):
        """`bindings`: a list of integers, the addresses of all inputs and outputs by their numbers."""
        if len(bindings) != len(self._engine._names) or not all(isinstance(address, int) for address in bindings):
            raise TypeError("execute_async_v2(): incompatible function arguments")
        return self._enqueue(list(bindings), stream_handle)


class ICudaEngine(parts.Engine):
    """python_api/infer/Core/Engine.html"""

    context_class = IExecutionContext

    @property
    def num_bindings(self):
        return len(self._names)

    def get_binding_name(self, index):
        return self._names[index]

    def get_binding_index(self, name):
        return self._names.index(name) if name in self._names else -1

    def get_binding_shape(self, binding):
        return tuple(self._arrays[binding]["shape"])

    def get_binding_dtype(self, binding):
        return self._type(binding)

    def binding_is_input(self, binding):
        return self._is_input(binding)


class Runtime(parts.Runtime):
    """python_api/infer/Core/Runtime.html"""

    version, engine_class = __version__, ICudaEngine
