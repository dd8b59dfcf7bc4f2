"""The faintest sound of all, for a wearer who wants to hear that the device is still at it."""

from __future__ import annotations

from dataclasses import replace

from ..actions import Chime
from ..state import ASLEEP, BLINDING, HEAT, NAMING, POINTING, State
from .guidance import STEADY_FRAMES
from .replies import Outcome, seems_to_speak

TICK_SECONDS = 1.5
"""A tick comes so long after the last one."""
PATIENCE_SECONDS = 0.6
"""An answer that takes so much longer than the rest that it needs keeps the wearer waiting."""


def tick(state: State, at: float) -> Outcome:
    """Tick while the wearer is kept waiting; but never into a recording or what the device says, nor in sleep."""
    quiet = not state.preferences.tick or state.mode in (NAMING, ASLEEP) or seems_to_speak(state, at)
    if quiet or at - state.ticked_at < TICK_SECONDS or not is_awaited(state, at):
        return state, ()
    return replace(state, ticked_at=at), (Chime("tick"),)


def is_awaited(state: State, at: float) -> bool:
    """Whether the wearer waits: for the end of an errand, for the first picture, or for an answer to a resting finger.
    """
    if state.errand or state.look is not None:
        return True
    if state.view is None:
        return not state.faults & {*BLINDING, HEAT}
    dwell = state.dwell
    if dwell is None or state.mode != POINTING or dwell.answered or dwell.guided or dwell.hindered >= STEADY_FRAMES:
        return False
    return at - dwell.since >= state.rules.dwell_seconds + PATIENCE_SECONDS
