"""Heat and power: the wearer is warned before the board throttles or the supply gives in, and the device does less."""

from __future__ import annotations

from .events import Vitals
from .replies import Outcome
from .state import State


def on_vitals(state: State, vitals: Vitals) -> Outcome:
    """What the board's sensors say."""
    return state, ()
