"""`fingerpost train taught`: the object network anew, from the shipped weights, on what the wearer has taught too.

`train objects` leaves a checkpoint in a folder and changes nothing else; this goes on to the end. It keeps some
pictures of everything back, trains and exports in processes of their own that cannot starve the device of memory or
time, and examines the result beside what is live. Only if it is no worse does it go live (exit code 0; 3 if it is
worse); `models rollback` returns. With --stage a person decides instead: the network is left beside its figures.

Taught things become classes called by their object ids, so that they can still be renamed. The pictures of the
built-in names are needed too: a network that no longer sees them forgets them.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...core.errors import DataError, ModelError
from ...core.types import TAUGHT
from ...home import state_home
from ...installed import InstalledModels
from ...models import ModelInfo, ModelStore, read_entries
from ...upkeep.retraining import WORSE
from ...upkeep.tether import tether
from ...vision.wider import OTHER
from ...wholefile import write_whole
from ..datasets import list_classes
from ..evaluation.common import list_unlabelled
from ..nets import SCOPES
from .taught import FEWEST, export_taught, list_all, part_classes
from .trial import Exam, Scores, describe, examine, is_no_worse

NAME = "objects"
FIGURES = "figures.json"
"""What --stage leaves beside the network: its scores as `after`, those of the live one as `before`."""
HEAD_RATE, GENTLE_RATE = 2e-3, 3e-4
"""Peak learning rates: a head that is new, and weights that know something already."""
NICENESS = 19
"""How readily the training yields the processor to everything else: the most that there is."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--data", type=Path, required=True,
                        help="one folder of pictures per class: at least the built-in names, which must not be lost")
    parser.add_argument("--taught", type=Path, default=state_home() / "objects.sqlite", metavar="STORE",
                        help="what was taught (default %(default)s)")
    parser.add_argument("--other", type=Path,
                        help="photos of nameless things; every fifth is held back and examines")
    parser.add_argument("--scope", choices=tuple(SCOPES), default="head", help="what learns: the names alone, so that "
                        "the backbone stays (head, the default), layer 4 too (last), layers 2 to 4 (deep), all")
    parser.add_argument("--hold-out", type=float, default=0.2,
                        help="share of every thing's pictures that only examines (default %(default)s)")
    parser.add_argument("--memory-mb", type=int, default=3000,
                        help="megabytes that the training may take (default %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default %(default)s)")
    parser.add_argument("--stage", type=Path, metavar="DIR", help="leave the network there, whether it is better or "
                        f"worse, with its manifest and {FIGURES}; what is live stays live")
    parser.add_argument("--parent", type=int, metavar="PID", help=argparse.SUPPRESS)  # ends when that process does
    parser.add_argument("options", nargs="*", metavar="-- OPTIONS", help="after --: further options of `train objects`")


def main(args: argparse.Namespace) -> int:
    """Retrain, examine and, if it is no worse, go live: 0. Exit code 3 says that it was worse, any other a failure."""
    if args.parent is not None:
        tether(args.parent)
    models = InstalledModels()
    live = models.load(NAME)
    check_names(args.data, live)
    room = state_home() / "retraining"
    try:
        with occupy(room):
            exam = lay_out(args, room)
            retrain(args, live, room)
            if args.stage is not None:
                return stage(live, room / "model", args.stage, exam, args.threads)
            return judge(models, live, room / "model", exam, args.threads)
    except OSError as error:
        raise DataError(f"{room} cannot be written ({error.strerror or error}): free some space there, or set "
                        "FINGERPOST_STATE to another folder") from error


@contextmanager
def occupy(room: Path) -> Iterator[None]:
    """Have that folder alone, and empty before and after. Raises DataError while another retraining has it."""
    room.parent.mkdir(parents=True, exist_ok=True)
    with room.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataError("another retraining is under way: wait until it has ended") from error
        shutil.rmtree(room, ignore_errors=True)  # what a run that was killed has left
        try:
            yield
        finally:
            shutil.rmtree(room, ignore_errors=True)


def check_names(data: Path, live: ModelInfo) -> None:
    """Raise DataError when the live network has names of which there are no pictures."""
    names = {label for label in live.labels or () if label != OTHER and not label.startswith(TAUGHT)}
    lost = sorted(names - set(list_classes(data)))
    if lost:
        raise DataError(f"{data} has no pictures of {len(lost)} built-in names, {lost[0]!r} among them, which would be "
                        "forgotten: add a folder for each")


