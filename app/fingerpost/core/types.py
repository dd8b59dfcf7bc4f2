"""The words that the parts exchange: plain frozen values, pixels only where pixels are meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Tuple

if TYPE_CHECKING:
    import numpy

MODE, ACTION, BOTH = "mode", "action", "both"
SHORT, LONG = "short", "long"
TAUGHT = "taught:"
"""What the object ids of taught things begin with."""
URGENT = 2
"""Utterances of this priority and above, as faults have it, are cut off by the wearer alone, and not by each other."""
NOTHING = "nothing"
"""The object id that stands for no thing at all; never spoken as a name."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture from a camera: `pixels` is RGB uint8 of shape (height, width, 3), `at` monotonic seconds."""

    index: int
    at: float
    pixels: numpy.ndarray
    camera: str = ""
    """The name of the camera; empty where that is not known, as of a recording."""


@dataclass(frozen=True)
class Fingertip:
    """The outermost point of the index finger in frame pixels; `direction` is the unit vector it points along."""

    x: float
    y: float
    direction: Tuple[float, float]
    confidence: float
    length: float = 0.0
    """Pixels from the knuckle to the tip, as the camera sees them; 0 where that is not known."""
    speed: float = 0.0
    """Pixels a second; 0 where no frame came before."""


@dataclass(frozen=True)
class Box:
    """A rectangle in frame pixels; `right` and `bottom` are exclusive."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class Detection:
    """A thing that a detector has found; `confidence` is its score in [0, 1], which is no probability."""

    name: str
    confidence: float
    box: Box


@dataclass(frozen=True)
class Guess:
    """One possible name of what is pointed at, with a confidence in [0, 1]."""

    object_id: str
    confidence: float
    calibrated: bool = True
    """Whether the confidence is a probability; a detector's score is none."""


@dataclass(frozen=True)
class Quality:
    """What the frame is like: its size in pixels, mean brightness in [0, 1], sharpness (Laplacian variance)."""

    width: int
    height: int
    brightness: float
    sharpness: float
    contrast: float = 1.0
    """How much one part of the picture differs from the next, in [0, 1]; 1 where that is not known."""


@dataclass(frozen=True)
class Press:
    """A button press: `button` is MODE, ACTION or BOTH, `kind` SHORT or LONG, `at` monotonic seconds."""

    button: str
    kind: str
    at: float
    afar: bool = False
    """Whether a helper presses it at the companion page, and nobody at the device itself."""


@dataclass(frozen=True, eq=False)
class Clip:
    """Mono sound: `samples` is int16 of shape (n,), `rate` in samples per second."""

    samples: numpy.ndarray
    rate: int
    least_volume: float = 0.0
    """It is at least so loud, in [0, 1], whatever the volume."""

    @property
    def seconds(self) -> float:
        """How long the clip lasts."""
        return len(self.samples) / self.rate


@dataclass(frozen=True)
class Utterance:
    """Something to say: a phrase of the phrase file with its slots filled.

    The slots `thing`, `other` and `things` hold object ids, which the phrase book turns into names; all others
    are literal text. `interrupts` cuts off what is being said, unless that is urgent; otherwise the utterance waits its
    turn, those of higher `priority` first.
    """

    phrase: str
    slots: Tuple[Tuple[str, str], ...] = ()
    priority: int = 0
    interrupts: bool = False
    topic: str = ""
    """Of what waits on one topic only the last is said; empty for none."""
