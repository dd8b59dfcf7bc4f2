"""Networks in TensorRT: compiled to engines, loaded, run."""

import ctypes
from typing import Any, Callable, Dict, Iterable, List, Tuple

from cuda import TO_DEVICE, TO_HOST, Cuda
from generations import EngineError, NamedTensors
from memory import Memory

ALIGNMENT = 64
ITEM_BYTES = {"float32": 4, "float16": 2}


def find_precisions(generation: NamedTensors, builder: Any, capability: Tuple[int, int]) -> List[str]:
    """In what the GPU computes well, quickest first; fp32 is always among them."""
    fast = generation.find_precisions(builder, capability)
    return [name for name in ("int8", "fp16") if name in fast] + ["fp32"]


def build(trt: Any, generation: NamedTensors, log: Any, content: bytes, order: Dict[str, Any],
          tell: Callable[[str], None]) -> bytes:
    """Compile an ONNX file as the order says: shape, precision, ranges, workspace in bytes. `tell` hears the stages."""
    tell("reading")
    trt.init_libnvinfer_plugins(log, "")
    builder = trt.Builder(log)
    network = generation.create_network(builder)
    parser = trt.OnnxParser(network, log)
    if not parser.parse(content):
        reasons = [parser.get_error(index).desc() for index in range(parser.num_errors)]
        raise EngineError("TensorRT cannot read the network: " + "; ".join(reasons))
    config = builder.create_builder_config()
    generation.limit_workspace(config, order["workspace"])
    generation.choose_precision(config, network, order["precision"], order["ranges"])
    fix_shapes(builder, config, network, order["shape"])
    tell("compiling")
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise log.explain("TensorRT cannot compile the network")
    return bytes(plan)


def fix_shapes(builder: Any, config: Any, network: Any, shape: List[int]) -> None:
    """Where an input leaves dimensions open, compile for this shape alone, which makes the quickest engine."""
    for index in range(network.num_inputs):
        tensor = network.get_input(index)
        if -1 in tuple(tensor.shape):
            only = fill(tensor.shape, shape)
            profile = builder.create_optimization_profile()
            profile.set_shape(tensor.name, only, only, only)
            config.add_optimization_profile(profile)


def fill(declared: Iterable[int], wanted: List[int]) -> List[int]:
    """The declared shape, with the wanted sizes for dimensions that are open."""
    return [want if have == -1 else have for have, want in zip(declared, wanted)]


class Array:
    """An input or output: where it lies in the GPU's memory, and at which byte of the network's shared memory."""

    def __init__(self, name: str, is_input: bool, kind: str, shape: List[int], offset: int) -> None:
        self.name, self.is_input, self.kind, self.shape, self.offset = name, is_input, kind, shape, offset
        self.address = 0
        self.bytes = ITEM_BYTES[kind]
        for size in shape:
            self.bytes *= size

    def describe(self) -> Dict[str, Any]:
        """For the other process."""
        return {"name": self.name, "input": self.is_input, "type": self.kind, "shape": self.shape,
                "offset": self.offset}


class Network:
    """A loaded engine with all that a run needs. Raises EngineError or CudaError, and leaves nothing behind then."""

    def __init__(self, trt: Any, generation: NamedTensors, log: Any, cuda: Cuda, plan: bytes, shape: List[int],
                 memory: Memory) -> None:
        self._generation, self._log, self._cuda = generation, log, cuda
        self._arrays: List[Array] = []
        self._stream = 0
        trt.init_libnvinfer_plugins(log, "")
        self._runtime = trt.Runtime(log)
        self._engine = self._runtime.deserialize_cuda_engine(plan)
        if self._engine is None:
            raise log.explain("TensorRT cannot load the engine")
        self._context = self._engine.create_execution_context()
        if self._context is None:
            raise log.explain("TensorRT cannot prepare the engine")
        try:
            self._fix_shapes(shape)
            self._allocate()
            self._at = memory.grow(self._size)
            self._shared = memory.map(self._at, self._size)
            self._base = ctypes.addressof(ctypes.c_char.from_buffer(self._shared))
            self.run()  # on zeros: the first run takes longer than later ones, and shows whether it runs at all
        except Exception:
            self.close()
            raise

    def describe(self) -> Dict[str, Any]:
        """Where its arrays lie in the shared memory."""
        return {"at": self._at, "bytes": self._size, "arrays": [array.describe() for array in self._arrays]}

    def run(self) -> None:
        """Compute the outputs of the inputs that lie in the shared memory."""
        cuda, stream = self._cuda, self._stream
        for array in self._arrays:
            if array.is_input:
                cuda.copy(array.address, self._base + array.offset, array.bytes, TO_DEVICE, stream)
        names, addresses = [array.name for array in self._arrays], [array.address for array in self._arrays]
        if not self._generation.enqueue(self._context, names, addresses, stream):
            raise self._log.explain("TensorRT cannot run the network")
        for array in self._arrays:
            if not array.is_input:
                cuda.copy(self._base + array.offset, array.address, array.bytes, TO_HOST, stream)
        cuda.synchronise(stream)

    def close(self) -> None:
        """Give back the GPU's memory. The engine goes after its context, as TensorRT wants it."""
        for array in self._arrays:
            if array.address:
                self._cuda.free(array.address)
        if self._stream:
            self._cuda.destroy_stream(self._stream)
        self._context = None
        self._engine = None

    def _fix_shapes(self, shape: List[int]) -> None:
        for index, (name, is_input, _) in enumerate(self._generation.list_arrays(self._engine)):
            declared = self._generation.find_shape(self._context, index, name)
            only = fill(declared, shape)
            if is_input and only != declared and not self._generation.set_shape(self._context, index, name, only):
                raise self._log.explain(f"the engine does not take the shape {shape}")

    def _allocate(self) -> None:
        """Room for all arrays in the GPU's memory, and how much they need in the shared one."""
        self._size = 0
        for index, (name, is_input, kind) in enumerate(self._generation.list_arrays(self._engine)):
            array = Array(name, is_input, kind, self._generation.find_shape(self._context, index, name), self._size)
            self._arrays.append(array)
            self._size += -(-array.bytes // ALIGNMENT) * ALIGNMENT
            array.address = self._cuda.allocate(array.bytes)
        self._stream = self._cuda.create_stream()
