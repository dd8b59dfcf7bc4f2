"""From wherever two hundred presses and events lead, two presses lead back to pointing."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as some

from fingerpost.core.deciding.errands import ERRANDS
from fingerpost.core.events import Fault
from fingerpost.core.preferences import Preferences
from fingerpost.core.state import BY_LIST, BY_NEXT, BY_VOICE, LESSON, POINTING, STARTING, STOPPING, State
from fingerpost.core.steps import Lesson
from fingerpost.core.types import ACTION, BOTH, LONG, MODE, SHORT
from tests.situations import EVENTS, FRAMES, LOOKS, PARTS, PRESSES, SETUP, STATES, STATUSES, Surroundings

PAUSES = (0.0, 0.1, 0.5, 2.0, 25.0)
HOMEWARD = ((), ((MODE, SHORT),), ((MODE, SHORT), (MODE, SHORT)), ((BOTH, LONG), (MODE, SHORT)))
"""Up to two presses: the mode button leads out of everything but a lesson's set-up, which the menu interrupts."""
BY_MODE = HOMEWARD[:3]
"""What is left where the action button is stuck."""


def begin(chance):
    """A device in any state, with or without faults and an errand."""
    state = replace(chance.choice([state for state in STATES if state.mode != STOPPING]),
                    naming_by=chance.choice([BY_VOICE, BY_LIST, BY_NEXT]),
                    faults=frozenset(chance.sample(PARTS, chance.choice([0, 0, 1, 2]))),
                    errand=chance.choice(["", "", *ERRANDS]), languages=chance.choice([("en",), ("de", "en")]),
                    preferences=Preferences(verbosity=chance.choice([1, 2, 3]), tick=chance.random() < 0.5))
    return Surroundings(state, chance.choice(STATUSES))


def live(device, chance, events=200):
    """Presses, often with frames and anything else between them; the last events are told where that goes wrong."""
    last, kinds = deque(maxlen=6), chance.choice([[PRESSES], [PRESSES, FRAMES], [PRESSES, FRAMES, EVENTS]])
    try:
        for _ in range(events):
            device.at, device.look = device.at + chance.choice(PAUSES), chance.choice(LOOKS)
            event = chance.choice(chance.choice(kinds))
            last.append(f"{device.at:g} s, {device.state.mode}: {event}")
            device.take(event)
            prompts = [utterance for utterance in device.waiting if utterance.topic == "lesson"]
            assert len(prompts) <= 1, prompts
            if device.state.mode == STOPPING:
                break
    finally:
        note("\n".join(last))


def find_way_home(device, ways=HOMEWARD):
    """The fewest presses that lead home, at a time at which nothing waits to be confirmed; None where there are none.
    """
    for way in ways:
        walker = Surroundings(device.state, STATUSES[1], device.at + 60.0)
        walker.press(*way)
        if walker.state.mode == POINTING or is_blind(walker):
            return way
    return None


def is_blind(device):
    """Whether the device only waits for its first picture, and is ready as soon as that comes."""
    if device.state.mode != STARTING:
        return False
    device.take(FRAMES[1])
    return device.state.mode != STARTING


@settings(max_examples=200, deadline=None)
@given(some.integers(0, 2 ** 32))
def test_two_presses_lead_back_to_pointing_from_anywhere(seed):
    chance = Random(seed)
    device = begin(chance)
    live(device, chance)
    assert device.state.mode == STOPPING or find_way_home(device) is not None, device.state


@settings(max_examples=200, deadline=None)
@given(some.integers(0, 2 ** 32))
def test_mode_alone_leads_back_while_action_is_stuck(seed):
    chance = Random(seed)
    device = begin(chance)
    live(device, chance)
    device.take(Fault("action_button", device.at))
    assert device.state.mode == STOPPING or find_way_home(device, BY_MODE) is not None, device.state


@pytest.mark.parametrize("step", SETUP)
def test_action_alone_leads_through_the_set_up_while_mode_is_stuck(step):
    device = Surroundings(State(mode=LESSON, lesson=Lesson(step), languages=("de", "en")), STATUSES[0])
    device.take(Fault("mode_button", device.at))
    for _ in range(len(SETUP)):
        if device.state.mode == LESSON:
            device.press((ACTION, SHORT), (ACTION, LONG))
    assert device.state.mode == POINTING


def test_two_presses_lead_back_to_pointing_from_every_beginning():
    for state in STATES:
        assert state.mode == STOPPING or find_way_home(Surroundings(state, STATUSES[0])) is not None, state
