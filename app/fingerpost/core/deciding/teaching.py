"""Teaching by button: taking samples, undoing them, learning."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from ..actions import Chime, Forget, Keep, Learn, UndoChange
from ..events import Forgotten, Kept, Learned
from ..preferences import RIGHT
from ..rules import Rules
from ..state import TEACHING, State, View
from . import naming
from .guidance import find_hindrance
from .picture import is_blurred
from .replies import Outcome, blame, mend, reply


def take_sample(state: State, at: float) -> Outcome:
    """Keep the thing past the finger, or say what is wrong with the picture."""
    problem = find_problem(state.view, state.rules, at, state.preferences.hand)
    if problem:
        unseen = problem == "sample_no_picture"
        return state, (Chime("unsure"), blame(state, otherwise=problem) if unseen else reply(problem))
    assert state.view is not None
    return state, (Chime("recorded"), Keep(state.view.frame_index))


def find_problem(view: Optional[View], rules: Rules, at: float, hand: str = RIGHT) -> str:
    """The phrase for what makes a frame useless as a sample of what is meant at that time, or an empty string."""
    if view is None or at - view.at > rules.stale_seconds:
        return "sample_no_picture"
    if view.fingertip is None:
        return "sample_no_finger"
    if view.quality.brightness < rules.dark:
        return "sample_too_dark"
    if is_blurred(view.quality, rules):
        return "sample_blurred"
    hindrance = find_hindrance(view.fingertip, view.quality, rules, hand)
    return hindrance or ("sample_too_far" if view.detail < rules.far else "")


def finish(state: State) -> Outcome:
    """Name what was sampled, and learn it; another look that was asked for needs no name."""
    if not state.waiting_samples:
        return state, (Chime("unsure"), reply("nothing_to_learn"))
    if state.more_of:
        return naming.learn(state, Learn(object_id=state.more_of))
    return naming.ask_name(state)


def undo(state: State) -> Outcome:
    """Drop the last sample or, where none waits, the thing learned just now."""
    if state.waiting_samples:
        return state, (Forget(),)
    if state.just_learned:
        return replace(state, just_learned=""), (UndoChange(),)
    return state, (Chime("unsure"), reply("nothing_to_undo"))


def on_kept(state: State, kept: Kept) -> Outcome:
    """The sample is safe; its earcon sounded when the button was pressed. Say what it resembles, or belongs to."""
    told = state.look_alike
    state = replace(mend(state, "memory"), look_alike=kept.look_alike, just_learned="")
    if state.learning_samples:  # it was taken before "done", and so is learned with the others
        return replace(state, learning_samples=kept.count), ()
    state = replace(state, waiting_samples=kept.count)
    if kept.look_alike not in ("", state.more_of):
        state = replace(state, more_of="")
    if state.mode != TEACHING:
        return state, ()
    if kept.look_alike not in ("", told, state.more_of):
        return state, (reply("sample_like", thing=kept.look_alike),)
    if state.more_of:
        return state, (reply("sample_more", thing=state.more_of),)
    return state, ()


def on_forgotten(state: State, forgotten: Forgotten) -> Outcome:
    """The last sample has gone."""
    state = replace(mend(state, "memory"), waiting_samples=forgotten.count, look_alike="")
    return state, (reply("sample_removed", count=str(forgotten.count)),)


def on_learned(state: State, learned: Learned) -> Outcome:
    """Say what was learned, and whether one more look would help."""
    more = wants_more(learned, state.rules)
    state = replace(mend(state, "memory"), waiting_samples=0, learning_samples=0, look_alike="",
                    more_of=learned.object_id if more else "", just_learned=learned.object_id)
    return state, (reply("learned_more" if more else "learned", thing=learned.object_id),)


def wants_more(learned: Learned, rules: Rules) -> bool:
    """Whether one more look would help: a few looks are too few, and looks that differ much leave gaps.

    Things that never look the same twice would be asked for without end, so there is a last time.
    """
    scattered = learned.likeness < rules.alike and learned.samples < rules.most_samples
    return learned.samples < rules.enough_samples or scattered
