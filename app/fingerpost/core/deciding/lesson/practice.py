"""The steps of the first lesson that practise: point, hear again, teach a thing, find it again, take it back."""

from __future__ import annotations

from dataclasses import replace

from ...events import Changed, Event, Kept, Learned, Recognised
from ...state import POINTING, TEACHING, State
from ...steps import AGAIN, FIND, POINT, TEACH, UNDO
from ...types import ACTION, MODE, SHORT, Press
from ..pointing import is_near
from ..replies import Outcome
from .course import finish, go_on, note, tell

MOST_TRIES = 3
"""So often the taught thing is looked for; then the lesson goes on all the same."""


def watch(before: State, event: Event, after: State) -> Outcome:
    """Whether what happened is what the step waits for."""
    step = after.lesson.step
    if step == POINT:
        return _explain(after) if answers(before, event, after) else (_follow_hand(after, event.at), ())
    if step == AGAIN and is_press(event, before, ACTION, POINTING) and before.answer is not None:
        return go_on(after)
    if step == TEACH and isinstance(event, Learned):
        return go_on(replace(after, lesson=replace(after.lesson, thing=event.object_id)))
    if step == FIND and answers(before, event, after):
        return _compare(after)
    if step == FIND and isinstance(event, Changed) and is_gone(event, before.lesson.thing):
        return go_on(after)
    if step == UNDO:
        return _undo(before, event, after)
    return after, ()


def answers(before: State, event: Event, after: State) -> bool:
    """Whether the wearer has just been told what they point at."""
    return isinstance(event, Recognised) and after.answer is not None and after.answer is not before.answer


def is_press(event: Event, before: State, button: str, mode: str) -> bool:
    """Whether that button was pressed briefly in that mode."""
    return isinstance(event, Press) and (event.button, event.kind, before.mode) == (button, SHORT, mode)


def is_gone(changed: Changed, thing: str) -> bool:
    """Whether that thing is known no more."""
    return changed.object_id == thing and changed.change in ("unlearned", "forgotten")


def _undo(before: State, event: Event, after: State) -> Outcome:
    """The last step: whether the thing is kept, or was taken back. Who leaves teaching, or goes on with it, keeps it.
    """
    if isinstance(event, Changed) and is_gone(event, before.lesson.thing):
        return finish(after)
    kept = isinstance(event, (Changed, Kept)) or is_press(event, before, MODE, TEACHING)
    return finish(after, "lesson_kept") if kept else (after, ())


def _follow_hand(state: State, at: float) -> State:
    """Notice when the hand that has aimed the camera comes down, or goes to another place."""
    progress, dwell = state.lesson.progress, state.dwell
    absent = state.finger_at is None or at - state.finger_at > state.rules.absent_seconds
    if progress.away or (dwell is None and not absent):
        return state
    if absent or dwell is None or state.view is None:
        return note(state, away=True)
    place = progress.place or (dwell.x, dwell.y)
    far = 2.0 * state.rules.rest_radius * state.view.quality.width
    return note(state, place=place, away=not is_near(place, (dwell.x, dwell.y), far))


def _explain(state: State) -> Outcome:
    """What an answer of that kind means; where there was no thing, another try."""
    assert state.answer is not None
    if not state.lesson.progress.away:  # the hand that aimed the camera has not come down yet
        return state, ()
    phrase = "lesson_answer_" + state.answer.phrase
    return (state, (tell(phrase),)) if state.answer.phrase == "nothing" else go_on(state, phrase)


def _compare(state: State) -> Outcome:
    """Whether the answer is the thing that was taught; where it is not, one more try."""
    assert state.answer is not None
    if state.answer.thing == state.lesson.thing:
        return go_on(state, "lesson_found")
    tries = state.lesson.progress.tries + 1
    if tries >= MOST_TRIES:
        return go_on(state, "lesson_not_found_last")
    return note(state, tries=tries), (tell("lesson_not_found"),)
