"""What all rooms of the decision answer with."""

from __future__ import annotations

from dataclasses import replace
from typing import Tuple

from .actions import Action, Say
from .state import MENU, Menu, State
from .types import Utterance

Outcome = Tuple[State, Tuple[Action, ...]]


def reply(phrase: str, **slots: str) -> Say:
    """What a press is answered with: at once, and before anything else that waits."""
    return Say(Utterance(phrase, tuple(slots.items()), priority=1, interrupts=True))


def blame(state: State, otherwise: str) -> Say:
    """The fault of the part without which nothing is seen; where there is none, the phrase `otherwise`."""
    return next((reply("fault_" + part) for part in ("camera", "eyes") if part in state.faults), reply(otherwise))


def speak_item(menu: Menu) -> Say:
    """Where the wearer is in the menu or a list; without cutting off what led there."""
    if menu.purpose == "main":
        return Say(Utterance("menu_" + menu.item, priority=1))
    if menu.purpose == "name":
        return Say(Utterance("list_name", (("name", menu.item),), priority=1))
    return Say(Utterance("list_thing", (("thing", menu.item),), priority=1))


def tell_place(state: State) -> Tuple[Action, ...]:
    """For whoever is back in the menu: where in it."""
    return (speak_item(state.menu),) if state.mode == MENU and state.menu.purpose == "main" else ()


def mend(state: State, part: str) -> State:
    """The part has just worked, so its fault, if there was one, is over."""
    return replace(state, faults=state.faults - {part})
