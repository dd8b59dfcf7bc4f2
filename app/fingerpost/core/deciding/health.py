"""Heat and power: the wearer is warned before the board throttles or the supply gives in, and the device does less.

A board that is hot, has slowed itself down, or whose supply sags, is spared: fewer pictures are looked at. One that is
too hot rests, which is a fault like another ("heat"), until it is cooler. An empty battery ends the day in order.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Tuple

from ..actions import Action, Chime, Pace, PowerOff, Say
from ..events import Vitals
from ..state import ASLEEP, HEAT, NAMING, STOPPING, State
from ..types import URGENT, Utterance
from .replies import Outcome

POWER = "power"
LOW = "battery_low"
CHARGED = 100
"""Of no charge was the wearer warned since the battery was last charged."""
COLD = float("-inf")
"""How hot a board is that does not tell."""
NEVER = float("-inf")


def on_vitals(state: State, vitals: Vitals) -> Outcome:
    """What the board's sensors say. Nothing is said into a recording, and so nothing is done: they soon say it again.
    """
    if state.mode == NAMING:
        return state, ()
    percent = vitals.battery_percent
    if percent is not None and percent <= state.rules.empty_percent and not vitals.charging:
        last_words = Utterance("battery_empty", priority=URGENT, interrupts=True)
        return replace(state, mode=STOPPING), (Say(last_words), PowerOff())
    state, warning = _watch_battery(state, vitals)
    state, actions = _watch_board(state, vitals)
    return state, warning + actions


def find_strains(state: State, vitals: Vitals) -> Tuple[str, ...]:
    """What strains the board now: HEAT, POWER, both or nothing."""
    hot = vitals.throttled or _heat_of(vitals) >= state.rules.strained_celsius
    return ((HEAT,) if hot else ()) + ((POWER,) if vitals.sagging else ())


def _heat_of(vitals: Vitals) -> float:
    return COLD if vitals.celsius is None else vitals.celsius


def _watch_battery(state: State, vitals: Vitals) -> Outcome:
    """Warn of each low charge once until the battery is charged; a sleeper hears of it on waking.

    Charged it is above the low charges, or after a while on the charger: a loose plug charges nothing.
    """
    percent, strain, rules = vitals.battery_percent, state.strain, state.rules
    if percent is None:
        return state, ()
    others = tuple(utterance for utterance in state.untold if utterance.phrase != LOW)
    owes, state = others != state.untold, replace(state, untold=others)
    if vitals.charging:
        long_ago = vitals.at - dict(strain.warned).get(LOW, NEVER) >= rules.warn_seconds
        charged = percent > rules.low_percent or long_ago or owes
        return (replace(state, strain=replace(strain, charge_told=CHARGED)) if charged else state), ()
    reached = next((least for least in (rules.lowest_percent, rules.low_percent) if percent <= least), CHARGED)
    if reached >= strain.charge_told and not owes:
        return state, ()
    strain = replace(strain, charge_told=min(reached, strain.charge_told),
                     warned=_warn(strain.warned, (LOW,), vitals.at))
    said = Utterance(LOW, (("percent", str(percent)),), priority=URGENT)
    if state.mode == ASLEEP:
        return replace(state, strain=strain, untold=others + (said,)), ()
    return replace(state, strain=strain), (Say(said),)


def _watch_board(state: State, vitals: Vitals) -> Outcome:
    celsius, rules = _heat_of(vitals), state.rules
    if HEAT in state.faults:
        return (state, ()) if celsius > rules.cool_celsius else _go_on(state, vitals.at)
    if celsius >= rules.hottest_celsius:
        return _rest(state)
    strains = find_strains(state, vitals)
    return _spare(state, strains, vitals.at) if strains else _ease(state, vitals)


def _rest(state: State) -> Outcome:
    """Look no more; what was seen before is forgotten, and no answer repeated as if it were of now."""
    state = replace(state, faults=state.faults | {HEAT}, dwell=None, view=None, answer=None, guidance=None)
    return state, (Chime("fault"), Say(Utterance("fault_heat", priority=URGENT, interrupts=True)), Pace(0.0))


def _go_on(state: State, at: float) -> Outcome:
    """Look again, at first less often; a sleeper need not hear of it."""
    warned = _warn(state.strain.warned, (HEAT,), at)
    strain = replace(state.strain, spared=True, told=True, eased_at=None, warned=warned)
    state = replace(state, faults=state.faults - {HEAT}, strain=strain)
    said = () if state.mode == ASLEEP else (Say(Utterance("recovered_heat", priority=URGENT)),)
    return state, (Pace(state.rules.strained_pace),) + said


def _spare(state: State, strains: Tuple[str, ...], at: float) -> Outcome:
    """Look less often, and say why, unless the wearer sleeps or has heard that a short while ago."""
    strain, warned = state.strain, dict(state.strain.warned)
    due = tuple(name for name in strains
                if state.mode != ASLEEP and at - warned.get(name, NEVER) >= state.rules.warn_seconds)
    actions: Tuple[Action, ...] = () if strain.spared else (Pace(state.rules.strained_pace),)
    strain = replace(strain, spared=True, told=strain.told or bool(due), eased_at=None,
                     warned=_warn(strain.warned, due, at))
    actions += tuple(Say(Utterance("strained_" + name, priority=URGENT)) for name in due)
    return replace(state, strain=strain), actions


def _warn(warned: Tuple[Tuple[str, float], ...], strains: Tuple[str, ...], at: float) -> Tuple[Tuple[str, float], ...]:
    """When the wearer heard of each strain, now that they hear of these."""
    return tuple({**dict(warned), **dict.fromkeys(strains, at)}.items())


def _ease(state: State, vitals: Vitals) -> Outcome:
    """Nothing strains the board: after a while it works as hard as before. Who was warned hears of it."""
    strain, rules = state.strain, state.rules
    if not strain.spared:
        return state, ()
    if _heat_of(vitals) >= rules.eased_celsius:
        return replace(state, strain=replace(strain, eased_at=None)), ()
    since = vitals.at if strain.eased_at is None else strain.eased_at
    if vitals.at - since < rules.eased_seconds:
        return replace(state, strain=replace(strain, eased_at=since)), ()
    told = strain.told and state.mode != ASLEEP
    state = replace(state, strain=replace(strain, spared=False, told=False, eased_at=None))
    return state, (Pace(None),) + ((Say(Utterance("eased", priority=1)),) if told else ())
