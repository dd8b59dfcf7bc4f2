"""Giving a name without a screen: the wearer says it, chooses it from a spoken list, or gets the next free one."""

from __future__ import annotations

from dataclasses import replace

from ..actions import Chime, Learn, Listen, RenameThing, Report, Say, StopListening
from ..events import Listened
from ..state import BLINDING, BY_NEXT, BY_VOICE, MENU, NAMING, TEACHING, Menu, Naming, State
from ..types import Press, Utterance
from .replies import Outcome, mend, reply, tell_place


def ask_name(state: State, renamed: str = "") -> Outcome:
    """Begin to name the waiting samples or, with `renamed`, a thing that has a name already."""
    state = replace(state, naming=Naming(renamed))
    if state.naming_by == BY_VOICE:
        return replace(state, mode=NAMING), (reply("say_name"), Listen())
    if state.naming_by == BY_NEXT and not renamed:
        return learn(state, Learn())
    return ask_list(state)


def learn(state: State, request: Learn) -> Outcome:
    """Have the waiting samples learned; from now on none wait, so that "done" held again does not learn them twice."""
    state = replace(state, waiting_samples=0, learning_samples=state.waiting_samples, look_alike="")
    return state, (request,)


def ask_list(state: State) -> Outcome:
    """Let the wearer choose among the free names; the Status that is asked for opens the list."""
    return replace(leave(state), question="name"), (Report(),)


def choose_name(state: State, name: str) -> Outcome:
    """A name was chosen from the list."""
    renamed = state.naming.renamed
    state = leave(state)
    return (state, (RenameThing(renamed, name),)) if renamed else learn(state, Learn(name))


def on_listened(state: State, listened: Listened) -> Outcome:
    """The wearer's voice becomes the name; nothing heard is asked for again, and then left to the list."""
    if state.mode != NAMING:
        return state, ()
    state, naming = mend(state, "microphone"), state.naming
    if listened.seconds > 0:
        state, heard = leave(state), Chime("recorded")
        if naming.renamed:
            return state, (heard, RenameThing(naming.renamed))
        state, learning = learn(state, Learn(voice=True))
        return state, (heard,) + learning
    if naming.unheard:
        return ask_list(state)
    return replace(state, naming=replace(naming, unheard=1)), (reply("heard_nothing"), Listen())


def cancel(state: State, press: Press) -> Outcome:
    """Any press while the wearer is asked for a name; samples go on waiting for one."""
    state = give_up(state)
    return state, (StopListening(), reply("cancelled")) + tell_place(state)


def on_fault(state: State, part: str) -> Outcome:
    """A fault while the wearer is asked for a name; the actions are for after its announcement.

    Without the microphone a name is chosen from the list; without what the samples need none can be given. Any other
    fault is only spoken into the recording, which begins anew.
    """
    if part == "microphone":
        return ask_list(state)
    if part in BLINDING:
        return leave(state), (StopListening(),)
    return state, (Say(Utterance("say_name", priority=1)), Listen())


def leave(state: State) -> State:
    """Back to where the name was asked for."""
    if not state.naming.renamed:
        return replace(state, mode=TEACHING)
    return replace(state, mode=MENU, menu=Menu.at("rename"))


def give_up(state: State) -> State:
    """Back, without a name; from a renaming to the menu's top, from which one press leads out."""
    state = leave(state)
    return replace(state, menu=state.menu.top) if state.mode == MENU else state
