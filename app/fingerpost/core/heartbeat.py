"""Heartbeats: how it shows that a loop of the device still turns."""

from __future__ import annotations

import time
from typing import Optional


class Heartbeat:
    """The loop beats at every turn, and rests while it has nothing to do; if it does neither for too long, it hangs.

    The time is the real one, whatever clock the device lives by. Any thread may ask.
    """

    def __init__(self, loop: str, patience_seconds: float) -> None:
        """`loop` is the name for the log; a turn of it may usually take up to `patience_seconds`."""
        self.loop = loop
        self._usual_seconds = self._patience_seconds = patience_seconds
        self._beat_at: Optional[float] = None

    def beat(self, patience_seconds: Optional[float] = None) -> None:
        """A turn of the loop begins; it may take up to `patience_seconds`, where that is given."""
        self._patience_seconds = self._usual_seconds if patience_seconds is None else patience_seconds
        self._beat_at = time.monotonic()

    def rest(self) -> None:
        """The loop waits until there is something to do, or has ended in order."""
        self._beat_at = None

    @property
    def silent_seconds(self) -> float:
        """For how long the loop has been in this turn; 0 while it rests."""
        beat_at = self._beat_at
        return 0.0 if beat_at is None else time.monotonic() - beat_at

    @property
    def is_lost(self) -> bool:
        """Whether the loop hangs."""
        return self.silent_seconds > self._patience_seconds
