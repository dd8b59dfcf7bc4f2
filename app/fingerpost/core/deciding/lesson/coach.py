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
from ...steps import AGAIN, AIM, LANGUAGE, POINT, PRACTICE, STEPS, TEACH, UNDO, Progress
from ...types import ACTION, LONG, MODE, SHORT, Press, Utterance
from ..replies import Outcome
from . import aiming, practice, setup
from .course import begin_pointing, finish, fits, go_on, is_blind, is_under_way, move_to
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
    if not state.lesson.step or state.lesson.left:
        return state, ()
    state = replace(state, lesson=replace(state.lesson, left=True, progress=Progress()))
    return state, (Say(Utterance("lesson_waits", priority=1)),)


def take_part(before: State, event: Event, after: State, actions: Tuple[Action, ...]) -> Outcome:
    """Take part in a decision while the lesson goes on; see the step reached, and go to the next."""
    if not is_under_way(after):
        return begin_pointing(after) if after.mode == LESSON else after, actions
    answer = _answer_press(before, event, after)
    if answer is not None:
        actions, (state, said) = (Hush(),), answer
    elif _is_due(before, after):
        state, said = take_up(replace(after, unready=after.mode == STARTING))
    else:
        state, said = _watch(before, event, after)
    state, end = _do_without_mode(state)
    state, asked = keep_prompting(before, event, state, actions + said + end)
    return state, actions + said + end + asked


def _is_due(before: State, after: State) -> bool:
    """Whether the lesson begins, or goes on after a pause: with the first picture, or as the action button is free.
    The set-up needs no picture, and so does not wait for a camera that has failed."""
    if after.lesson.step not in PRACTICE:
        return after.mode == POINTING or (after.mode == STARTING and is_blind(after))
    return after.mode == POINTING and (before.mode == STARTING or "action_button" in before.faults)


def _do_without_mode(state: State) -> Outcome:
    """Nobody is asked to press a mode button that is stuck: out of teaching, and past the steps that need it."""
    if "mode_button" not in state.faults or state.mode not in (POINTING, TEACHING) or not is_under_way(state):
        return state, ()
    state = begin_pointing(state) if state.mode == TEACHING else state
    return go_on(state) if state.lesson.step in (TEACH, UNDO) else (state, ())


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
