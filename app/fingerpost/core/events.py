"""What reaches the decision.

Every event carries `at`, monotonic seconds; of a frame, the instant at which the camera took it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple, Union

from .types import Fingertip, Guess, Press, Quality
from .visits import Visit


@dataclass(frozen=True)
class Tick:
    """Time has passed; sent about ten times a second."""

    at: float


@dataclass(frozen=True)
class Touched:
    """A button has gone down. What is pressed, a Press tells once it is let go, or has been held."""

    at: float


@dataclass(frozen=True)
class Seen:
    """A frame was searched for a fingertip."""

    frame_index: int
    at: float
    fingertip: Optional[Fingertip]
    quality: Quality
    detail: float = 1.0
    """How much of a sample of the thing would show something, in [0, 1]; 1 where that is not known."""


@dataclass(frozen=True)
class Recognised:
    """What lies past the finger in that frame, best guess first; `guesses` may be empty.

    The guess NOTHING (core.types) says that the look met no thing, which is more than not to know it.
    """

    frame_index: int
    at: float
    guesses: Tuple[Guess, ...]


@dataclass(frozen=True)
class Fault:
    """A part stopped working: `part` is camera, eyes, gpu, memory, microphone, companion, buttons, mode_button or
    action_button. (The fault "heat" comes of Vitals.)

    A button of its own is stuck; the buttons as a whole cannot be read. Without the gpu all goes on, more slowly;
    without the companion, which is the page for helpers, as before.
    """

    part: str
    at: float
    reason: str = ""


@dataclass(frozen=True)
class Recovered:
    """The part works again: camera, eyes, companion or what has to do with buttons; the others show it by what they do.
    """

    part: str
    at: float


@dataclass(frozen=True)
class Kept:
    """A sample lies in the store, safe from a power cut; `count` samples now wait for a name."""

    at: float
    count: int
    look_alike: str = ""
    """The taught thing that the sample could be taken for; empty when it resembles none."""


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
    likeness: float = 1.0
    """How alike the looks at it are: the mean over them of the cosine to the look most like each."""


@dataclass(frozen=True)
class Listened:
    """A recording has ended; the wearer's voice in it lasts so many seconds, 0 when nothing was heard."""

    at: float
    seconds: float


@dataclass(frozen=True)
class Changed:
    """What was taught has changed: a thing was forgotten or renamed, or such a change was undone.

    `change` is forgotten, renamed, returned (a forgotten thing is back), unlearned, undone (any other change of the
    thing) or nothing (there was nothing to undo); or, at the companion page, taught (a thing) or elsewhere (anything).
    `waiting` samples now wait for a name.
    """

    at: float
    change: str
    object_id: str = ""
    waiting: int = 0


@dataclass(frozen=True)
class ModelChanged:
    """Another network runs from now on: a newer one, or one that was live before. `name` is objects, fingertip or
    detector."""

    at: float
    newer: bool
    name: str = "objects"


@dataclass(frozen=True)
class WayChanged:
    """Things are looked at in another way from now on, one of state.WAYS; empty where there is no other way."""

    at: float
    way: str


@dataclass(frozen=True)
class Preparing:
    """A network is loaded before things can be looked at in another way; `minutes`: it has to be compiled for that."""

    at: float
    minutes: bool = False


@dataclass(frozen=True)
class Status:
    """The answer to `Report`: local time as text, battery charge in percent where there is one, taught objects."""

    at: float
    time: str
    battery_percent: Optional[int]
    taught: Tuple[str, ...]
    names: Tuple[str, ...] = ()
    """The names that a new thing may be given by choice."""
    relearning: bool = False
    """Whether some taught things are not known yet, because another network runs than the one that learned them."""
    celsius: Optional[float] = None
    """How hot the board is, where it says so."""
    charging: bool = False
    """Whether the battery, if there is one, is not being drained."""
    version: str = ""
    """The version of Fingerpost that runs."""
    stick: bool = False
    """Whether a USB stick is plugged in."""


@dataclass(frozen=True)
class Vitals:
    """How the board is, as its own sensors say, every few seconds; None where one says nothing."""

    at: float
    celsius: Optional[float] = None
    """Its hottest sensor."""
    volts: Optional[float] = None
    """At its input."""
    sagging: bool = False
    """Whether the supply does not hold its voltage now."""
    throttled: bool = False
    """Whether the board has slowed itself down against heat."""
    battery_percent: Optional[int] = None
    charging: bool = True
    """Whether the battery is not being drained; also where there is none."""


@dataclass(frozen=True)
class ErrandDone:
    """An errand (core/deciding/errands.py) has ended. `outcome` completes the phrase that tells so, `slots` fill it."""

    at: float
    errand: str
    outcome: str
    slots: Tuple[Tuple[str, str], ...] = ()


Event = Union[Tick, Touched, Seen, Recognised, Fault, Recovered, Kept, Forgotten, Learned, Listened, Changed,
              ModelChanged, WayChanged, Preparing, Status, Vitals, ErrandDone, Press, Visit]
