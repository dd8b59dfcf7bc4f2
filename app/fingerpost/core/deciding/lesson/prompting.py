"""What the first lesson asks the wearer to do, and when it asks again."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional, Tuple

from ...actions import Action, Say, silences
from ...events import Event, Tick
from ...preferences import confirm
from ...state import LESSON, POINTING, TEACHING, State
from ...steps import AGAIN, AIM, BUTTONS, FIND, POINT, PRACTICE, TEACH, UNDO, VALUES
from ...types import ACTION, MODE, Press, Utterance
from ..replies import Outcome
from .course import is_blind, is_under_way, note, tell

REPEAT_SECONDS = 20.0
"""After so long in which nothing happens the prompt is said again."""
REPEATS = 2
"""So often; then there is silence until the wearer does something."""
CUT_SECONDS = 5.0
"""A prompt that was cut off, but not by a press, is said again after so long."""
HEARD_SECONDS = 8.0
"""A prompt is heard to its end in so long."""


def instruct(state: State) -> Optional[Utterance]:
    """What the wearer is to do now; None where no lesson is under way, or where something else is asked."""
    step = state.lesson.step
    learns = state.learning_samples and state.mode != LESSON  # which is about to be told
    modes = (POINTING, TEACHING) if step in PRACTICE else (LESSON,)
    if not is_under_way(state) or state.mode not in modes or learns:
        return None
    slots: Tuple[Tuple[str, str], ...] = ()
    phrase = "lesson_" + step
    if step == BUTTONS:
        phrase = _ask_for_press(state)
    elif step == TEACH and state.mode == TEACHING:
        phrase, slots = _ask_for_sample(state)
    elif step == UNDO and state.mode == TEACHING:
        phrase = "lesson_undo_now"
    elif step in (POINT, AGAIN, FIND) and state.mode == TEACHING:
        phrase = "lesson_mode_to_point"
    elif step == AGAIN and state.answer is None:
        phrase = "lesson_point"
    return Utterance(phrase, slots, topic="lesson")


def list_missing(state: State) -> Tuple[str, ...]:
    """Of the buttons that can be pressed, those that were not yet pressed briefly in this step."""
    return tuple(button for button in (ACTION, MODE) if f"{button}_button" not in state.faults
                 and f"{button} short" not in state.lesson.progress.pressed)


def prompt(state: State) -> Tuple[Action, ...]:
    """The prompt of the present step, and in a step that sets a value how it stands; empty where there is none."""
    wanted = instruct(state)
    if wanted is None:
        return ()
    step = state.lesson.step
    # Unlike elsewhere, the value waits its turn: after the question.
    value = (Say(replace(confirm(state.preferences, step), priority=0)),) if step in VALUES else ()
    return (Say(wanted),) + value


def explain(state: State) -> Tuple[Action, ...]:
    """The prompt once more, and how to leave the lesson, or the step; empty where there is no prompt."""
    asked = prompt(state)
    phrase = "lesson_help_practice" if state.mode == POINTING else "lesson_help"
    return asked + (Say(Utterance(phrase, topic="lesson_help")),) if asked else ()


def keep_prompting(before: State, event: Event, state: State, actions: Tuple[Action, ...]) -> Outcome:
    """Say the prompt that is due after `actions`: a new one at once, an old one when nothing happens."""
    wanted, progress = instruct(state), state.lesson.progress
    if wanted is None:
        return state, ()
    if wanted != instruct(before):
        return _say_prompt(state, event.at, 1, with_news=not progress.prompts)
    if isinstance(event, Press):
        prompted_at = event.at if Say(wanted) in actions else progress.prompted_at
        return note(state, prompts=1, prompted_at=prompted_at, quiet_since=event.at, cut=False), ()
    if any(isinstance(action, Say) or silences(action) for action in actions):
        cut = any(map(silences, actions)) and event.at - progress.prompted_at < HEARD_SECONDS
        return note(state, quiet_since=event.at, cut=cut or progress.cut), ()
    if isinstance(event, Tick) and _is_due(state, event.at):
        return _say_prompt(state, event.at, progress.prompts + 1, with_news=progress.cut)
    return state, ()


def _is_due(state: State, at: float) -> bool:
    progress = state.lesson.progress
    wait_seconds = CUT_SECONDS if progress.cut else REPEAT_SECONDS
    waits = is_blind(state) and state.lesson.step in (AIM, *PRACTICE)
    return not waits and progress.prompts <= REPEATS and at - progress.quiet_since >= wait_seconds


def _say_prompt(state: State, at: float, prompts: int, with_news: bool) -> Outcome:
    news = state.lesson.progress.news
    said = (tell(news),) if with_news and news else ()
    return note(state, prompts=prompts, prompted_at=at, quiet_since=at, cut=False), said + prompt(state)


def _ask_for_press(state: State) -> str:
    """One button, then the other, then one that is held."""
    missing = len(list_missing(state))
    return ("lesson_hold_action", "lesson_other_button", "lesson_buttons")[missing]


def _ask_for_sample(state: State) -> Tuple[str, Tuple[Tuple[str, str], ...]]:
    """As many looks as the device itself finds enough."""
    taken = state.waiting_samples
    if taken >= state.rules.enough_samples:
        return "lesson_sample_enough", ()
    return ("lesson_sample_next", (("count", str(taken)),)) if taken else ("lesson_sample_first", ())
