"""TensorRT 8.2.1 as JetPack 4.6.1 has it: https://docs.nvidia.com/deeplearning/tensorrt/archives/tensorrt-821/api/

Pages are named below that address. Inputs and outputs are bindings, which have numbers.
"""

from enum import IntEnum

import tensorrt_parts as parts
from tensorrt_bindings import ICudaEngine, IExecutionContext, SizedConfig  # noqa: F401
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

    explicit_batch = NetworkDefinitionCreationFlag.EXPLICIT_BATCH


class IBuilderConfig(SizedConfig):
    """python_api/infer/Core/BuilderConfig.html: there is no set_memory_pool_limit yet."""

    flags = BuilderFlag


class Builder(parts.FlaggedBuilder):
    """python_api/infer/Core/Builder.html"""

    version, config_class, network_class = __version__, IBuilderConfig, INetworkDefinition


class Runtime(parts.Runtime):
    """python_api/infer/Core/Runtime.html"""

    version, engine_class = __version__, ICudaEngine
