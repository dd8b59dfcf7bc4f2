"""The steps of the first lesson, in their order, and how far the wearer is in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional, Tuple

STEPS = (LANGUAGE, BUTTONS, VOICE, VOLUME, RATE, HAND, AIM, POINT, AGAIN, TEACH, FIND, UNDO) = (
    "language", "buttons", "voice", "volume", "words_per_minute", "hand", "aim", "point", "again", "teach", "find",
    "undo")
VALUES = (VOICE, VOLUME, RATE, HAND)
"""Steps in which the preference of that name is chosen."""
PRACTICE = (POINT, AGAIN, TEACH, FIND, UNDO)
"""Steps that are gone through while pointing and teaching, with their own buttons."""


@dataclass(frozen=True)
class Aim:
    """What was last found out about the camera: `verdict` is a phrase, `since` when it was first true."""

    verdict: str = ""
    since: float = 0.0
    told_at: float = float("-inf")
    """When the wearer was last told how to turn it."""
    told: int = 0
    """How often in a row this verdict was told."""


@dataclass(frozen=True)
class Progress:
    """What has come about in the present step; a restart forgets it."""

    news: str = ""
    """A phrase about the step before, told with the prompt of this one."""
    prompts: int = 0
    """How often the prompt was said since the wearer last did something."""
    prompted_at: float = float("-inf")
    quiet_since: float = float("-inf")
    """Since when nothing was said or pressed."""
    cut: bool = False
    """Whether the prompt was cut off, but by no press."""
    pressed: Tuple[str, ...] = ()
    """The presses in it, as in "action short"."""
    aim: Aim = field(default_factory=Aim)
    turned_at: float = float("-inf")
    """When the language last changed by itself."""
    place: Optional[Tuple[float, float]] = None
    """Where the finger was first seen in it."""
    away: bool = False
    """Whether the finger does not rest any more where it did before: it was out of sight for a while, or has moved."""
    tries: int = 0
    """How often the taught thing was not found."""


@dataclass(frozen=True)
class Lesson:
    """How far the wearer is in the first lesson (deciding/lesson/). All but `progress` is kept over restarts."""

    step: str = ""
    """One of STEPS; empty: the lesson is over, or was never due."""
    left: bool = False
    """Whether the wearer has put it aside: it waits in the menu."""
    thing: str = ""
    """The object id of what was taught in it."""
    progress: Progress = field(default_factory=Progress)
