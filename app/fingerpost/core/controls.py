"""What each press does in each mode: the button table of the user guide, row by row.

| mode | action short | action long | mode short | mode long | both long |
| --- | --- | --- | --- | --- | --- |
| starting | say why it sees nothing | what do you see? | say why | say why | menu |
| pointing | say it again; again within 3 s: say more | what do you see? | to teaching | sleep | menu |
| teaching | take a sample | done: name it and learn | to pointing | undo last sample | menu |
| naming by voice | cancel | cancel | cancel | cancel | cancel |
| menu, list | next | choose | leave | - | power off (asked twice) |
| asleep | wake, if mode is stuck | the same | wake | wake | - |
"""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Dict, Tuple

from . import menu, naming, pointing, teaching
from .actions import Action, Hush, Report, Say, Sleep
from .events import Status
from .guidance import find_hindrance
from .reasons import explain
from .replies import Outcome, blame, reply
from .state import ASLEEP, MENU, NAMING, POINTING, STARTING, TEACHING, State
from .types import ACTION, BOTH, LONG, MODE, SHORT, Press, Utterance

LASTING = frozenset({"gpu", "companion"})
"""Parts that may never recover while the device runs, and without which it names things all the same."""


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
        return state, (reply(state.guidance.phrase),)
    if state.answer is None:
        return state, (blame(state, otherwise="nothing_to_repeat"),)
    if state.repeated_at is not None and press.at - state.repeated_at <= state.rules.more_seconds:
        return replace(state, repeated_at=None), (say_more(state),)
    slots = {"thing": state.answer.thing} if state.answer.thing else {}
    return replace(state, repeated_at=press.at), (reply(state.answer.phrase, **slots),)


def say_why(state: State, press: Press) -> Outcome:
    """Why there is nothing to see yet: a press that is met with silence would be taken for a dead device."""
    return state, (blame(state, otherwise="starting"),)


def say_more(state: State) -> Say:
    """The runner-up of a name, or the reason why there is none."""
    assert state.answer is not None
    return Say(replace(explain(state.answer), priority=1, interrupts=True))


def ask_look(state: State, press: Press) -> Outcome:
    """What do you see? The time and the battery have to be asked for first."""
    return replace(state, question="look"), (Report(),)


def on_status(state: State, status: Status) -> Outcome:
    """The answer to `Report` came: say what it was asked for."""
    if state.question == "look":
        return replace(state, question=""), describe_view(state, status)
    return menu.on_knowledge(state, status)


def describe_view(state: State, status: Status) -> Tuple[Action, ...]:
    """Faults, hand, light, focus, what is not known yet, time and battery, one after the other."""
    phrases = ["fault_" + part for part in sorted(state.faults)]
    phrases += ["starting"] if state.mode == STARTING and not phrases else []
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
    phrases += ["relearning"] if status.relearning else []
    said = tuple(Say(Utterance(phrase, priority=1)) for phrase in phrases)
    said += (Say(Utterance("clock", (("time", status.time),), priority=1)),)
    if status.battery_percent is not None:
        said += (Say(Utterance("battery", (("percent", str(status.battery_percent)),), priority=1)),)
    return said


def start_teaching(state: State, press: Press) -> Outcome:
    """Into teaching; the finger has to come to rest anew afterwards. Tell of samples that still wait for a name."""
    state = replace(state, mode=TEACHING, dwell=None, more_of="", look_alike="")
    waiting = Utterance("samples_waiting", (("count", str(state.waiting_samples)),), priority=1)
    return state, (reply("teaching_on"),) + ((Say(waiting),) if state.waiting_samples else ())


def fall_asleep(state: State, press: Press) -> Outcome:
    """Stop looking until the mode button is pressed."""
    return replace(state, mode=ASLEEP, dwell=None, view=None), (reply("sleeping"), Sleep(True))


def wake(state: State, press: Press) -> Outcome:
    """Look again, and say what is broken; what lasts and was heard of is not told again."""
    broken = state.faults - (LASTING - state.slept_through)
    state = replace(state, mode=POINTING, answer=None, guidance=None, slept_through=frozenset())
    faults = tuple(Say(Utterance("fault_" + part, priority=2)) for part in sorted(broken))
    return state, (Sleep(False), reply("awake")) + faults


def wake_instead(state: State, press: Press) -> Outcome:
    """Wake in place of a mode button that is stuck: it may have sent the device to sleep, and can wake it no more."""
    return wake(state, press) if "mode_button" in state.faults else (state, ())


Handler = Callable[[State, Press], Outcome]
TABLE: Dict[Tuple[str, str, str], Handler] = {
    (STARTING, ACTION, SHORT): say_why,
    (STARTING, ACTION, LONG): ask_look,
    (STARTING, MODE, SHORT): say_why,
    (STARTING, MODE, LONG): say_why,
    (STARTING, BOTH, LONG): menu.open_menu,
    (POINTING, ACTION, SHORT): say_again,
    (POINTING, ACTION, LONG): ask_look,
    (POINTING, MODE, SHORT): start_teaching,
    (POINTING, MODE, LONG): fall_asleep,
    (POINTING, BOTH, LONG): menu.open_menu,
    (TEACHING, ACTION, SHORT): lambda state, press: teaching.take_sample(state, press.at),
    (TEACHING, ACTION, LONG): lambda state, press: teaching.finish(state),
    (TEACHING, MODE, SHORT): lambda state, press: pointing.resume(state),
    (TEACHING, MODE, LONG): lambda state, press: teaching.undo(state),
    (TEACHING, BOTH, LONG): menu.open_menu,
    **{(NAMING, button, kind): naming.cancel for button in (MODE, ACTION, BOTH) for kind in (SHORT, LONG)},
    (MENU, ACTION, SHORT): menu.next_item,
    (MENU, ACTION, LONG): menu.choose_item,
    (MENU, MODE, SHORT): menu.leave_menu,
    (MENU, BOTH, LONG): menu.power_off,
    (ASLEEP, ACTION, SHORT): wake_instead,
    (ASLEEP, ACTION, LONG): wake_instead,
    (ASLEEP, MODE, SHORT): wake,
    (ASLEEP, MODE, LONG): wake,
}
