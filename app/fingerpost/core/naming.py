"""Giving a name without a screen: the wearer says it, chooses it from a spoken list, or gets the next free one."""

from __future__ import annotations

from dataclasses import replace

from .events import Learn, Listen, Listened, RenameThing, Report, StopListening
from .replies import Outcome, answer, mend
from .state import BY_NEXT, BY_VOICE, MENU, NAMING, TEACHING, Menu, Naming, State
from .types import Press


def ask_name(state: State, renamed: str = "") -> Outcome:
    """Begin to name the waiting samples or, with `renamed`, a thing that has a name already."""
    state = replace(state, naming=Naming(renamed))
    if state.naming_by == BY_VOICE:
        return replace(state, mode=NAMING), (answer("say_name"), Listen())
    if state.naming_by == BY_NEXT and not renamed:
        return state, (Learn(),)
    return ask_list(state)


def ask_list(state: State) -> Outcome:
    """Let the wearer choose among the free names; the Status that is asked for opens the list."""
    return replace(leave(state), question="name"), (Report(),)


def choose_name(state: State, name: str) -> Outcome:
    """A name was chosen from the list."""
    renamed = state.naming.renamed
    return leave(state), (RenameThing(renamed, name) if renamed else Learn(name),)


def on_listened(state: State, listened: Listened) -> Outcome:
    """The wearer's voice becomes the name; nothing heard is asked for again, and then left to the list."""
    if state.mode != NAMING:
        return state, ()
    state, naming = mend(state, "microphone"), state.naming
    if listened.seconds > 0:
        return leave(state), (RenameThing(naming.renamed) if naming.renamed else Learn(voice=True),)
    if naming.unheard:
        return ask_list(state)
    return replace(state, naming=replace(naming, unheard=1)), (answer("heard_nothing"), Listen())


def cancel(state: State, press: Press) -> Outcome:
    """Any press while the wearer is asked for a name; samples go on waiting for one."""
    return leave(state), (StopListening(), answer("cancelled"))


def leave(state: State) -> State:
    """Back to where the name was asked for."""
    return replace(state, mode=MENU, menu=Menu()) if state.naming.renamed else replace(state, mode=TEACHING)
