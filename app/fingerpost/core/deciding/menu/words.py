"""What the items of the menu say: their names, and how things stand with them."""

from __future__ import annotations

from typing import Callable, Dict, Tuple

from ...actions import Say
from ...events import Status
from ...menutree import LISTS
from ...preferences import BRIEF, FULL, LIMITS, NORMAL
from ...state import State
from ...steps import STEPS
from ...types import Utterance

Words = Tuple[str, Dict[str, str]]
"""How the phrase of an item ends, and what fills its slots."""
_LEVELS = {BRIEF: "_brief", NORMAL: "_normal", FULL: "_full"}
_UNKNOWN = Status(0.0, "", None, ())
"""Of a device that has not yet been asked how it is."""


def speak_item(state: State) -> Say:
    """Where the wearer is in the menu or a list; without cutting off what led there."""
    level, item = state.menu.level, state.menu.item
    if level in LISTS:
        slot = "name" if level == "name" else "thing"
        return Say(Utterance("list_" + slot, ((slot, item),), priority=1))
    describe = _STATES.get(item)
    ending, slots = describe(state, state.status or _UNKNOWN) if describe else ("", {})
    return Say(Utterance("menu_" + item + ending, tuple(slots.items()), priority=1))


def _count_things(state: State, status: Status) -> Words:
    return "", {"count": str(len(status.taught))}


def _find_stick(state: State, status: Status) -> Words:
    return "_plugged" if status.stick else "", {}


def _find_version(state: State, status: Status) -> Words:
    return _find_stick(state, status)[0], {"version": status.version}


def _tell_volume(state: State, status: Status) -> Words:
    return "", {"number": str(state.preferences.volume), "most": str(LIMITS["volume"][1])}


def _tell_rate(state: State, status: Status) -> Words:
    return "", {"number": str(state.preferences.words_per_minute)}


def _tell_lesson(state: State, status: Status) -> Words:
    step = state.lesson.step
    return ("_waits", {"number": str(STEPS.index(step) + 1), "most": str(len(STEPS))}) if step else ("", {})


_STATES: Dict[str, Callable[[State, Status], Words]] = {
    "things": _count_things, "known": _count_things, "forget": _count_things, "rename": _count_things,
    "reset": _count_things,
    "way": lambda state, status: ("_" + state.way, {}) if state.way else ("", {}),
    "share": _find_stick, "stick": _find_stick, "backup": _find_stick, "restore": _find_stick,
    "update": _find_version,
    "volume": _tell_volume, "words_per_minute": _tell_rate,
    "verbosity": lambda state, status: (_LEVELS[state.preferences.verbosity], {}),
    "tick": lambda state, status: ("_on" if state.preferences.tick else "_off", {}),
    "voice": lambda state, status: ("_" + state.preferences.voice, {}),
    "lesson": _tell_lesson,
    "companion": lambda state, status: ("_open" if state.door else "", {}),
}
"""Of the items that stand for something. The others say their name alone; that of the language is in its phrase."""
