"""What is kept of a job, in a folder of its own."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Dict, List, Optional

from ...upkeep.notes import read_note, write_note
from ...wholefile import write_whole
from .kinds import MODEL, OUT
from .trainings import FRAMES

RUNNING, DONE, FAILED, CANCELLED = "running", "done", "failed", "cancelled"
INTERRUPTED = "interrupted: the companion page was ended meanwhile; start it again"
TEMPORARY = "tmp"
"""The folder, in that of a job, for the temporary files of its commands."""
_RECORD = "job.json"


@dataclass
class Job:
    """One job, as it is kept in its folder."""

    id: str
    kind: str
    options: Dict[str, Any]
    began: float
    """Unix seconds."""
    state: str = RUNNING
    ended: Optional[float] = None
    step: str = ""
    """What it does at the moment, in words."""
    reason: str = ""
    """Why it failed."""
    notes: Dict[str, Any] = field(default_factory=dict)
    """What people should know of its figures."""


def read_jobs(folder: Path) -> List[Job]:
    """The jobs that are kept in a folder; what is none is passed over."""
    notes = {path.parent.name: read_note(path) for path in folder.glob(f"*/{_RECORD}")}
    known = {part.name for part in fields(Job)}
    return [Job(**{**note, "id": name}) for name, note in notes.items()
            if isinstance(note, dict) and set(note) == known]


def begin_record(folder: Path, job: Job) -> None:
    """Write down that it has begun. Raises OSError."""
    write_whole(folder / _RECORD, json.dumps(asdict(job)).encode())


def save_job(folder: Path, job: Job) -> None:
    """Write down how it stands, if it has a folder. Where that fails, it counts as interrupted one day."""
    if folder.is_dir():
        write_note(folder / _RECORD, asdict(job), "it counts as interrupted after the next start")


def tidy(folder: Path, is_done: bool) -> None:
    """Remove what nobody needs once a job has ended: checkpoints, copies of frames, networks that were only tried."""
    spent = [folder / TEMPORARY, folder / FRAMES, folder / OUT / "trials"]
    for path in spent + ([] if is_done else [folder / MODEL]):
        shutil.rmtree(str(path), ignore_errors=True)
    for path in (folder / OUT).glob("*.pt*"):
        with suppress(OSError):  # it goes with its folder, one day
            path.unlink()
