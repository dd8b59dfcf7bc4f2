"""What was taught, as the wearer hears of it at the menu: told, chosen from, changed, or looked at in another way."""

from __future__ import annotations

from dataclasses import replace
from typing import Tuple

from ...actions import ForgetThing, Say
from ...events import Changed, Status, WayChanged
from ...state import MENU, NAMING, PAST_FINGER, POINTING, STARTING, WHOLE_THINGS, Menu, State
from ...types import URGENT, Utterance
from .. import naming
from ..replies import Outcome, mend, reply, tell_place
from .words import speak_item

ELSEWHERE = ("taught", "elsewhere")
"""Changes that the wearer has not asked for."""
_WAY_PHRASES = {PAST_FINGER: "way_past_finger", WHOLE_THINGS: "way_whole_things", "": "way_only"}


def on_knowledge(state: State, question: str, status: Status) -> Outcome:
    """What is known came as asked for: tell it, or let the wearer choose from it."""
    if question == "name":
        return _open_list(state, question, status.names)
    if not status.taught:
        return state, (reply("known_none"),)
    if question == "known":
        excuse = (Say(Utterance("relearning", priority=1)),) if status.relearning else ()
        return state, (reply("known_list", things=", ".join(status.taught)),) + excuse
    return _open_list(state, question, status.taught)


def choose_thing(state: State, purpose: str, thing: str) -> Outcome:
    """The wearer has chosen a taught thing to forget or to rename."""
    return (state, (ForgetThing(thing),)) if purpose == "forget" else naming.ask_name(state, renamed=thing)


def on_changed(state: State, changed: Changed) -> Outcome:
    """Say what has become of the thing; into a recording it is not said, but put off. What was changed at the companion
    page waits its turn, or is not said at all; a list that the wearer is in may be of yesterday, and gives way to the
    menu."""
    slots = (("thing", changed.object_id),) if changed.object_id else ()
    state = replace(mend(state, "memory"), waiting_samples=changed.waiting, more_of="", just_learned="")
    if changed.change in ("unlearned", "forgotten") and changed.object_id == state.lesson.thing:
        state = replace(state, lesson=replace(state.lesson, thing=""))  # nobody is to look for it any more
    if changed.change not in ELSEWHERE and state.mode == NAMING:
        said = Utterance("change_" + changed.change, slots, priority=URGENT)  # the name that comes would cut it off
        return replace(state, untold=state.untold + (said,)), ()
    if changed.change not in ELSEWHERE:
        return state, (reply("change_" + changed.change, **dict(slots)),) + tell_place(state)
    state = replace(state, answer=None)
    if state.mode == NAMING:
        return state, ()
    if state.mode == MENU and state.menu.level in ("forget", "rename"):
        state = replace(state, menu=Menu.at(state.menu.level))
    return state, (Say(Utterance("change_" + changed.change, slots, priority=1)),) + tell_place(state)


def on_way_changed(state: State, changed: WayChanged) -> Outcome:
    """Say how things are looked at now; later, where the wearer does something else by now: it may have taken minutes.
    """
    phrase, state = _WAY_PHRASES[changed.way], replace(state, way=changed.way or state.way)
    if state.mode in (MENU, POINTING, STARTING):
        return state, (reply(phrase),)
    return replace(state, news=phrase, news_until=None), ()


def _open_list(state: State, purpose: str, items: Tuple[str, ...]) -> Outcome:
    """Ask which one; without cutting off what led to the question."""
    state = replace(state, mode=MENU, menu=Menu(purpose, items), dwell=None, confirm_until=None)
    return state, (Say(Utterance("which_" + purpose, priority=1)), speak_item(state))
