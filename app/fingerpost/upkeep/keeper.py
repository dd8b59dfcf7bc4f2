"""The threads in which the device looks after itself: they wait for nobody, and nobody waits for them."""

from __future__ import annotations

import logging
import threading
from abc import abstractmethod
from typing import Callable, Optional, Sequence

from ..core.deciding.leisure import Leisure, follow
from ..core.events import Event
from ..core.loop import Observer
from ..core.ports import Clock, Part
from ..core.state import State
from .attendant import Attendant
from .preferences import Wishes
from .retraining import Retraining
from .succession import Succession

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
"""How often it is looked whether another model is live, and whether there is time to retrain."""
_FAREWELL_SECONDS = 1.0


class Duty(Observer):
    """Something that is to be looked after besides. It also hears what the loop does, once the loop has it as an
    observer."""

    @abstractmethod
    def step(self, now: float) -> None:
        """Look after it, every few seconds; `now` is in monotonic seconds."""

    def close(self) -> None:  # noqa: B027 - most have nothing left to do
        """The device ends in order."""


class Keeper(Observer, Part):
    """Watches the loop, the models and the retraining, from when it is opened until it is closed. Each duty
    has a thread of its own beside that, for to compile a network may take minutes, and a sensor may hang."""

    def __init__(self, successions: Sequence[Succession], retraining: Optional[Retraining], clock: Clock,
                 tell: Callable[[Event], None], wishes: Optional[Wishes] = None,
                 attendant: Optional[Attendant] = None, duties: Sequence[Duty] = ()) -> None:
        """`tell` takes the events that come of it, from another thread."""
        self._wishes, self._attendant, self._duties = wishes, attendant, duties
        self._successions, self._retraining, self._clock, self._tell = successions, retraining, clock, tell
        self._telling: Optional[Succession] = None
        """That of which the wearer is just being told; others wait, for there is one piece of news at a time."""
        self._leisure: Optional[Leisure] = None
        self._news, self._was_told = "", False
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run, name="upkeep", daemon=True)]
        self._threads += [threading.Thread(target=self._do, args=(duty,), name=type(duty).__name__, daemon=True)
                          for duty in duties]

    def open(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End, and with it a retraining that runs, and the companion page; a network that is just being opened is left
        behind."""
        self._ended.set()
        if self._attendant is not None:
            self._attendant.close()  # while the thread that has started it lives: else it would be killed at once
        self._wake.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(_FAREWELL_SECONDS)
        if self._retraining is not None:
            self._retraining.close()
        self._remember()
        if self._wishes is not None:
            self._wishes.keep()
        for duty in self._duties:
            duty.close()

    def on_event(self, event: Event, state: State) -> None:
        """Note what the wearer wants, for which a retraining ends at once; what is preferred; and whether the wearer
        has heard the news."""
        if self._wishes is not None and self._wishes.take(state.preferences):
            self._wake.set()
        if self._news and not state.news:
            self._was_told = True
        self._news = state.news
        self._leisure = follow(self._leisure, event, state)
        if self._leisure.wanted_at == event.at and self._retraining is not None and self._retraining.is_running:
            self._wake.set()

    def step(self, now: float) -> None:
        """Look once after everything but the duties."""
        if self._attendant is not None:
            self._attendant.step(now)
        if self._wishes is not None:
            self._wishes.step()
        if self._retraining is not None and self._leisure is not None:
            self._retraining.step(self._leisure, now)
        self._remember()
        for succession in self._successions:
            event = succession.step(now, may_tell=self._telling in (None, succession))
            if event is not None:
                self._telling = succession
                self._tell(event)

    def _remember(self) -> None:
        """Put down that the news was told; not on the loop's own time, for a card may take long to write."""
        if self._was_told:
            self._was_told = False
            if self._telling is not None:
                self._telling.remember()
            self._telling = None

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.step(self._clock.now())
            except Exception:
                log.exception("the device cannot look after itself")
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()

    def _do(self, duty: Duty) -> None:
        while not self._ended.is_set():
            try:
                duty.step(self._clock.now())
            except Exception:
                log.exception("a duty cannot be done: %s", type(duty).__name__)
            self._ended.wait(LOOK_SECONDS)
