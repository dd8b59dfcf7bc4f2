"""Clocks: the machine's own, and one for replays."""

from __future__ import annotations

import time

from ..core.ports import Clock


class RealClock(Clock):
    """The machine's monotonic clock."""

    def now(self) -> float:
        """Seconds since an arbitrary start."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for that long; not at all when it is negative."""
        time.sleep(max(0.0, seconds))


class SimulatedClock(Clock):
    """A clock that stands still until it is told to go on."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """Simulated seconds."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move on by that long at once."""
        self._now += max(0.0, seconds)

    def advance_to(self, at: float) -> None:
        """Move on to that moment; never back."""
        self._now = max(self._now, at)
