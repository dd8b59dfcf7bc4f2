"""`fingerpost engine ...`: networks compiled by TensorRT for the GPU of this machine."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Dict, Iterator, Optional, Tuple

from ..core.errors import ModelError
from ..core.ports import Backend
from ..inference.engines import WORKSPACE_MB, Engines, Source, choose_precision, find_source, make_key
from ..inference.onnx import OnnxBackend
from ..inference.process import Platform
from ..inference.tensorrt import NO_TENSORRT, TensorRTBackend, find_tensorrt, make_engine
from ..inference.timing import time_backend
from ..installed import InstalledModels
from ..models import ModelInfo
from ..runtimes import PROVIDERS
from ..settings import ONNX, TENSORRT

_PATIENCE_SECONDS = 2.0


def add_arguments_build(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost engine build`."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="which models; all when none is named")
    parser.add_argument("--precision", choices=("fp16", "int8", "fp32"),
                        help="in what to compute (default: fp16 where the GPU is fast at it, else fp32); int8 takes "
                             "activation ranges, see `fingerpost calibrate ranges`")
    parser.add_argument("--workspace", type=int, default=WORKSPACE_MB, metavar="MB",
                        help=f"the most that a layer may use for what it computes on the way (default {WORKSPACE_MB})")


def main_build(args: argparse.Namespace) -> int:
    """Compile the models, one after the other. One that fails does not keep the others from it."""
    shared = find_tensorrt()
    if shared is None:
        raise ModelError(NO_TENSORRT)
    platform = shared.join().platform
    shared.close()  # its memory is needed for building
    models, failures = InstalledModels(), []
    for name in args.names or models.names():
        try:
            build(find_source(models.load(name)), shared.python, platform, args)
        except ModelError as error:
            failures.append(f"{name}: {error}")
    for failure in failures:
        print(f"fingerpost: {failure}", file=sys.stderr)
    return 1 if failures else 0


def build(source: Source, python: str, platform: Platform, args: argparse.Namespace) -> None:
    """Compile one network and say what became of it. Raises ModelError."""
    name = source.name
    precision, reason = choose_precision(source, platform, args.precision)
    if reason:
        print(f"{name}: {precision} instead of {args.precision}: {reason}")
    line = ProgressLine(name)
    try:
        engine = make_engine(source, python, precision, Engines(), workspace_mb=args.workspace, tell=line.show)
    finally:
        line.clear()
    print(f"{name}: {precision}, {len(engine.plan) / 1e6:.1f} MB, {line.seconds:.0f} s, for {describe(platform)}")


def add_arguments_list(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost engine list`."""
    parser.add_argument("--timing", action="store_true", help="how quick each runtime of this machine is with each "
                        "network that is live; engines that are not there yet are built")
    parser.add_argument("--threads", type=int, default=2, help="processor threads for --timing (default %(default)s)")


def main_list(args: argparse.Namespace) -> int:
    """Print the engines that are kept, and which of them are used here."""
    if args.timing:
        return print_timing(args.threads)
    models, platform = InstalledModels(), find_platform()
    engines = Engines().list()
    for path, key in engines:
        if key is None:
            print(f"{path.stem}  damaged: `fingerpost engine build {path.stem}` makes it anew")
            continue
        used = (platform is not None and path.stem in models.names()
                and key == make_key(find_source(models.load(path.stem)), platform, key.precision))
        print(f"{path.stem}  {key.precision}  {path.stat().st_size / 1e6:.1f} MB  {key.gpu} ({key.capability}), "
              f"TensorRT {key.tensorrt}  {'used' if used else 'not used: of another network or machine'}")
    if not engines:
        print("There are none: `fingerpost engine build` makes them.")
    return 0


def print_timing(threads: int) -> int:
    """A line for every network and runtime; then why the others are not there."""
    models = InstalledModels()
    missing: Dict[str, str] = {}
    print(f"{'NETWORK':<12}{'RUNTIME':<16}{'READY ms':>10}{'RUN ms':>10}")
    for name in models.names():
        info = models.load(name)
        for runtime, backend in make_backends(info, threads):
            try:
                timing = time_backend(backend, info.input)
                print(f"{name:<12}{runtime:<16}{timing.ready_ms:>10.0f}{timing.run_ms:>10.2f}", flush=True)
            except ModelError as error:
                missing[runtime] = str(error)
    if find_tensorrt() is None:
        missing[TENSORRT] = NO_TENSORRT
    for runtime, reason in missing.items():
        print(f"{runtime}: {reason}")
    return 0


def make_backends(info: ModelInfo, threads: int) -> Iterator[Tuple[str, Backend]]:
    """Every runtime that may be here, by its name in the settings."""
    yield ONNX, OnnxBackend(info.path, threads)
    for runtime, provider in PROVIDERS.items():
        yield runtime, OnnxBackend(info.path, threads, provider)
    shared = find_tensorrt()
    if shared is not None:
        yield TENSORRT, TensorRTBackend(find_source(info), shared)


def find_platform() -> Optional[Platform]:
    """What engines depend on here; None, which is said where it should be otherwise, if TensorRT cannot be used."""
    shared = find_tensorrt()
    try:
        return None if shared is None else shared.join().platform
    except ModelError as error:
        print(error)
        return None


def describe(platform: Platform) -> str:
    """GPU and TensorRT in words."""
    return f"{platform.gpu} ({platform.capability}) and TensorRT {platform.tensorrt}"


class ProgressLine:
    """What a build is at, on the terminal, once it takes long; nothing where the output is no terminal."""

    def __init__(self, name: str) -> None:
        self._name, self._start = name, time.monotonic()
        self._visible = False

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self._start

    def show(self, stage: str) -> None:
        """It is at this stage."""
        if sys.stderr.isatty() and self.seconds > _PATIENCE_SECONDS:
            self._visible = True
            print(f"\r\x1b[K{self._name}: {stage} ({self.seconds:.0f} s)", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """It is done."""
        if self._visible:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
