"""Has the companion page there when it is wanted, in a process of its own: what goes wrong with it, or whoever attacks
it, can neither mute the device nor slow it down."""

from __future__ import annotations

import importlib.util
import logging
import os
import subprocess
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Callable, List, Mapping, Optional, Sequence

from ..core.actions import Action
from ..core.events import Event, Fault, Recovered
from ..core.loop import Observer
from ..core.ports import Clock
from ..core.state import State
from ..core.visits import MISSING, DoorChanged, OpenDoor
from .children import end_child, start_child

log = logging.getLogger(__name__)

NICENESS = 5
"""How readily the page yields the processor to the device."""
START_SECONDS = 45.0
"""One that has not looked in at the device's window by then hangs, and is started anew."""
ANSWER_SECONDS, PRESENT_SECONDS = 45.0, 8.0
"""So long the door may take to open or close; on a slow board the page has to be started for it, and so long where it
is there already."""
MOST_STARTS, STARTS_SECONDS = 3, 600.0
"""It is started so often within so long, and then given up."""
NEEDED = ("aiohttp", "cryptography")
NOTE = "FINGERPOST_COMPANION_NOTE"
"""The environment names by it the file that has systemd start the page: a service of its own, as the device's service
has no network."""


class Page(ABC):
    """The companion page's process."""

    @abstractmethod
    def start(self) -> None:
        """Start it. Raises OSError."""

    @property
    @abstractmethod
    def is_running(self) -> bool:
        """Whether it was started, and has not ended as far as that is known."""

    @abstractmethod
    def end(self) -> None:
        """End it; harmless when it does not run."""


class ChildPage(Page):
    """A process of the device."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._child: Optional[subprocess.Popen[bytes]] = None

    def start(self) -> None:
        """Start it. What it says, its code among that, stands where the device's own words stand."""
        self._child = start_child(self._command, NICENESS)

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._child is not None and self._child.poll() is None

    def end(self) -> None:
        """End it, and all that it has started."""
        if self._child is not None:
            end_child(self._child)
            self._child = None


class ServicePage(Page):
    """A service of systemd, which starts whenever a note is written, and ends with the device's. It also ends by itself
    once the note is gone."""

    def __init__(self, note: Path) -> None:
        self._note, self._started = note, False

    def start(self) -> None:
        """Write the note."""
        self._note.write_text("wanted\n", encoding="utf-8")
        self._started = True

    @property
    def is_running(self) -> bool:
        """Whether it was asked for."""
        return self._started

    def end(self) -> None:
        """Take the note back."""
        if self._started:
            self._note.unlink(missing_ok=True)
        self._started = False


class Attendant(Observer):
    """Starts and ends the page. `step` does the work, again and again, on a thread where it may take its time."""

    def __init__(self, page: Optional[Page], always: bool, is_there: Callable[[], bool], clock: Clock,
                 tell: Callable[[Event], None], is_busy: Callable[[], bool] = lambda: False,
                 send_away: Callable[[], None] = lambda: None) -> None:
        """Without a `page`, one is not installed. `always`: it is there whenever the device runs; else only when the
        wearer wants it. `is_there` says whether a page looks in at the device's window, `is_busy` whether it trains or
        measures something, which it may finish; `send_away` ends its looking in; `tell` takes events."""
        self._page, self._always, self._is_there = page, always, is_there
        self._clock, self._tell, self._is_busy, self._send_away = clock, tell, is_busy, send_away
        self._wanted = always and page is not None
        self._starts: List[float] = []
        self._answer_by: Optional[float] = None
        self._given_up = self._was_there = False

    def go_to_door(self, action: Action) -> None:
        """Have the page there that is to open or close the door, or to tell the code. DoorChanged or Fault answers."""
        now = self._clock.now()
        if self._page is None and not self._is_there():
            self._tell(DoorChanged(now, False, reason=MISSING))
            return
        self._answer_by = now + (PRESENT_SECONDS if self._is_there() else ANSWER_SECONDS)
        if isinstance(action, OpenDoor) and action.open and not self._wanted:
            self._wanted, self._starts = True, []

    def on_event(self, event: Event, state: State) -> None:
        """Note the answer. A page that was only there for the door goes once that is closed."""
        if isinstance(event, DoorChanged):
            self._answer_by = None
            self._wanted = self._wanted and (self._always or event.open)

    def step(self, now: float) -> None:
        """See how the page is doing; start or end it if it is time to. `now` is in monotonic seconds."""
        was_there, self._was_there = self._was_there, self._is_there()
        if self._given_up and self._was_there and not was_there:
            self._given_up = False
            self._tell(Recovered("companion", now))
        if self._answer_by is not None and now > self._answer_by:
            self._give_up("the companion page does not answer: open it again", now)
        elif self._page is None:
            return
        elif not self._wanted:
            if not self._is_busy():
                self._page.end()
        elif not self._is_there() and not self._is_starting(self._page, now):
            self._start(self._page, now)

    def close(self) -> None:
        """End the page; harmless when it does not run."""
        self._wanted, self._answer_by = False, None
        if self._page is not None:
            self._page.end()

    def _is_starting(self, page: Page, now: float) -> bool:
        return page.is_running and now - self._starts[-1] <= START_SECONDS

    def _start(self, page: Page, now: float) -> None:
        page.end()
        self._starts = [at for at in self._starts if now - at < STARTS_SECONDS]
        if len(self._starts) >= MOST_STARTS:
            self._give_up("the companion page ends again and again: run `fingerpost companion` to see why", now)
            return
        if self._starts:
            log.warning("the companion page has ended, and is started again")
        self._starts.append(now)
        if self._answer_by is not None:
            self._answer_by = now + ANSWER_SECONDS
        try:
            page.start()
        except OSError as error:
            self._give_up(f"the companion page cannot be started ({error.strerror or error})", now)

    def _give_up(self, reason: str, now: float) -> None:
        """Until the wearer asks for it again. One that will not close is ended, and with it its door."""
        log.error("%s", reason)
        self._wanted, self._answer_by, self._given_up = False, None, True
        if self._page is not None:
            self._page.end()
        self._send_away()  # one that others have started goes on, and so may its viewers
        self._tell(Fault("companion", now, reason))


def plan_page(options: Sequence[str], wanted: bool, environ: Mapping[str, str] = os.environ) -> Optional[Page]:
    """The page as it is started on this machine, with these further options of `fingerpost companion`; None where it is
    not installed, which the log says where it is `wanted`."""
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        if wanted:
            log.warning("the companion page is not installed: run pip install 'fingerpost[companion]'")
        return None
    note = environ.get(NOTE)
    if note:
        return ServicePage(Path(note))
    return ChildPage([sys.executable, "-m", "fingerpost", "companion", "--parent", str(os.getpid()), *options])
