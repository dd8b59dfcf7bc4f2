"""What each press does in each mode: the button table of the user guide, row by row.

| mode | action short | action long | mode short | mode long | both long |
| --- | --- | --- | --- | --- | --- |
| pointing | say it again; again within 3 s: say more | what do you see? | to teaching | sleep | menu |
| teaching | take a sample | done: name it and learn | to pointing | undo last sample | menu |
| menu | next | choose | leave | - | power off (asked twice) |
| asleep | - | - | wake | wake | - |
"""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Dict, Tuple

from . import teaching
from .events import Action, Hush, PowerOff, Report, Say, Sleep, Status
from .guidance import find_hindrance
from .state import ASLEEP, MENU, POINTING, STOPPING, TEACHING, State
from .teaching import Outcome, answer
from .types import ACTION, BOTH, LONG, MODE, SHORT, Press, Utterance

MENU_ITEMS = ("known", "help")


def on_press(state: State, press: Press) -> Outcome:
    """Silence speech, then do what the table says."""
    handler = TABLE.get((state.mode, press.button, press.kind))
    if handler is None:
        return state, (Hush(),)
    state, actions = handler(state, press)
    return state, (Hush(),) + actions


def say_again(state: State, press: Press) -> Outcome:
    """Repeat what was last said of the thing, guidance or answer; pressed again soon, say more about the answer."""
    if state.guidance is not None and state.dwell is not None and state.dwell.hindered:
        return state, (answer(state.guidance.phrase),)
    if state.answer is None:
        fault = next((answer("fault_" + part) for part in sorted(state.faults)), None)
        return state, (fault or answer("nothing_to_repeat"),)
    if state.repeated_at is not None and press.at - state.repeated_at <= state.rules.more_seconds:
        return replace(state, repeated_at=None), (say_more(state),)
    slots = {"thing": state.answer.best} if state.answer.best and state.answer.phrase != "unsure" else {}
    return replace(state, repeated_at=press.at), (answer(state.answer.phrase, **slots),)


def say_more(state: State) -> Say:
    """The runner-up of a name, or the reason for doubt."""
    assert state.answer is not None
    guesses = state.answer.guesses
    runner_up = guesses[1] if len(guesses) > 1 and guesses[1].confidence >= 0.1 else None
    if state.answer.phrase != "unsure":
        return answer("runner_up", thing=runner_up.object_id) if runner_up else answer("no_runner_up")
    if runner_up and guesses[0].confidence >= 0.2:
        return answer("why_between", thing=guesses[0].object_id, other=runner_up.object_id)
    return answer("why_unknown")


def ask_look(state: State, press: Press) -> Outcome:
    """What do you see? The time and the battery have to be asked for first."""
    return replace(state, question="look"), (Report(),)


def on_status(state: State, status: Status) -> Outcome:
    """The answer to `Report` came: say what it was asked for."""
    if state.question == "known":
        things = ", ".join(status.taught)
        return replace(state, question=""), (answer("known_list", things=things) if things else answer("known_none"),)
    return replace(state, question=""), describe_view(state, status)


def describe_view(state: State, status: Status) -> Tuple[Action, ...]:
    """Faults, hand, light, focus, time and battery, one after the other."""
    phrases = ["fault_" + part for part in sorted(state.faults)]
    if state.view is not None:
        quality, rules = state.view.quality, state.rules
        phrases.append("hand_seen" if state.view.fingertip else "no_hand")
        hindrance = find_hindrance(state.view.fingertip, quality, rules) if state.view.fingertip else ""
        phrases += [hindrance] if hindrance else []
        if quality.brightness < rules.dark:
            phrases.append("too_dark")
        elif quality.brightness > rules.bright:
            phrases.append("too_bright")
        else:
            phrases.append("blurred" if quality.sharpness < rules.blurred else "light_good")
    said = tuple(Say(Utterance(phrase, priority=1)) for phrase in phrases)
    said += (Say(Utterance("clock", (("time", status.time),), priority=1)),)
    if status.battery_percent is not None:
        said += (Say(Utterance("battery", (("percent", str(status.battery_percent)),), priority=1)),)
    return said


def start_teaching(state: State, press: Press) -> Outcome:
    """Into teaching; the finger has to come to rest anew afterwards."""
    return replace(state, mode=TEACHING, dwell=None), (answer("teaching_on"),)


def start_pointing(state: State, press: Press) -> Outcome:
    """Back to pointing, from wherever."""
    state = replace(state, mode=POINTING, dwell=None, answer=None, guidance=None, confirm_until=None)
    return state, (answer("pointing_on"),)


def fall_asleep(state: State, press: Press) -> Outcome:
    """Stop looking until the mode button is pressed."""
    return replace(state, mode=ASLEEP, dwell=None, view=None), (answer("sleeping"), Sleep(True))


def wake(state: State, press: Press) -> Outcome:
    """Look again, and say what is broken."""
    state = replace(state, mode=POINTING, answer=None, guidance=None)
    faults = tuple(Say(Utterance("fault_" + part, priority=2)) for part in sorted(state.faults))
    return state, (Sleep(False), answer("awake")) + faults


def open_menu(state: State, press: Press) -> Outcome:
    """Into the menu, at its first item."""
    state = replace(state, mode=MENU, menu_item=0, dwell=None, confirm_until=None)
    return state, (answer("menu_on"), _item(0))


def next_item(state: State, press: Press) -> Outcome:
    """One item further; after the last comes the first."""
    item = (state.menu_item + 1) % len(MENU_ITEMS)
    return replace(state, menu_item=item, confirm_until=None), (_item(item),)


def choose_item(state: State, press: Press) -> Outcome:
    """Do what the spoken item says."""
    if MENU_ITEMS[state.menu_item] == "known":
        return replace(state, question="known"), (Report(),)
    return state, (answer("help"),)


def power_off(state: State, press: Press) -> Outcome:
    """Ask the first time, switch off the second."""
    if state.confirm_until is not None and press.at <= state.confirm_until:
        return replace(state, mode=STOPPING), (answer("stopping"), PowerOff())
    return replace(state, confirm_until=press.at + state.rules.confirm_seconds), (answer("confirm_power_off"),)


def _item(index: int) -> Say:
    return Say(Utterance("menu_" + MENU_ITEMS[index], priority=1))


Handler = Callable[[State, Press], Outcome]
TABLE: Dict[Tuple[str, str, str], Handler] = {
    (POINTING, ACTION, SHORT): say_again,
    (POINTING, ACTION, LONG): ask_look,
    (POINTING, MODE, SHORT): start_teaching,
    (POINTING, MODE, LONG): fall_asleep,
    (POINTING, BOTH, LONG): open_menu,
    (TEACHING, ACTION, SHORT): lambda state, press: teaching.take_sample(state),
    (TEACHING, ACTION, LONG): lambda state, press: teaching.finish(state),
    (TEACHING, MODE, SHORT): start_pointing,
    (TEACHING, MODE, LONG): lambda state, press: teaching.undo(state),
    (TEACHING, BOTH, LONG): open_menu,
    (MENU, ACTION, SHORT): next_item,
    (MENU, ACTION, LONG): choose_item,
    (MENU, MODE, SHORT): start_pointing,
    (MENU, BOTH, LONG): power_off,
    (ASLEEP, MODE, SHORT): wake,
    (ASLEEP, MODE, LONG): wake,
}
