"""Another object network goes live, after a retraining or a rollback: the running device goes over to it, and says so.

Which one ran when it was last told, and which there were before it, is remembered across restarts: only what is not
among these is new.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Callable, Optional, Tuple

from ..core.errors import ModelError
from ..core.events import ModelChanged
from ..installed import InstalledModels
from ..memory.learner import Learner
from ..models import ModelInfo
from ..vision.recognise import Recogniser
from .notes import read_note, write_note

log = logging.getLogger(__name__)

NAME = "objects"


class Succession:
    """Keeps a learner at the object network that is live, and notices when it has changed."""

    def __init__(self, learner: Learner, open_heir: Callable[[ModelInfo], Recogniser], memory: Path) -> None:
        """`open_heir` opens the network that is to take over, or raises ModelError; the file `memory` remembers which
        one the wearer knows of."""
        self._learner, self._open_heir, self._memory = learner, open_heir, memory
        self._models = InstalledModels()
        self._wanted = learner.backbone
        self._stamp: object = None
        self._before = read_lineage(memory)

    def step(self, at: float) -> Optional[ModelChanged]:
        """Look once whether another network is live, and whether it names things already; the event if it does."""
        try:
            self._look()
            return None if self._learner.is_renewing else self._notice(at)
        except ModelError as error:
            log.error("%s. Until then the model that runs stays.", error)
            return None

    def remember(self) -> None:
        """The wearer knows which network runs: a restart has nothing to tell of it."""
        write_note(self._memory, self._before, "what is said of the model now is said again at the next start")

    def _look(self) -> None:
        """Open the live network if it is another one. One that cannot be opened is not tried again: raises ModelError
        once."""
        stamp = self._models.stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        info = self._models.load(NAME)
        if info.sha256 != self._wanted:
            self._learner.hand_over(self._open_heir(info))
            self._wanted = info.sha256

    def _notice(self, at: float) -> Optional[ModelChanged]:
        """The event if another network runs than before; `remember` follows once it was told. None, and remembered at
        once, where there is nothing to tell: the very first time, and of a newer network if nothing was taught."""
        running, before = self._learner.backbone, self._before
        if before[:1] == (running,):
            return None
        self._before = self._models.lineage(NAME, running)
        newer = running not in before
        if not before or (newer and not self._learner.taught):
            self.remember()
            return None
        return ModelChanged(at, newer)


def read_lineage(path: Path) -> Tuple[str, ...]:
    """The checksums of the network that ran when it was last told, and of those before it; empty where that is not
    known."""
    lineage = read_note(path)
    return tuple(map(str, lineage)) if isinstance(lineage, list) else ()
