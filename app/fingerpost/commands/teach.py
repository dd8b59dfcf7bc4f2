"""`fingerpost teach NAME IMAGE...`: teach a thing from pictures."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path

from ..devices.replay import Recording
from ..memory.learner import Learner
from ..networks import open_recogniser
from ..settings import Settings
from .objects import open_store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost teach`."""
    parser.add_argument("name", help="what the thing is called")
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="pictures that show little else")


def main(args: argparse.Namespace) -> int:
    """Run the command. Nothing is kept unless every picture can be read."""
    pictures = [frame.pixels for path in args.images for frame in Recording(path)]
    with ExitStack() as stack:
        recogniser = open_recogniser(stack, Settings())
        learner = Learner(stack.enter_context(open_store()), recogniser, ())
        thing = learner.teach(args.name, pictures)
    print(f"Learned {thing.name}: {thing.samples} samples.")
    return 0
