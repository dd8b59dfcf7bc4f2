"""The first lesson: how the device is set up and used, by ear and two buttons, step by step.

Its steps stand in steps.py, their order in course.py, what each says in prompting.py; what happens in them in setup.py,
aiming.py and practice.py. Here the lesson begins, is put aside, and takes part in every decision while it goes on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Optional, Tuple

from ...actions import Action, Hush, Say
from ...events import Event, Seen, Tick
from ...state import LESSON, POINTING, STARTING, TEACHING, State
from ...steps import AGAIN, AIM, LANGUAGE, POINT, PRACTICE, STEPS, UNDO, Progress
from ...types import ACTION, LONG, MODE, SHORT, Press, Utterance
from ..replies import Outcome
from . import aiming, practice, setup
from .course import begin_pointing, finish, fits, go_on, is_under_way, move_to
from .prompting import explain, keep_prompting
from .setup import on_press

__all__ = ["explain", "on_press", "put_aside", "take_part", "take_up"]


def take_up(state: State) -> Outcome:
    """The wearer wants the lesson, or it is due: where it was left, or from its beginning."""
    step = state.lesson.step or STEPS[0]
    news = "" if step == STEPS[0] else "lesson_resumed"
    state = replace(state, lesson=replace(state.lesson, step=step, left=False))
    if step == AGAIN:  # what was to be heard again has gone
        return move_to(state, POINT, news)
    return move_to(state, step, news) if fits(state, step) else go_on(state, news)


def put_aside(state: State) -> Outcome:
    """The wearer does something else: a lesson that goes on waits in the menu, which is said."""
    if not is_under_way(state):
        return state, ()
    state = replace(state, lesson=replace(state.lesson, left=True, progress=Progress()))
    return state, (Say(Utterance("lesson_waits", priority=1)),)


def take_part(before: State, event: Event, after: State, actions: Tuple[Action, ...]) -> Outcome:
    """Take part in a decision while the lesson goes on; see the step reached, and go to the next."""
    if not is_under_way(after):
        return after, actions
    if "action_button" in after.faults and after.mode in (STARTING, LESSON, POINTING, TEACHING):
        state, said = _break_off(after)
        return state, actions + said
    answer = _answer_press(before, event, after)
    if answer is not None:
        actions, (state, said) = (Hush(),), answer
    elif before.mode == STARTING and after.mode == POINTING:
        state, said = take_up(after)
    else:
        state, said = _watch(before, event, after)
    state, asked = keep_prompting(before, event, state, actions + said)
    return state, actions + said + asked


def _break_off(state: State) -> Outcome:
    """Without the action button nobody goes on, nor can both be held to leave: the wearer points."""
    state, said = put_aside(state)
    return begin_pointing(state) if state.mode == LESSON else state, said


def _answer_press(before: State, event: Event, after: State) -> Optional[Outcome]:
    """What a press means that the lesson takes for itself while the wearer practises pointing; None for all others.

    Mode held skips the step: nobody sleeps in a lesson. At the end action keeps the thing, and hears nothing again;
    and mode is pressed to take it back, so that nothing is said of samples.
    """
    step = before.lesson.step
    practises = is_under_way(before) and step in PRACTICE and before.mode == POINTING
    if not practises or not isinstance(event, Press):
        return None
    if (event.button, event.kind) == (MODE, LONG):
        return go_on(before, "lesson_skipped")
    if step == UNDO and (event.button, event.kind) == (ACTION, SHORT):
        return finish(before, "lesson_kept")
    return (after, ()) if step == UNDO and (event.button, event.kind) == (MODE, SHORT) else None


def _watch(before: State, event: Event, after: State) -> Outcome:
    """What the step makes of what happened."""
    step = after.lesson.step
    if after.mode == LESSON and step == LANGUAGE and isinstance(event, Tick):
        return setup.wait_for_language(after, event.at)
    if after.mode == LESSON and step == AIM and isinstance(event, Seen):
        return aiming.watch(after, event)
    if after.mode in (POINTING, TEACHING):
        return practice.watch(before, event, after)
    return after, ()
