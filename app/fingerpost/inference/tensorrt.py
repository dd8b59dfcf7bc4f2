"""Networks run by TensorRT on the GPU, in a process of its own (decisions/015)."""

from __future__ import annotations

import logging
import mmap
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple

from ..core.errors import ModelError
from ..core.ports import Backend
from .arrays import check_array, refuse_absence
from .engines import Engine, Engines, Source, build_engine, choose_precision, make_key
from .fallback import Trouble
from .process import INTERPRETER, LOAD_SECONDS, RUN_SECONDS, Worker, find_interpreter

if TYPE_CHECKING:
    import numpy

log = logging.getLogger(__name__)

NO_TENSORRT = ("there is no TensorRT with a GPU here: install it (on a Jetson it comes with JetPack), name its Python "
               f'by {INTERPRETER}, or set runtime = "auto" under [recognition]')


class SharedWorker:
    """The one process for all networks, since each takes hundreds of megabytes for TensorRT alone."""

    def __init__(self, python: str) -> None:
        """`python` is the interpreter that has TensorRT."""
        self.python = python
        self.trouble = Trouble()
        self._lock = threading.Lock()
        self._worker: Optional[Worker] = None

    def join(self) -> Worker:
        """The process; where it does not run, or has died, a new one. Raises ModelError."""
        with self._lock:
            if self._worker is None or not self._worker.alive:
                self._worker = Worker(self.python)
            return self._worker

    def close(self) -> None:
        """End it."""
        with self._lock:
            if self._worker is not None:
                self._worker.close()


@lru_cache(maxsize=None)
def find_tensorrt() -> Optional[SharedWorker]:
    """TensorRT, with a GPU, where this machine has them; it is looked for once."""
    python = find_interpreter()
    if python is None:
        return None
    shared = SharedWorker(python)
    try:
        shared.join()
    except ModelError as error:
        log.warning("TensorRT is installed for %s, but cannot be used here: %s", python, error)
        return None
    return shared


class TensorRTBackend(Backend):
    """One network with a single float32 input, compiled for this GPU when it is opened, unless it was before."""

    def __init__(self, source: Source, shared: SharedWorker, engines: Optional[Engines] = None) -> None:
        self._source, self._shared = source, shared
        self._engines = engines or Engines()
        self._worker: Optional[Worker] = None
        self._number = 0
        self._input: Optional[numpy.ndarray] = None
        self._outputs: List[numpy.ndarray] = []

    def open(self) -> None:
        """Load the engine; building one takes minutes. Raises ModelError."""
        if not self._source.path.is_file():
            raise refuse_absence(self._source.path)
        worker = self._shared.join()
        engine = self._engines.find(self._source, worker.platform) or self._build(worker)
        reply = worker.ask({"do": "load", "shape": self._source.shape}, LOAD_SECONDS, engine.plan)
        self._map(reply["arrays"], worker.map(reply["at"], reply["bytes"]), engine.outputs)
        self._worker, self._number = worker, reply["engine"]

    def close(self) -> None:
        """Let go of the network."""
        worker, self._worker = self._worker, None
        if worker is not None:
            try:
                worker.ask({"do": "unload", "engine": self._number}, RUN_SECONDS)
            except ModelError as error:
                log.debug("%s", error)  # it has died, and taken the network along
            self._input, self._outputs = None, []

    def run(self, array: numpy.ndarray) -> Tuple[numpy.ndarray, ...]:
        """See `Backend.run`."""
        name = self._source.path.name
        if self._worker is None or self._input is None:
            raise ModelError(f"{name} is not open: use the backend in a `with` block")
        check_array(array, name, self._input.shape)
        self._input[...] = array
        self._worker.ask({"do": "run", "engine": self._number}, RUN_SECONDS)
        return tuple(output.astype("float32") for output in self._outputs)

    def _build(self, worker: Worker) -> Engine:
        """A new engine, built by a process of its own, which gives back all that this takes."""
        log.warning("TensorRT compiles %s for %s: this takes minutes, once", self._source.name, worker.platform.gpu)
        precision, _ = choose_precision(self._source, worker.platform)
        return make_engine(self._source, self._shared.python, precision, self._engines)

    def _map(self, places: Sequence[Dict[str, Any]], memory: mmap.mmap, outputs: Sequence[str]) -> None:
        """The arrays in the shared memory, the outputs in their order."""
        import numpy

        arrays = {place["name"]: numpy.ndarray(place["shape"], place["type"], memory, place["offset"])
                  for place in places}
        self._input = next(arrays[place["name"]] for place in places if place["input"])
        self._outputs = [arrays[name] for name in outputs]


def make_engine(source: Source, python: str, precision: str, engines: Engines, **options: Any) -> Engine:
    """Build and keep an engine, in a process of its own; options as those of `build_engine`. Raises ModelError."""
    builder = Worker(python)
    try:
        engine = build_engine(source, builder, precision, **options)
        engines.keep(source, make_key(source, builder.platform, precision), engine)
        return engine
    finally:
        builder.close()
