"""What reaches the decision (events) and what it asks for (actions).

Every event carries `at`, monotonic seconds; of a frame, the instant at which the camera took it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple, Union

from .types import Fingertip, Guess, Press, Quality, Utterance


@dataclass(frozen=True)
class Tick:
    """Time has passed; sent about ten times a second."""

    at: float


@dataclass(frozen=True)
class Seen:
    """A frame was searched for a fingertip."""

    frame_index: int
    at: float
    fingertip: Optional[Fingertip]
    quality: Quality


@dataclass(frozen=True)
class Recognised:
    """What lies past the finger in that frame, best guess first; `guesses` may be empty."""

    frame_index: int
    at: float
    guesses: Tuple[Guess, ...]


@dataclass(frozen=True)
class Fault:
    """A part stopped working: `part` is camera, eyes, buttons or memory."""

    part: str
    at: float
    reason: str = ""


@dataclass(frozen=True)
class Recovered:
    """The part works again."""

    part: str
    at: float


@dataclass(frozen=True)
class Kept:
    """A sample lies in the store, safe from a power cut; `count` samples now wait for a name."""

    at: float
    count: int


@dataclass(frozen=True)
class Forgotten:
    """The last waiting sample was removed; `count` are left."""

    at: float
    count: int


@dataclass(frozen=True)
class Learned:
    """The waiting samples became an object that is recognised from now on."""

    at: float
    object_id: str
    samples: int


@dataclass(frozen=True)
class Status:
    """The answer to `Report`: local time as text, battery charge in percent where there is one, taught objects."""

    at: float
    time: str
    battery_percent: Optional[int]
    taught: Tuple[str, ...]


Event = Union[Tick, Seen, Recognised, Fault, Recovered, Kept, Forgotten, Learned, Status, Press]


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
    """Play an earcon: ready, finger, unsure, recorded or fault."""

    name: str


@dataclass(frozen=True)
class Hush:
    """Silence speech now and drop what waits to be said."""


@dataclass(frozen=True)
class Keep:
    """Keep the thing past the finger in that frame as a sample."""

    frame_index: int


@dataclass(frozen=True)
class Forget:
    """Remove the last sample that waits for a name."""


@dataclass(frozen=True)
class Learn:
    """Name the waiting samples with the next free name and learn them."""


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


Action = Union[Recognise, Say, Chime, Hush, Keep, Forget, Learn, Report, Sleep, PowerOff]
