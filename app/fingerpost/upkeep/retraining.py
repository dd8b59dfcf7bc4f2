"""Retraining by itself: `fingerpost train taught` in a process of its own, while the wearer needs nothing.

What was taught is learned from once. Any press, any finger that rests, and the lack of mains end the process at once;
the next quiet time starts it over. If it succeeds, the network that it leaves goes live like any other (succession.py).
"""

from __future__ import annotations

import importlib.util
import logging
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Callable, Dict, Mapping, Optional, Sequence

from ..core.deciding.leisure import START, STOP, Leisure, Runs, choose
from ..settings import TeachingSettings
from .children import GRACE_SECONDS, end_child, signal_all, start_child
from .notes import read_note, write_note

log = logging.getLogger(__name__)

NICENESS = 19
"""How readily it yields the processor to everything else: the most that there is."""
WORSE = 3
"""The exit code of `train taught` when the retrained network was worse: this was learned from, and in vain."""


class Retraining:
    """Starts and stops the process, at most one at a time. Never waits for it."""

    def __init__(self, command: Sequence[str], idle_seconds: float, taught: Callable[[], Mapping[str, int]],
                 folder: Path, powered: Callable[[], bool] = lambda: True) -> None:
        """`taught` maps the ids of taught things to their numbers of samples; `folder` remembers what was learned
        from, and what the process printed; `powered` says whether there is power to spare."""
        self._command, self._idle_seconds, self._taught = list(command), idle_seconds, taught
        self._memory, self._output = folder / "retrained.json", folder / "retraining.log"
        self._powered = powered
        self._runs = Runs(trained=read_counts(self._memory))
        self._learning: Mapping[str, int] = {}
        self._child: Optional[subprocess.Popen[bytes]] = None
        self._stopped_at: Optional[float] = None

    @property
    def is_running(self) -> bool:
        """Whether there is a process."""
        return self._child is not None

    def step(self, leisure: Leisure, now: float) -> None:
        """See how the process is doing; start or stop it if it is time to. `now` is in monotonic seconds."""
        if self._child is not None and self._child.poll() is not None:
            self._conclude(self._child.returncode, now)
        wish = choose(leisure, self._runs, self._taught(), self._idle_seconds, self._powered())
        if wish == START:
            self._start(now)
        elif wish == STOP:
            self._stop(now)

    def close(self) -> None:
        """End the process, if there is one; harmless otherwise."""
        if self._child is not None:
            end_child(self._child)
            self._child = None

    def _start(self, now: float) -> None:
        self._learning, self._stopped_at = dict(self._taught()), None
        self._runs = replace(self._runs, started_at=now)
        try:
            self._output.parent.mkdir(parents=True, exist_ok=True)
            with self._output.open("wb") as output:
                self._child = start_child(self._command, NICENESS, output)
        except OSError as error:
            self._fail(error.strerror or str(error), now)

    def _stop(self, now: float) -> None:
        """Ask it to end, then make it."""
        assert self._child is not None
        if self._stopped_at is None:
            self._stopped_at = now
            signal_all(self._child.pid, signal.SIGTERM)
        elif now - self._stopped_at >= GRACE_SECONDS:
            signal_all(self._child.pid, signal.SIGKILL)

    def _conclude(self, code: int, now: float) -> None:
        """It has ended: by itself, or because it was stopped, by us or with everything else on this machine."""
        self._child, self._runs = None, replace(self._runs, started_at=None)
        if code in (0, WORSE):
            self._finish(code)
        elif self._stopped_at is not None or code == -signal.SIGTERM:
            self._runs = replace(self._runs, stopped_at=now)
        else:
            self._fail(read_last_line(self._output) or f"exit code {code}", now)

    def _finish(self, code: int) -> None:
        """This was learned from, also if it was of no use."""
        if code == WORSE:
            log.warning("the retrained network is worse and was dropped: there is another attempt once more is taught; "
                        "its figures are in %s", self._output)
        self._runs = replace(self._runs, trained=self._learning, stopped_at=None)
        write_note(self._memory, self._learning, "after the next start there is one more retraining")

    def _fail(self, reason: str, now: float) -> None:
        """Only what was learned from is remembered across restarts: the cause may be gone by then."""
        log.error("retraining has changed nothing (%s): it is tried again in an hour, or once more is taught; all it "
                  "said is in %s", reason, self._output)
        self._runs = replace(self._runs, started_at=None, stopped_at=None, failed=self._learning, failed_at=now)


def plan_retraining(settings: TeachingSettings, taught: Callable[[], Mapping[str, int]], folder: Path,
                    powered: Callable[[], bool]) -> Optional[Retraining]:
    """Retraining by these settings; None where it is not wanted or, which is said once, not possible."""
    if not settings.retrain_data:
        return None
    sources = {"--data": settings.retrain_data, "--other": settings.retrain_other}
    sources = {option: os.path.expanduser(source) for option, source in sources.items() if source}
    for source in sources.values():
        if not os.path.isdir(source):
            log.warning("there is no folder %s: correct retrain_data and retrain_other in the settings. Until then "
                        "nothing is retrained.", source)
            return None
    if importlib.util.find_spec("torch") is None:
        log.warning("retrain_data is set, but torch is missing: run pip install 'fingerpost[train]'")
        return None
    command = [sys.executable, "-m", "fingerpost", "train", "taught", "--parent", str(os.getpid())]
    command += [word for option in sources.items() for word in option]
    return Retraining(command, 60.0 * settings.retrain_idle_minutes, taught, folder, powered)


def read_counts(path: Path) -> Dict[str, int]:
    """How many samples of each thing were learned from last; empty where that is not known."""
    counts = read_note(path)
    try:
        return {str(key): int(count) for key, count in counts.items()} if isinstance(counts, dict) else {}
    except (ValueError, TypeError):
        return {}


def read_last_line(path: Path) -> str:
    """The last line of a text file that is not empty; an empty string where there is none."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
