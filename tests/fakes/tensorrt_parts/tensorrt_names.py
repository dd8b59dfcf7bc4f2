"""Names that TensorRT has had since 8.5, for the fakes of 8.5 to 11; pages as in tensorrt_parts.py. Python 3.6, too."""

from enum import IntEnum

import tensorrt_parts as parts
from tensorrt_parts import ILogger


class MemoryPoolType(IntEnum):
    """python_api/infer/Core/BuilderConfig.html"""

    WORKSPACE, DLA_MANAGED_SRAM, DLA_LOCAL_DRAM, DLA_GLOBAL_DRAM, TACTIC_DRAM = range(5)


class TensorIOMode(IntEnum):
    """python_api/infer/Core/Engine.html"""

    NONE, INPUT, OUTPUT = range(3)


class PooledConfig(parts.BuilderConfig):
    """python_api/infer/Core/BuilderConfig.html"""

    def set_memory_pool_limit(self, pool, pool_size):
        if MemoryPoolType(pool) == MemoryPoolType.WORKSPACE:
            self._workspace = int(pool_size)


class IExecutionContext(parts.Context):
    """python_api/infer/Core/ExecutionContext.html"""

    def __init__(self, engine):
        super().__init__(engine)
        self._addresses = {}

    def set_input_shape(self, name, shape):
        """To be called for each input with open dimensions before execute_async_v3."""
        return self._set_shape(self._engine._names.index(name), shape)

    def get_tensor_shape(self, name):
        return self._shape(self._engine._names.index(name))

    def set_tensor_address(self, name, memory):
        """False for a name that is none, as ../c_api/classnvinfer1_1_1_i_execution_context.html says."""
        if name not in self._engine._names:
            return False
        self._addresses[name] = int(memory)
        return True

    def execute_async_v3(self, stream_handle):
        """enqueueV3 on the same page: every input and output must have an address."""
        missing = [name for name in self._engine._names if name not in self._addresses]
        if missing:
            self._logger.log(ILogger.ERROR, f"Parameter check failed: the address of {missing[0]} is not set")
            return False
        return self._enqueue([self._addresses[name] for name in self._engine._names], stream_handle)


class ICudaEngine(parts.Engine):
    """python_api/infer/Core/Engine.html"""

    context_class = IExecutionContext

    @property
    def num_io_tensors(self):
        return len(self._names)

    def get_tensor_name(self, index):
        """No page promises the order of the network: here the outputs come last first."""
        inputs = len(self._facts["inputs"])
        return (self._names[:inputs] + self._names[:inputs - 1:-1])[index]

    def get_tensor_shape(self, name):
        return tuple(self._arrays[self._names.index(name)]["shape"])

    def get_tensor_dtype(self, name):
        return self._type(self._names.index(name))

    def get_tensor_mode(self, name):
        if name not in self._names:
            return TensorIOMode.NONE
        return TensorIOMode.INPUT if self._is_input(self._names.index(name)) else TensorIOMode.OUTPUT
