"""A helper at the companion page: what they prefer for the wearer, the door that lets them in, and who looks on.

The door is a matter of the wearer alone: it is opened at the menu, item "Open the companion page". While it is open,
that item leads to two others, which close it and tell the way in; on coming there the wearer hears the address and the
code again, and how the certificate's fingerprint begins.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Tuple

from ..actions import Action, Chime, Say
from ..errors import PreferenceError
from ..preferences import change, confirm
from ..state import ASLEEP, MENU, NAMING, Menu, State
from ..types import URGENT, Utterance
from ..visits import (
    CLOSED,
    GUESSED,
    MISSING,
    OFFLINE,
    DoorChanged,
    OpenDoor,
    Paired,
    Prefer,
    Preferred,
    TellCode,
    Watched,
)
from .replies import Outcome, mend, reply, tell_place

WATCHED_SECONDS = 15.0
"""While somebody looks on, the wearer is reminded of it so often."""
QUIET_SECONDS = 1.5
"""The reminder waits for so long after the device has begun to say something: most of it is then over."""
FINGERPRINT_DIGITS = 16
"""So much of the certificate's fingerprint is said: 64 bits, which nobody forges while a code is good."""
_CLOSED_PHRASES = {CLOSED: "companion_closed", GUESSED: "companion_guessed", MISSING: "companion_missing",
                   OFFLINE: "companion_offline"}


def on_preferred(state: State, preferred: Preferred) -> Outcome:
    """Do from now on as is preferred, and say so; but never into a recording. What there is not changes nothing."""
    try:
        preferences = change(state.preferences, preferred.name, preferred.value, state.languages)
    except PreferenceError:
        return state, ()
    if preferences == state.preferences:
        return state, ()
    state = replace(state, preferences=preferences)
    if state.menu.level == preferred.name:  # it holds now, also for a wearer who is among its values
        state = replace(state, menu=replace(state.menu, value=preferred.value))
    said = () if state.mode == NAMING else (Say(confirm(preferences, preferred.name)),) + tell_place(state)
    return state, (Prefer(preferences),) + said


def go_to_door(state: State) -> Outcome:
    """The wearer lets a helper in, which takes some seconds that are not to be silent; or goes to the open door."""
    if not state.door:
        return state, (reply("companion_opens"), OpenDoor(True))
    return tell_code(replace(state, menu=Menu.of("companion")))


def close_door(state: State) -> Outcome:
    """The wearer lets nobody in any more."""
    return state, (reply("one_moment"), OpenDoor(False))


def tell_code(state: State) -> Outcome:
    """The wearer asks for the code once more."""
    return state, (reply("one_moment"), TellCode())


def on_door_changed(state: State, changed: DoorChanged) -> Outcome:
    """Say how to come in, or that nobody can any more, and where in the menu that leaves the wearer.

    Into a recording nothing is said: the menu tells the code again. A wearer who points on is not to lose the code, nor
    the news that somebody tries to guess it.
    """
    was_open, state = state.door, move_door(state, changed.open)
    if state.mode == NAMING:
        return state, ()
    if not changed.open:
        phrase = _CLOSED_PHRASES.get(changed.reason, _CLOSED_PHRASES[CLOSED])
        return state, (Say(Utterance(phrase, priority=URGENT if changed.reason == GUESSED else 1)),) + tell_place(state)
    return mend(state, "companion"), _tell_way_in(changed, again=was_open) + tell_place(state)


def move_door(state: State, is_open: bool) -> State:
    """The door is open or closed; nobody stays in the menu's part for an open one."""
    if state.mode == MENU and state.menu.level == "companion" and not is_open:
        state = replace(state, menu=state.menu.top)
    return replace(state, door=is_open)


def _tell_way_in(changed: DoorChanged, again: bool) -> Tuple[Action, ...]:
    """Address and code, and who hears them again also hears how the fingerprint begins."""
    slots = (("address", changed.address), ("code", changed.code))
    if not again:
        return (Say(Utterance("companion_open", slots, priority=URGENT)),)
    digits = changed.fingerprint.replace(":", "").upper()[:FINGERPRINT_DIGITS]
    return (Say(Utterance("companion_code", slots, priority=URGENT)),
            Say(Utterance("companion_fingerprint", (("fingerprint", digits),), priority=URGENT)))


def on_watched(state: State, watched: Watched) -> Outcome:
    """Somebody begins to look on, or nobody does any more."""
    began = watched.viewers > 0 and not state.viewers
    return remind(replace(state, viewers=watched.viewers, owes_reminder=began or state.owes_reminder), watched.at)


def remind(state: State, at: float) -> Outcome:
    """The faint earcon while somebody looks on: as that begins, and from time to time; but never into a recording, nor
    over what the device has just begun to say. Who has only glanced in meanwhile is heard all the same."""
    due = state.owes_reminder or (state.viewers > 0 and at - state.reminded_at >= WATCHED_SECONDS)
    talks = state.mode == NAMING or at - state.said_at < QUIET_SECONDS
    if not due or talks or state.mode == ASLEEP:  # while the device sleeps, nothing is shown
        return state, ()
    return replace(state, reminded_at=at, owes_reminder=False), (Chime("watched"),)


def on_paired(state: State, paired: Paired) -> Outcome:
    """Somebody has come in, which nothing cuts off; in a recording, the earcon alone tells so once it is over."""
    return state, () if state.mode == NAMING else (Say(Utterance("helper_joined", priority=URGENT)),)
