"""TensorRT 10: https://docs.nvidia.com/deeplearning/tensorrt/archives/tensorrt-1001/api/

Pages are named below that address. What 10 has removed (bindings, max_workspace_size, execute_async_v2) is in
https://docs.nvidia.com/deeplearning/tensorrt/archives/tensorrt-1010/migration-guide/; what is used is there since 8.5.
"""

from enum import IntEnum

import tensorrt_parts as parts
from tensorrt_names import ICudaEngine, IExecutionContext, MemoryPoolType, PooledConfig, TensorIOMode  # noqa: F401
from tensorrt_parts import DataType, ILogger, OnnxParser, init_libnvinfer_plugins  # noqa: F401

__version__ = "10.0.1"
float32, float16, int8 = DataType.FLOAT, DataType.HALF, DataType.INT8


class BuilderFlag(IntEnum):
    """python_api/infer/Core/BuilderConfig.html"""

    FP16, BF16, INT8, DEBUG, GPU_FALLBACK, REFIT = range(6)


class NetworkDefinitionCreationFlag(IntEnum):
    """python_api/infer/Graph/Network.html: EXPLICIT_BATCH is deprecated, and changes nothing."""

    EXPLICIT_BATCH, STRONGLY_TYPED = range(2)


class INetworkDefinition(parts.Network):
    """python_api/infer/Graph/Network.html"""

    def _refuse_parser(self):
        return ""


class IBuilderConfig(PooledConfig):
    """python_api/infer/Core/BuilderConfig.html: max_workspace_size is gone."""

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


class Runtime(parts.Runtime):
    """python_api/infer/Core/Runtime.html"""

    version, engine_class = __version__, ICudaEngine
