"""Jobs: what the page has done in processes of their own, one at a time, each with a folder that outlives it."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import secrets
import shutil
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Iterator, List, Mapping, Optional, Sequence

from ...core.errors import DataError, FingerpostError, ModelError
from ...upkeep.retraining import read_last_line
from .. import space
from ..errands import in_thread
from .figures import LOG
from .kinds import Ground, Kind, Step
from .record import (
    CANCELLED,
    DONE,
    FAILED,
    INTERRUPTED,
    RUNNING,
    TEMPORARY,
    Job,
    begin_record,
    read_jobs,
    save_job,
    tidy,
)
from .worker import Worker

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "fingerpost")
KEPT = 10
"""So many jobs are kept; the oldest go."""
WENT_WRONG = ("something went wrong: what it was is printed where `fingerpost companion` runs (of the service: "
              "journalctl -u fingerpost-companion)")
_FULL_MB = 20


class Cancelled(Exception):
    """Somebody wants no more of it."""


class Jobs:
    """The jobs of one folder. All in one event loop; what touches the disk does so in threads."""

    def __init__(self, ground: Ground, command: Sequence[str] = COMMAND) -> None:
        """`command` is Fingerpost's own. What was running when the last companion ended has failed."""
        self._ground, self._command, self._folder = ground, tuple(command), ground.jobs
        self._jobs = {job.id: job for job in read_jobs(self._folder)}
        self._running: Optional[Job] = None
        self._task: Optional[asyncio.Task[None]] = None
        self._worker: Optional[Worker] = None
        self._fail_interrupted()

    @property
    def running(self) -> Optional[Job]:
        """The one that runs."""
        return self._running

    def all(self) -> List[Job]:
        """All of them, newest first."""
        return sorted(self._jobs.values(), key=lambda job: job.began, reverse=True)

    def find(self, job_id: str) -> Optional[Job]:
        """The one of that id."""
        return self._jobs.get(job_id)

    def folder_of(self, job: Job) -> Path:
        """Where everything of it lies."""
        return self._folder / job.id

    def start(self, kind: Kind, chosen: Mapping[str, Any]) -> Job:
        """Begin a job; `chosen` has a value for each option of its kind. Raises DataError while another one runs."""
        if self._running is not None:
            raise DataError("something else is being done: wait until it has ended, or cancel it")
        job = self._running = Job(secrets.token_hex(6), kind.name, dict(chosen), time.time())
        self._jobs[job.id] = job
        self._worker = Worker(self.folder_of(job) / TEMPORARY)
        self._task = asyncio.ensure_future(self._work(job, kind, self._worker))
        return job

    async def cancel(self) -> None:
        """Have the running job end, and wait for that; nothing happens where none runs."""
        if self._task is not None and self._worker is not None:
            self._worker.end()
            await asyncio.wait([self._task])

    async def remove(self, job: Job) -> None:
        """Forget a job, its folder with it. Raises DataError while it runs."""
        if job is self._running:
            raise DataError("this is being done right now: cancel it first")
        self._jobs.pop(job.id, None)
        await in_thread(shutil.rmtree, str(self.folder_of(job)), True)

    async def close(self) -> None:
        """End what is running: it counts as interrupted."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _work(self, job: Job, kind: Kind, worker: Worker) -> None:
        """One job from its beginning to its end, however it ends."""
        state, reason = FAILED, WENT_WRONG
        try:
            await self._do(job, kind, worker)
            state, reason = DONE, ""
        except Cancelled:
            state, reason = CANCELLED, ""
        except asyncio.CancelledError:
            reason = INTERRUPTED
        except FingerpostError as error:
            reason = str(error)
        except OSError as error:
            reason = say_unwritable(self._folder, error)
        except Exception:
            log.exception("the job %s (%s) has failed", job.id, job.kind)
        finally:
            await self._conclude(job, state, reason)

    async def _do(self, job: Job, kind: Kind, worker: Worker) -> None:
        """All that there is to do. Raises FingerpostError, OSError, Cancelled."""
        with alone(self._folder):
            await self._drop_oldest(job)
            await in_thread(make_folder, self.folder_of(job), job)
            plan = await in_thread(kind.plan, self._ground, job.options, self.folder_of(job))
            job.notes = plan.notes
            for step in plan.steps:
                await self._take(job, step, worker)

    async def _conclude(self, job: Job, state: str, reason: str) -> None:
        """Put down how it has ended; only then is that to be seen, and the next one may begin."""
        ended = replace(job, state=state, reason=reason, ended=time.time(), step="")
        await in_thread(tidy, self.folder_of(job), state == DONE)
        await in_thread(save_job, self.folder_of(job), ended)
        job.state, job.reason, job.ended, job.step = ended.state, ended.reason, ended.ended, ended.step
        self._running = None

    async def _take(self, job: Job, step: Step, worker: Worker) -> None:
        """One step of a job. Raises ModelError where its command fails, Cancelled."""
        folder = self.folder_of(job)
        job.step = step.title
        await in_thread(save_job, folder, job)
        if worker.is_ending:
            raise Cancelled
        said = folder / LOG
        output = folder / f"{step.result}.json" if step.result else said
        code = await worker.run([*self._command, *step.words], output, said)
        if worker.is_ending:
            raise Cancelled
        if code and step.may_fail:
            job.notes = {**job.notes, f"no_{step.result}": explain(said, code)}
        elif code:
            raise ModelError(explain(said, code))

    async def _drop_oldest(self, job: Job) -> None:
        """Make room for a new job, but not of what it works on."""
        for old in [other for other in self.all() if other is not job][KEPT - 1:]:
            if old.id not in job.options.values():
                await self.remove(old)

    def _fail_interrupted(self) -> None:
        """Say of what seems to run that it was interrupted, unless another companion does it; then it is not ours."""
        seeming = [job for job in self._jobs.values() if job.state == RUNNING]
        if not seeming:
            return
        try:
            with alone(self._folder):
                for job in seeming:
                    job.state, job.reason, job.step = FAILED, INTERRUPTED, ""
                    tidy(self.folder_of(job), False)
                    save_job(self.folder_of(job), job)
        except DataError:
            for job in seeming:
                del self._jobs[job.id]


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the only companion that works in that folder. Raises DataError while another one does, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataError("another companion page is at work here: wait until it has finished, or end it") from error
        yield


def make_folder(folder: Path, job: Job) -> None:
    """Begin the folder of a job. Raises DataError where the disk is nearly full, OSError."""
    space.check_space(folder.parent)
    (folder / TEMPORARY).mkdir(parents=True)
    begin_record(folder, job)


def explain(words: Path, code: int) -> str:
    """Why a command has failed: the last thing that it said, or what ended it."""
    if space.measure_free_mb(words.parent) < _FULL_MB:
        return f"the disk is full ({words.parent}): delete jobs or labelled frames, or free some space otherwise"
    if code < 0:
        return (f"it was killed by signal {-code}, perhaps because memory is short: close other programs, or choose a "
                "smaller scope")
    said = read_last_line(words)
    return said[len("fingerpost: "):] if said.startswith("fingerpost: ") else said or f"it ended with exit code {code}"


def say_unwritable(folder: Path, error: OSError) -> str:
    """What an error of the disk means, with the remedy."""
    return f"{folder} cannot be written ({error.strerror or error}): free some space there, or check its permissions"
