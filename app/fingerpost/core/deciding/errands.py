"""What the device does at a choice in the menu and what takes long: it is begun here, and told of when it has ended.

What is done goes on in a thread of its own (upkeep/errands.py), one errand at a time.
"""

from __future__ import annotations

from dataclasses import replace

from ..actions import Restart, RunErrand, Say
from ..events import ErrandDone
from ..state import ASLEEP, NAMING, STOPPING, State
from ..types import URGENT, Press, Utterance
from .replies import Outcome, ask_twice, reply, tell_place

ERRANDS = SHARE, BACK_UP, RESTORE, UPDATE, RESET = "share", "backup", "restore", "update", "reset"
READY, READY_OLDER, READY_OTHER = "ready", "ready_older", "ready_other"
"""The outcomes of an errand that is complete once the device has started anew; the others where it could not be done as
well as hoped."""
CONFIRMED = (RESET,)
"""They are asked for twice."""


def begin(state: State, errand: str, press: Press) -> Outcome:
    """The wearer has chosen an errand. Nobody who is not there may have the device forget all, or exchange it."""
    if press.afar:
        return state, (reply("only_here"),)
    if state.errand:
        return state, (reply("errand_busy"),)
    if errand in CONFIRMED:
        state, sure = ask_twice(state, errand, press.at)
        if not sure:
            return state, (reply("confirm_" + errand),)
    return replace(state, errand=errand), (reply("begin_" + errand), RunErrand(errand))


def on_errand_done(state: State, done: ErrandDone) -> Outcome:
    """Say how it went, which nothing but a press cuts off; into a recording or in sleep it is not said, but put off.
    Before a new start nothing else is said first. An update is done once more, when its trial is over."""
    state = replace(state, errand="" if done.errand == state.errand else state.errand)
    said = Utterance(f"{done.errand}_{done.outcome}", done.slots, priority=URGENT)
    if done.outcome in (READY, READY_OLDER, READY_OTHER):
        return replace(state, mode=STOPPING), (Say(replace(said, interrupts=True)), Restart())
    if state.mode in (ASLEEP, NAMING):
        return replace(state, untold=state.untold + (said,)), ()
    return state, (Say(said), *tell_place(state))
