"""Processes that the device starts and looks after: each in a session of its own, so that what it starts itself can be
ended with it, and Ctrl-C is not for it."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import IO, Any, Mapping, Optional, Sequence

GRACE_SECONDS = 2.0
"""A process that was asked to end and still runs after so long is killed."""


def start_child(command: Sequence[str], niceness: int, output: Optional[IO[Any]] = None, cwd: Optional[str] = None,
                env: Optional[Mapping[str, str]] = None) -> subprocess.Popen[bytes]:
    """Start a process that reads nothing, and writes to `output` or else where this one does; folder and environment
    are those of this one, if no others are given. Raises OSError."""
    child = subprocess.Popen(list(command), stdin=subprocess.DEVNULL, stdout=output, cwd=cwd, env=env,
                             stderr=None if output is None else subprocess.STDOUT, start_new_session=True)
    # Only root may ask for more of the processor than the device itself has.
    os.setpriority(os.PRIO_PROCESS, child.pid, max(niceness, os.getpriority(os.PRIO_PROCESS, 0)))
    return child


def signal_all(pid: int, number: int) -> None:
    """Send a signal to the process of that id, which leads its session, and to all that it has started."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        pass  # all have just ended


def end_child(child: subprocess.Popen[bytes]) -> None:
    """Ask the process to end, then make it."""
    signal_all(child.pid, signal.SIGTERM)
    try:
        child.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        signal_all(child.pid, signal.SIGKILL)
        child.wait()
