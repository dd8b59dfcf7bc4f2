"""The values of a preference, one after the other, as a wearer steps through them by button: each holds at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Sequence, Tuple

from ..actions import Say
from ..preferences import HANDS, LIMITS, VERBOSITIES, VOICES, Preferences, change, confirm
from ..state import State
from ..types import Utterance
from ..visits import Prefer
from .replies import Outcome

RATES = (80, 110, 130, 150, 170, 190, 210, 240, 270, 300, 350, 400, 450)
"""Words a minute: steps that are heard as such."""
ENDING = ("volume", "words_per_minute")
"""What has a least and a most, where stepping ends: from faint to loud is no small step."""


def list_values(name: str, languages: Sequence[str]) -> Tuple[object, ...]:
    """All values that the preference of that name may be stepped through, in their order."""
    least, most = LIMITS["volume"]
    choices = {"volume": tuple(range(least, most + 1)), "words_per_minute": RATES, "verbosity": VERBOSITIES,
               "language": tuple(languages), "voice": VOICES, "hand": HANDS, "tick": (False, True)}
    return tuple(choices[name])


def find_next(preferences: Preferences, name: str, languages: Sequence[str], by: int = 1) -> object:
    """The value that comes next (`by` 1) or before (-1); a number that is none of the steps goes to the nearest one
    that lies thither."""
    values, now = list_values(name, languages), getattr(preferences, name)
    if name in ENDING:
        beyond = [value for value in values if (value > now if by > 0 else value < now)]
        return (beyond[0] if by > 0 else beyond[-1]) if beyond else now
    place = values.index(now) if now in values else -1
    return values[(place + by) % len(values)]


def step_value(state: State, name: str, by: int = 1) -> Outcome:
    """Go over to the value that comes next, and say it in the new way; where there is none, say so."""
    value = find_next(state.preferences, name, state.languages, by)
    ends = name in ENDING and value == getattr(state.preferences, name)
    state, actions = take_value(state, name, value)
    end = Say(Utterance("value_most" if by > 0 else "value_least", priority=1))
    return state, actions + ((end,) if ends else ())


def take_value(state: State, name: str, value: object) -> Outcome:
    """Go over to that value, and say it in the new way; say it too where it holds already."""
    preferences = change(state.preferences, name, value, state.languages)
    said = Say(confirm(preferences, name))
    if preferences == state.preferences:
        return state, (said,)
    return replace(state, preferences=preferences), (Prefer(preferences), said)
