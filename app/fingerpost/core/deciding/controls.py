"""What each press does in each mode: the button table of the user guide (docs/BUTTONS.md), row by row.

| mode | action short | action long | mode short | mode long | both short | both long |
| --- | --- | --- | --- | --- | --- | --- |
| starting | say why it sees nothing | what do you see? | say why | say why | help | menu |
| pointing | say it again; again within 3 s: say more | what do you see? | to teaching | sleep | help | menu |
| teaching | take a sample | done: name it and learn | to pointing | undo | help | menu |
| naming by voice | cancel | cancel | cancel | cancel | cancel | cancel |
| menu, list | next | choose | to its top; from there: leave | the one before | help | power off (asked twice) |
| list of new names | next | choose | cancel | the one before | help | cancel |
| menu, values | next value | done | to the menu's top | the value before | help | power off (asked twice) |
| first lesson | next value | keep it, go on | a step back | the value before | say the step again | menu |
| asleep | wake, if mode is stuck | the same | wake | wake | - | - |

While the wearer practises in the first lesson, mode held in pointing skips the step, and both say the step again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Dict, Tuple

from ..actions import Hush, Say, Sleep
from ..events import Status, Touched
from ..menutree import GROUPS, RINGS
from ..state import ASLEEP, LESSON, MENU, NAMING, POINTING, STARTING, TEACHING, State
from ..types import ACTION, BOTH, LONG, MODE, SHORT, Press, Utterance
from . import looking, naming, pointing, teaching
from .lesson import coach
from .menu import lists, moving
from .menu.words import speak_item
from .reasons import explain
from .replies import Outcome, blame, reply

LASTING = frozenset({"gpu", "companion"})
"""Parts that may never recover while the device runs, and without which it names things all the same."""


def on_press(state: State, press: Press) -> Outcome:
    """Silence speech, then do what the table says."""
    handler = TABLE.get((state.mode, press.button, press.kind))
    if handler is None:
        return state, (Hush(),)
    state, actions = handler(state, press)
    return state, (Hush(),) + actions


def on_touched(state: State, touched: Touched) -> Outcome:
    """A button goes down: silence speech at once, for what is pressed shows only as it is let go, or is held."""
    return state, (Hush(),)


def help_with_buttons(state: State, press: Press) -> Outcome:
    """What the buttons do now; in the first lesson, what it waits for."""
    return state, coach.explain(state) or (reply("help_" + find_buttons(state)),)


def find_buttons(state: State) -> str:
    """What the help is about: the mode or, in the menu, the kind of place, where the buttons do something else."""
    level = state.menu.level
    if state.mode != MENU or level in GROUPS:
        return state.mode
    if level in RINGS:
        return "switch" if state.menu.item == RINGS[level] else "values"
    return "name" if level == "name" else "list"


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


def on_status(state: State, status: Status) -> Outcome:
    """The answer to `Report` came: say what it was asked for."""
    question, state = state.question, replace(state, status=status, question="")
    if question == "look":
        return looking.describe(state, status)
    if question:
        return lists.on_knowledge(state, question, status)
    return state, (speak_item(state),) if state.mode == MENU else ()


def start_teaching(state: State, press: Press) -> Outcome:
    """Into teaching; the finger has to come to rest anew afterwards. Tell of samples that still wait for a name."""
    state = replace(state, mode=TEACHING, dwell=None, more_of="", look_alike="")
    waiting = Utterance("samples_waiting", (("count", str(state.waiting_samples)),), priority=1)
    return state, (reply("teaching_on"),) + ((Say(waiting),) if state.waiting_samples else ())


def fall_asleep(state: State, press: Press) -> Outcome:
    """Stop looking until the mode button is pressed."""
    return replace(state, mode=ASLEEP, dwell=None, view=None, just_learned=""), (reply("sleeping"), Sleep(True))


def wake(state: State, press: Press) -> Outcome:
    """Look again, and say what is broken; what lasts and was heard of is not told again."""
    broken = state.faults - (LASTING - state.slept_through)
    state = replace(state, mode=POINTING, answer=None, guidance=None, described=False, slept_through=frozenset())
    faults = tuple(Say(Utterance("fault_" + part, priority=2)) for part in sorted(broken))
    return state, (Sleep(False), reply("awake")) + faults


def wake_instead(state: State, press: Press) -> Outcome:
    """Wake in place of a mode button that is stuck: it may have sent the device to sleep, and can wake it no more."""
    return wake(state, press) if "mode_button" in state.faults else (state, ())


Handler = Callable[[State, Press], Outcome]
TABLE: Dict[Tuple[str, str, str], Handler] = {
    (STARTING, ACTION, SHORT): say_why,
    (STARTING, ACTION, LONG): looking.ask,
    (STARTING, MODE, SHORT): say_why,
    (STARTING, MODE, LONG): say_why,
    (STARTING, BOTH, SHORT): help_with_buttons,
    (STARTING, BOTH, LONG): moving.open_menu,
    (POINTING, ACTION, SHORT): say_again,
    (POINTING, ACTION, LONG): looking.ask,
    (POINTING, MODE, SHORT): start_teaching,
    (POINTING, MODE, LONG): fall_asleep,
    (POINTING, BOTH, SHORT): help_with_buttons,
    (POINTING, BOTH, LONG): moving.open_menu,
    (TEACHING, ACTION, SHORT): lambda state, press: teaching.take_sample(state, press.at),
    (TEACHING, ACTION, LONG): lambda state, press: teaching.finish(state),
    (TEACHING, MODE, SHORT): lambda state, press: pointing.resume(state),
    (TEACHING, MODE, LONG): lambda state, press: teaching.undo(state),
    (TEACHING, BOTH, SHORT): help_with_buttons,
    (TEACHING, BOTH, LONG): moving.open_menu,
    **{(NAMING, button, kind): naming.cancel for button in (MODE, ACTION, BOTH) for kind in (SHORT, LONG)},
    (MENU, ACTION, SHORT): moving.next_item,
    (MENU, ACTION, LONG): moving.choose_item,
    (MENU, MODE, SHORT): moving.go_up,
    (MENU, MODE, LONG): moving.previous_item,
    (MENU, BOTH, SHORT): help_with_buttons,
    (MENU, BOTH, LONG): moving.power_off,
    **{(LESSON, button, kind): coach.on_press for button in (MODE, ACTION) for kind in (SHORT, LONG)},
    (LESSON, BOTH, SHORT): help_with_buttons,
    (LESSON, BOTH, LONG): moving.open_menu,
    (ASLEEP, ACTION, SHORT): wake_instead,
    (ASLEEP, ACTION, LONG): wake_instead,
    (ASLEEP, MODE, SHORT): wake,
    (ASLEEP, MODE, LONG): wake,
}
