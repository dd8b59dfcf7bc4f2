"""The codes for browsers on the device's own computer: there is always a good one on its screen."""

from __future__ import annotations

from typing import Callable

from .pairing import Pairing

PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 60.0, 3600.0
"""After a code was voided by wrong ones the next one comes so much later; each time twice as long, up to that."""


class Codes:
    """Issues a new code whenever there is none."""

    def __init__(self, pairing: Pairing, show: Callable[[str], None], now: Callable[[], float]) -> None:
        """`show` is given each new code."""
        self._pairing, self._show, self._now = pairing, show, now
        self._pause_seconds = PAUSE_SECONDS
        self._again_at = float("-inf")
        self._was_guessed = False

    def step(self) -> None:
        """To be called every second or so."""
        if self._pairing.was_guessed and not self._was_guessed:
            self._again_at = self._now() + self._pause_seconds
            self._pause_seconds = min(2 * self._pause_seconds, LONGEST_PAUSE_SECONDS)
        if not self._pairing.code and self._now() >= self._again_at:
            self._show(self._pairing.issue())
        self._was_guessed = self._pairing.was_guessed

    def calm(self) -> None:
        """Somebody knew the code: the next pause is the shortest again."""
        self._pause_seconds = PAUSE_SECONDS
