"""The first lesson: how the device is set up and used, by ear and two buttons, step by step.

Its steps stand in steps.py, their order in course.py, what each says in prompting.py; what happens in them in setup.py,
aiming.py and practice.py. Here the lesson begins, is put aside, and takes part in every decision while it goes on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Tuple

from ...actions import Action, Hush, Say
from ...events import Event, Seen, Tick
from ...state import LESSON, MENU, POINTING, STARTING, TEACHING, State
from ...steps import AGAIN, AIM, LANGUAGE, POINT, PRACTICE, STEPS, Progress
from ...types import LONG, MODE, Press, Utterance
from ..replies import Outcome
from . import aiming, practice, setup
from .course import fits, go_on, is_under_way, move_to
from .prompting import keep_prompting, prompt
from .setup import on_press

__all__ = ["on_press", "prompt", "put_aside", "take_part", "take_up"]


def take_up(state: State) -> Outcome:
    """The wearer wants the lesson, or it is due: where it was left, or from its beginning."""
    step = state.lesson.step or STEPS[0]
    news = "" if step == STEPS[0] else "lesson_resumed"
    state = replace(state, lesson=replace(state.lesson, step=step, left=False))
    if step == AGAIN:  # what was to be heard again has gone
        return move_to(state, POINT, news)
    return move_to(state, step, news) if fits(state, step) else go_on(state, news)


def put_aside(state: State) -> State:
    """The wearer does something else: the lesson waits in the menu."""
    if not is_under_way(state):
        return state
    return replace(state, lesson=replace(state.lesson, left=True, progress=Progress()))


def take_part(before: State, event: Event, after: State, actions: Tuple[Action, ...]) -> Outcome:
    """Take part in a decision while the lesson goes on; see the step reached, and go to the next."""
    if not is_under_way(after):
        left = is_under_way(before) and after.mode == MENU
        return after, actions + ((Say(Utterance("lesson_waits", priority=1)),) if left else ())
    if _skips(before, event):
        actions = (Hush(),)
        state, said = go_on(before, "lesson_skipped")
    elif before.mode == STARTING and after.mode == POINTING:
        state, said = take_up(after)
    else:
        state, said = _watch(before, event, after)
    state, asked = keep_prompting(before, event, state, actions + said)
    return state, actions + said + asked


def _skips(before: State, event: Event) -> bool:
    """Whether the wearer, who practises pointing, wants the next step: nobody sleeps in a lesson."""
    return (is_under_way(before) and before.lesson.step in PRACTICE and before.mode == POINTING
            and isinstance(event, Press) and (event.button, event.kind) == (MODE, LONG))


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
