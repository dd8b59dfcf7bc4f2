"""What all rooms of the decision answer with."""

from __future__ import annotations

from dataclasses import replace
from typing import Tuple

from ..actions import Action, Report, Say
from ..menutree import LISTS
from ..state import HEAT, MENU, State
from ..types import Utterance

Outcome = Tuple[State, Tuple[Action, ...]]
WORDS_SECONDS = 4.0
"""Most of what is said is told in so long."""


def reply(phrase: str, **slots: str) -> Say:
    """What a press is answered with: at once, and before anything else that waits."""
    return Say(Utterance(phrase, tuple(slots.items()), priority=1, interrupts=True))


def blame(state: State, otherwise: str) -> Say:
    """The fault of the part without which nothing is seen; where there is none, the phrase `otherwise`."""
    return next((reply("fault_" + part) for part in (HEAT, "camera", "eyes") if part in state.faults), reply(otherwise))


def tell_place(state: State) -> Tuple[Action, ...]:
    """For whoever is in the menu, and in none of its lists: have it told where. The Status that is asked for does so,
    and cuts off nothing."""
    return (Report(),) if state.mode == MENU and state.menu.level not in LISTS else ()


def seems_to_speak(state: State, at: float) -> bool:
    """Whether the device may still be saying something; it does not hear itself."""
    return at - state.said_at < WORDS_SECONDS or at < state.urgent_until


def ask_twice(state: State, what: str, at: float) -> Tuple[State, bool]:
    """Whether the wearer has asked for it a second time, soon after the first; the first time is remembered."""
    if state.confirms == what and state.confirm_until is not None and at <= state.confirm_until:
        return replace(state, confirms="", confirm_until=None), True
    return replace(state, confirms=what, confirm_until=at + state.rules.confirm_seconds), False


def mend(state: State, part: str) -> State:
    """The part has just worked, so its fault, if there was one, is over."""
    return replace(state, faults=state.faults - {part})
