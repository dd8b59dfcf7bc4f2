"""The course of the first lesson: from step to step, and what was said about each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...actions import Say
from ...state import BLINDING, HEAT, LESSON, POINTING, STARTING, TEACHING, Dwell, State
from ...steps import AGAIN, AIM, FIND, LANGUAGE, PRACTICE, STEPS, TEACH, UNDO, Lesson, Progress
from ...types import Utterance
from ..pointing import resume
from ..replies import Outcome, blame


def is_under_way(state: State) -> bool:
    """Whether the lesson goes on now, or will once there is a picture. It pauses while the action button is stuck:
    nobody could go on then, nor hold both to leave."""
    return bool(state.lesson.step) and not state.lesson.left and "action_button" not in state.faults


def is_blind(state: State) -> bool:
    """Whether a part without which nothing is seen has failed, or rests."""
    return bool(state.faults & {*BLINDING, HEAT})


def tell(phrase: str) -> Say:
    """A remark of the lesson: it waits its turn, and of several only the last is said."""
    return Say(Utterance(phrase, topic="lesson_news"))


def note(state: State, **changes: Any) -> State:
    """Other values of what has come about in the step (steps.Progress)."""
    return replace(state, lesson=replace(state.lesson, progress=replace(state.lesson.progress, **changes)))


def fits(state: State, step: str) -> bool:
    """Whether there is anything to do in the step."""
    mode_works = "mode_button" not in state.faults
    return {LANGUAGE: len(state.languages) > 1, AGAIN: state.answer is not None, TEACH: mode_works,
            FIND: bool(state.lesson.thing), UNDO: mode_works and bool(state.just_learned)}.get(step, True)


def go_on(state: State, news: str = "") -> Outcome:
    """To the next step, or to the end; `news` is a phrase about the step that is over."""
    rest = STEPS[STEPS.index(state.lesson.step) + 1:]
    step = next((step for step in rest if fits(state, step)), "")
    return move_to(state, step, news) if step else finish(state, news)


def go_back(state: State) -> Outcome:
    """To the step before."""
    passed = STEPS[:STEPS.index(state.lesson.step)]
    step = next((step for step in reversed(passed) if fits(state, step)), state.lesson.step)
    return move_to(state, step)


def move_to(state: State, step: str, news: str = "") -> Outcome:
    """Into that step; its prompt, and the news before it, follow by themselves (prompting.py). Where there is no
    picture to practise with, that is said."""
    state = replace(state, lesson=replace(state.lesson, step=step, left=False, progress=Progress(news=news)))
    if step in PRACTICE:
        state = point(state)
        waits = state.mode == STARTING
    else:
        state = replace(state, mode=LESSON, dwell=None, confirm_until=None)
        waits = step == AIM and is_blind(state)
    return state, (blame(state, otherwise="starting"),) if waits else ()


def finish(state: State, news: str = "") -> Outcome:
    """The lesson is over: from now on the wearer points."""
    state = replace(begin_pointing(state), lesson=Lesson())
    return state, ((tell(news),) if news else ()) + (Say(Utterance("lesson_end", topic="lesson")),)


def point(state: State) -> State:
    """Where things are pointed at or taught already: as it is. From elsewhere to pointing, once there is a picture."""
    return state if state.mode in (POINTING, TEACHING) else begin_pointing(state)


def begin_pointing(state: State) -> State:
    """To pointing, or to the start; without a word, and where the finger rests already, there is nothing to answer:
    it would cut off what the lesson has to say."""
    state, _ = resume(state)
    view = state.view
    if view is None or view.fingertip is None:
        return state
    tip = view.fingertip
    return replace(state, dwell=Dwell(tip.x, tip.y, view.at, view.at, answered=True, counts=True))
