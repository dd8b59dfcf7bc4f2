"""What do you see? The answer to a press: first what is wrong, then what the finger does, then how the device is.

What the finger points at may have to be looked at for it; the answer then goes on when the look has come back. It is
the answer to the rest that goes on, too, which therefore gets none of its own that would cut it off.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Tuple

from ..actions import Action, Recognise, Report, Say
from ..events import Recognised, Status
from ..rules import Rules
from ..state import STARTING, Answer, Dwell, State
from ..types import Guess, Press, Utterance
from .guidance import find_hindrance
from .picture import find_flaw
from .pointing import judge
from .replies import Outcome


def ask(state: State, press: Press) -> Outcome:
    """The time and the battery have to be asked for first."""
    return replace(state, question="look"), (Report(),)


def describe(state: State, status: Status) -> Outcome:
    """The device has said how it is: tell what is seen, or ask for a look at what the finger points at."""
    state = replace(_drop_stale(state, status.at), question="", status=status, described=True)
    said, hand, view = tell(*_list_troubles(state)), tell(*_find_hand(state)), state.view
    if view is None or view.fingertip is None:
        return state, said + hand + conclude(state)
    dwell = state.dwell or Dwell(view.fingertip.x, view.fingertip.y, since=view.at, seen_at=view.at)
    dwell = replace(dwell, counts=True)  # the wearer points already: what they asked for is not cut off by that
    if hand:
        return replace(state, dwell=replace(dwell, guided=True)), said + hand + conclude(state)
    if dwell.answered and dwell.sightings and state.answer is not None:
        return state, said + (name(state.answer),) + conclude(state)
    dwell = replace(dwell, pending=view.frame_index, answered=True)
    state = replace(state, look=view.frame_index, dwell=dwell, ticked_at=status.at)  # a look may take its time
    return state, said + (Recognise(view.frame_index),)


def on_look(state: State, recognised: Recognised) -> Outcome:
    """The look that was asked for has come back: go on with what it shows, by the same rules as any answer."""
    dwell = state.dwell
    earlier: Tuple[Tuple[Guess, ...], ...] = ()
    if dwell is not None and dwell.pending == recognised.frame_index:
        dwell, earlier = replace(dwell, pending=None), dwell.sightings
    answer = judge_early((*earlier, recognised.guesses), state.rules, recognised.at)
    state = replace(state, look=None, dwell=dwell, answer=answer, repeated_at=None, guidance=None)
    return state, (name(answer),) + conclude(state)


def judge_early(sightings: Tuple[Tuple[Guess, ...], ...], rules: Rules, at: float) -> Answer:
    """The answer where the looks may be fewer than it takes: then a plain name needs half the doubt."""
    answer = judge(sightings, rules, at)
    plain = answer.phrase == "named" and answer.guesses[0].confidence >= (1.0 + rules.sure) / 2.0
    hedged = answer.phrase == "named" and len(sightings) < rules.sightings and not plain
    return replace(answer, phrase="maybe") if hedged else answer


def give_up(state: State) -> State:
    """Nobody waits any more for the look that was asked for; the rest that it was to answer gets its own again."""
    dwell = state.dwell
    if dwell is not None and dwell.pending is not None and dwell.pending == state.look:
        dwell = replace(dwell, pending=None, answered=False)
    return replace(state, look=None, dwell=dwell)


def conclude(state: State) -> Tuple[Action, ...]:
    """Praise for the light where nothing is wrong, what waits, and how the device is."""
    status = state.status
    well = not _list_troubles(state) and _find_hand(state) in ((), ("no_hand",))
    said = tell("light_good") if well else ()
    if state.waiting_samples:
        said += tell("samples_waiting", count=state.waiting_samples)
    if status is None:
        return said
    said += tell("relearning") if status.relearning else ()
    said += tell("clock", time=status.time)
    if status.battery_percent is not None:
        said += tell("battery_plugged" if status.charging else "battery", percent=status.battery_percent)
    if status.celsius is not None:
        said += tell("board_celsius", celsius=round(status.celsius))
    return said


def name(answer: Answer) -> Action:
    """What the finger that is seen points at."""
    slots = (("thing", answer.thing),) if answer.thing else ()
    return Say(Utterance("see_" + answer.phrase, slots, priority=1))


def tell(*phrases: str, **slots: object) -> Tuple[Action, ...]:
    """Phrases one after the other; the press has made way for them."""
    filled = tuple((slot, str(value)) for slot, value in slots.items())
    return tuple(Say(Utterance(phrase, filled, priority=1)) for phrase in phrases)


def _drop_stale(state: State, at: float) -> State:
    """Without a picture that shows what is there no more. During a look there is no newer one.

    A finger that was in it, and is still there in the next one, does not cut off what is said to the press.
    """
    view, dwell = state.view, state.dwell
    looks = dwell is not None and dwell.pending is not None
    if view is None or at - view.at <= state.rules.stale_seconds or looks:
        return state
    if view.fingertip is None:
        return replace(state, view=None, dwell=None)
    dwell = dwell or Dwell(view.fingertip.x, view.fingertip.y, since=at, seen_at=at)
    return replace(state, view=None, dwell=replace(dwell, seen_at=at, counts=True, answered=True))


def _list_troubles(state: State) -> Tuple[str, ...]:
    """Faults, a picture that is missing, or what spoils it."""
    faults = tuple("fault_" + part for part in sorted(state.faults))
    if state.view is None:
        return faults or ("starting" if state.mode == STARTING else "no_picture",)
    flaw = find_flaw(state.view, state.rules)
    return faults + ((flaw,) if flaw else ())


def _find_hand(state: State) -> Tuple[str, ...]:
    """That there is none, or how it stands in the way; nothing where a thing can be seen past the finger.

    Through a covered lens none can be; but a bare wall looks the same.
    """
    if state.view is None:
        return ()
    tip = state.view.fingertip
    if tip is None:
        return ("no_hand",)
    hindrance = find_hindrance(tip, state.view.quality, state.rules, state.preferences.hand)
    return ("hand_seen", hindrance) if hindrance else ()
