"""Networks run by ONNX Runtime, on the processor or by its own ways to a GPU."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, Optional, Tuple, Union

from ..core.errors import ModelError
from ..core.ports import Backend
from ..packed import is_packed, read_packed
from .arrays import check_array, refuse_absence, refuse_damage, refuse_inputs
from .builds import Tell
from .compiling import compile_apart, find_engine_folder

if TYPE_CHECKING:
    import numpy

PROCESSOR, CUDA, TENSORRT = "CPUExecutionProvider", "CUDAExecutionProvider", "TensorrtExecutionProvider"
"""https://onnxruntime.ai/docs/execution-providers/"""
ERRORS_ONLY = 3  # ONNX Runtime's log level that keeps its warnings off the wearer's terminal


class OnnxBackend(Backend):
    """One ONNX network with a single float32 input, from an ONNX file or a packed one.

    `threads` is how many processor threads one run may use; 0 leaves the choice to the runtime. `provider` is what
    ONNX Runtime computes with, by its own name for it; the processor does what that cannot. Where that compiles the
    network, `tell` hears of it, and another process does it; without `tell`, this one.
    """

    def __init__(self, path: Union[str, Path], threads: int = 0, provider: str = PROCESSOR,
                 tell: Optional[Tell] = None) -> None:
        self._path = Path(path)
        self._threads = threads
        self._provider, self._tell = provider, tell
        self._session: Optional[Any] = None
        self._input_name = ""
        self._input_shape: Tuple[Union[int, str, None], ...] = ()

    def open(self) -> None:
        """Load the network. Raises ModelError when runtime or file are missing, or the file is damaged."""
        if not self._path.is_file():
            raise refuse_absence(self._path)
        session = self._load()
        inputs = session.get_inputs()
        if len(inputs) != 1 or inputs[0].type != "tensor(float)":
            raise refuse_inputs(self._path)
        self._input_name = inputs[0].name
        self._input_shape = tuple(inputs[0].shape)
        self._session = session

    def close(self) -> None:
        """Let go of the network."""
        self._session = None

    def run(self, array: numpy.ndarray) -> Tuple[numpy.ndarray, ...]:
        """One forward pass: float32 in the network's input shape, its outputs in their declared order.

        Raises ModelError when shape or type do not fit, when the backend is not open, or when the run fails.
        """
        if self._session is None:
            raise ModelError(f"{self._path} is not open: use the backend in a `with` block")
        check_array(array, self._path.name, self._input_shape)
        try:
            return tuple(self._session.run(None, {self._input_name: array}))
        except Exception as error:  # the runtime's errors share no base of their own
            raise ModelError(f"{self._path} fails on its input ({_first_line(error)}): "
                             "see `fingerpost models verify`") from error

    def _load(self) -> Any:
        try:
            import onnxruntime  # costs a good part of a second, so only when a network is really wanted
        except ImportError as error:
            raise ModelError(f"ONNX Runtime is not usable ({_first_line(error)}): "
                             "run `pip install onnxruntime`") from error
        if self._provider not in onnxruntime.get_available_providers():
            raise self._refuse_provider()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.log_severity_level = ERRORS_ONLY
        # Threads that wait for work must sleep: those of one network would take the processor from the next one's. With
        # both networks in turn on two cores a frame took three times as long (`fingerpost bench`: 102 ms, now 33).
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        more = self._prepare_provider(onnxruntime.__version__)
        try:
            with _unpacked(self._path) as path:
                if not _computes_in_bytes(path):
                    # Unpacks the weights once, while loading, not in every run: a quarter less time. It must not be set
                    # for a network that computes in bytes, which it would turn back to floats.
                    options.add_session_config_entry("session.disable_quant_qdq", "1")
                providers = list(dict.fromkeys([self._provider, PROCESSOR]))
                # TensorRT knows what it has kept by the file's name as well, and that of an unpacked one changes.
                given = path.read_bytes() if self._provider == TENSORRT and path != self._path else str(path)
                session = onnxruntime.InferenceSession(given, options, providers=providers,
                                                       provider_options=[more, {}][:len(providers)])
        except ModelError:
            raise
        except Exception as error:  # the runtime's errors share no base of their own
            raise refuse_damage(self._path, error) from error
        if self._provider not in session.get_providers():  # one whose libraries are missing is left out in silence
            raise self._refuse_provider()
        return session

    def _prepare_provider(self, version: str) -> Dict[str, str]:
        """TensorRT is to compute in half precision, and to keep what it has compiled, which is seen to first."""
        if self._provider != TENSORRT:
            return {}
        folder = find_engine_folder(self._path, version)
        if folder is None:
            return {"trt_fp16_enable": "True"}
        if self._tell is not None:
            compile_apart(self._path, folder, self._tell)
        return {"trt_fp16_enable": "True", "trt_engine_cache_enable": "True", "trt_engine_cache_path": str(folder)}

    def _refuse_provider(self) -> ModelError:
        return ModelError(f"this ONNX Runtime cannot use {self._provider}: install onnxruntime-gpu (on a Jetson, "
                          'NVIDIA\'s own wheel of it), or set runtime = "auto" under [recognition]')


@contextmanager
def _unpacked(path: Path) -> Iterator[Path]:
    """The ONNX file itself; for a packed one a file in memory with what it unpacks to, which is gone after the block.

    As bytes, the runtime would keep them beside what it makes of them: 60 MB more for a ResNet-18.
    """
    if not is_packed(path):
        yield path
        return
    handle = os.memfd_create(path.name)
    try:
        with open(handle, "wb", closefd=False) as file:
            file.write(read_packed(path).content)
        yield Path(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)


def _computes_in_bytes(path: Path) -> bool:
    """Whether the network quantises what it computes, not only its weights, by the name of the operator for it."""
    return b"QuantizeLinear" in path.read_bytes()


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
