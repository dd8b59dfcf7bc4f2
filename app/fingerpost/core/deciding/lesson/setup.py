"""The steps of the first lesson that set the device up: language, buttons, voice, volume, speech rate, hand."""

from __future__ import annotations

from ...state import State
from ...steps import BUTTONS, LANGUAGE, VALUES
from ...types import ACTION, LONG, MODE, SHORT, Press
from ..replies import Outcome
from ..values import step_value
from .course import finish, go_back, go_on, is_under_way, note, tell
from .prompting import instruct, list_missing, prompt

LANGUAGE_SECONDS = 7.0
"""Without a press the next language has its turn after so long: a sentence, and time to press a button."""
ROUNDS = 2
"""So often every language has its turn; then the first one stays."""


def on_press(state: State, press: Press) -> Outcome:
    """A press of one button in a step of the set-up. None is met with silence: where it means nothing, the prompt is
    said again."""
    step, key = state.lesson.step, (press.button, press.kind)
    if not is_under_way(state):
        return finish(state)
    if step == LANGUAGE:
        return go_on(state, "lesson_welcome") if press.kind == LONG else _change_language(state, press)
    if step == BUTTONS:
        return _note_press(state, press)
    if key == (ACTION, LONG):
        return go_on(state)
    if key == (MODE, LONG):
        return go_back(state)
    if step in VALUES:
        return step_value(state, step, by=1 if key == (ACTION, SHORT) else -1)
    return state, prompt(state)


def wait_for_language(state: State, at: float) -> Outcome:
    """Whoever does not press may not understand: go over to the next language, unless there was a press already."""
    progress = state.lesson.progress
    spoken = progress.prompts > ROUNDS * len(state.languages)
    if progress.pressed or spoken or at - progress.quiet_since < LANGUAGE_SECONDS:
        return state, ()
    return _speak_next(note(state, prompts=progress.prompts + 1, prompted_at=at), by=1)


def _change_language(state: State, press: Press) -> Outcome:
    return _speak_next(_remember(state, press), by=1 if press.button == ACTION else -1)


def _speak_next(state: State, by: int) -> Outcome:
    """The language is named in its own words, and so is how to keep it."""
    state, actions = step_value(state, LANGUAGE, by)
    return state, actions + prompt(state)


def _note_press(state: State, press: Press) -> Outcome:
    """Say which press it was, and go on once all were there; where the same is still asked for, it is asked again."""
    was = f"lesson_{'was' if press.kind == SHORT else 'held'}_{press.button}"
    noted = _remember(state, press)
    held = f"{ACTION} {LONG}" in noted.lesson.progress.pressed
    if held and not list_missing(noted):
        return go_on(noted, was)
    return noted, (tell(was),) + (prompt(noted) if instruct(noted) == instruct(state) else ())


def _remember(state: State, press: Press) -> State:
    return note(state, pressed=state.lesson.progress.pressed + (f"{press.button} {press.kind}",))
