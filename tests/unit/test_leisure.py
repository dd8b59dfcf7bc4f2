"""When the device may retrain: tables of what the wearer did and what was taught."""

from __future__ import annotations

import pytest

from fingerpost.core.events import Seen, Tick
from fingerpost.core.leisure import NOTHING, SETTLED_SECONDS, START, STOP, Leisure, choose, follow
from fingerpost.core.state import ASLEEP, POINTING, Dwell, State
from fingerpost.core.types import Fingertip, Press
from tests.story import CLEAR

TIP = Fingertip(300.0, 200.0, (0.0, -1.0), 0.9)
RESTING = State(mode=POINTING, dwell=Dwell(300.0, 200.0, since=8.0, seen_at=9.0))
PASSING = State(mode=POINTING, dwell=Dwell(300.0, 200.0, since=8.9, seen_at=9.0))
BEFORE = Leisure(at=8.0, touched_at=3.0, wanted_at=2.0)


@pytest.mark.parametrize(("event", "state", "after"), [
    (Tick(9.0), State(mode=POINTING), Leisure(9.0, 3.0, 2.0)),
    (Tick(9.0), State(mode=ASLEEP), Leisure(9.0, 3.0, 2.0, asleep=True)),
    (Seen(1, 9.0, None, CLEAR), State(mode=POINTING), Leisure(9.0, 3.0, 2.0)),
    (Seen(1, 9.0, TIP, CLEAR), PASSING, Leisure(9.0, 9.0, 2.0)),
    (Seen(1, 9.0, TIP, CLEAR), RESTING, Leisure(9.0, 9.0, 9.0)),
    (Press("mode", "long", 9.0), State(mode=ASLEEP), Leisure(9.0, 9.0, 9.0, asleep=True)),
])
def test_presses_and_fingers_are_noted(event, state, after):
    assert follow(BEFORE, event, state) == after


def test_a_device_that_has_just_started_has_not_been_idle_for_long():
    assert follow(None, Tick(9.0), State()) == Leisure(9.0, 9.0)


IDLE_SECONDS = 600.0
QUIET = Leisure(at=IDLE_SECONDS)
TAUGHT = {"taught:1": 4, "taught:2": 3}


@pytest.mark.parametrize(("leisure", "started_at", "taught", "trained", "wish"), [
    (QUIET, None, TAUGHT, {}, START),
    (QUIET, None, TAUGHT, {"taught:1": 4}, START),
    (QUIET, None, TAUGHT, {"taught:1": 3, "taught:2": 3}, START),
    (QUIET, None, TAUGHT, TAUGHT, NOTHING),
    (QUIET, None, {"taught:1": 4}, TAUGHT, NOTHING),
    (QUIET, None, {}, {}, NOTHING),
    (Leisure(at=IDLE_SECONDS, touched_at=0.1), None, TAUGHT, {}, NOTHING),
    (Leisure(at=SETTLED_SECONDS, asleep=True), None, TAUGHT, {}, START),
    (Leisure(at=SETTLED_SECONDS, touched_at=1.0, asleep=True), None, TAUGHT, {}, NOTHING),
    (Leisure(at=700.0, wanted_at=650.0), 600.0, TAUGHT, {}, STOP),
    (Leisure(at=700.0, wanted_at=650.0, asleep=True), 600.0, TAUGHT, {}, STOP),
    (Leisure(at=700.0, touched_at=650.0, wanted_at=500.0), 600.0, TAUGHT, {}, NOTHING),
    (Leisure(at=700.0), 600.0, TAUGHT, TAUGHT, NOTHING),
])
def test_it_starts_when_nobody_needs_it_and_more_was_taught_and_stops_for_the_wearer(leisure, started_at, taught,
                                                                                     trained, wish):
    assert choose(leisure, started_at, taught, trained, IDLE_SECONDS) == wish
