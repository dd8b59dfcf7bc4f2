"""Engines: networks that TensorRT has compiled for one GPU, kept so that it happens once.

One file for each network, in the state folder: a line of JSON, with all that the engine depends on and the checksum of
what follows, then the engine. One that was made of another network or for another machine, or is damaged, is made anew.
A network that could not be compiled twice has a note instead, so that not every start takes minutes over the same
failure; the first one may have had a passing reason, such as a full disk or other programs in the memory.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from ..core.errors import ModelError
from ..downloads import hash_file
from ..home import state_home
from ..models import ModelInfo
from ..packed import read_onnx
from ..ranges import Bounds, read_ranges
from ..wholefile import write_whole
from .arrays import refuse_absence, refuse_damage, refuse_inputs
from .graph import FLOAT, Graph
from .process import BUILD_SECONDS, Platform, Worker

log = logging.getLogger(__name__)

SUFFIX, FAILURE_SUFFIX = ".engine", ".failure"
FAILURES = 2
"""After so many a network is compiled by command only."""
WORKSPACE_MB = 256
"""What a layer may use for what it computes on the way: the first Nano has 4 GB for everything."""
RECIPE = 1
"""To be raised when networks are prepared in another way: then all engines are made anew."""


@dataclass(frozen=True)
class Source:
    """A network that engines are made of."""

    name: str
    path: Path
    shape: Tuple[int, ...]
    """What it is compiled for, where it leaves dimensions open."""
    bounds: Optional[Bounds] = None
    """Between which values its tensors lie; without, it does not compute in 8 bits."""
    no_bounds: str = "its activation ranges were not measured"
    """Why there are none."""


@dataclass(frozen=True)
class EngineKey:
    """All that an engine depends on."""

    model: str
    """sha256 of the file, and of the ranges where they matter."""
    tensorrt: str
    gpu: str
    capability: str
    precision: str
    shape: Tuple[int, ...]
    recipe: int = RECIPE


class Engine(NamedTuple):
    """A compiled network."""

    plan: bytes
    """As TensorRT serialises it."""
    outputs: Tuple[str, ...]
    """The names of the network's outputs in their order, which TensorRT need not keep."""


class KeptEngine(NamedTuple):
    """A file in the cache."""

    path: Path
    key: Optional[EngineKey]
    """None for a damaged one."""


def find_source(info: ModelInfo) -> Source:
    """What engines of a model are made of."""
    try:
        return Source(info.name, info.path, info.input, read_ranges(info).bounds)
    except ModelError as error:
        return Source(info.name, info.path, info.input, no_bounds=str(error))


def choose_precision(source: Source, platform: Platform, wanted: Optional[str] = None) -> Tuple[str, str]:
    """The precision to build with, and why it is not the one that was wanted; half where that is fast, else single."""
    usual = "fp16" if "fp16" in platform.precisions else "fp32"
    if wanted is None or wanted == usual:
        return usual, ""
    if wanted not in platform.precisions:
        return usual, f"{platform.gpu} is not fast at {wanted}"
    if wanted == "int8" and source.bounds is None:
        return usual, source.no_bounds
    return wanted, ""


