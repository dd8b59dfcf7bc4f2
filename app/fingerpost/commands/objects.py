"""`fingerpost objects list|rename|forget`: what the wearer has taught, from the command line."""

from __future__ import annotations

import argparse
import json

from ..home import state_home
from ..memory.objects import ObjectStore


def add_arguments_list(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost objects list`."""
    parser.add_argument("--json", action="store_true", help="one JSON object per thing")


def main_list(args: argparse.Namespace) -> int:
    """Print the taught things."""
    with open_store() as store:
        things = store.objects()
    for thing in things:
        print(json.dumps(vars(thing)) if args.json else f"{thing.name}  ({thing.samples} samples)")
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
    print(f"{args.name} is forgotten.")
    return 0


def open_store() -> ObjectStore:
    """The store of the device or, on a desk, of this user."""
    return ObjectStore(state_home() / "objects.sqlite")
