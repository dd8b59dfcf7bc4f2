"""What the decision remembers between two events, and the rules it follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import FrozenSet, Optional, Tuple

from .types import Fingertip, Guess, Quality

STARTING, POINTING, TEACHING, MENU, ASLEEP, STOPPING = (
    "starting", "pointing", "teaching", "menu", "asleep", "stopping")
MODES = (STARTING, POINTING, TEACHING, MENU, ASLEEP, STOPPING)


@dataclass(frozen=True)
class Rules:
    """The numbers behind the decisions; settings fill them in."""

    dwell_seconds: float = 0.4
    """How long the finger must rest before the thing past it is looked at."""
    rest_radius: float = 0.04
    """How far the tip may wander while it counts as resting, as a share of the frame's width."""
    rest_speed: float = 0.04
    """How fast the resting tip may be when the thing is looked at, in frame widths a second."""
    aim_share: float = 0.07
    """How much of the thing must be seen past the tip, as a share of the frame's width: a third of the crop."""
    edge_share: float = 0.02
    """What ends so near the picture's edge, or beyond it, counts as cut off, as a share of the frame's width;
    -1 switches the guidance at the edges off."""
    covered_share: float = 0.06
    """A finger that looks shorter is seen end-on, and the hand covers the thing, as a share of the frame's width;
    0 switches this guidance off, as a very wide lens needs it."""
    guide_seconds: float = 6.0
    """The same guidance is not given again within this time, which doubles until something is answered."""
    lost_seconds: float = 0.4
    """How long the finger may be out of sight before the dwell is over."""
    absent_seconds: float = 1.0
    """After so long without a finger, a new one is greeted with the earcon."""
    repeat_seconds: float = 3.0
    """The same answer is not given again within this time while the hand stays in view."""
    more_seconds: float = 3.0
    """A second press of action within this time says more instead of repeating."""
    confirm_seconds: float = 10.0
    """How long the question whether to switch off stands."""
    sightings: int = 3
    """How many looks at the thing are averaged before it is named."""
    sure: float = 0.75
    """Mean confidence from which a name is spoken plainly."""
    maybe: float = 0.5
    """Mean confidence from which a name is spoken with "maybe"; below it: "not sure"."""
    dark: float = 0.08
    """Mean brightness below which a frame is too dark."""
    bright: float = 0.95
    """Mean brightness above which a frame is too bright."""
    blurred: float = 12.0
    """Sharpness (variance of the Laplacian at 160 pixels' width) below which a frame is blurred."""
    enough_samples: int = 4
    """From so many samples on, no further look is asked for."""


@dataclass(frozen=True)
class Dwell:
    """A finger that rests at one place."""

    x: float
    y: float
    since: float
    seen_at: float
    pending: Optional[int] = None
    """Index of the frame that is being recognised now."""
    sightings: Tuple[Tuple[Guess, ...], ...] = ()
    answered: bool = False
    hindered: int = 0
    """In how many frames of this rest the thing could not be seen."""
    guided: bool = False
    """Whether guidance has been spoken during this rest."""


@dataclass(frozen=True)
class Answer:
    """What was last said about a thing: `phrase` is named, maybe or unsure."""

    phrase: str
    at: float
    guesses: Tuple[Guess, ...] = ()

    @property
    def best(self) -> Optional[str]:
        """The object id that was (or would have been) named."""
        return self.guesses[0].object_id if self.guesses else None


@dataclass(frozen=True)
class Guidance:
    """What the wearer was last asked to do so that the thing can be seen.

    `phrase` is what was said, `given` how many times in a row.
    """

    phrase: str
    at: float
    given: int = 1


@dataclass(frozen=True)
class View:
    """The newest frame, as far as decisions need it."""

    frame_index: int
    at: float
    fingertip: Optional[Fingertip]
    quality: Quality


@dataclass(frozen=True)
class State:
    """Everything that the next decision depends on."""

    rules: Rules = field(default_factory=Rules)
    mode: str = STARTING
    announced: bool = False
    """Whether "starting" has been said."""
    faults: FrozenSet[str] = frozenset()
    view: Optional[View] = None
    finger_at: Optional[float] = None
    """When a finger was last seen."""
    dwell: Optional[Dwell] = None
    answer: Optional[Answer] = None
    guidance: Optional[Guidance] = None
    repeated_at: Optional[float] = None
    """When the last answer was repeated by button."""
    waiting_samples: int = 0
    menu_item: int = 0
    confirm_until: Optional[float] = None
    """Until when a second long press of both buttons switches off."""
    question: str = ""
    """What a requested Status is for: look or known."""
