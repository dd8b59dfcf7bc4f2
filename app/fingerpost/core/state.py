"""What the decision remembers between two events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import FrozenSet, Optional, Tuple

from .events import Status
from .preferences import Preferences
from .rules import Rules
from .types import Fingertip, Guess, Quality

STARTING, POINTING, TEACHING, NAMING, MENU, LESSON, ASLEEP, STOPPING = (
    "starting", "pointing", "teaching", "naming", "menu", "lesson", "asleep", "stopping")
MODES = (STARTING, POINTING, TEACHING, NAMING, MENU, LESSON, ASLEEP, STOPPING)
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
class Lesson:
    """How far the wearer is in the first lesson (core/lesson.py). Step and `left` are kept over restarts."""

    step: str = ""
    """The step that comes next; empty: the lesson is over, or was never due."""
    left: bool = False
    """Whether the wearer has put it aside: it waits in the menu."""


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
    greetings: Tuple[str, ...] = ()
    """Phrases that the wearer is to hear once the device is ready: how the last stop was, and such."""
    lesson: Lesson = field(default_factory=Lesson)
    status: Optional[Status] = None
    """What the device last said of itself; the menu's items speak of it."""
    errand: str = ""
    """The errand that is being run; empty for none."""
