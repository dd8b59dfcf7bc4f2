"""The computer as the checks see it: files below a root, and commands. Tests make up others."""

from __future__ import annotations

import getpass
import grp
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Callable, FrozenSet, NamedTuple, Optional, Sequence

from ..devices.sensors import Files

COMMAND_SECONDS = 25.0
"""A Nano that loads all libraries from a slow card takes long."""


class Answer(NamedTuple):
    """How a command ended (negative: by that signal), what it printed, and the last line of its complaints."""

    code: int
    output: str = ""
    complaint: str = ""


class Machine(Files):
    """A computer. `ask` runs a command and gives None where there is no such command."""

    def __init__(self, root: Path = Path("/"), ask: Optional[Callable[[Sequence[str]], Optional[Answer]]] = None,
                 free_bytes: Optional[Callable[[Path], int]] = None, now: Callable[[], float] = time.time,
                 user: str = "", groups: Optional[FrozenSet[str]] = None) -> None:
        """`now` gives seconds since 1970, `groups` the names of the groups whose rights this process has."""
        super().__init__(root)
        self.ask = ask or run_command
        self.free_bytes = free_bytes or (lambda folder: shutil.disk_usage(str(folder)).free)
        self.now = now
        self.user = user or name_user()
        self.groups = list_groups() if groups is None else groups

    @property
    def board(self) -> str:
        """The board's name, such as "NVIDIA Jetson Nano Developer Kit"; empty on a machine without a device tree."""
        return self.read("/proc/device-tree/model")

    @property
    def is_jetson(self) -> bool:
        """Whether it is one of NVIDIA's boards."""
        return "Jetson" in self.board


def run_command(words: Sequence[str]) -> Optional[Answer]:
    """Run a command of this computer, for `COMMAND_SECONDS` at most; None where there is no such command."""
    try:
        done = subprocess.run(list(words), stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_SECONDS,
                              env={**os.environ, "LC_ALL": "C"})
    except subprocess.TimeoutExpired:
        return Answer(1, complaint=f"no answer for {COMMAND_SECONDS:.0f} s")
    except OSError:
        return None
    complaints = done.stderr.decode(errors="replace").strip().splitlines()
    return Answer(done.returncode, done.stdout.decode(errors="replace"), complaints[-1] if complaints else "")


def name_user() -> str:
    """Who runs this; a number where that user has no name, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def list_groups() -> FrozenSet[str]:
    """The groups whose rights this process has."""
    names = set()
    for number in {*os.getgroups(), os.getegid()}:
        try:
            names.add(grp.getgrgid(number).gr_name)
        except KeyError:
            pass  # a group of another machine, as in a container
    return frozenset(names)


def nearest_folder(path: Path) -> Path:
    """The folder itself, or the one in which it would be made."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())
