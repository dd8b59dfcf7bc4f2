"""Which runtime computes a network: TensorRT, or ONNX Runtime on the processor or a GPU."""

from __future__ import annotations

from typing import Callable, ContextManager, Optional

from .core.errors import ModelError
from .core.events import Event, Fault
from .core.ports import Backend, Clock
from .inference import onnx as onnx_runtime
from .inference.builds import Builds, Tell
from .inference.engines import find_source
from .inference.fallback import FallbackBackend
from .inference.onnx import OnnxBackend
from .inference.tensorrt import NO_TENSORRT, SharedWorker, TensorRTBackend, find_tensorrt
from .models import ModelInfo
from .settings import AUTO, CUDA, TENSORRT, TENSORRT_ONNX, Settings

PROVIDERS = {CUDA: onnx_runtime.CUDA, TENSORRT_ONNX: onnx_runtime.TENSORRT}
"""What ONNX Runtime calls its own ways to a GPU."""
ONNX_BUILDS = Builds()
"""Those of ONNX Runtime's own way to TensorRT."""


def open_backend(info: ModelInfo, settings: Settings) -> Backend:
    """The runtime for a network, not open yet. Where TensorRT fails, ONNX Runtime carries on, and the wearer hears it.

    Raises ModelError where what the settings ask for is not here.
    """
    chosen, threads = settings.recognition.runtime, settings.recognition.threads
    if chosen in PROVIDERS:
        return OnnxBackend(info.path, threads, PROVIDERS[chosen], ONNX_BUILDS.tell)
    onnx = OnnxBackend(info.path, threads)
    shared = find_wanted(settings)
    if shared is not None:
        return FallbackBackend(TensorRTBackend(find_source(info), shared), onnx, shared.trouble.report)
    if chosen == TENSORRT:
        raise ModelError(NO_TENSORRT)
    return onnx


def hear_of_trouble(settings: Settings, clock: Clock, tell: Callable[[Event], None]) -> None:
    """Have `tell` take a Fault once TensorRT has failed, or at once where it has already."""
    shared = find_wanted(settings)
    if shared is not None:
        shared.trouble.listen(lambda reason: tell(Fault("gpu", clock.now(), reason)))


def hear_of_builds(settings: Settings, tell: Tell) -> ContextManager[None]:
    """Have `tell` hear of the networks that are compiled for TensorRT in the block, again and again."""
    shared = find_wanted(settings)
    return (shared.building if shared is not None else ONNX_BUILDS).heard_by(tell)


def find_wanted(settings: Settings) -> Optional[SharedWorker]:
    """TensorRT, where it is installed and the settings leave it the networks."""
    return find_tensorrt() if settings.recognition.runtime in (AUTO, TENSORRT) else None
