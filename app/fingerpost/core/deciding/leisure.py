"""When the wearer does not need the device, so that it may retrain: pure, like every decision."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping, Optional

from ..events import Event, Seen
from ..state import ASLEEP, HEAT, State
from ..types import Press

START, STOP, NOTHING = "start", "stop", ""
SETTLED_SECONDS = 10.0
"""A device that sleeps is left alone for so long after a press: it may be about to be woken."""
RETRY_SECONDS = 3600.0
"""What has failed is tried again after so long, for the cause may have gone: no room, no memory, another run."""


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
    strained: bool = False
    """Whether the board is too hot, or its supply too weak, for more work."""


def follow(before: Optional[Leisure], event: Event, state: State) -> Leisure:
    """Take an event into account; `state` is the state after it."""
    pressed = isinstance(event, Press)
    touched = pressed or before is None or (isinstance(event, Seen) and event.fingertip is not None)
    before = before or Leisure()
    return Leisure(event.at, event.at if touched else before.touched_at,
                   event.at if pressed or rests(state) else before.wanted_at, state.mode == ASLEEP,
                   state.strain.spared or HEAT in state.faults)


def rests(state: State) -> bool:
    """Whether a finger rests on something now."""
    dwell = state.dwell
    return dwell is not None and dwell.seen_at - dwell.since >= state.rules.dwell_seconds


@dataclass(frozen=True)
class Runs:
    """What became of the retrainings so far."""

    started_at: Optional[float] = None
    """When the one that runs was started; None where none runs."""
    trained: Mapping[str, int] = field(default_factory=dict)
    """From how many samples of each thing, by its id, the last one that came to its end has learned."""
    failed: Mapping[str, int] = field(default_factory=dict)
    """From how many the last one that failed should have learned."""
    failed_at: float = float("-inf")
    """When it failed."""
    stopped_at: Optional[float] = None
    """When the last one was stopped; None where it came to an end of its own."""


def choose(leisure: Leisure, runs: Runs, taught: Mapping[str, int], idle_seconds: float, powered: bool) -> str:
    """Whether to START the retraining or to STOP it, or NOTHING.

    `taught` maps object ids to how many samples they have now. `idle_seconds` must pass without a press or a finger. A
    device that sleeps needs less, unless a run was stopped: it would begin one at every nap, and end none. `powered`
    says whether there is power to spare, without which there is no retraining; nor is there on a strained board.
    """
    powered = powered and not leisure.strained
    if runs.started_at is not None:
        return NOTHING if powered and leisure.wanted_at <= runs.started_at else STOP
    if runs.stopped_at is None:
        quiet_seconds = SETTLED_SECONDS if leisure.asleep else idle_seconds
        idle = leisure.at - leisure.touched_at >= quiet_seconds
    else:
        idle = leisure.at - max(leisure.touched_at, runs.stopped_at) >= idle_seconds
    done = runs.failed if leisure.at - runs.failed_at < RETRY_SECONDS else runs.trained
    more = any(count > done.get(key, 0) for key, count in taught.items())
    return START if powered and idle and more else NOTHING
