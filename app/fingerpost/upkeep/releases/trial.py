"""Whether the version that runs comes up: then its trial is over. What does not is given up by the launcher."""

from __future__ import annotations

import logging
import os
from typing import Optional, Sequence, Tuple

from ...core.errors import UpdateError
from ...core.events import Event, Seen, Tick
from ...core.heartbeat import Heartbeat
from ...core.state import State
from ...launcher import CHOSEN, end_trial, read_record, releases_home
from ..keeper import Duty
from .store import settle

log = logging.getLogger(__name__)

UP_SECONDS = 20.0
"""Without a picture, for a camera may be unplugged, it has come up once all its loops have turned for so long."""


class Trial(Duty):
    """Watches the loop until the version that runs has come up, and puts that down."""

    def __init__(self, heartbeats: Sequence[Heartbeat]) -> None:
        """`heartbeats` are those of all loops but the main one."""
        self._heartbeats = heartbeats
        self._running = os.environ.get(CHOSEN, "")
        self._begun_at: Optional[float] = None
        self._is_up = self._is_settled = False
        self._complaint = ""

    @property
    def greetings(self) -> Tuple[str, ...]:
        """The phrases that tell the wearer of an update that has come up, or has not; none usually."""
        record = read_record(releases_home())
        if record.failed:
            return ("update_rolled_back",)
        return ("update_confirmed",) if record.trial and record.version == self._running else ()

    def on_event(self, event: Event, state: State) -> None:
        """See whether it has come up: by a picture, or by its ticks."""
        if self._is_up or "eyes" in state.faults:
            return
        if isinstance(event, Tick):
            self._begun_at = event.at if self._begun_at is None else self._begun_at
            self._is_up = event.at - self._begun_at >= UP_SECONDS
        elif isinstance(event, Seen):
            self._is_up = True

    def step(self, now: float) -> None:
        """Put it down; a card that cannot be written is tried again, and told of once."""
        if not self._is_up or self._is_settled or any(heart.is_lost for heart in self._heartbeats):
            return
        end_trial()
        try:
            settle(self._running)
            self._is_settled = True
        except (UpdateError, OSError) as error:
            if str(error) != self._complaint:
                log.error("it is not put down that this version has come up: %s", error)
            self._complaint = str(error)
