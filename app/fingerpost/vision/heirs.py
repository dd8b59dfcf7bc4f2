"""A network that goes over to another one of its kind while the device runs."""

from __future__ import annotations

import queue
from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from ..core.ports import Backend
from ..models import ModelInfo

HeirT = TypeVar("HeirT", bound="Heritable[Any]")


class Heritable(ABC, Generic[HeirT]):
    """Works with a network until it goes over to that of an heir; `HeirT` is its own class."""

    def __init__(self, backend: Backend, info: ModelInfo) -> None:
        self._backend, self._info = backend, info
        self._heirs: queue.SimpleQueue[HeirT] = queue.SimpleQueue()

    @property
    def backbone(self) -> str:
        """The sha256 of the network that works now."""
        return self._info.sha256

    @property
    def is_renewing(self) -> bool:
        """Whether an heir waits."""
        return not self._heirs.empty()

    def hand_over(self, heir: HeirT) -> None:
        """Let another network take over; from any thread."""
        self._heirs.put(heir)

    def go_over(self) -> bool:
        """Go over to the newest heir, in the thread that works with the network, and let go of the old one; whether
        there was one."""
        if self._heirs.empty():
            return False
        while not self._heirs.empty():
            heir = self._heirs.get()
            self.close()
            self._backend, self._info = heir._backend, heir._info
        self._become(heir)
        return True

    def close(self) -> None:
        """Let go of the network; harmless when that is done."""
        self._backend.close()

    @abstractmethod
    def _become(self, heir: HeirT) -> None:
        """Take over what else belongs to the heir's network."""
