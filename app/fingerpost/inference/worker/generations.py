"""The three generations of TensorRT's Python API, one class for each, told apart by what there is, not by versions.

API references: https://docs.nvidia.com/deeplearning/tensorrt/archives/tensorrt-821/api/python_api/ (8.2),
.../archives/tensorrt-1010/ (10), https://docs.nvidia.com/deeplearning/tensorrt/11.4.0/api/migration/ (what 11 removed).
"""

from typing import Any, Dict, List, Tuple

TYPES = {"FLOAT": "float32", "HALF": "float16"}
"""TensorRT's types that an input or output may have, and what numpy calls them."""


class EngineError(Exception):
    """TensorRT cannot build, load or run a network."""


class NamedTensors:
    """8.5 to 10: inputs and outputs go by their names, precisions by flags."""

    typed = False
    """Whether the ONNX file alone says in which precision a network computes."""

    def __init__(self, trt: Any) -> None:
        self.trt = trt

    def create_network(self, builder: Any) -> Any:
        """An empty network. The flag says that the batch is a dimension like others, which later is always so."""
        flag = getattr(self.trt.NetworkDefinitionCreationFlag, "EXPLICIT_BATCH", None)
        return builder.create_network(0 if flag is None else 1 << int(flag))

    def find_precisions(self, builder: Any, capability: Tuple[int, int]) -> List[str]:
        """What the GPU is fast at."""
        return [name for name, fast in (("fp16", builder.platform_has_fast_fp16),
                                        ("int8", builder.platform_has_fast_int8)) if fast]

    def limit_workspace(self, config: Any, size: int) -> None:
        """How many bytes a layer may use for what it computes on the way."""
        config.set_memory_pool_limit(self.trt.MemoryPoolType.WORKSPACE, size)

    def choose_precision(self, config: Any, network: Any, precision: str, ranges: Dict[str, List[float]]) -> None:
        """Allow smaller numbers; `ranges` are the bounds of the tensors that computing in 8 bits needs."""
        if precision in ("fp16", "int8"):
            config.set_flag(self.trt.BuilderFlag.FP16)
        if precision == "int8":
            config.set_flag(self.trt.BuilderFlag.INT8)
            for tensor in list_tensors(network):
                if tensor.name in ranges:
                    tensor.dynamic_range = tuple(ranges[tensor.name])

    def list_arrays(self, engine: Any) -> List[Tuple[str, bool, str]]:
        """Name, whether it is an input, and type of each input and output, in their order."""
        return [(name, engine.get_tensor_mode(name) == self.trt.TensorIOMode.INPUT, read_type(
            engine.get_tensor_dtype(name))) for name in map(engine.get_tensor_name, range(engine.num_io_tensors))]

    def set_shape(self, context: Any, index: int, name: str, shape: List[int]) -> bool:
        """Fix the open dimensions of an input."""
        return bool(context.set_input_shape(name, shape))

    def find_shape(self, context: Any, index: int, name: str) -> List[int]:
        """The shape of an input or output, once those of the inputs are fixed."""
        return list(context.get_tensor_shape(name))

    def enqueue(self, context: Any, names: List[str], addresses: List[int], stream: int) -> bool:
        """Queue a run over arrays in the GPU's memory."""
        for name, address in zip(names, addresses):
            if not context.set_tensor_address(name, address):
                return False
        return bool(context.execute_async_v3(stream))


class Bindings(NamedTensors):
    """8.2 to 8.4: inputs and outputs go by their numbers."""

    def limit_workspace(self, config: Any, size: int) -> None:
        config.max_workspace_size = size

    def list_arrays(self, engine: Any) -> List[Tuple[str, bool, str]]:
        return [(engine.get_binding_name(index), bool(engine.binding_is_input(index)),
                 read_type(engine.get_binding_dtype(index))) for index in range(engine.num_bindings)]

    def set_shape(self, context: Any, index: int, name: str, shape: List[int]) -> bool:
        return bool(context.set_binding_shape(index, shape))

    def find_shape(self, context: Any, index: int, name: str) -> List[int]:
        return list(context.get_binding_shape(index))

    def enqueue(self, context: Any, names: List[str], addresses: List[int], stream: int) -> bool:
        return bool(context.execute_async_v2(addresses, stream))


class StrongTypes(NamedTensors):
    """11: as before, but every type stands in the ONNX file. It runs on GPUs that are fast at all of them only."""

    typed = True

    def find_precisions(self, builder: Any, capability: Tuple[int, int]) -> List[str]:
        return ["fp16", "int8"] if capability >= (7, 5) else []

    def choose_precision(self, config: Any, network: Any, precision: str, ranges: Dict[str, List[float]]) -> None:
        """There is nothing to choose."""


def find_generation(trt: Any) -> NamedTensors:
    """The generation of this TensorRT."""
    if not hasattr(trt.ICudaEngine, "num_io_tensors"):
        return Bindings(trt)
    return NamedTensors(trt) if hasattr(trt.BuilderFlag, "FP16") else StrongTypes(trt)


def list_tensors(network: Any) -> List[Any]:
    """All tensors of a network: its inputs, and what its layers give."""
    layers = [network.get_layer(index) for index in range(network.num_layers)]
    return ([network.get_input(index) for index in range(network.num_inputs)]
            + [layer.get_output(index) for layer in layers for index in range(layer.num_outputs)])


def read_type(kind: Any) -> str:
    """What numpy calls a type of TensorRT's. Raises EngineError for one that no network here has."""
    name = getattr(kind, "name", f"{kind}")
    if name not in TYPES:
        raise EngineError(f"the network takes or gives {name}, which is not supported")
    return TYPES[name]


def make_log(trt: Any) -> Any:
    """What TensorRT tells things to; the last error is kept, to explain what follows from it."""
    class Log(trt.ILogger):
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.last_error = "TensorRT does not say why"

        def log(self, severity: Any, message: str) -> None:
            if int(severity) <= int(trt.ILogger.ERROR):
                self.last_error = message

        def explain(self, what: str) -> EngineError:
            return EngineError(f"{what}: {self.last_error}")

    return Log()
