"""The first lesson: how the device is set up and used, by ear and two buttons, step by step."""

from __future__ import annotations

from typing import Tuple

from .actions import Action
from .events import Event
from .replies import Outcome
from .state import State


def take_up(state: State) -> Outcome:
    """The wearer wants the lesson: where it was left, or from its beginning."""
    return state, ()


def put_aside(state: State) -> State:
    """The wearer does something else: the lesson waits in the menu."""
    return state


def coach(before: State, event: Event, after: State, actions: Tuple[Action, ...]) -> Outcome:
    """Take part in a decision while the lesson goes on; see the step reached, and go to the next."""
    return after, actions
