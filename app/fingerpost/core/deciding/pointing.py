"""From a resting finger to a name: dwell, agreement over several looks, and what may be said."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Optional, Tuple

from ..actions import Action, Chime, Hush, Recognise, Say
from ..events import Recognised, Seen
from ..preferences import BRIEF, FULL
from ..rules import Rules
from ..state import POINTING, STARTING, Answer, Dwell, State
from ..types import NOTHING, Fingertip, Guess, Utterance
from .guidance import FORGOTTEN, find_hindrance, forget_name, guide
from .reasons import NO_RUNNER_UP, explain
from .replies import Outcome, blame, reply

CUT_OFF_SECONDS = 0.6
"""What was begun so shortly before it was silenced has hardly been heard, and may be said again."""


def follow(state: State, seen: Seen) -> Tuple[State, Tuple[Action, ...]]:
    """Move the dwell along with one frame; when the finger has rested long enough, ask for a look or guide it."""
    tip = seen.fingertip
    if tip is None:
        return expire(state, seen.at), ()
    actions: Tuple[Action, ...] = ()
    if state.finger_at is None or seen.at - state.finger_at > state.rules.absent_seconds:
        actions = (Chime("finger"),)
        state = replace(state, answer=forget_name(state.answer))
    dwell = _move(state.dwell, tip, seen, state.rules)
    state = replace(state, finger_at=seen.at, dwell=dwell)
    if state.mode != POINTING:
        return state, actions
    if seen.at - max(dwell.since, dwell.stopped_at) >= state.rules.hush_seconds - 1e-9:
        state, hush = _arrive(state, seen.at)
        actions += hush
    if not _wants_look(dwell, tip, seen, state.rules):
        return state, actions
    # A rest whose first look went well keeps its answer, even if the finger wavers at the limit.
    hindrance = find_hindrance(tip, seen.quality, state.rules, state.preferences.hand) if not dwell.sightings else ""
    state, more = guide(state, hindrance, seen.at) if hindrance else _look(state, seen)
    return state, actions + more


def resume(state: State) -> Outcome:
    """Back to pointing, from wherever, or to the start if nothing was seen yet; what was said before is forgotten."""
    state = replace(state, mode=POINTING, dwell=None, answer=None, guidance=None, described=False, confirm_until=None)
    if state.unready:
        return replace(state, mode=STARTING, unready=False), (blame(state, otherwise="starting"),)
    return state, (reply("pointing_on"),)


def expire(state: State, at: float) -> State:
    """End the dwell when the finger has been out of sight too long; not while the answer to a look is awaited."""
    dwell = state.dwell
    if dwell is not None and dwell.pending is None and at - dwell.seen_at > state.rules.lost_seconds:
        return replace(state, dwell=None)
    return state


def wait(state: State, at: float) -> State:
    """Let time pass without a frame. During a look there is none, however long it takes: the finger is not missed.

    A look that never comes back becomes a fault (core/live.py), which ends the dwell.
    """
    if state.dwell is None or state.dwell.pending is None:
        return expire(state, at)
    return replace(state, finger_at=at, dwell=replace(state.dwell, seen_at=at))


def weigh(state: State, recognised: Recognised) -> Tuple[State, Tuple[Action, ...]]:
    """Take one look into account; once there are enough, say the name, hedge it, admit doubt, or say nothing is there.
    """
    dwell = state.dwell
    if dwell is None or dwell.pending != recognised.frame_index:
        return state, ()
    dwell = replace(dwell, pending=None, sightings=dwell.sightings + (recognised.guesses,))
    if len(dwell.sightings) < state.rules.sightings:
        return replace(state, dwell=dwell), ()
    answer = judge(dwell.sightings, state.rules, recognised.at)
    state = replace(state, dwell=replace(dwell, answered=True), guidance=None)
    if _already_said(state, dwell, answer):
        return state, ()
    return replace(state, answer=answer, repeated_at=None), tell(answer, state.preferences.verbosity)


def tell(answer: Answer, verbosity: int) -> Tuple[Action, ...]:
    """Say the answer, as far as it is wanted unasked: with FULL what `explain` can add to it, unless that is nothing;
    with BRIEF the earcon of doubt has to do where there is nothing, for silence would be taken for a dead device."""
    if verbosity == BRIEF and answer.phrase == "nothing":
        return (Chime("unsure"),)
    more = explain(answer) if verbosity == FULL and answer.phrase != "nothing" else NO_RUNNER_UP
    return (Say(speak(answer)),) + (() if more == NO_RUNNER_UP else (Say(more),))


def judge(sightings: Tuple[Tuple[Guess, ...], ...], rules: Rules, at: float) -> Answer:
    """Average the looks; an answer needs the mean confidence and the majority of the looks behind it."""
    ranked = average(sightings)
    names = tuple(guess for guess in ranked if guess.object_id != NOTHING)
    if not ranked:
        return Answer("unsure", at)
    best = ranked[0]
    votes = sum(1 for guesses in sightings if guesses and guesses[0].object_id == best.object_id)
    if 2 * votes <= len(sightings):
        return Answer("unsure", at, names)
    if best.object_id == NOTHING:
        return Answer("nothing", at, names)
    if best.calibrated and best.confidence >= rules.sure:
        return Answer("named", at, names)
    hedged = best.confidence >= (rules.maybe if best.calibrated else rules.detected)
    return Answer("maybe" if hedged else "unsure", at, names)


def average(sightings: Tuple[Tuple[Guess, ...], ...]) -> Tuple[Guess, ...]:
    """One guess per name with its mean confidence over all looks, best first; calibrated where all of them are."""
    totals: Dict[str, float] = {}
    for guesses in sightings:
        for guess in guesses:
            totals[guess.object_id] = totals.get(guess.object_id, 0.0) + guess.confidence
    scores = {guess.object_id for guesses in sightings for guess in guesses if not guess.calibrated}
    return tuple(Guess(object_id, total / len(sightings), object_id not in scores)
                 for object_id, total in sorted(totals.items(), key=lambda item: (-item[1], item[0])))


def speak(answer: Answer) -> Utterance:
    """The words for an answer."""
    return Utterance(answer.phrase, (("thing", answer.thing),) if answer.thing else (), interrupts=True)


def _look(state: State, seen: Seen) -> Outcome:
    """Ask what lies past the finger. Of a hand that trembles, this may be the first sign that it has come to rest."""
    state, hush = _arrive(state, seen.at)
    assert state.dwell is not None
    return replace(state, dwell=replace(state.dwell, pending=seen.frame_index)), hush + (Recognise(seen.frame_index),)


def _arrive(state: State, at: float) -> Outcome:
    """The finger has come to rest: at a new place, that silences what is said about the old one, and nothing urgent."""
    dwell = state.dwell
    if dwell is None or dwell.counts:
        return state, ()
    state = replace(state, dwell=replace(dwell, counts=True))
    if (state.answer is None and state.guidance is None and not state.described) or _wavers(dwell, state):
        return state, ()
    unheard = at - state.said_at < CUT_OFF_SECONDS or at < state.urgent_until  # a name waits for what is urgent
    state = replace(state, described=False, answer=forget_name(state.answer) if unheard else state.answer)
    return state, (Hush(spares_urgent=True),)


def _wavers(dwell: Dwell, state: State) -> bool:
    """Whether the finger has hardly moved since its last rest, and so may still mean the same thing."""
    assert state.view is not None
    return dwell.before is not None and is_near(dwell.before, (dwell.x, dwell.y),
                                                 2.0 * state.rules.rest_radius * state.view.quality.width)


def _move(dwell: Optional[Dwell], tip: Fingertip, seen: Seen, rules: Rules) -> Dwell:
    """The dwell continued, or a new one where the tip has left its place."""
    place, width = (tip.x, tip.y), seen.quality.width
    new = Dwell(tip.x, tip.y, since=seen.at, seen_at=seen.at, stop=place, stopped_at=seen.at)
    if dwell is None:
        return new
    if is_near(place, dwell.stop, rules.hush_radius * width):
        new = replace(new, stop=dwell.stop, stopped_at=dwell.stopped_at)
    if is_near(place, (dwell.x, dwell.y), rules.rest_radius * width):
        return replace(dwell, seen_at=seen.at, stop=new.stop, stopped_at=new.stopped_at)
    rested = dwell.counts or dwell.answered or dwell.guided
    return replace(new, before=(dwell.x, dwell.y) if rested else dwell.before)


def is_near(one: Tuple[float, float], other: Tuple[float, float], distance: float) -> bool:
    """Whether two places in the picture lie no farther apart than so many pixels."""
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 <= distance ** 2


def _wants_look(dwell: Dwell, tip: Fingertip, seen: Seen, rules: Rules) -> bool:
    """Whether the tip has been near its place for long enough and is slow now.

    A slow moment is enough: a hand that trembles has one at every turn, a hand on its way has none.
    """
    return (not dwell.answered and dwell.pending is None and seen.at - dwell.since >= rules.dwell_seconds - 1e-9
            and tip.speed <= rules.rest_speed * seen.quality.width)


def _already_said(state: State, dwell: Dwell, new: Answer) -> bool:
    """Whether the wearer heard just this a moment ago, with the hand in view ever since; or at the place that the
    finger wavers about, and may have asked there what is seen: that is not cut off to say less or more of the same."""
    last = state.answer
    if last is None or last.at == FORGOTTEN:
        return False
    same = (last.phrase, last.thing) == (new.phrase, new.thing)
    if _wavers(dwell, state):
        return same or (state.described and new.thing in (None, last.thing))
    return same and new.at - last.at < state.rules.repeat_seconds
