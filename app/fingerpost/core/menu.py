"""The menu and the spoken lists that it opens: action goes on to the next item, held it chooses, mode leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import Tuple

from . import company, naming, pointing
from .actions import ChangeWay, ForgetThing, PowerOff, Report, Say, UndoChange
from .events import Changed, Status, WayChanged
from .replies import Outcome, mend, reply, speak_item, tell_place
from .state import MENU, NAMING, PAST_FINGER, POINTING, STARTING, STOPPING, WHOLE_THINGS, Menu, State
from .types import Press, Utterance

_DOOR = {"companion": company.open_door, "code": company.tell_code, "close": company.close_door}
ONLY_HERE = reply("only_here")
"""The answer to a helper at the companion page who would open or close its door, hear its code, or switch off."""
ELSEWHERE = ("taught", "elsewhere")
"""Changes that the wearer has not asked for."""
_WAY_PHRASES = {PAST_FINGER: "way_past_finger", WHOLE_THINGS: "way_whole_things", "": "way_only"}


def open_menu(state: State, press: Press) -> Outcome:
    """Into the menu, at its first item."""
    state = replace(state, mode=MENU, menu=Menu.at(door=state.door), dwell=None, confirm_until=None,
                    unready=state.mode == STARTING)
    return state, (reply("menu_on"), speak_item(state.menu))


def next_item(state: State, press: Press) -> Outcome:
    """One item further; after the last comes the first."""
    menu = replace(state.menu, place=(state.menu.place + 1) % len(state.menu.items))
    return replace(state, menu=menu, confirm_until=None), (speak_item(menu),)


def choose_item(state: State, press: Press) -> Outcome:
    """Do what the spoken item says, or do it to the thing or with the name that was spoken."""
    purpose, item = state.menu.purpose, state.menu.item
    if purpose == "name":
        return naming.choose_name(state, item)
    state = replace(state, menu=Menu.at(purpose, state.door), confirm_until=None) if purpose != "main" else state
    if purpose == "forget":
        return state, (ForgetThing(item),)
    if purpose == "rename":
        return naming.ask_name(state, renamed=item)
    if item == "undo":
        return state, (UndoChange(),)
    if item == "way":
        return state, (ChangeWay(),)
    if item == "help":
        return state, (reply("help"),)
    if item in _DOOR:
        return _DOOR[item](state) if not press.afar else (state, (ONLY_HERE,))
    return replace(state, question=item), (Report(),)


def leave_menu(state: State, press: Press) -> Outcome:
    """Out of the menu; out of a list of names to where a name was asked for."""
    if state.menu.purpose == "name":
        state = naming.leave(state)
        return state, (reply("cancelled"),) + tell_place(state)
    return pointing.resume(state)


def power_off(state: State, press: Press) -> Outcome:
    """Ask the first time, switch off the second; but for nobody who is not there."""
    if press.afar:
        return state, (ONLY_HERE,)
    if state.confirm_until is not None and press.at <= state.confirm_until:
        return replace(state, mode=STOPPING), (reply("stopping"), PowerOff())
    return replace(state, confirm_until=press.at + state.rules.confirm_seconds), (reply("confirm_power_off"),)


def on_knowledge(state: State, status: Status) -> Outcome:
    """What is known came as asked for: tell it, or let the wearer choose from it."""
    question, state = state.question, replace(state, question="")
    if question == "name":
        return _open_list(state, question, status.names)
    if not status.taught:
        return state, (reply("known_none"),)
    if question == "known":
        excuse = (Say(Utterance("relearning", priority=1)),) if status.relearning else ()
        return state, (reply("known_list", things=", ".join(status.taught)),) + excuse
    return _open_list(state, question, status.taught)


def on_changed(state: State, changed: Changed) -> Outcome:
    """Say what has become of the thing. What was changed at the companion page waits its turn, and is not said into a
    recording; a list that the wearer is in may be of yesterday, and gives way to the menu."""
    slots = (("thing", changed.object_id),) if changed.object_id else ()
    state = replace(mend(state, "memory"), waiting_samples=changed.waiting, more_of="")
    if changed.change not in ELSEWHERE:
        return state, (reply("change_" + changed.change, **dict(slots)),) + tell_place(state)
    state = replace(state, answer=None)
    if state.mode == NAMING:
        return state, ()
    if state.mode == MENU and state.menu.purpose in ("forget", "rename"):
        state = replace(state, menu=Menu.at(state.menu.purpose, state.door))
    return state, (Say(Utterance("change_" + changed.change, slots, priority=1)),) + tell_place(state)


def on_way_changed(state: State, changed: WayChanged) -> Outcome:
    """Say how things are looked at now; later, where the wearer does something else by now: it may have taken minutes.
    """
    phrase = _WAY_PHRASES[changed.way]
    if state.mode in (MENU, POINTING, STARTING):
        return state, (reply(phrase),)
    return replace(state, news=phrase, news_until=None), ()


def _open_list(state: State, purpose: str, items: Tuple[str, ...]) -> Outcome:
    """Ask which one; without cutting off what led to the question."""
    state = replace(state, mode=MENU, menu=Menu(purpose, items), dwell=None, confirm_until=None)
    return state, (Say(Utterance("which_" + purpose, priority=1)), speak_item(state.menu))
