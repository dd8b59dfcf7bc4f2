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
from .builds import Builds
from .engines import Engine, Engines, Source, build_engine, choose_precision, make_key
from .fallback import Trouble
from .process import INTERPRETER, LOAD_SECONDS, RUN_SECONDS, SHARED_LOAD_SECONDS, Worker, find_interpreter

if TYPE_CHECKING:
    import numpy

log = logging.getLogger(__name__)

NO_TENSORRT = ("there is no TensorRT with a GPU here: install it (on a Jetson it comes with JetPack), name its Python "
               f'by {INTERPRETER}, or set runtime = "auto" under [recognition]')
OPENING_BUILD_SECONDS = 1200.0
"""The longest that a network may be compiled when it is opened, for then the wearer waits; `fingerpost engine build` is
more patient."""


class SharedWorker:
    """The one process for all networks, since each takes hundreds of megabytes for TensorRT alone."""

    def __init__(self, python: str) -> None:
        """`python` is the interpreter that has TensorRT."""
        self.python = python
        self.trouble = Trouble()
        self.building = Builds()
        self._lock = threading.Lock()
        self._worker: Optional[Worker] = None
        self._refusal = ""

    def join(self) -> Worker:
        """The process; where it does not run, or has died, a new one. Where the very first did not start, none will:
        raises ModelError."""
        with self._lock:
            if self._refusal:
                raise ModelError(self._refusal)
            if self._worker is None or not self._worker.alive:
                if self._worker is not None:
                    self._worker.close()  # if it has died by itself, nobody has cleared up yet
                self._worker = self._start()
            return self._worker

    def _start(self) -> Worker:
        try:
            return Worker(self.python)
        except ModelError as error:
            if self._worker is None:
                self._refusal = str(error)
            raise

    def close(self) -> None:
        """End it."""
        with self._lock:
            if self._worker is not None:
                self._worker.close()


@lru_cache(maxsize=None)
def find_tensorrt() -> Optional[SharedWorker]:
    """TensorRT, where it is installed; it is looked for once. Where it cannot be used, `join` says why."""
    python = find_interpreter()
    return None if python is None else SharedWorker(python)


class TensorRTBackend(Backend):
    """One network with a single float32 input, compiled for this GPU when it is opened, unless that was done or has
    failed again and again."""

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
        reply = worker.ask({"do": "load", "shape": self._source.shape},
                           SHARED_LOAD_SECONDS if worker.serves else LOAD_SECONDS, engine.plan)
        self._worker, self._number = worker, reply["engine"]
        worker.serves = True
        try:
            self._map(reply["arrays"], worker.map(reply["at"], reply["bytes"]), engine.outputs)
        except ModelError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the network."""
        worker, self._worker = self._worker, None
        if worker is not None:
            try:
                worker.ask({"do": "unload", "engine": self._number}, SHARED_LOAD_SECONDS)
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
        precision, _ = choose_precision(self._source, worker.platform)
        reason = self._engines.find_failure(self._source, make_key(self._source, worker.platform, precision))
        if reason:
            raise ModelError(f"TensorRT could not compile {self._source.name} before ({reason}): try again with "
                             f"`fingerpost engine build {self._source.name}`")
        log.warning("TensorRT compiles %s for %s: this takes minutes, once", self._source.name, worker.platform.gpu)
        self._shared.building.tell("")
        return make_engine(self._source, self._shared.python, precision, self._engines, tell=self._shared.building.tell,
                           seconds=OPENING_BUILD_SECONDS)

    def _map(self, places: Sequence[Dict[str, Any]], memory: mmap.mmap, outputs: Sequence[str]) -> None:
        """The arrays in the shared memory, the outputs in their order."""
        import numpy

        arrays = {place["name"]: numpy.ndarray(place["shape"], place["type"], memory, place["offset"])
                  for place in places}
        self._input = next(arrays[place["name"]] for place in places if place["input"])
        self._outputs = [arrays[name] for name in outputs]


def make_engine(source: Source, python: str, precision: str, engines: Engines, **options: Any) -> Engine:
    """Build and keep an engine, in a process of its own; options as those of `build_engine`.

    Raises ModelError; why it could not be built is noted, so that nobody waits for the same failure again and again.
    """
    builder = Worker(python)
    key = make_key(source, builder.platform, precision)
    try:
        engine = build_engine(source, builder, precision, **options)
    except ModelError as error:
        engines.note_failure(source, key, str(error))
        raise
    finally:
        builder.close()
    engines.keep(source, key, engine)
    return engine
