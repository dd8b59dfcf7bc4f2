"""What the wearer is asked to do when the thing cannot be seen: it lies outside the picture, or under the hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional, Tuple

from ..actions import Action, Chime, Say
from ..preferences import BRIEF, RIGHT
from ..rules import Rules
from ..state import Answer, Guidance, State
from ..types import Fingertip, Quality, Utterance

STEADY_FRAMES = 3
"""A hindrance has to be seen so many times in a row: a finger that wavers at the limit is looked at instead."""
MOST_DOUBLINGS = 4
"""How often the wait before the same guidance doubles, so that a hand that points at nothing is not nagged."""
FORGOTTEN = float("-inf")
"""When an answer was given that counts as not given."""


def find_hindrance(tip: Fingertip, quality: Quality, rules: Rules, hand: str = RIGHT) -> str:
    """The guidance that would bring the thing into view, or an empty string when enough of it can be seen.

    It lies past the tip, as the crop does; across which edge it leaves the picture, thither the head has to turn. Seen
    from the side of the `hand` that points, one of preferences.HANDS, the thing is hidden the least.
    """
    scale = rules.aim_share * quality.width / max(abs(tip.direction[0]), abs(tip.direction[1]))
    x, y = tip.x + scale * tip.direction[0], tip.y + scale * tip.direction[1]
    beyond = {"turn_left": -x, "turn_right": x - quality.width, "turn_up": -y, "turn_down": y - quality.height}
    phrase, distance = max(beyond.items(), key=lambda item: item[1])
    if distance > -rules.edge_share * quality.width:
        return phrase
    return "hand_covers_" + hand if 0.0 < tip.length < rules.covered_share * quality.width else ""


def guide(state: State, phrase: str, at: float) -> Tuple[State, Tuple[Action, ...]]:
    """Say once per rest what to do, without cutting off what is being said.

    The same guidance is not given again for a while, which doubles each time until something is answered; a rest
    that goes without it gets the earcon of doubt the first few times, for silence would be taken for a dead device. Who
    wants few words gets no more than that earcon, and the guidance itself for a press of action.
    """
    assert state.dwell is not None, "only a finger that rests is guided"
    dwell = replace(state.dwell, hindered=state.dwell.hindered + 1)
    state = replace(state, dwell=dwell)
    if dwell.guided or dwell.hindered < STEADY_FRAMES:
        return state, ()
    last = state.guidance
    given = last.given if last is not None and last.phrase == phrase else 0
    if last is not None and given and at - last.at < state.rules.guide_seconds * 2 ** min(given - 1, MOST_DOUBLINGS):
        heard = dwell.hindered > STEADY_FRAMES or given > MOST_DOUBLINGS
        return state, () if heard else (Chime("unsure"),)
    said: Action = Chime("unsure") if state.preferences.verbosity == BRIEF else Say(Utterance(phrase))
    return replace(state, dwell=replace(dwell, guided=True), guidance=Guidance(phrase, at, given + 1),
                   answer=forget_name(state.answer)), (said,)


def forget_name(answer: Optional[Answer]) -> Optional[Answer]:
    """The same answer, but old enough to be given again: the wearer asks anew."""
    return None if answer is None else replace(answer, at=FORGOTTEN)
