"""The loop: events into the decision, its actions out to the parts. The same for the live device and a replay."""

from __future__ import annotations

from typing import Callable, Optional, Sequence

from .actions import (
    Action,
    Chime,
    Hush,
    Listen,
    PowerOff,
    Report,
    Restart,
    RunErrand,
    Say,
    Sleep,
    StopListening,
)
from .decide import decide
from .events import ErrandDone, Event, Status
from .phrases import PhraseBook
from .ports import Hearing
from .preferences import Preferences
from .speech import Mouth
from .state import State
from .visits import MISSING, DoorChanged, OpenDoor, Prefer, TellCode


class Observer:
    """Watches a run: the transcript, the JSON lines, the overlay and the evaluations are observers."""

    def on_ready(self, book: PhraseBook) -> None:
        """The run is about to begin; `book` turns its utterances into words."""

    def on_event(self, event: Event, state: State) -> None:
        """An event was decided on; `state` is the state after it."""

    def on_action(self, action: Action, at: float) -> None:
        """An action is being carried out."""

    def on_heard(self, at: float, text: str, phrase: str) -> None:
        """Words or an earcon (its name in brackets) begin to sound."""


class Loop:
    """Holds the state and carries out what the decision asks for."""

    def __init__(self, state: State, mouth: Mouth, submit: Callable[[Action], None],
                 report: Callable[[float], Status], observers: Sequence[Observer] = (),
                 ear: Optional[Hearing] = None, prefer: Callable[[Preferences], None] = lambda preferences: None,
                 door: Optional[Callable[[Action], None]] = None,
                 run_errand: Optional[Callable[[str], None]] = None) -> None:
        """`submit` hands work to the eyes; `report` answers what the device knows of itself; `ear` takes names;
        `prefer` changes how the device speaks; `door` takes OpenDoor and TellCode, and has them answered later by
        DoorChanged or Fault. Without a door, the companion page cannot be opened. `run_errand` takes the name of an
        errand, and has it answered later by ErrandDone.
        """
        self.state = state
        self._prefer, self._door, self._run_errand = prefer, door, run_errand
        self._mouth, self._submit, self._report, self._ear = mouth, submit, report, ear
        self._observers = observers
        self.switched_off = self.restarts = False

    def feed(self, event: Event) -> None:
        """Decide on one event and act."""
        self.state, actions = decide(self.state, event)
        for action in actions:
            if isinstance(action, Prefer):  # before others hear of it: they render what is said in the new way
                self._prefer(action.preferences)
        for observer in self._observers:
            observer.on_event(event, self.state)
        for action in actions:
            for observer in self._observers:
                observer.on_action(action, event.at)
            self._act(action, event.at)

    def listen(self) -> None:
        """Move a recording along, if there is one."""
        event = self._ear.step() if self._ear else None
        if event is not None:
            self.feed(event)

    def _act(self, action: Action, at: float) -> None:
        if isinstance(action, Say):
            self._mouth.say(action.utterance)
        elif isinstance(action, Chime):
            self._mouth.chime(action.name)
        elif isinstance(action, Hush):
            self._mouth.hush(action.spares_urgent)
        elif isinstance(action, Report):
            self.feed(self._report(at))
        elif isinstance(action, PowerOff):
            self.switched_off = True
        elif isinstance(action, Restart):
            self.restarts = True
        elif isinstance(action, RunErrand):
            self._start_errand(action.errand, at)
        elif isinstance(action, (Listen, StopListening)):
            self._hear(action)
        elif isinstance(action, (OpenDoor, TellCode)):
            self._go_to_door(action, at)
        elif not isinstance(action, Prefer):
            self._submit(action)

    def _hear(self, action: Action) -> None:
        assert self._ear is not None, "a device without an ear does not name by voice"
        if isinstance(action, Listen):
            self._ear.listen()
        else:
            self._ear.stop()

    def _go_to_door(self, action: Action, at: float) -> None:
        if self._door is not None:
            self._door(action)
        else:
            self.feed(DoorChanged(at, open=False, reason=MISSING))

    def _start_errand(self, errand: str, at: float) -> None:
        if self._run_errand is not None:
            self._run_errand(errand)
        else:
            self.feed(ErrandDone(at, errand, MISSING))


def describe(action: Action, at: float, book: PhraseBook) -> dict:
    """An action as one line of `replay --json`: its time, its name, and what it carries."""
    line = {"at": round(at, 3), "action": type(action).__name__.lower()}
    if isinstance(action, Say):
        line.update(text=book.text(action.utterance), key=action.utterance.phrase)
        line.update(dict(action.utterance.slots))
    elif isinstance(action, Sleep):
        line.update(asleep=action.asleep)
    elif isinstance(action, Prefer):
        line.update(vars(action.preferences))
    elif not isinstance(action, Hush):
        line.update(vars(action))
    return line
