"""`fingerpost objects ...`: what the wearer has taught, from the command line."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Dict, Sequence

import numpy as np

from ..core.errors import StoreError
from ..home import state_home
from ..inference.onnx import OnnxBackend
from ..installed import InstalledModels
from ..memory.archive import read_archive, write_archive
from ..memory.lessons import Lesson, Merged
from ..memory.objects import ObjectStore
from ..memory.samples import pack
from ..vision.classify import classify


def add_arguments_list(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost objects list`."""
    parser.add_argument("--json", action="store_true", help="one JSON object per thing")


def main_list(args: argparse.Namespace) -> int:
    """Print the taught things."""
    with open_store() as store:
        things = store.objects()
    for thing in things:
        voice = ", in your own voice" if thing.has_voice else ""
        print(json.dumps(vars(thing)) if args.json else f"{thing.name}  ({_count(thing.samples, 'sample')}{voice})")
    if not things and not args.json:
        print("Nothing has been taught yet; `fingerpost teach NAME IMAGE...` or the teaching mode does.")
    return 0


def add_arguments_rename(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost objects rename`."""
    parser.add_argument("old", help="the name it has")
    parser.add_argument("new", help="the name it gets")


def main_rename(args: argparse.Namespace) -> int:
    """Rename a thing."""
    with open_store() as store:
        store.rename(args.old, args.new)
    print(f"{args.old} is now {args.new}.")
    return 0


def add_arguments_forget(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost objects forget`."""
    parser.add_argument("name", help="the thing to forget")


def main_forget(args: argparse.Namespace) -> int:
    """Forget a thing and its samples."""
    with open_store() as store:
        store.forget(args.name)
    print(f"{args.name} is forgotten; `fingerpost objects undo` brings it back.")
    return 0


def add_arguments_undo(parser: argparse.ArgumentParser) -> None:
    """`fingerpost objects undo` has no options."""


def main_undo(args: argparse.Namespace) -> int:
    """Undo the last change."""
    with open_store() as store:
        undone = store.undo()
    print(f"Undone: {undone}." if undone else "There is nothing to undo.")
    return 0


def add_arguments_verify(parser: argparse.ArgumentParser) -> None:
    """`fingerpost objects verify` has no options."""


def main_verify(args: argparse.Namespace) -> int:
    """Check everything that was taught; 1 when something had to be set aside."""
    with open_store() as store:
        found, things = store.verify(), store.objects()
    for line in found:
        print(line)
    if not found:
        print(f"All is whole: {len(things)} things, {sum(thing.samples for thing in things)} samples.")
    return 1 if found else 0


def add_arguments_export(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost objects export`."""
    parser.add_argument("file", type=Path, help="the archive to write; it must not exist yet")


def main_export(args: argparse.Namespace) -> int:
    """Write everything that was taught to an archive. What is spoilt is set aside first, and said."""
    with open_store() as store:
        for line in store.verify():
            print(line)
        if not store.objects():
            raise StoreError("there is nothing to export yet; `fingerpost teach NAME IMAGE...` teaches a thing")
        count = write_archive(args.file, store.lessons())
    print(f"{args.file} holds {_count(count, 'thing')}; `fingerpost objects import` takes them in elsewhere.")
    return 0


def add_arguments_import(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost objects import`."""
    parser.add_argument("file", type=Path, help="an archive that `fingerpost objects export` wrote")


def main_import(args: argparse.Namespace) -> int:
    """Merge an archive into what was taught here: all of it, or nothing when anything is wrong with it."""
    lessons = read_archive(args.file)
    with open_store() as store:
        print(describe(store.merge(lessons, measure_embeddings(lessons))))
    return 0


def measure_embeddings(lessons: Sequence[Lesson]) -> Dict[str, int]:
    """The length in bytes of our network's embeddings, told by itself, where things claim to have some of it.

    A new device has nothing yet to compare them with. Raises ModelError when the network is not there.
    """
    info = InstalledModels().load("objects")
    if all(sample.backbone != info.sha256 for lesson in lessons for sample in lesson.samples):
        return {}
    with OnnxBackend(info.path) as backend:  # the processor is quick enough for one picture
        _, embedding = classify(backend, info, np.zeros((8, 8, 3), np.uint8))
    return {info.sha256: len(pack(embedding))}


def describe(merged: Merged) -> str:
    """One line about what came in."""
    parts = [_count(merged.samples, "sample") + " came in"]
    parts += [f"new: {_join(merged.new)}"] if merged.new else []
    parts += [f"more of: {_join(merged.grown)}"] if merged.grown else []
    parts += [f"{_count(merged.known_samples, 'sample')} known already"] if merged.known_samples else []
    return "; ".join(parts) + "."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _join(names: Sequence[str]) -> str:
    """The first few names of a list, and how many there are beyond."""
    more = f" and {len(names) - 5} others" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def open_store() -> ObjectStore:
    """The store of the device or, on a desk, of this user."""
    return ObjectStore(state_home() / "objects.sqlite")