class Engines:
    """The cache."""

    def __init__(self, folder: Optional[Path] = None) -> None:
        self._folder = state_home() / "engines" if folder is None else folder

    def find(self, source: Source, platform: Platform) -> Optional[Engine]:
        """The engine of a network for this machine, in whatever precision it was built; None where there is none."""
        path = self._path(source.name)
        if not path.exists():
            return None
        key, engine = _read(path)
        if key is not None and key == make_key(source, platform, key.precision):
            return engine
        log.warning("%s is %s: it is built anew", path, "damaged" if key is None else "made of another network, or for "
                    "another machine")
        return None

    def keep(self, source: Source, key: EngineKey, engine: Engine) -> Path:
        """Keep an engine in place of an older one of that network. Raises ModelError where it cannot be written."""
        path = self._path(source.name)
        header = {"key": asdict(key), "outputs": engine.outputs, "sha256": hashlib.sha256(engine.plan).hexdigest()}
        try:
            write_whole(path, json.dumps(header).encode() + b"\n" + engine.plan)
            self._path(source.name, FAILURE_SUFFIX).unlink(missing_ok=True)
        except OSError as error:
            raise ModelError(f"{path} cannot be written ({error.strerror or error}): free some space there, or set "
                             "FINGERPOST_STATE to another folder") from error
        return path

    def note_failure(self, source: Source, key: EngineKey, reason: str) -> None:
        """Remember why an engine with that key could not be made; where that cannot be written, the log says so."""
        path = self._path(source.name, FAILURE_SUFFIX)
        times = self._read_note(source, key)[1] + 1
        try:
            write_whole(path, json.dumps({"key": asdict(key), "reason": reason, "times": times}).encode())
        except OSError as error:
            log.warning("%s cannot be written (%s): the next start tries again to compile it", path,
                        error.strerror or error)

    def find_failure(self, source: Source, key: EngineKey) -> str:
        """Why an engine with that key cannot be made; empty where it has not failed FAILURES times in a row."""
        reason, times = self._read_note(source, key)
        return reason if times >= FAILURES else ""

    def _read_note(self, source: Source, key: EngineKey) -> Tuple[str, int]:
        """Why an engine with that key could not be made, and how many times in a row."""
        try:
            note = json.loads(self._path(source.name, FAILURE_SUFFIX).read_bytes())
            return (str(note["reason"]), int(note["times"])) if _read_key(note["key"]) == key else ("", 0)
        except (OSError, ValueError, KeyError, TypeError):
            return "", 0

    def list(self) -> List[KeptEngine]:
        """All engines."""
        return [KeptEngine(path, _read(path)[0]) for path in sorted(self._folder.glob("*" + SUFFIX))]

    def _path(self, name: str, suffix: str = SUFFIX) -> Path:
        return self._folder / (name + suffix)


def make_key(source: Source, platform: Platform, precision: str) -> EngineKey:
    """What an engine of that network depends on here."""
    digest = hash_file(source.path)
    if precision == "int8":
        bounds = sorted((source.bounds or {}).items())
        digest = hashlib.sha256((digest + json.dumps(bounds)).encode()).hexdigest()
    return EngineKey(digest, platform.tensorrt, platform.gpu, platform.capability, precision, source.shape)


def build_engine(source: Source, worker: Worker, precision: str, workspace_mb: int = WORKSPACE_MB,
                 tell: Callable[[str], None] = lambda stage: None, seconds: float = BUILD_SECONDS) -> Engine:
    """Compile a network in that time; `tell` hears the stages, again and again. Raises ModelError."""
    graph = prepare(source, worker.platform, precision)
    order: Dict[str, Any] = {"do": "build", "precision": precision, "shape": source.shape,
                             "workspace": workspace_mb << 20,
                             "ranges": dict(source.bounds or {}) if precision == "int8" else {}}
    reply = worker.ask(order, seconds, graph.dump(), tell)
    return Engine(worker.take(reply["at"], reply["bytes"]), tuple(graph.outputs()))


def prepare(source: Source, platform: Platform, precision: str) -> Graph:
    """The network as this TensorRT is to read it. Raises ModelError where it is damaged, or not made for it."""
    if not source.path.is_file():
        raise refuse_absence(source.path)
    content = read_onnx(source.path)
    try:
        graph = Graph(content)
        inputs = graph.inputs()
        if len(inputs) != 1 or inputs[0][0] != FLOAT:
            raise refuse_inputs(source.path)
        if graph.computes_in_bytes():
            raise ModelError(f"{source.path} was made to compute in 8 bits on a processor: "
                             "export it for TensorRT without `--calibrate`")
        if platform.typed and precision == "int8" and not graph.quantise(source.bounds or {}):
            raise ModelError(f"{source.path} has no layers that compute in 8 bits: take `--precision fp16`")
        graph.unpack_weights()
        if platform.typed and precision == "fp16":
            graph.halve()
        return graph
    except (ValueError, KeyError, IndexError) as error:
        raise refuse_damage(source.path, error) from error


def _read(path: Path) -> Tuple[Optional[EngineKey], Engine]:
    """Key and engine of a file; no key where it is damaged."""
    nothing = Engine(b"", ())
    try:
        header, _, plan = path.read_bytes().partition(b"\n")
        fields = json.loads(header)
        if fields["sha256"] != hashlib.sha256(plan).hexdigest():
            return None, nothing
        return _read_key(fields["key"]), Engine(plan, tuple(fields["outputs"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None, nothing


def _read_key(fields: Dict[str, Any]) -> EngineKey:
    """A key as JSON gives it."""
    return EngineKey(**{**fields, "shape": tuple(fields["shape"])})
