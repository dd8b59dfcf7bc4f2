"""`fingerpost models ...`: which networks there are, whether they are whole, and which of them are live."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Sequence, Tuple

from ..core.errors import ModelError
from ..downloads import show_progress
from ..installed import InstalledModels
from ..models import ModelInfo, ModelStore, find_problem, name_remedy
from ..packed import read_onnx
from ..wholefile import write_whole


def add_arguments_list(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost models list`: none."""


def main_list(args: argparse.Namespace) -> int:
    """Print the models, the state of their files, which one is live and where they lie."""
    models = InstalledModels()
    rows = [row for name in models.names() for row in _list_generations(models.generations(name))]
    _print_table([("NAME", "STATE", "USE", "FILE"), *rows])
    return 0


def add_arguments_info(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost models info`."""
    parser.add_argument("name", nargs="?", help="one model, with its licence, data, figures and labels")


def main_info(args: argparse.Namespace) -> int:
    """Print size and cost of all models, or everything about one."""
    models = InstalledModels()
    if args.name:
        _print_details(_find_live(models.generations(args.name)))
        return 0
    infos = [_find_live(models.generations(name)) for name in models.names()]
    rows = [(info.name, _size_of(info), f"{info.parameters:,}", f"{info.multiply_adds:,}", _megabytes(info),
             info.licence) for info in infos]
    _print_table([("NAME", "INPUT", "PARAMETERS", "MULTIPLY-ADDS", "SIZE", "LICENCE"), *rows])
    print("\n`fingerpost models info --compare` counts the well-known networks beside each other.")
    return 0


def add_arguments_verify(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost models verify`: none."""


def main_verify(args: argparse.Namespace) -> int:
    """Check all files against their checksums; 0 only when all are whole."""
    verdicts = InstalledModels().verify()
    _print_table([(info.name, problem or "whole", name_remedy(info) if problem else "") for info, problem in verdicts])
    return 1 if any(problem for _, problem in verdicts) else 0


def add_arguments_fetch(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost models fetch`."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="which models; all that ship when none is named")


def main_fetch(args: argparse.Namespace) -> int:
    """Download what is missing or damaged."""
    store = ModelStore()
    for name in args.names or [info.name for info in store.infos()]:
        info = store.fetch(name, show_progress())
        print(f"{name} is whole: {info.path}")
    return 0


def add_arguments_rollback(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost models rollback`."""
    parser.add_argument("name", help="the model of which the newest generation is dropped")


def main_rollback(args: argparse.Namespace) -> int:
    """Drop the newest installed model of a name and return to the one before it."""
    info = InstalledModels().rollback(args.name)
    if info is None:
        print(f"{args.name} is gone.")
    else:
        print(f"Live again: {info.path}" + ("" if info.installed else ", which ships"))
    return 0


def add_arguments_unpack(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost models unpack`."""
    parser.add_argument("name", help="which model; the live one of that name is taken")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the ONNX file to write")


def main_unpack(args: argparse.Namespace) -> int:
    """Write a model as the plain ONNX file that other runtimes take."""
    info = InstalledModels().load(args.name)
    if args.out.is_dir() or args.out.resolve() == info.path.resolve():
        raise ModelError(f"{args.out} is {'a folder' if args.out.is_dir() else 'the model itself'}: give a new file")
    content = read_onnx(info.path)
    try:
        write_whole(args.out, content)
    except OSError as error:
        raise ModelError(f"{args.out} cannot be written ({error.strerror or error}): "
                         "give a file in another folder") from error
    print(f"{args.out}: {len(content) / 1e6:.1f} MB")
    return 0


def _list_generations(generations: Sequence[ModelInfo]) -> Sequence[Tuple[str, ...]]:
    live = _find_live(generations)
    return [(info.name, find_problem(info) or "whole", "live" if info is live else "kept", str(info.path))
            for info in generations]


def _find_live(generations: Sequence[ModelInfo]) -> ModelInfo:
    """The newest whole one; the newest where none is whole."""
    return next((info for info in generations if find_problem(info) is None), generations[0])


def _print_details(info: ModelInfo) -> None:
    rows = [("name", info.name), ("file", f"{info.path} ({_megabytes(info)}, {find_problem(info) or 'whole'})"),
            ("input", f"{_size_of(info)}, mean {info.mean}, std {info.std}"),
            ("outputs", ", ".join(info.outputs)), ("threshold", str(info.threshold)),
            ("parameters", f"{info.parameters:,}"), ("multiply-adds", f"{info.multiply_adds:,}"),
            ("licence", info.licence), ("data", info.data), ("rebuild", info.rebuild)]
    rows += [(f"figure {key}", str(value)) for key, value in info.figures.items()]
    rows += [("labels", ", ".join(info.labels))] if info.labels else []
    _print_table(rows)


def _print_table(rows: Sequence[Tuple[str, ...]]) -> None:
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def _size_of(info: ModelInfo) -> str:
    """The input's size as people write it, width first."""
    return f"{info.input[3]}x{info.input[2]}"


def _megabytes(info: ModelInfo) -> str:
    return f"{info.bytes / 1e6:.1f} MB"
