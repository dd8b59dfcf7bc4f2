"""`fingerpost backup ...`: everything that is the wearer's own on a USB stick, or in any folder."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path

from ..core.deciding.errands import READY_OLDER, READY_OTHER
from ..core.errors import DataError
from ..home import state_home
from ..memory.refusal import Newer, Refused
from ..upkeep.errands import NOTHING
from ..upkeep.stick.backup import read_backup
from ..upkeep.stick.files import BACKUPS, OwnFile, list_files, read_device
from ..upkeep.stick.jobs import KNOWN, back_up, restore, restore_file
from ..upkeep.stick.place import using
from .objects import measure_embeddings

_HINTS = {READY_OLDER: "The newest back-up cannot be used, so this was an older one. ",
          READY_OTHER: "No back-up of this device brings anything new, so this was another one's. "}


def add_arguments_make(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost backup make`."""
    _add_folder(parser)


def main_make(args: argparse.Namespace) -> int:
    """Back up what was taught, preferences and calibrations."""
    result = back_up(args.folder, state_home(), datetime.now())
    if result.outcome == NOTHING:
        raise DataError("there is nothing to back up yet; `fingerpost teach NAME IMAGE...` teaches a thing")
    device = read_device(state_home())
    made = next(file.path for file in list_files(args.folder, BACKUPS) if file.device == device)
    print(f"{made} is whole, with {dict(result.slots)['count']} taught things; `fingerpost backup restore` brings it "
          "back.")
    return 0


def add_arguments_restore(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost backup restore`."""
    parser.add_argument("place", type=Path, help="the folder, as that of a USB stick, or one back-up in it")


def main_restore(args: argparse.Namespace) -> int:
    """Bring back one back-up, or the newest of a folder that is whole and brings something: all of it, or nothing."""
    take = restore_file if args.place.is_file() else restore
    result = take(args.place, state_home(), measure_embeddings)
    if result.outcome == NOTHING:
        raise DataError(f"{args.place} holds no back-up; `fingerpost backup make` makes one")
    if result.outcome == KNOWN:
        print("All of it was here already.")
        return 0
    print(f"{_HINTS.get(result.outcome, '')}Restored, with {dict(result.slots)['count']} taught things; a device that "
          "runs knows it after its next start.")
    return 0


def add_arguments_list(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost backup list`."""
    _add_folder(parser)


def main_list(args: argparse.Namespace) -> int:
    """Print the back-ups in a folder, newest first; 1 when one of them is damaged."""
    with using(args.folder):
        found = [(file.path, _describe(file)) for file in list_files(args.folder, BACKUPS)]
    for path, words in found:
        print(f"{path}  ({words})")
    if not found:
        print(f"There is no back-up in {args.folder}; `fingerpost backup make` makes one.")
    return 1 if any(words.startswith("damaged") for _, words in found) else 0


def _describe(file: OwnFile) -> str:
    try:
        backup = read_backup(file.path)
    except Newer as error:
        return f"newer: it {error}"
    except (Refused, OSError) as error:
        return f"damaged: it {error}"
    whose = [] if file.device == read_device(state_home()) else ["of another device"]
    return ", ".join([f"{len(backup.lessons)} taught things", *backup.settings, *whose])


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="the folder, as that of a USB stick")
