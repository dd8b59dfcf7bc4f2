"""TensorRT 8.5.3, as JetPack 5.1 has 8.5: https://docs.nvidia.com/deeplearning/tensorrt/archives/tensorrt-853/api/

Pages are named below that address. Names of inputs and outputs are new, and bindings are still there, deprecated
(c_api/classnvinfer1_1_1_i_cuda_engine.html); so is max_workspace_size beside set_memory_pool_limit.
"""

from enum import IntEnum

import tensorrt_bindings as bindings
import tensorrt_names as names
import tensorrt_parts as parts
from tensorrt_names import MemoryPoolType, TensorIOMode  # noqa: F401
from tensorrt_parts import DataType, ILogger, OnnxParser, init_libnvinfer_plugins  # noqa: F401

__version__ = "8.5.3.1"
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


class IBuilderConfig(names.PooledConfig, bindings.SizedConfig):
    """python_api/infer/Core/BuilderConfig.html"""

    flags = BuilderFlag


class Builder(parts.FlaggedBuilder):
    """python_api/infer/Core/Builder.html"""

    version, config_class, network_class = __version__, IBuilderConfig, INetworkDefinition


class IExecutionContext(names.IExecutionContext, bindings.IExecutionContext):
    """python_api/infer/Core/ExecutionContext.html"""


class ICudaEngine(names.ICudaEngine, bindings.ICudaEngine):
    """python_api/infer/Core/Engine.html"""

    context_class = IExecutionContext


class Runtime(parts.Runtime):
    """python_api/infer/Core/Runtime.html"""

    version, engine_class = __version__, ICudaEngine
