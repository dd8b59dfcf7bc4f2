"""What a companion may ask of the device, turned into what the loop and the eyes know how to do."""

from __future__ import annotations

from typing import Any, Callable

from ..core.errors import PreferenceError, StoreError, WindowError
from ..core.events import Event
from ..core.ports import Clock
from ..core.preferences import Preferences, change
from ..core.types import Press
from ..core.visits import CLOSED, DoorChanged, Paired, Preferred, Watched
from ..home import list_languages
from ..memory.rows import check_name
from ..vision.requests import Reread, TeachThing
from .messages import Message, unpack_pictures


class Hands:
    """What a companion does at the device; one companion at a time."""

    def __init__(self, clock: Clock, tell: Callable[[Event], None], submit: Callable[[Any], None]) -> None:
        """`tell` takes events for the loop, `submit` work for the eyes, a PageRequest; both from another thread."""
        self._clock, self._tell, self._submit = clock, tell, submit
        self._viewers, self._open = 0, False
        self.jobs = 0
        """How many jobs run at the companion page, which is not to be ended meanwhile."""

    def do(self, message: Message) -> None:
        """Do what a checked message (messages.check_wish) asks for. Raises WindowError where that makes no sense."""
        fields, at = message.fields, self._clock.now()
        if message.kind == "press":
            self._tell(Press(fields["button"], fields["press"], at, afar=True))
        elif message.kind == "prefer":
            self._prefer(at, fields["name"], fields["value"])
        elif message.kind == "watched":
            self._watch(at, max(fields["viewers"], 0))
        elif message.kind == "busy":
            self.jobs = fields["jobs"]
        elif message.kind == "paired":
            self._tell(Paired(at))
        elif message.kind == "opened":
            self._open = True
            self._tell(DoorChanged(at, True, fields["code"], fields["address"], fields["fingerprint"]))
        elif message.kind == "closed":
            self._close(at, fields["reason"])
        elif message.kind == "teach":
            self._teach(message)
        elif message.kind == "reread":
            self._submit(Reread())

    def let_go(self) -> None:
        """The companion has gone: nobody looks on through it, and its door is closed."""
        at = self._clock.now()
        self.jobs = 0
        self._watch(at, 0)
        self._close(at, CLOSED)

    def _close(self, at: float, reason: str) -> None:
        """Tell that the door is closed, or why it cannot be opened; one that was not open is no news."""
        if self._open or reason != CLOSED:
            self._open = False
            self._tell(DoorChanged(at, False, reason=reason))

    def _watch(self, at: float, viewers: int) -> None:
        if viewers != self._viewers:
            self._viewers = viewers
            self._tell(Watched(at, viewers))

    def _prefer(self, at: float, name: str, value: object) -> None:
        try:
            change(Preferences(), name, value, list_languages())
        except PreferenceError as error:
            raise WindowError(str(error)) from error
        self._tell(Preferred(at, name, value))

    def _teach(self, message: Message) -> None:
        name = message.fields["name"]
        try:
            check_name(name)
        except StoreError as error:
            raise WindowError(str(error)) from error
        self._submit(TeachThing(name, tuple(unpack_pictures(message.fields["crops"], message.payload))))
