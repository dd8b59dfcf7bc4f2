"""What the decision remembers between two events, and the rules it follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import FrozenSet, Optional, Tuple

from .preferences import Preferences
from .types import Fingertip, Guess, Quality

STARTING, POINTING, TEACHING, NAMING, MENU, ASLEEP, STOPPING = (
    "starting", "pointing", "teaching", "naming", "menu", "asleep", "stopping")
MODES = (STARTING, POINTING, TEACHING, NAMING, MENU, ASLEEP, STOPPING)
BY_VOICE, BY_LIST, BY_NEXT = "voice", "list", "next"
"""How a thing taught by button gets its name: the wearer says it, chooses it, or it is the next free one."""
WAYS = PAST_FINGER, WHOLE_THINGS = "crop", "detector"
"""The ways to look: at what is cut out past the finger, or at the whole thing that a detector finds there."""
BLINDING = ("camera", "eyes", "memory")
"""Parts without which nothing is seen or learned: their faults end a dwell and the naming of samples."""
MENU_ITEMS = ("known", "forget", "rename", "undo", "way", "companion", "help")
OPEN_DOOR_ITEMS = ("known", "forget", "rename", "undo", "way", "code", "close", "help")
"""The menu while the companion page can be reached over the network."""


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
    accepted_wrong: float = 0.02
    """The share of wrong ones among the names spoken, hedged or not, that the wearer accepts, with as many strangers
    as known things pointed at. `sure` and `maybe` follow from it."""
    detected: float = 0.5
    """Mean score, as far as the finger points at the thing, from which a detector's name is spoken; and only with
    "maybe", for a score is no probability."""
    dark: float = 0.08
    """Mean brightness below which a frame is too dark."""
    bright: float = 0.95
    """Mean brightness above which a frame is too bright."""
    blurred: float = 12.0
    """Sharpness (variance of the Laplacian at 160 pixels' width) below which a frame is blurred."""
    far: float = 0.1
    """Detail (share of a sample that shows something) below which a thing is too far away to be learned."""
    enough_samples: int = 4
    """From so many samples on, no further look is asked for, if they are alike."""
    alike: float = 0.8
    """Looks whose mean likeness is below this leave gaps between them, which another look could fill: four photos of
    one in five kinds of groceries do."""
    stale_seconds: float = 0.5
    """A picture older than this at a press shows something else than what the wearer means."""
    most_samples: int = 8
    """From so many samples on, no further look is asked for at all."""

    @property
    def sure(self) -> float:
        """Mean confidence from which a name is spoken plainly: with half the doubt of `maybe`."""
        return 1.0 - 2.5 * self.accepted_wrong

    @property
    def maybe(self) -> float:
        """Mean confidence from which a name is spoken with "maybe"; below it: "not sure".

        Confidence is a calibrated probability, and in simulated lessons the names above a threshold are together at
        most a fifth as doubtful as the threshold itself, for accepted shares of half a percent up to a tenth
        (docs/decisions/010-i-do-not-know.md).
        """
        return 1.0 - 5.0 * self.accepted_wrong


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
    """What was last said about a thing: `phrase` is named, maybe, unsure or nothing."""

    phrase: str
    at: float
    guesses: Tuple[Guess, ...] = ()

    @property
    def best(self) -> Optional[str]:
        """The object id that was (or would have been) named."""
        return self.guesses[0].object_id if self.guesses else None

    @property
    def thing(self) -> Optional[str]:
        """The object id that was named; None where no name was spoken."""
        return self.best if self.phrase in ("named", "maybe") else None


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
    detail: float = 1.0


@dataclass(frozen=True)
class Menu:
    """An open spoken list, and where the wearer is in it.

    `purpose` is main (its items are those of the menu), forget or rename (taught things), or name (free names).
    """

    purpose: str = "main"
    items: Tuple[str, ...] = MENU_ITEMS
    place: int = 0

    @property
    def item(self) -> str:
        """The item that was spoken last."""
        return self.items[self.place]

    @classmethod
    def at(cls, item: str = "", door: bool = False) -> Menu:
        """The menu itself, at that item; `door` says whether the companion page can be reached over the network.

        Where it has no such item: at what stands for it now that the door was opened or closed, else at its first.
        """
        items = OPEN_DOOR_ITEMS if door else MENU_ITEMS
        if item in ("companion", "code", "close") and item not in items:
            item = "code" if door else "companion"
        return cls(items=items, place=items.index(item) if item in items else 0)


@dataclass(frozen=True)
class Naming:
    """What is being named: the taught thing `renamed`, or the waiting samples where that is empty."""

    renamed: str = ""
    unheard: int = 0
    """How often nothing was heard."""


@dataclass(frozen=True)
class State:
    """Everything that the next decision depends on."""

    rules: Rules = field(default_factory=Rules)
    naming_by: str = BY_NEXT
    """How new things get their names: one of BY_VOICE, BY_LIST, BY_NEXT."""
    mode: str = STARTING
    announced: bool = False
    """Whether "starting" has been said."""
    unready: bool = False
    """Whether the menu was opened before the first picture: "ready" is still to be said."""
    faults: FrozenSet[str] = frozenset()
    slept_through: FrozenSet[str] = frozenset()
    """Faults that came during sleep; the wearer has not heard of them yet."""
    view: Optional[View] = None
    finger_at: Optional[float] = None
    """When a finger was last seen."""
    dwell: Optional[Dwell] = None
    answer: Optional[Answer] = None
    guidance: Optional[Guidance] = None
    repeated_at: Optional[float] = None
    """When the last answer was repeated by button."""
    waiting_samples: int = 0
    learning_samples: int = 0
    """How many samples are being learned; they wait again if that fails."""
    more_of: str = ""
    """The thing just learned of which another look was asked for: the next samples are added to it."""
    look_alike: str = ""
    """The thing that the wearer was told the waiting samples look like."""
    naming: Naming = field(default_factory=Naming)
    menu: Menu = field(default_factory=Menu)
    confirm_until: Optional[float] = None
    """Until when a second long press of both buttons switches off."""
    question: str = ""
    """What a requested Status is for: look, known, or the purpose of the list that it is to open."""
    news: str = ""
    """A phrase that waits for a moment in which it is heard and disturbs nothing; empty for none."""
    news_until: Optional[float] = None
    """By when it has been heard to its end, unless it is cut off; None while it is not being said."""
    news_from: float = float("-inf")
    """It is not said before this."""
    preferences: Preferences = field(default_factory=Preferences)
    languages: Tuple[str, ...] = ("en",)
    """Those that may be preferred."""
    door: bool = False
    """Whether the companion page can be reached over the network."""
    viewers: int = 0
    """How many browsers see what the camera sees."""
    reminded_at: float = float("-inf")
    """When the wearer was last reminded of that."""
    owes_reminder: bool = False
    """Whether somebody has begun to look on, which the wearer has not heard yet; also when they have gone by now."""
    said_at: float = float("-inf")
    """When the device last had something to say."""
