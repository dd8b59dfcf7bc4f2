"""Teaching by button: taking samples, undoing them, learning."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional, Tuple

from .events import Action, Chime, Forget, Forgotten, Keep, Kept, Learn, Learned, Say
from .guidance import find_hindrance
from .state import Rules, State, View
from .types import Utterance

Outcome = Tuple[State, Tuple[Action, ...]]


def take_sample(state: State) -> Outcome:
    """Keep the thing past the finger, or say what is wrong with the picture."""
    problem = find_problem(state.view, state.rules)
    if problem:
        return state, (Chime("unsure"), answer(problem))
    assert state.view is not None
    return state, (Chime("recorded"), Keep(state.view.frame_index))


def find_problem(view: Optional[View], rules: Rules) -> str:
    """The phrase for what makes a frame useless as a sample, or an empty string."""
    if view is None or view.fingertip is None:
        return "sample_no_finger"
    if view.quality.brightness < rules.dark:
        return "sample_too_dark"
    if view.quality.sharpness < rules.blurred:
        return "sample_blurred"
    return find_hindrance(view.fingertip, view.quality, rules)


def finish(state: State) -> Outcome:
    """Learn what was sampled."""
    if not state.waiting_samples:
        return state, (Chime("unsure"), answer("nothing_to_learn"))
    return state, (Learn(),)


def undo(state: State) -> Outcome:
    """Drop the last sample."""
    if not state.waiting_samples:
        return state, (Chime("unsure"), answer("nothing_to_undo"))
    return state, (Forget(),)


def on_kept(state: State, kept: Kept) -> Outcome:
    """The sample is safe; its earcon sounded when the button was pressed."""
    return replace(_mended(state), waiting_samples=kept.count), ()


def on_forgotten(state: State, forgotten: Forgotten) -> Outcome:
    """The last sample has gone."""
    state = replace(_mended(state), waiting_samples=forgotten.count)
    return state, (answer("sample_removed", count=str(forgotten.count)),)


def on_learned(state: State, learned: Learned) -> Outcome:
    """Say what was learned, and whether one more look would help."""
    enough = learned.samples >= state.rules.enough_samples
    phrase = "learned" if enough else "learned_more"
    return replace(_mended(state), waiting_samples=0), (answer(phrase, thing=learned.object_id),)


def answer(phrase: str, **slots: str) -> Say:
    """The reply to a press: at once, and before anything else that waits."""
    return Say(Utterance(phrase, tuple(slots.items()), priority=1, interrupts=True))


def _mended(state: State) -> State:
    """The store has just worked, so its fault, if there was one, is over."""
    return replace(state, faults=state.faults - {"memory"})
