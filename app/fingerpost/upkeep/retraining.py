"""Retraining by itself: `fingerpost train taught` in a process of its own, while the wearer needs nothing.

What was taught is learned from once. Any press, and any finger that rests, ends the process at once; the next quiet
time starts it over. If it succeeds, the network that it leaves goes live like any other (succession.py).
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, Mapping, Optional, Sequence

from ..core.leisure import START, STOP, Leisure, choose
from ..settings import TeachingSettings
from ..wholefile import write_whole

log = logging.getLogger(__name__)

NICENESS = 19
"""How readily it yields the processor to everything else: the most that there is."""
GRACE_SECONDS = 2.0
"""A process that was asked to end and still runs after so long is killed."""


class Retraining:
    """Starts and stops the process, at most one at a time. Never waits for it."""

    def __init__(self, command: Sequence[str], idle_seconds: float, taught: Callable[[], Mapping[str, int]],
                 folder: Path) -> None:
        """`taught` maps the ids of taught things to their numbers of samples; `folder` remembers what was learned
        from, and what the process printed."""
        self._command, self._idle_seconds, self._taught = list(command), idle_seconds, taught
        self._memory, self._output = folder / "retrained.json", folder / "retraining.log"
        self._trained: Mapping[str, int] = read_counts(self._memory)
        self._learning: Mapping[str, int] = {}
        self._child: Optional[subprocess.Popen[bytes]] = None
        self._started_at: Optional[float] = None
        self._stopped_at: Optional[float] = None

    @property
    def is_running(self) -> bool:
        """Whether there is a process."""
        return self._child is not None

    def step(self, leisure: Leisure, now: float) -> None:
        """See how the process is doing; start or stop it if it is time to. `now` is in monotonic seconds."""
        if self._child is not None and self._child.poll() is not None:
            self._conclude(self._child.returncode)
        wish = choose(leisure, self._started_at, self._taught(), self._trained, self._idle_seconds)
        if wish == START:
            self._start(now)
        elif wish == STOP:
            self._stop(now)

    def close(self) -> None:
        """End the process, if there is one; harmless otherwise."""
        if self._child is not None:
            self._signal(signal.SIGTERM)
            try:
                self._child.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                self._child.wait()
            self._child = None

    def _start(self, now: float) -> None:
        self._learning, self._started_at, self._stopped_at = dict(self._taught()), now, None
        try:
            self._output.parent.mkdir(parents=True, exist_ok=True)
            with self._output.open("wb") as output:
                # A session of its own: what it starts itself can be ended with it, and Ctrl-C is not for it.
                self._child = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=output,
                                               stderr=subprocess.STDOUT, start_new_session=True)
        except OSError as error:
            self._fail(error.strerror or str(error))
            return
        os.setpriority(os.PRIO_PROCESS, self._child.pid, NICENESS)

    def _stop(self, now: float) -> None:
        """Ask it to end, then make it."""
        if self._stopped_at is None:
            self._stopped_at = now
            self._signal(signal.SIGTERM)
        elif now - self._stopped_at >= GRACE_SECONDS:
            self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        """Send a signal to the process and to all that it has started."""
        assert self._child is not None
        try:
            os.killpg(self._child.pid, number)
        except ProcessLookupError:
            pass  # it has just ended

    def _conclude(self, code: int) -> None:
        """It has ended: by itself, and then this was learned from, or because it was stopped."""
        if code == 0:
            self._finish()
        elif self._stopped_at is None:
            self._fail(read_last_line(self._output) or f"exit code {code}")
        else:
            self._child = self._started_at = None

    def _fail(self, reason: str) -> None:
        log.error("retraining has changed nothing (%s): it is tried again once more is taught; all it said is in %s",
                  reason, self._output)
        self._finish()

    def _finish(self) -> None:
        self._trained, self._child, self._started_at = self._learning, None, None
        try:
            write_whole(self._memory, json.dumps(self._trained).encode())
        except OSError as error:
            log.error("%s cannot be written (%s): after the next start there is one more retraining", self._memory,
                      error.strerror or error)


def plan_retraining(settings: TeachingSettings, taught: Callable[[], Mapping[str, int]],
                    folder: Path) -> Optional[Retraining]:
    """Retraining by these settings; None where it is not wanted or, which is said once, not possible."""
    if not settings.retrain_data:
        return None
    if importlib.util.find_spec("torch") is None:
        log.warning("retrain_data is set, but torch is missing: run pip install 'fingerpost[train]'")
        return None
    command = [sys.executable, "-m", "fingerpost", "train", "taught", "--data", settings.retrain_data]
    command += ["--other", settings.retrain_other] if settings.retrain_other else []
    return Retraining(command, 60.0 * settings.retrain_idle_minutes, taught, folder)


def read_counts(path: Path) -> Dict[str, int]:
    """How many samples of each thing were learned from last; empty where that is not known."""
    try:
        counts = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): int(count) for key, count in counts.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def read_last_line(path: Path) -> str:
    """The last line of a text file that is not empty; an empty string where there is none."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
