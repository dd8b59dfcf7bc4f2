"""What all rooms of the decision answer with."""

from __future__ import annotations

from dataclasses import replace
from typing import Tuple

from .events import Action, Say
from .state import State
from .types import Utterance

Outcome = Tuple[State, Tuple[Action, ...]]


def answer(phrase: str, **slots: str) -> Say:
    """The reply to a press: at once, and before anything else that waits."""
    return Say(Utterance(phrase, tuple(slots.items()), priority=1, interrupts=True))


def mend(state: State, part: str) -> State:
    """The part has just worked, so its fault, if there was one, is over."""
    return replace(state, faults=state.faults - {part})
