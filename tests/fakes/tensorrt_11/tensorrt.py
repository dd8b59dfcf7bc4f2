"""TensorRT 11: https://docs.nvidia.com/deeplearning/tensorrt/11.4.0/_static/python-api/

Pages are named below that address. What 11 has removed is in
https://docs.nvidia.com/deeplearning/tensorrt/11.4.0/api/migration/tensorrt-10x-to-11x-python-api-reference.html:
flags for precisions, ranges of tensors, questions about fast precisions. Networks are strongly typed.
"""

import os
from enum import IntEnum

import tensorrt_parts as parts
from tensorrt_names import ICudaEngine, IExecutionContext, MemoryPoolType, PooledConfig, TensorIOMode  # noqa: F401
from tensorrt_parts import DataType, ILogger, OnnxParser, init_libnvinfer_plugins  # noqa: F401

__version__ = "11.4.0"
float32, float16, int8 = DataType.FLOAT, DataType.HALF, DataType.INT8


class BuilderFlag(IntEnum):
    """infer/Core/BuilderConfig.html: those for precisions are gone."""

    DEBUG, GPU_FALLBACK, REFIT, TF32 = 1, 2, 3, 4


class NetworkDefinitionCreationFlag(IntEnum):
    """infer/Graph/Network.html: accepted, and without an effect."""

    STRONGLY_TYPED = 1


class INetworkDefinition(parts.Network):
    """infer/Graph/Network.html; its tensors have no dynamic_range."""

    tensor_class = parts.Tensor


class IBuilderConfig(PooledConfig):
    """infer/Core/BuilderConfig.html: max_workspace_size is gone."""

    flags = BuilderFlag


class Builder(parts.Builder):
    """infer/Core/Builder.html"""

    version, config_class, network_class = __version__, IBuilderConfig, INetworkDefinition

    def __init__(self, logger):
        """../../getting-started/support-matrix.html: GPUs before 7.5 are not supported."""
        super().__init__(logger)
        if tuple(map(int, os.environ["FAKE_CUDA_CAPABILITY"].split("."))) < (7, 5):
            raise TypeError("pybind11::init(): factory function returned nullptr")


class Runtime(parts.Runtime):
    """infer/Core/Runtime.html"""

    version, engine_class = __version__, ICudaEngine
