"""The steps of the first lesson that set the device up: language, buttons, voice, volume, speech rate, hand."""

from __future__ import annotations

from typing import Tuple

from ...actions import Action
from ...state import State
from ...steps import BUTTONS, LANGUAGE, VALUES
from ...types import ACTION, LONG, MODE, SHORT, Press
from ..replies import Outcome
from ..values import step_value
from .course import go_back, go_on, is_under_way, note, tell
from .prompting import instruct, list_missing, prompt

LANGUAGE_SECONDS = 12.0
"""Without a press the next language has its turn after so long: "Ready.", a sentence that may have to be rendered
first, and time to find a button and hold it."""
HELD_SECONDS = 1.5
"""Who has held a button for a language that began so shortly before means the one before it: holding takes time."""
ROUNDS = 2
"""So often every language has its turn; then the first one stays,"""
LATER_SECONDS = 60.0
"""and is asked for once more after each of these: nobody can use the device yet."""


def on_press(state: State, press: Press) -> Outcome:
    """A press of one button in a step of the set-up. None is met with silence: where it means nothing, the prompt is
    said again."""
    step, key = state.lesson.step, (press.button, press.kind)
    if not is_under_way(state):
        return state, ()  # out of the set-up, which coach.py sees to
    if step == LANGUAGE:
        return _keep_language(state, press) if press.kind == LONG else _change_language(state, press)
    if step == BUTTONS:
        return _note_press(state, press)
    if key == (ACTION, LONG):
        return go_on(state)
    if key == (MODE, SHORT):
        return go_back(state)
    if step in VALUES:
        return step_value(state, step, by=1 if press.button == ACTION else -1)
    return state, prompt(state)


def wait_for_language(state: State, at: float) -> Outcome:
    """Whoever does not press may not understand: go over to the next language, unless there was a press already."""
    progress = state.lesson.progress
    quiet_seconds = at - progress.quiet_since
    if progress.pressed or _have_spoken(state):
        return state, prompt(state) if quiet_seconds >= LATER_SECONDS else ()
    if quiet_seconds < LANGUAGE_SECONDS:
        return state, ()
    return _speak_next(note(state, prompts=progress.prompts + 1, prompted_at=at, turned_at=at), by=1)


def _have_spoken(state: State) -> bool:
    """Whether every language has had all its turns."""
    return state.lesson.progress.prompts > ROUNDS * len(state.languages)


def _keep_language(state: State, press: Press) -> Outcome:
    """Go on in the language whose sentence the wearer has heard."""
    actions: Tuple[Action, ...] = ()
    if press.at - state.lesson.progress.turned_at <= HELD_SECONDS:
        state, actions = step_value(state, LANGUAGE, by=-1)
    state, said = go_on(state, "lesson_welcome")
    return state, actions + said


def _change_language(state: State, press: Press) -> Outcome:
    """Go over to another language; who comes after all have spoken has to hear first what is asked."""
    if _have_spoken(state):
        return state, prompt(state)
    state = note(_remember(state, press), turned_at=float("-inf"))
    return _speak_next(state, by=1 if press.button == ACTION else -1)


def _speak_next(state: State, by: int) -> Outcome:
    """The language is named in its own words, and so is how to keep it."""
    state, actions = step_value(state, LANGUAGE, by)
    return state, actions + prompt(state)


def _note_press(state: State, press: Press) -> Outcome:
    """Say which press it was, and go on once all were there; mode held once more goes back."""
    if (press.button, press.kind) == (MODE, LONG) and _name(press) in state.lesson.progress.pressed:
        earlier, _ = go_back(state)
        return earlier, _ask_again(state, earlier)
    was = f"lesson_{'was' if press.kind == SHORT else 'held'}_{press.button}"
    noted = _remember(state, press)
    held = f"{ACTION} {LONG}" in noted.lesson.progress.pressed
    if held and not list_missing(noted):
        return go_on(noted, was)
    return noted, (tell(was),) + _ask_again(state, noted)


def _ask_again(before: State, state: State) -> Tuple[Action, ...]:
    """The prompt, where the same is still asked for: it does not follow by itself."""
    return prompt(state) if instruct(state) == instruct(before) else ()


def _remember(state: State, press: Press) -> State:
    return note(state, pressed=state.lesson.progress.pressed + (_name(press),))


def _name(press: Press) -> str:
    return f"{press.button} {press.kind}"
