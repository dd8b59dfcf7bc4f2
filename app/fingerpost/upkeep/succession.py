"""Another network goes live, after a training or a rollback: the running device goes over to it, and says so.

Which one ran when it was last told, and which there were before it, is remembered across restarts: only what is not
among these is new.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from pathlib import Path
from typing import Callable, Optional, Protocol, Tuple

from ..core.errors import ModelError
from ..core.events import ModelChanged
from ..installed import InstalledModels
from ..models import ModelInfo
from .notes import read_note, write_note

log = logging.getLogger(__name__)


class Place(Protocol):
    """Where a network works, and another one can take over: a learner, or what is Heritable."""

    @property
    @abstractmethod
    def backbone(self) -> str:
        """The sha256 of the network that works now."""

    @property
    @abstractmethod
    def is_renewing(self) -> bool:
        """Whether another one is about to take over."""


class Succession:
    """Keeps a place at the live network of one name, and notices when it has changed."""

    def __init__(self, name: str, find_place: Callable[[], Optional[Place]], hand_over: Callable[[ModelInfo], None],
                 memory: Path, is_felt: Callable[[], bool] = lambda: True) -> None:
        """`find_place` gives None for as long as no network of that name is wanted. `hand_over` opens the network that
        is to take over and hands it to the place, or raises ModelError; the file `memory` remembers which one the
        wearer knows of. `is_felt` says whether a newer one makes any difference to them."""
        self._name, self._find_place, self._hand_over = name, find_place, hand_over
        self._memory, self._is_felt = memory, is_felt
        self._models = InstalledModels()
        self._wanted = ""
        self._stamp: object = None
        self._before = read_lineage(memory)

    def step(self, at: float, may_tell: bool = True) -> Optional[ModelChanged]:
        """Look once whether another network is live, and whether it works already; the event if it does, unless it
        must wait."""
        place = self._find_place()
        if place is None:
            return None
        try:
            self._look(place)
            return self._notice(place, at) if may_tell and not place.is_renewing else None
        except ModelError as error:
            log.error("%s. Until then the model that runs stays.", error)
            return None

    def remember(self) -> None:
        """The wearer knows which network runs: a restart has nothing to tell of it."""
        write_note(self._memory, self._before, "what is said of the model now is said again at the next start")

    def _look(self, place: Place) -> None:
        """Open the live network if it is another one. One that cannot be opened is not tried again: raises ModelError
        once."""
        stamp = self._models.stamp()
        if stamp == self._stamp:
            return
        self._stamp, self._wanted = stamp, self._wanted or place.backbone
        info = self._models.load(self._name)
        if info.sha256 != self._wanted:
            self._hand_over(info)
            self._wanted = info.sha256

    def _notice(self, place: Place, at: float) -> Optional[ModelChanged]:
        """The event if another network runs than before; `remember` follows once it was told. None, and remembered at
        once, where there is nothing to tell: the very first time, and of a newer network that is not felt."""
        running, before = place.backbone, self._before
        if before[:1] == (running,):
            return None
        self._before = self._models.lineage(self._name, running)
        newer = running not in before
        if not before or (newer and not self._is_felt()):
            self.remember()
            return None
        return ModelChanged(at, newer, self._name)


def read_lineage(path: Path) -> Tuple[str, ...]:
    """The checksums of the network that ran when it was last told, and of those before it; empty where that is not
    known."""
    lineage = read_note(path)
    return tuple(map(str, lineage)) if isinstance(lineage, list) else ()
