"""Bindings, which are inputs and outputs by number, for the fakes of 8.2 and 8.5; 10 has none. Python 3.6, too.

Pages are those of the release that a fake names.
"""

import tensorrt_parts as parts


class SizedConfig(parts.BuilderConfig):
    """python_api/infer/Core/BuilderConfig.html: max_workspace_size."""

    @property
    def max_workspace_size(self):
        return self._workspace

    @max_workspace_size.setter
    def max_workspace_size(self, size):
        self._workspace = int(size)


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
