"""What the decision remembers between two events."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import FrozenSet, Optional, Tuple

from .events import Status
from .menutree import GROUPS, TOP, find_path
from .preferences import Preferences
from .rules import Rules
from .steps import Lesson
from .types import Fingertip, Guess, Quality, Utterance

STARTING, POINTING, TEACHING, NAMING, MENU, LESSON, ASLEEP, STOPPING = (
    "starting", "pointing", "teaching", "naming", "menu", "lesson", "asleep", "stopping")
MODES = (STARTING, POINTING, TEACHING, NAMING, MENU, LESSON, ASLEEP, STOPPING)
BY_VOICE, BY_LIST, BY_NEXT = "voice", "list", "next"
"""How a thing taught by button gets its name: the wearer says it, chooses it, or it is the next free one."""
WAYS = PAST_FINGER, WHOLE_THINGS = "crop", "detector"
"""The ways to look: at what is cut out past the finger, or at the whole thing that a detector finds there."""
HEAT = "heat"
"""The fault of a board that rests because it is too hot (core/deciding/health.py)."""
BLINDING = ("camera", "eyes", "memory")
"""Parts without which nothing is seen or learned: their faults end a dwell and the naming of samples."""


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
    stop: Tuple[float, float] = (0.0, 0.0)
    """Where the tip last came to a stop, and has stayed,"""
    stopped_at: float = float("inf")
    """since then."""
    counts: bool = False
    """Whether it has stayed for long enough to be pointing, and no hand that only passes."""
    before: Optional[Tuple[float, float]] = None
    """Where the finger rested before it came here; None where it was out of sight in between."""


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
    """Where the wearer is in the menu, or in a list that it opens.

    `level` is one of menutree.GROUPS, RINGS (the items are the values as a whole, and the switch) or LISTS (the items
    are object ids or names).
    """

    level: str = TOP
    items: Tuple[str, ...] = GROUPS[TOP]
    place: int = 0
    value: object = None
    """Of a ring, the value with which it was entered."""

    @property
    def item(self) -> str:
        """The item that was spoken last."""
        return self.items[self.place]

    @property
    def top(self) -> Menu:
        """The menu's top, at the item by which the wearer has come here."""
        return Menu.at((find_path(self.level) + (self.level,))[0])

    @classmethod
    def of(cls, group: str) -> Menu:
        """That group, at its first item."""
        return cls(group, GROUPS[group])

    @classmethod
    def at(cls, item: str) -> Menu:
        """The group in which the item stands, at that item."""
        group = ((TOP,) + find_path(item))[-1]
        return cls(group, GROUPS[group], GROUPS[group].index(item))

    def step(self, by: int) -> Menu:
        """So many items further, round and round."""
        return replace(self, place=(self.place + by) % len(self.items))


@dataclass(frozen=True)
class Naming:
    """What is being named: the taught thing `renamed`, or the waiting samples where that is empty."""

    renamed: str = ""
    unheard: int = 0
    """How often nothing was heard."""


@dataclass(frozen=True)
class Strain:
    """How hard it is for the board, and what the wearer has heard of that (core/deciding/health.py)."""

    spared: bool = False
    """Whether fewer pictures are looked at."""
    told: bool = False
    """Whether the wearer knows."""
    eased_at: Optional[float] = None
    """Since when nothing has strained the board; None while something does."""
    warned: Tuple[Tuple[str, float], ...] = ()
    """When the wearer was last warned of each strain, by its name."""
    charge_told: int = 100
    """The lowest charge of the battery that the wearer was warned of since it was last charged."""


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
    """Whether the menu or the lesson was opened before the first picture: "ready" is still to be said."""
    faults: FrozenSet[str] = frozenset()
    strain: Strain = field(default_factory=Strain)
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
    just_learned: str = ""
    """The thing learned last, while nothing has changed since: teaching can take it back."""
    look_alike: str = ""
    """The thing that the wearer was told the waiting samples look like."""
    naming: Naming = field(default_factory=Naming)
    menu: Menu = field(default_factory=Menu)
    confirm_until: Optional[float] = None
    """Until when asking a second time for what `confirms` names has it done."""
    confirms: str = ""
    """What the wearer has asked for once: an errand, or to switch off."""
    question: str = ""
    """What a requested Status is for: look, known, or the list that it is to open. Empty: to tell where in the menu the
    wearer is."""
    news: str = ""
    """A phrase that waits for a moment in which it is heard and disturbs nothing; empty for none."""
    news_until: Optional[float] = None
    """By when it has been heard to its end, unless it is cut off; None while it is not being said."""
    news_from: float = float("-inf")
    """It is not said before this."""
    preferences: Preferences = field(default_factory=Preferences)
    languages: Tuple[str, ...] = ("en",)
    """Those that may be preferred."""
    way: str = ""
    """How things are looked at, one of WAYS; empty where that is not known."""
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
    urgent_until: float = float("-inf")
    """By when what is urgent has probably been heard."""
    ticked_at: float = float("-inf")
    """When the wearer last heard that they are kept waiting."""
    look: Optional[int] = None
    """The frame that is being recognised for "What do you see?"."""
    described: bool = False
    """Whether that was asked since the finger last came to rest at a new place."""
    untold: Tuple[Utterance, ...] = ()
    """What the wearer is to hear as soon as they can listen: how the last stop was, and how an errand went."""
    lesson: Lesson = field(default_factory=Lesson)
    status: Optional[Status] = None
    """What the device last said of itself; the menu's items speak of it."""
    errand: str = ""
    """The errand that is being run; empty for none."""
