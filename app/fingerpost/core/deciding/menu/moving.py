"""The menu by button: action goes on to the next item, held it chooses; mode goes up, held it goes back by one.

The same holds for the spoken lists that it opens. Where the wearer is in the menu is told once the device has said how
it is (Status), for the items speak of that: of the things taught, and whether a stick is plugged in.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Dict, Tuple

from ...actions import Action, ChangeWay, PowerOff, Report, Say, UndoChange
from ...menutree import LISTS, RINGS, TOP
from ...preferences import confirm
from ...state import MENU, STARTING, STOPPING, Menu, State
from ...types import Press, Utterance
from .. import company, errands, naming, pointing
from ..lesson import coach
from ..replies import Outcome, ask_twice, reply, tell_place
from ..values import list_values, step_value, take_value
from .lists import choose_thing

ONLY_HERE = reply("only_here")
"""The answer to a helper at the companion page who would open or close its door, hear its code, or switch off."""
OFF = "off"
"""What is asked for twice besides errands."""


def open_menu(state: State, press: Press) -> Outcome:
    """Into the menu, at its first item; a lesson that goes on waits."""
    state, waits = coach.put_aside(state)
    state = replace(state, mode=MENU, menu=Menu(), dwell=None, confirm_until=None,
                    unready=state.unready or state.mode == STARTING)
    return state, (reply("menu_on"),) + waits + tell_place(state)


def next_item(state: State, press: Press) -> Outcome:
    """One item, name or value further; after the last comes the first."""
    return _step(state, 1)


def previous_item(state: State, press: Press) -> Outcome:
    """One item, name or value back."""
    return _step(state, -1)


def choose_item(state: State, press: Press) -> Outcome:
    """Do what the spoken item says, or do it to the thing or with the name that was spoken; or be content with the
    value."""
    level, item = state.menu.level, state.menu.item
    if item != state.confirms:
        state = replace(state, confirm_until=None)
    if level == "name":
        return naming.choose_name(state, item)
    if level in LISTS:
        return choose_thing(replace(state, menu=Menu.at(level)), level, item)
    if level in RINGS:
        return step_value(state, item) if item == RINGS[level] else _enter(state, Menu.at(level))
    if item in RINGS:
        return _enter_ring(state, item)
    if item in _DEEDS:
        return _DEEDS[item](state, press)
    return _enter(state, Menu.of(item))


def go_up(state: State, press: Press) -> Outcome:
    """To the top of the menu, and from there out of it, so that two presses lead out of anywhere; out of a list of
    names to where a name was asked for."""
    level = state.menu.level
    if level == TOP:
        return pointing.resume(state)
    if level == "name":
        state = naming.give_up(state)
        return state, (reply("cancelled"),) + tell_place(state)
    return _enter(replace(state, confirm_until=None), state.menu.top)


def power_off(state: State, press: Press) -> Outcome:
    """Ask the first time, switch off the second; but for nobody who is not there. Who is asked for a name cancels that.
    """
    if state.menu.level == "name":
        return go_up(state, press)
    if press.afar:
        return state, (ONLY_HERE,)
    state, sure = ask_twice(state, OFF, press.at)
    if not sure:
        return state, (reply("confirm_power_off"),)
    return replace(state, mode=STOPPING), (reply("stopping"), PowerOff())


def _enter(state: State, menu: Menu) -> Outcome:
    """Go there, and hear where that is."""
    state = replace(state, menu=menu)
    return state, tell_place(state)


def _enter_ring(state: State, name: str) -> Outcome:
    """To the values of a preference, at the one that holds: say it, and how to change it."""
    switch = RINGS[name]
    items = (name, switch) if switch else (name,)
    state = replace(state, menu=Menu(name, items, value=getattr(state.preferences, name)))
    return state, (Say(confirm(state.preferences, name)), Say(Utterance("values_" + name, priority=1)))


def _step(state: State, by: int) -> Outcome:
    """One step in the ring of the level."""
    state = replace(state, confirm_until=None)
    if state.menu.level in RINGS:
        return _step_value(state, state.menu.level, by)
    state = replace(state, menu=state.menu.step(by))
    return state, (Report(),)


def _step_value(state: State, ring: str, by: int) -> Outcome:
    """To the next value, which holds at once. A ring with a switch has it between its last value and its first."""
    values, switch = list_values(ring, state.languages), RINGS[ring]
    if not switch:
        return step_value(state, ring, by)
    onward = state.menu.step(by)
    if state.menu.item == switch:
        return take_value(replace(state, menu=onward), ring, values[0] if by > 0 else values[-1])
    if getattr(state.preferences, ring) == (values[-1] if by > 0 else values[0]):
        return _enter_switch(state, ring, onward)
    return step_value(state, ring, by)


def _enter_switch(state: State, ring: str, onward: Menu) -> Outcome:
    """Whoever comes to the switch has only passed by the values: the one with which the ring was entered holds again.
    """
    restored: Tuple[Action, ...] = ()
    if onward.value not in (None, getattr(state.preferences, ring)):
        state, restored = take_value(state, ring, onward.value)
    state, told = _enter(state, onward)
    return state, restored + told


def _ask(state: State, press: Press) -> Outcome:
    """What is known has to be asked for first; the item says what for."""
    return replace(state, question=state.menu.item), (Report(),)


def _run_errand(state: State, press: Press) -> Outcome:
    return errands.begin(state, state.menu.item, press)


def _at_door(act: Callable[[State], Outcome]) -> Callable[[State, Press], Outcome]:
    """The door of the companion page is the wearer's own affair."""
    return lambda state, press: (state, (ONLY_HERE,)) if press.afar else act(state)


_DEEDS: Dict[str, Callable[[State, Press], Outcome]] = {
    "known": _ask, "forget": _ask, "rename": _ask,
    "undo": lambda state, press: (state, (UndoChange(),)),
    "way": lambda state, press: (state, (ChangeWay(),)),
    "lesson": lambda state, press: coach.take_up(state),
    "companion": _at_door(company.go_to_door), "close": _at_door(company.close_door),
    "code": _at_door(company.tell_code),
    **dict.fromkeys(errands.ERRANDS, _run_errand),
}
"""What the items do; the others lead into a group or to values."""
