"""`fingerpost engine ...`: networks compiled by TensorRT for the GPU of this machine."""

from __future__ import annotations

import argparse
import sys
import time

from ..core.errors import ModelError
from ..inference.engines import WORKSPACE_MB, Engines, choose_precision, find_source, make_key
from ..inference.process import Platform
from ..inference.tensorrt import NO_TENSORRT, find_tensorrt, make_engine
from ..installed import InstalledModels

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
    """Compile the models, one after the other."""
    shared = find_tensorrt()
    if shared is None:
        raise ModelError(NO_TENSORRT)
    platform = shared.join().platform
    shared.close()  # its memory is needed for building
    models = InstalledModels()
    for name in args.names or models.names():
        source = find_source(models.load(name))
        precision, reason = choose_precision(source, platform, args.precision)
        if reason:
            print(f"{name}: {precision} instead of {args.precision}: {reason}")
        line = ProgressLine(name)
        engine = make_engine(source, shared.python, precision, Engines(), workspace_mb=args.workspace, tell=line.show)
        line.clear()
        print(f"{name}: {precision}, {len(engine.plan) / 1e6:.1f} MB, {line.seconds:.0f} s, for {describe(platform)}")
    return 0


def add_arguments_list(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost engine list`: none."""


def main_list(args: argparse.Namespace) -> int:
    """Print the engines that are kept, and which of them are used here."""
    shared, models = find_tensorrt(), InstalledModels()
    platform = shared.join().platform if shared is not None else None
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
