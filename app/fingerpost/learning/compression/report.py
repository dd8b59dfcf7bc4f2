"""`fingerpost compress report`: what each number format costs on the job, with nothing trained for any of them.

The network is written in every format to trials/ in --out; each is measured by `evaluate` in a process of its own, then
all are loaded and run in turn. What `compress` made, with training, may stand --beside them.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from torch import nn

from ...models import ModelInfo, load_given
from ..evaluation.common import NAMES, find_model, print_figures
from ..export import fold_batch_norm, write_entry
from . import gate
from .formats import FORMATS, write_format
from .page import write_page
from .rebuild import rebuild
from .release import find_entry
from .trials import Trial, measure_speed, tabulate, try_all

FIGURES = {"fingertip": ["within_20px", "median_px"], "objects": ["top1", "unknown_auroc"],
           "detector": ["map50", "map50_95"]}
"""What counts, where --figures does not say."""
SOURCE = """The network of {file} ({megabytes:.1f} MB), which may be rounded already: fp32 has its numbers as they are.
Measured on {n:g} labelled pictures by `fingerpost evaluate {name} {check}`.
Nothing was trained for any format{beside}."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.description, parser.formatter_class = __doc__, argparse.RawDescriptionHelpFormatter
    parser.add_argument("name", choices=NAMES, help="which network")
    parser.add_argument("--model", type=Path, help="a folder with manifest.json, as `export` writes it; default: what "
                        "ships")
    parser.add_argument("--check", required=True, metavar="WORDS", help="what `evaluate NAME` is to be told, in "
                        "quotes, such as '--data grocery/val --unknown photos'")
    parser.add_argument("--figures", type=lambda text: text.split(","), metavar="NAME,...",
                        help="which of its figures to show, that which counts most first; default: two of the usual")
    parser.add_argument("--beside", type=Path, nargs="+", default=[], metavar="PACKED.fpk",
                        help="networks as `compress` left them, their manifest.json beside them")
    add_formats(parser, FORMATS)


def add_formats(parser: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    """The options of everything that writes a network in several formats; `formats` are the default."""
    parser.add_argument("--formats", type=parse_formats, default=list(formats), metavar="NAME,...",
                        help=f"some of {','.join(FORMATS)}; the others are compared with the first one (default "
                             f"{','.join(formats)})")
    parser.add_argument("--calibrate", type=Path, metavar="PICTURES",
                        help="folder of pictures on which compute-int8 measures its ranges; without, "
                        "those in calibration/ serve")
    parser.add_argument("--out", type=Path, required=True, help="folder for report.md, its chart and trials/")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of torch (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def parse_formats(text: str) -> list[str]:
    """Names of formats, separated by commas."""
    names = text.split(",")
    strange = [name for name in names if name not in FORMATS]
    if strange:
        raise argparse.ArgumentTypeError(f"there is no format {strange[0]!r}: give some of {','.join(FORMATS)}")
    return names


def main(args: argparse.Namespace) -> int:
    """Write, measure, print and draw."""
    torch.set_num_threads(args.threads)
    info = find_model(args.name, args.model)
    net = fold_batch_norm(rebuild(info))
    others = {str(path): partial(load_given, args.name, path) for path in args.beside}
    makers = {name: partial(write_trial, name, net, info, args) for name in args.formats}
    figures = args.figures or FIGURES[args.name]
    trials = try_all({**makers, **others}, lambda made: gate.measure(args.name, args.check, made.path), figures)
    beside = f"; what stands beside them learned: {', '.join(others)}" if others else ""
    source = SOURCE.format(file=info.path.name, megabytes=info.bytes / 1e6, n=trials[0].figures["n"], name=args.name,
                           check=args.check, beside=beside)
    publish(args, args.name, source, trials, figures, is_resnet=not info.anchors)
    return 0


def write_trial(name: str, net: nn.Module, info: ModelInfo, args: argparse.Namespace) -> ModelInfo:
    """The network in a format, in a folder of its own with a manifest, so that `evaluate` can be told of it."""
    folder = args.out / "trials" / name
    made = write_format(name, net, info, folder, args.calibrate)
    write_entry(folder / "manifest.json", {**find_entry(info), "file": made.path.name, "bytes": made.bytes,
                                           "sha256": made.sha256})
    return made


def publish(args: argparse.Namespace, title: str, source: str, trials: Sequence[Trial], figures: Sequence[str],
            is_resnet: bool) -> None:
    """Measure how quick the trials are, and show all: on the terminal, and as a page in --out."""
    table = tabulate(trials, measure_speed(trials), figures)
    problems = {trial.name: trial.problem for trial in trials if trial.problem}
    print_figures({"table": table, **({"problems": problems} if problems else {})}, args.json)
    write_page(args.out, title, source, trials, table, figures, is_resnet)
