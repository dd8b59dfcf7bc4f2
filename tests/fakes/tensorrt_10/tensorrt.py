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


class IBuilderConfig(PooledConfig):
    """python_api/infer/Core/BuilderConfig.html: max_workspace_size is gone."""

    flags = BuilderFlag


class Builder(parts.FlaggedBuilder):
    """python_api/infer/Core/Builder.html"""

    version, config_class, network_class = __version__, IBuilderConfig, INetworkDefinition


class Runtime(parts.Runtime):
    """python_api/infer/Core/Runtime.html"""

    version, engine_class = __version__, ICudaEngine
