"""Does the errands of core/deciding/errands.py, one after the other, in a thread of its own: nobody waits for it."""

from __future__ import annotations

import logging
import queue
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Callable, Mapping, Optional, Tuple

from ..core.errors import FingerpostError
from ..core.events import ErrandDone, Event
from ..core.ports import Clock, Part
from ..core.visits import MISSING
from .stick.place import FAILED, StickError, find_stick

log = logging.getLogger(__name__)

DONE, NOTHING, NO_STICK = "done", "nothing", "no_stick"
_FAREWELL_SECONDS = 1.0


@dataclass(frozen=True)
class Result:
    """How an errand went: `outcome` completes the phrase that tells so, `slots` fill it."""

    outcome: str
    slots: Tuple[Tuple[str, str], ...] = ()


Job = Callable[[], Result]


class Errands(Part):
    """The thread, from when it is opened until it is closed. Whatever happens to a job, it is told how it ended."""

    def __init__(self, jobs: Mapping[str, Job], clock: Clock, tell: Callable[[Event], None]) -> None:
        """`jobs` has what does each errand, by its name; `tell` takes the events, from another thread."""
        self._jobs, self._clock, self._tell = jobs, clock, tell
        self._wanted: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="errands", daemon=True)

    def open(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End; a job that is not done soon is left behind: what it writes is whole or absent."""
        self._wanted.put("")
        if self._thread.is_alive():
            self._thread.join(_FAREWELL_SECONDS)

    def start(self, errand: str) -> None:
        """Do an errand once those before it are done; ErrandDone answers it."""
        self._wanted.put(errand)

    def _run(self) -> None:
        for errand in iter(self._wanted.get, ""):
            result = self._do(errand)
            self._tell(ErrandDone(self._clock.now(), errand, result.outcome, result.slots))

    def _do(self, errand: str) -> Result:
        if errand not in self._jobs:
            return Result(MISSING)
        try:
            return self._jobs[errand]()
        except FingerpostError as error:
            log.error("%s", error)
        except Exception:
            log.exception("an errand cannot be done: %s", errand)
        return Result(FAILED)


def with_stick(work: Callable[[Path], Result], find: Callable[[], Optional[Path]] = find_stick) -> Job:
    """The job that does `work` at the folder of the stick, and tells what goes wrong with that."""
    return partial(_work_at_stick, work, find)


def _work_at_stick(work: Callable[[Path], Result], find: Callable[[], Optional[Path]]) -> Result:
    stick = find()
    if stick is None:
        return Result(NO_STICK)
    try:
        return work(stick)
    except StickError as error:
        log.error("%s", error)
        return Result(error.outcome)
