"""The one place where Fingerpost makes up its mind: decide(state, event) -> (state, actions).

Pure: no clock, no I/O, no numpy. Its rooms are in deciding/: what happens to a press stands in controls.py and menu/,
what a resting finger leads to in pointing.py, how a thing is learned and named in teaching.py and naming.py; here every
kind of event finds its handler.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Dict, Tuple

from .actions import Action, Chime, Hush, Say, silences
from .deciding import company, controls, errands, health, looking, naming, pointing, teaching, waiting
from .deciding.lesson import coach
from .deciding.menu import lists
from .deciding.replies import Outcome, mend, seems_to_speak
from .events import (
    Changed,
    ErrandDone,
    Event,
    Fault,
    Forgotten,
    Kept,
    Learned,
    Listened,
    ModelChanged,
    Preparing,
    Recognised,
    Recovered,
    Seen,
    Status,
    Tick,
    Touched,
    Vitals,
    WayChanged,
)
from .state import ASLEEP, BLINDING, HEAT, NAMING, POINTING, STARTING, STOPPING, TEACHING, State, View
from .types import URGENT, Press, Utterance
from .visits import DoorChanged, Paired, Preferred, Watched

NEWS_SECONDS = 4.0
"""News is told in so long."""
URGENT_SECONDS = 6.0
"""Most of what is urgent is told in so long."""
MOST_URGENT_SECONDS = 24.0
"""And so many at most: what waits already is not said twice, however often a loose plug is told of."""
AGAIN_SECONDS = 10.0
"""News that was cut off is told again after so long at the earliest."""
ASKED_FOR = ("memory", "microphone", "companion")
"""Parts that are used at a press."""
BUTTONS = ("buttons", "mode_button", "action_button")
"""Parts whose faults a sleeper is told of too: only they wake the device, and a stuck one may have sent it to sleep."""


def decide(state: State, event: Event) -> Outcome:
    """The next state and what is to be done, in order. Total: every state takes every event."""
    if state.mode == STOPPING:
        return state, ()
    after, actions = _HANDLERS[type(event)](state, event)
    after, untold = tell_untold(after)
    state, actions = coach.take_part(state, event, after, actions + untold)
    if any(map(silences, actions)):
        state = looking.give_up(state)  # nobody waits any more for the rest of what was cut off
        if state.news_until is not None:
            # It is told again, but not at once: the wearer may have wanted silence.
            state = replace(state, news_until=None, news_from=event.at + AGAIN_SECONDS)
    return remember_words(state, actions, event.at), actions


def remember_words(state: State, actions: Tuple[Action, ...], at: float) -> State:
    """When something was last said, and by when what is urgent has been heard."""
    said = [action.utterance for action in actions if isinstance(action, Say)]
    urgent = sum(utterance.priority >= URGENT for utterance in said)
    if Hush() in actions:
        state = replace(state, urgent_until=float("-inf"))
    if urgent:
        until = max(at, state.urgent_until) + urgent * URGENT_SECONDS
        state = replace(state, urgent_until=min(until, at + MOST_URGENT_SECONDS))
    return replace(state, said_at=at) if said else state


def on_tick(state: State, tick: Tick) -> Outcome:
    """Say once that the device is starting; notice that the finger has gone when frames stop coming; tell news, or that
    somebody looks on."""
    if state.mode == STARTING and not state.announced:
        return replace(state, announced=True), (Say(Utterance("starting")),)
    state, actions = tell_news(pointing.wait(state, tick.at), tick.at)
    state, actions = (state, actions) if actions else company.remind(state, tick.at)
    return (state, actions) if actions else waiting.tick(state, tick.at)


def tell_news(state: State, at: float) -> Outcome:
    """Say what waits to be told while the wearer points at nothing; it is told once it was heard to its end."""
    if state.news_until is not None:
        return replace(state, news="", news_until=None) if at > state.news_until else state, ()
    absent = state.finger_at is None or at - state.finger_at > state.rules.absent_seconds
    if not state.news or at < state.news_from or state.mode != POINTING or not absent or seems_to_speak(state, at):
        return state, ()
    return replace(state, news_until=at + NEWS_SECONDS), (Say(Utterance(state.news)),)


def on_seen(state: State, seen: Seen) -> Outcome:
    """A frame: the first one makes the device ready, which is not said into a recording; later ones move the dwell
    along."""
    if HEAT in state.faults or state.mode == ASLEEP:  # it was under way when the eyes were told to rest
        return state, ()
    state = replace(state, view=View(seen.frame_index, seen.at, seen.fingertip, seen.quality, seen.detail))
    actions: Tuple[Action, ...] = ()
    if state.mode == STARTING or (state.unready and state.mode != NAMING):
        state = replace(state, mode=POINTING if state.mode == STARTING else state.mode, unready=False)
        actions = (Chime("ready"), Say(Utterance("ready", priority=URGENT if state.untold else 0)))
    if state.mode not in (POINTING, TEACHING):
        return replace(state, finger_at=seen.at if seen.fingertip else state.finger_at), actions
    state, more = pointing.follow(state, seen)
    return state, actions + more


def tell_untold(state: State) -> Outcome:
    """What was put off, once the wearer can listen: the device is ready, or has said why it is not, and records
    nothing."""
    blind = state.mode == STARTING and not state.faults.intersection(BLINDING)
    if not state.untold or blind or state.mode in (NAMING, ASLEEP, STOPPING):
        return state, ()
    return replace(state, untold=()), tuple(map(Say, state.untold))


def on_recognised(state: State, recognised: Recognised) -> Outcome:
    """A look at the thing came back."""
    if state.look == recognised.frame_index:
        return looking.on_look(state, recognised)
    return pointing.weigh(state, recognised) if state.mode == POINTING else (state, ())


def on_fault(state: State, fault: Fault) -> Outcome:
    """Announce the fault once. What was seen before one that blinds is forgotten: no stale name may follow.

    A fault of the memory, the microphone or the companion page is the answer to a press, and so is announced every
    time. Samples that were being learned wait again. Whether the door of a page that fails is closed, and nobody looks
    on any more, the window tells: a fault alone does not prove it.
    """
    if fault.part in ("memory", "eyes") and state.learning_samples:
        state = replace(state, waiting_samples=state.learning_samples, learning_samples=0)
    known = fault.part in state.faults and fault.part not in ASKED_FOR
    state = replace(state, faults=state.faults | {fault.part})
    if fault.part in BLINDING:
        state = replace(state, dwell=None, view=None)
    if known:
        return state, ()
    if state.mode == ASLEEP and fault.part not in BUTTONS:
        return replace(state, slept_through=state.slept_through | {fault.part}), ()
    announced = (Chime("fault"), Say(Utterance("fault_" + fault.part, priority=2, interrupts=True)))
    state, more = naming.on_fault(state, fault.part) if state.mode == NAMING else (state, ())
    return state, announced + more


def on_recovered(state: State, recovered: Recovered) -> Outcome:
    """Announce that the part is back, if its fault was; but never into a recording."""
    if recovered.part not in state.faults:
        return state, ()
    state = mend(state, recovered.part)
    if state.mode == NAMING or (state.mode == ASLEEP and recovered.part not in BUTTONS):
        return state, ()
    return state, (Say(Utterance("recovered_" + recovered.part, priority=2)),)


def on_model_changed(state: State, changed: ModelChanged) -> Outcome:
    """Another network runs: that is told when the wearer can listen."""
    return replace(state, news=f"{changed.name}_{'newer' if changed.newer else 'older'}", news_until=None), ()


def on_preparing(state: State, preparing: Preparing) -> Outcome:
    """Ask for patience, in words that the way to look does not cut off when it is quick. Nothing is seen meanwhile."""
    state = replace(state, dwell=None, view=None)
    if state.mode in (NAMING, ASLEEP):
        return state, ()
    return state, (Say(Utterance("preparing" if preparing.minutes else "one_moment", priority=2)),)


_HANDLERS: Dict[type, Callable[..., Outcome]] = {
    Tick: on_tick,
    Touched: controls.on_touched,
    Seen: on_seen,
    Recognised: on_recognised,
    Press: controls.on_press,
    Fault: on_fault,
    Recovered: on_recovered,
    Kept: teaching.on_kept,
    Forgotten: teaching.on_forgotten,
    Learned: teaching.on_learned,
    Listened: naming.on_listened,
    Changed: lists.on_changed,
    ModelChanged: on_model_changed,
    WayChanged: lists.on_way_changed,
    Preparing: on_preparing,
    Preferred: company.on_preferred,
    DoorChanged: company.on_door_changed,
    Watched: company.on_watched,
    Paired: company.on_paired,
    Status: controls.on_status,
    Vitals: health.on_vitals,
    ErrandDone: errands.on_errand_done,
}
