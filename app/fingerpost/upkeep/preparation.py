"""A start that takes minutes, since networks are compiled: neither the wearer nor systemd is to take it for a hang."""

from __future__ import annotations

from typing import Callable

from ..core.ports import Clock
from ..launcher import go_on
from .service import Manager

REPEAT_SECONDS = 60.0
"""Silence is never longer."""
EXTENSION_SECONDS = 300.0
"""From each time on the start may go on for so long: what follows on the last network is not compiled."""


class Preparation:
    """Says that it takes some minutes, and asks the manager for time: at once, and again and again."""

    def __init__(self, say: Callable[[], object], manager: Manager, clock: Clock) -> None:
        """`say` tells the wearer."""
        self._say, self._manager, self._clock = say, manager, clock
        self._next_at = float("-inf")

    def go_on(self, stage: str) -> None:
        """A network is still being compiled; to be called much more often than once a minute."""
        now = self._clock.now()
        if now >= self._next_at:
            self._next_at = now + REPEAT_SECONDS
            self._manager.ask_for_time(EXTENSION_SECONDS)
            go_on()
            self._say()
