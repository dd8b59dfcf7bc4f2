"""Whether the version that runs works: then its trial is over. What does not is given up by the launcher."""

from __future__ import annotations

import logging
import os
from typing import Callable, Optional, Sequence, Tuple

from ...core.decide import BUTTONS
from ...core.deciding.errands import UPDATE
from ...core.errors import UpdateError
from ...core.events import ErrandDone, Event, Seen, Tick
from ...core.heartbeat import Heartbeat
from ...core.state import STOPPING, State
from ...launcher import CHOSEN, end_trial, read_record, releases_home
from ..keeper import Duty
from .store import settle

log = logging.getLogger(__name__)

UP_SECONDS = 20.0
"""Without a picture, for a camera may be unplugged, it is alive once all its loops have turned for so long."""
PROOF_SECONDS = 120.0
"""A new release works once it has seen, and has lived for so long: by then its networks have computed, and memory that
runs out does so."""
CONFIRMED = "confirmed"
"""How the errand ends at last."""


class Trial(Duty):
    """Watches the loop until the version that runs is alive and, if it is on trial, works; and puts that down."""

    def __init__(self, heartbeats: Sequence[Heartbeat], tell: Callable[[Event], None]) -> None:
        """`heartbeats` are those of all loops but the main one; `tell` takes the event that the trial is over, from
        another thread."""
        self._heartbeats, self._tell = heartbeats, tell
        self._running = os.environ.get(CHOSEN, "")
        record = read_record(releases_home())
        self._is_tried = record.trial and record.version == self._running
        self._has_failed = bool(record.failed)
        self._begun_at: Optional[float] = None
        self._lived_seconds = 0.0
        self._has_seen = self._can_be_pressed = self._is_switched_off = self._is_settled = False
        self._complaint = ""

    @property
    def greetings(self) -> Tuple[str, ...]:
        """The phrases that tell the wearer of an update that has not come up; none usually."""
        return ("update_rolled_back",) if self._has_failed else ()

    def on_event(self, event: Event, state: State) -> None:
        """See how far it has come: by its pictures and by its ticks."""
        self._can_be_pressed = not state.faults.intersection(BUTTONS)
        self._is_switched_off = state.mode == STOPPING
        if "eyes" in state.faults:
            return
        if isinstance(event, Tick):
            self._begun_at = event.at if self._begun_at is None else self._begun_at
            self._lived_seconds = event.at - self._begun_at
        elif isinstance(event, Seen):
            self._has_seen = True

    def step(self, now: float) -> None:
        """Put it down, and tell the wearer of an update."""
        if self._settle() and self._is_tried:
            self._tell(ErrandDone(now, UPDATE, CONFIRMED))

    def close(self) -> None:
        """Put it down, if the wearer has switched off a release that works: else that would be a start for nothing."""
        self._settle()

    def _settle(self) -> bool:
        """Put it down, where it is time; returns whether that has been done now. A card that cannot be written is tried
        again, and told of once."""
        is_alive = self._has_seen or self._lived_seconds >= UP_SECONDS
        if self._is_settled or not is_alive or any(heart.is_lost for heart in self._heartbeats):
            return False
        end_trial()
        if self._is_tried and not self._has_proved():
            return False
        try:
            settle(self._running)
            self._is_settled = True
        except (UpdateError, OSError) as error:
            if str(error) != self._complaint:
                log.error("it is not put down that this version works: %s", error)
            self._complaint = str(error)
        return self._is_settled

    def _has_proved(self) -> bool:
        lived = self._lived_seconds >= PROOF_SECONDS or self._is_switched_off
        return self._has_seen and self._can_be_pressed and lived
