"""When the device may retrain: tables of what the wearer did and what was taught."""

from __future__ import annotations

import pytest

from fingerpost.core.deciding.leisure import (
    NOTHING,
    RETRY_SECONDS,
    SETTLED_SECONDS,
    START,
    STOP,
    Leisure,
    Runs,
    choose,
    follow,
)
from fingerpost.core.events import Seen, Tick
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


@pytest.mark.parametrize(("leisure", "runs", "taught", "wish"), [
    (QUIET, Runs(), TAUGHT, START),
    (QUIET, Runs(trained={"taught:1": 4}), TAUGHT, START),
    (QUIET, Runs(trained={"taught:1": 3, "taught:2": 3}), TAUGHT, START),
    (QUIET, Runs(trained=TAUGHT), TAUGHT, NOTHING),
    (QUIET, Runs(trained=TAUGHT), {"taught:1": 4}, NOTHING),
    (QUIET, Runs(), {}, NOTHING),
    (Leisure(at=IDLE_SECONDS, touched_at=0.1), Runs(), TAUGHT, NOTHING),
    (Leisure(at=SETTLED_SECONDS, asleep=True), Runs(), TAUGHT, START),
    (Leisure(at=SETTLED_SECONDS, touched_at=1.0, asleep=True), Runs(), TAUGHT, NOTHING),
    (Leisure(at=20.0, asleep=True), Runs(stopped_at=1.0), TAUGHT, NOTHING),
    (Leisure(at=IDLE_SECONDS, asleep=True), Runs(stopped_at=1.0), TAUGHT, NOTHING),
    (Leisure(at=1.0 + IDLE_SECONDS, asleep=True), Runs(stopped_at=1.0), TAUGHT, START),
    (Leisure(at=700.0, wanted_at=650.0), Runs(600.0), TAUGHT, STOP),
    (Leisure(at=700.0, wanted_at=650.0, asleep=True), Runs(600.0), TAUGHT, STOP),
    (Leisure(at=700.0, touched_at=650.0, wanted_at=500.0), Runs(600.0), TAUGHT, NOTHING),
    (Leisure(at=700.0), Runs(600.0, trained=TAUGHT), TAUGHT, NOTHING),
    (Leisure(at=IDLE_SECONDS, strained=True), Runs(), TAUGHT, NOTHING),
    (Leisure(at=700.0, strained=True), Runs(600.0), TAUGHT, STOP),
])
def test_it_starts_when_nobody_needs_it_and_more_was_taught_and_stops_for_the_wearer(leisure, runs, taught, wish):
    assert choose(leisure, runs, taught, IDLE_SECONDS, powered=True) == wish


def test_without_mains_it_neither_starts_nor_goes_on():
    assert choose(QUIET, Runs(), TAUGHT, IDLE_SECONDS, powered=False) == NOTHING
    assert choose(QUIET, Runs(10.0), TAUGHT, IDLE_SECONDS, powered=False) == STOP


@pytest.mark.parametrize(("taught", "later", "wish"), [
    (TAUGHT, RETRY_SECONDS - 1.0, NOTHING),
    (TAUGHT, RETRY_SECONDS, START),
    ({**TAUGHT, "taught:3": 1}, 1.0, START),
    ({"taught:1": 2}, RETRY_SECONDS, NOTHING),
])
def test_what_has_failed_is_tried_again_later_or_when_more_is_taught(taught, later, wish):
    runs = Runs(trained={"taught:1": 2}, failed=TAUGHT, failed_at=1000.0)
    assert choose(Leisure(at=1000.0 + later), runs, taught, IDLE_SECONDS, powered=True) == wish