def lay_out(args: argparse.Namespace, room: Path) -> Exam:
    """Part all pictures into what is learned from and the exam."""
    export_taught(args.taught, room / "taught")
    part_classes((args.data, room / "taught"), room / "learn", room / "held", args.hold_out)
    lessons = [(path, label) for path, label in list_all(room / "learn") if label.startswith(TAUGHT)]
    questions = list_all(room / "held")
    if not any(label.startswith(TAUGHT) for _, label in questions):
        raise DataError("nothing that was taught could be examined afterwards: teach a thing with "
                        f"{FEWEST} samples or more")
    return Exam(lessons, questions + [(path, "") for path in list_unlabelled(args.other, held_back=True)])


def retrain(args: argparse.Namespace, live: ModelInfo, room: Path) -> None:
    """Train and export, each in a process of its own; leaves the model and its manifest in `room`/model."""
    words = ["--init", "shipped", "--scope", args.scope, "--rate", HEAD_RATE if args.scope == "head" else GENTLE_RATE,
             "--image-size", live.input[-1], "--early-share", 0, "--epochs", 10, "--batch", 32,
             "--threads", args.threads]
    words += ["--other", args.other] if args.other else []
    run_apart(["train", "objects", "--data", room / "learn", "--out", room / "out", *words, *args.options],
              args.memory_mb, room)
    run_apart(["export", room / "out", "--out", room / "model", "--data", "the shipped weights; what was taught here",
               "--rebuild", f"fingerpost train taught --data {args.data} --scope {args.scope}"], args.memory_mb, room)


def run_apart(words: list[object], memory_mb: int, room: Path) -> None:
    """Run a command of Fingerpost in a process that yields to all others. Raises ModelError when it fails.

    Its limit counts what it may write to (RLIMIT_DATA), not the address space, of which torch reserves far more: on a
    processor 4.5 GB against 1.7 GB, with 32 views and everything learning. It does not outlive this process, and its
    temporary files lie in `room`: what it leaves when it is killed goes with the next run.
    """
    parent = os.getpid()

    def restrain() -> None:
        os.nice(NICENESS)
        resource.setrlimit(resource.RLIMIT_DATA, (memory_mb << 20, memory_mb << 20))
        tether(parent)

    command = [sys.executable, "-m", "fingerpost", *(str(word) for word in words)]
    child = subprocess.run(command, preexec_fn=restrain, env={**os.environ, "TMPDIR": str(room)},
                           stderr=subprocess.PIPE, text=True)
    if child.returncode:
        reason = (child.stderr.strip().splitlines() or [f"exit code {child.returncode}"])[-1]
        raise ModelError(f"the retraining failed ({reason}): what is live stays; if memory was short, raise "
                         "--memory-mb, or add `-- --batch 8`")


def judge(models: InstalledModels, live: ModelInfo, folder: Path, exam: Exam, threads: int) -> int:
    """Examine the new network beside the live one and let it go live if it is no worse."""
    new = ModelStore(folder).load(NAME)
    before, after = compare(live, new, exam, threads)
    if not is_no_worse(after, before):
        print("The retrained network is worse: what was live stays live.")
        return WORSE
    entry = read_entries(folder / "manifest.json")[0]
    info = models.install(new.path, {**entry, "figures": write_figures(after)})
    print(f"Live now: {info.path}; `fingerpost models rollback {NAME}` returns to what was live before.")
    return 0


def stage(live: ModelInfo, folder: Path, target: Path, exam: Exam, threads: int) -> int:
    """Examine the new network beside the live one and leave it in `target`, with both's figures."""
    before, after = compare(live, ModelStore(folder).load(NAME), exam, threads)
    shutil.copytree(folder, target, dirs_exist_ok=True)
    write_whole(target / FIGURES, json.dumps({"before": write_figures(before), "after": write_figures(after)}).encode())
    print(f"Left in {target}; what was live stays live.")
    return 0


def compare(live: ModelInfo, new: ModelInfo, exam: Exam, threads: int) -> tuple[Scores, Scores]:
    """How both do in the exam, printed side by side."""
    before, after = examine(live, exam, threads), examine(new, exam, threads)
    print(describe(before, after))
    return before, after


def write_figures(scores: Scores) -> dict[str, dict[str, int]]:
    """Scores as a manifest keeps them."""
    return {group: score._asdict() for group, score in scores.items()}
