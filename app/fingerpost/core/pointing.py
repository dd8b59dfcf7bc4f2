"""From a resting finger to a name: dwell, agreement over several looks, and what may be said."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Optional, Tuple

from .events import Action, Chime, Hush, Recognise, Recognised, Say, Seen
from .state import POINTING, Answer, Dwell, Rules, State
from .types import Fingertip, Guess, Utterance


def follow(state: State, seen: Seen) -> Tuple[State, Tuple[Action, ...]]:
    """Move the dwell along with one frame; ask for a look when the finger has rested long enough."""
    tip = seen.fingertip
    if tip is None:
        return expire(state, seen.at), ()
    actions: Tuple[Action, ...] = ()
    if state.finger_at is None or seen.at - state.finger_at > state.rules.absent_seconds:
        actions = (Chime("finger"),)
        state = replace(state, answer=_forget_name(state.answer))
    dwell = _move(state.dwell, tip, seen, state.rules)
    state = replace(state, finger_at=seen.at, dwell=dwell)
    if state.mode != POINTING or not _wants_look(dwell, seen.at, state.rules):
        return state, actions
    if not dwell.sightings and state.answer is not None:
        actions += (Hush(),)
    return replace(state, dwell=replace(dwell, pending=seen.frame_index)), actions + (Recognise(seen.frame_index),)


def expire(state: State, at: float) -> State:
    """End the dwell when the finger has been out of sight too long."""
    dwell = state.dwell
    if dwell is not None and at - dwell.seen_at > state.rules.lost_seconds:
        return replace(state, dwell=None)
    return state


def weigh(state: State, recognised: Recognised) -> Tuple[State, Tuple[Action, ...]]:
    """Take one look into account; once there are enough, say the name, hedge it, or admit doubt."""
    dwell = state.dwell
    if dwell is None or dwell.pending != recognised.frame_index:
        return state, ()
    dwell = replace(dwell, pending=None, sightings=dwell.sightings + (recognised.guesses,))
    if len(dwell.sightings) < state.rules.sightings:
        return replace(state, dwell=dwell), ()
    answer = judge(dwell.sightings, state.rules, recognised.at)
    state = replace(state, dwell=replace(dwell, answered=True))
    if _already_said(state.answer, answer, state.rules):
        return state, ()
    return replace(state, answer=answer, repeated_at=None), (Say(speak(answer)),)


def judge(sightings: Tuple[Tuple[Guess, ...], ...], rules: Rules, at: float) -> Answer:
    """Average the looks; a name needs the mean confidence and the majority of the looks behind it."""
    totals: Dict[str, float] = {}
    for guesses in sightings:
        for guess in guesses:
            totals[guess.object_id] = totals.get(guess.object_id, 0.0) + guess.confidence
    ranked = tuple(Guess(object_id, total / len(sightings))
                   for object_id, total in sorted(totals.items(), key=lambda item: (-item[1], item[0])))
    if not ranked:
        return Answer("unsure", at)
    best = ranked[0]
    votes = sum(1 for guesses in sightings if guesses and guesses[0].object_id == best.object_id)
    agreed = 2 * votes > len(sightings)
    if best.confidence >= rules.sure and agreed:
        return Answer("named", at, ranked)
    if best.confidence >= rules.maybe and agreed:
        return Answer("maybe", at, ranked)
    return Answer("unsure", at, ranked)


def speak(answer: Answer) -> Utterance:
    """The words for an answer."""
    slots = (("thing", answer.best),) if answer.best and answer.phrase != "unsure" else ()
    return Utterance(answer.phrase, slots, interrupts=True)


def _move(dwell: Optional[Dwell], tip: Fingertip, seen: Seen, rules: Rules) -> Dwell:
    """The dwell continued, or a new one where the tip has left its place."""
    radius = rules.rest_radius * seen.quality.width
    if dwell is not None and (tip.x - dwell.x) ** 2 + (tip.y - dwell.y) ** 2 <= radius ** 2:
        return replace(dwell, seen_at=seen.at)
    return Dwell(tip.x, tip.y, since=seen.at, seen_at=seen.at)


def _wants_look(dwell: Dwell, at: float, rules: Rules) -> bool:
    return not dwell.answered and dwell.pending is None and at - dwell.since >= rules.dwell_seconds - 1e-9


def _already_said(last: Optional[Answer], new: Answer, rules: Rules) -> bool:
    """Whether the wearer heard just this a moment ago, with the hand in view ever since."""
    if last is None or last.phrase != new.phrase or new.at - last.at >= rules.repeat_seconds:
        return False
    return new.phrase == "unsure" or last.best == new.best


def _forget_name(answer: Optional[Answer]) -> Optional[Answer]:
    """The same answer, but old enough to be given again: the hand came back, so the wearer asks anew."""
    return None if answer is None else replace(answer, at=float("-inf"))
