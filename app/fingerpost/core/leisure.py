"""When the wearer does not need the device, so that it may retrain: pure, like every decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Optional

from .events import Event, Seen
from .state import ASLEEP, State
from .types import Press

START, STOP, NOTHING = "start", "stop", ""
SETTLED_SECONDS = 10.0
"""A device that sleeps is left alone for so long after a press: it may be about to be woken."""


@dataclass(frozen=True)
class Leisure:
    """What the wearer has wanted, up to the last event. All times are monotonic seconds."""

    at: float = 0.0
    """When the last event was."""
    touched_at: float = 0.0
    """When there last was a press or a finger, or the first event."""
    wanted_at: float = float("-inf")
    """When the wearer last waited for an answer: by a press, or by a finger that rests."""
    asleep: bool = False


def follow(before: Optional[Leisure], event: Event, state: State) -> Leisure:
    """Take an event into account; `state` is the state after it."""
    pressed = isinstance(event, Press)
    touched = pressed or before is None or (isinstance(event, Seen) and event.fingertip is not None)
    before = before or Leisure()
    return Leisure(event.at, event.at if touched else before.touched_at,
                   event.at if pressed or rests(state) else before.wanted_at, state.mode == ASLEEP)


def rests(state: State) -> bool:
    """Whether a finger rests on something now."""
    dwell = state.dwell
    return dwell is not None and dwell.seen_at - dwell.since >= state.rules.dwell_seconds


def choose(leisure: Leisure, started_at: Optional[float], taught: Mapping[str, int], trained: Mapping[str, int],
           idle_seconds: float) -> str:
    """Whether to START the retraining or to STOP it, or NOTHING.

    `started_at` is when the one that runs was started, None where none runs. `taught` maps object ids to how many
    samples they have now, `trained` to how many they had at the last retraining. `idle_seconds` must pass without a
    press or a finger, unless the device sleeps.
    """
    if started_at is not None:
        return STOP if leisure.wanted_at > started_at else NOTHING
    quiet_seconds = SETTLED_SECONDS if leisure.asleep else idle_seconds
    idle = leisure.at - leisure.touched_at >= quiet_seconds
    return START if idle and any(count > trained.get(key, 0) for key, count in taught.items()) else NOTHING
