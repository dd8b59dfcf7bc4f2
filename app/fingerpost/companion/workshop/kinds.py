"""Kinds of jobs: what each can be told, whether this machine can do it, and which commands do it."""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Tuple

from ...installed import InstalledModels
from ...settings import TeachingSettings
from ..lessons.fingertips import FOLDER
from ..lessons.labels import Labels
from .options import Option

OUT, MODEL = "out", "model"
"""Folders in that of a job: what the commands leave (pictures among it), and the network that may go live."""


class Ground(NamedTuple):
    """Where all that jobs work on lies."""

    folder: Path
    """The companion's own."""
    store: Path
    """What was taught."""
    settings: TeachingSettings

    @property
    def jobs(self) -> Path:
        """A folder for each job."""
        return self.folder / "jobs"

    @property
    def boxes(self) -> Path:
        """Pictures with boxes, a Pascal VOC folder."""
        return self.folder / "boxes"

    @property
    def fingertips(self) -> Path:
        """The labelled frames."""
        return self.folder / FOLDER

    @property
    def labels(self) -> Labels:
        """What is labelled in them."""
        return Labels(self.fingertips)

    def count_hands(self) -> int:
        """How many fingertips are labelled. Raises DataError for a table that is none."""
        return sum(label.has_hand for label in self.labels.all())


class Step(NamedTuple):
    """One command of a job."""

    title: str
    """What it does, for people."""
    words: Tuple[str, ...]
    """The command, without `fingerpost` before it."""
    result: str = ""
    """The name under which the JSON that it prints is kept; empty: what it prints is for people."""
    may_fail: bool = False
    """Whether the job goes on without it."""


class Plan(NamedTuple):
    """How a job is done, and what people should know of it."""

    steps: List[Step]
    notes: Dict[str, Any]


class Kind(ABC):
    """One thing that can be done in a process of its own."""

    name: str
    about: str
    """What it brings, in one sentence."""
    package = "torch"
    """What must be installed for it, of the extra `train`."""

    def why_not(self, ground: Ground) -> str:
        """Why it cannot be done here, with the remedy; empty where it can. Raises FingerpostError for spoilt files."""
        if importlib.util.find_spec(self.package) is None:
            return f"{self.package} is missing on this machine: run pip install 'fingerpost[train]'"
        return self.find_obstacle(ground)

    @abstractmethod
    def find_obstacle(self, ground: Ground) -> str:
        """What is missing of the data, with the remedy; empty where nothing is."""

    @abstractmethod
    def options(self, ground: Ground) -> Tuple[Option, ...]:
        """What it can be told."""

    @abstractmethod
    def plan(self, ground: Ground, chosen: Mapping[str, Any], folder: Path) -> Plan:
        """Its steps, in the job's own folder; `chosen` has a value for each of the options. Raises FingerpostError."""


def make_step(title: str, *words: object, result: str = "", may_fail: bool = False) -> Step:
    """A step from words of any type."""
    return Step(title, tuple(str(word) for word in words), result, may_fail)


def find_live(name: str) -> Path:
    """The file of the model that is live. Raises ModelError."""
    return InstalledModels().load(name).path
