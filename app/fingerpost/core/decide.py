"""The one place where Fingerpost makes up its mind: decide(state, event) -> (state, actions).

Pure: no clock, no I/O, no numpy. What happens to a press stands in controls.py, what a resting finger leads
to in pointing.py; here every kind of event finds its handler.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Dict, Tuple

from . import controls, pointing, teaching
from .events import (
    Action,
    Chime,
    Event,
    Fault,
    Forgotten,
    Kept,
    Learned,
    Recognised,
    Recovered,
    Say,
    Seen,
    Status,
    Tick,
)
from .state import ASLEEP, POINTING, STARTING, STOPPING, TEACHING, State, View
from .types import Press, Utterance

Decision = Tuple[State, Tuple[Action, ...]]


def decide(state: State, event: Event) -> Decision:
    """The next state and what is to be done, in order. Total: every state takes every event."""
    if state.mode == STOPPING:
        return state, ()
    return _HANDLERS[type(event)](state, event)


def on_tick(state: State, tick: Tick) -> Decision:
    """Say once that the device is starting; notice that the finger has gone when frames stop coming."""
    if state.mode == STARTING and not state.announced:
        return replace(state, announced=True), (Say(Utterance("starting")),)
    return pointing.expire(state, tick.at), ()


def on_seen(state: State, seen: Seen) -> Decision:
    """A frame: the first one makes the device ready, later ones move the dwell along."""
    state = replace(state, view=View(seen.frame_index, seen.at, seen.fingertip, seen.quality))
    actions: Tuple[Action, ...] = ()
    if state.mode == STARTING:
        state = replace(state, mode=POINTING)
        actions = (Chime("ready"), Say(Utterance("ready")))
    if state.mode not in (POINTING, TEACHING):
        return state, actions
    state, more = pointing.follow(state, seen)
    return state, actions + more


def on_recognised(state: State, recognised: Recognised) -> Decision:
    """A look at the thing came back."""
    return pointing.weigh(state, recognised) if state.mode == POINTING else (state, ())


def on_fault(state: State, fault: Fault) -> Decision:
    """Announce the fault once and forget what was seen before it: no stale name may follow.

    A fault of the memory is the answer to a press, and so is announced every time.
    """
    if fault.part in state.faults and fault.part != "memory":
        return state, ()
    state = replace(state, faults=state.faults | {fault.part}, dwell=None, view=None)
    if state.mode == ASLEEP:
        return state, ()
    return state, (Chime("fault"), Say(Utterance("fault_" + fault.part, priority=2, interrupts=True)))


def on_recovered(state: State, recovered: Recovered) -> Decision:
    """Announce that the part is back, if its fault was."""
    if recovered.part not in state.faults:
        return state, ()
    state = replace(state, faults=state.faults - {recovered.part})
    if state.mode == ASLEEP:
        return state, ()
    return state, (Say(Utterance("recovered_" + recovered.part, priority=2)),)


_HANDLERS: Dict[type, Callable[..., Decision]] = {
    Tick: on_tick,
    Seen: on_seen,
    Recognised: on_recognised,
    Press: controls.on_press,
    Fault: on_fault,
    Recovered: on_recovered,
    Kept: teaching.on_kept,
    Forgotten: teaching.on_forgotten,
    Learned: teaching.on_learned,
    Status: controls.on_status,
}
