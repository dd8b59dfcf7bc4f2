"""What the decision asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Union

from .types import Utterance
from .visits import Reception


@dataclass(frozen=True)
class Recognise:
    """Look at what lies past the finger in that frame."""

    frame_index: int


@dataclass(frozen=True)
class Say:
    """Speak."""

    utterance: Utterance


@dataclass(frozen=True)
class Chime:
    """Play an earcon: ready, finger, unsure, recorded, listen, fault, watched or tick."""

    name: str


@dataclass(frozen=True)
class Hush:
    """Silence speech now and drop what waits to be said."""

    spares_urgent: bool = False
    """Whether what is urgent (core.types) goes on, and waits on."""


@dataclass(frozen=True)
class Keep:
    """Keep the thing past the finger in that frame as a sample."""

    frame_index: int


@dataclass(frozen=True)
class Forget:
    """Remove the last sample that waits for a name."""


@dataclass(frozen=True)
class Learn:
    """Learn the waiting samples.

    They become a thing called `name`, or by the next free name where that is empty; with `voice`, the wearer's
    voice in the last recording says it. Or they are added to the taught thing `object_id`.
    """

    name: str = ""
    voice: bool = False
    object_id: str = ""


@dataclass(frozen=True)
class ForgetThing:
    """Forget a taught thing."""

    object_id: str


@dataclass(frozen=True)
class RenameThing:
    """Call a taught thing by another name or, where that is empty, by the voice in the last recording."""

    object_id: str
    name: str = ""


@dataclass(frozen=True)
class UndoChange:
    """Undo the last change to what was taught."""


@dataclass(frozen=True)
class ChangeWay:
    """Look at things in the other way."""


@dataclass(frozen=True)
class Listen:
    """Record the wearer's voice once all is said: a beep, then until they fall silent."""


@dataclass(frozen=True)
class StopListening:
    """Break the recording off, and forget it."""


@dataclass(frozen=True)
class Report:
    """Ask for a Status event; the state remembers which question it answers."""


@dataclass(frozen=True)
class Sleep:
    """Stop looking (True) or look again (False)."""

    asleep: bool


@dataclass(frozen=True)
class PowerOff:
    """Shut the device down."""


@dataclass(frozen=True)
class RunErrand:
    """Do what takes long and ends by ErrandDone: one of core.deciding.errands.ERRANDS."""

    errand: str


@dataclass(frozen=True)
class Pace:
    """Look at so many pictures a second at most; 0: at none; None: at as many as can be."""

    per_second: Optional[float]


@dataclass(frozen=True)
class Restart:
    """End in order, and start anew."""


Action = Union[Recognise, Say, Chime, Hush, Keep, Forget, Learn, ForgetThing, RenameThing, UndoChange, ChangeWay,
               Listen, StopListening, Report, Sleep, PowerOff, RunErrand, Pace, Restart, Reception]


def silences(action: Action) -> bool:
    """Whether it cuts off what is being said."""
    return isinstance(action, Hush) or (isinstance(action, Say) and action.utterance.interrupts)
