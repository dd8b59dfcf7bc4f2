"""How the device stopped the last time: in order, by mistake, or because the power was cut.

A note lies in the state folder for as long as the device runs, and an orderly end removes it. One that is found at the
start was left by a device that had no time to: killed, if the machine has run on since, which its boot_id tells
(random(4)), and else without power.
"""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Dict, Optional, Tuple, Type

from ..core.errors import FingerpostError
from .notes import read_note, write_note

log = logging.getLogger(__name__)

RUNNING = "running.json"
"""The note's name in the state folder: an object with boot_id, pid, started (of that process) and at (unix seconds)."""
IN_ORDER, BY_FAULT, BY_POWER = "", "fault", "power"
STEADY_SECONDS = 3600.0
"""A device that crashes so long after its start works all the same: no other version would be better for that."""


class RunningNote:
    """The note of this process, from when it is entered until it is left in order.

    A second device on the same folder, as on a desk, leaves the note to the first.
    """

    def __init__(self, home: Path, proc: Path = Path("/proc")) -> None:
        self._path, self._proc = home / RUNNING, proc
        self._is_ours = False
        self.last_stop = IN_ORDER
        """How the device stopped the last time: IN_ORDER, BY_FAULT or BY_POWER."""

    def __enter__(self) -> RunningNote:
        last_stop = judge_last_stop(self._path.parent, self._proc)
        if last_stop is None:
            return self
        self.last_stop, self._is_ours = last_stop, True
        own = {"boot_id": _read_boot_id(self._proc), "pid": os.getpid(), "started": read_start(self._proc, os.getpid()),
               "at": round(time.time())}
        write_note(self._path, own, "the next start does not know how this one ended")
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        """Remove the note, unless an error that nobody has foreseen ends the device."""
        foreseen = kind is None or issubclass(kind, (FingerpostError, KeyboardInterrupt, SystemExit))
        if not self._is_ours or not foreseen:
            return
        try:
            self._path.unlink()
        except OSError as error:
            log.error("%s cannot be removed (%s): the next start takes this end for another", self._path,
                      error.strerror)


def judge_last_stop(home: Path, proc: Path = Path("/proc")) -> Optional[str]:
    """How the last device on a state folder stopped: IN_ORDER, BY_FAULT or BY_POWER; None where another one runs there.
    """
    return _judge(_read_running(home), proc)


def find_early_crash(home: Path, proc: Path = Path("/proc")) -> str:
    """The crash by which the last device on a state folder has stopped, in words that no other crash has; empty where
    it has not crashed, or was started STEADY_SECONDS ago or more."""
    found = _read_running(home)
    begun = found.get("at")
    is_old = isinstance(begun, (int, float)) and time.time() - begun >= STEADY_SECONDS
    if is_old or _judge(found, proc) != BY_FAULT:
        return ""
    return " ".join(str(found.get(name)) for name in ("boot_id", "pid", "started"))


def _judge(found: Dict[str, Any], proc: Path) -> Optional[str]:
    if not found:
        return IN_ORDER
    if found.get("boot_id") != _read_boot_id(proc):
        return BY_POWER
    pid = found.get("pid")
    runs = pid != os.getpid() and is_running(proc, pid, found.get("started"))
    return None if runs else BY_FAULT


def greet(last_stop: str, damaged: bool) -> Tuple[str, ...]:
    """The phrases that tell the wearer of it; `damaged` says whether some of what was taught had to be set aside."""
    if damaged:
        return ("stopped_damaged",)
    return ("stopped_by_" + last_stop,) if last_stop else ()


def is_running(proc: Path, pid: object, started: object) -> bool:
    """Whether the process of that number, which may be another's by now, runs and was started then."""
    return isinstance(pid, int) and bool(started) and read_start(proc, pid) == started


def read_start(proc: Path, pid: int) -> str:
    """When a process was started, in clock ticks since boot (field 22 of /proc/PID/stat, proc(5)); empty where there is
    none. Its name, which may hold anything, stands in brackets before the third field."""
    fields = _read(proc / str(pid) / "stat").rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 and fields[0] != "Z" else ""


def _read_running(home: Path) -> Dict[str, Any]:
    found = read_note(home / RUNNING)
    return found if isinstance(found, dict) else {}


def _read_boot_id(proc: Path) -> str:
    return _read(proc / "sys/kernel/random/boot_id")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
