"""kill -9 at random instants: every acknowledged operation is there, and the one that was cut short is whole or absent.

FINGERPOST_KILLS sets how often it is done; 1000 takes some minutes.
"""

from __future__ import annotations

import os
import random
from functools import partial

from fingerpost.memory.objects import ObjectStore
from tests.kills import live_until_killed
from tests.teaching_day import plan_day, read_state, states_of

KILLS = int(os.environ.get("FINGERPOST_KILLS", "25"))
STEPS = 60


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path):
    dice = random.Random(0)
    days, done = 0, STEPS
    for _ in range(KILLS):
        if done == STEPS:  # a day is over: a new store, and another day
            days, done = days + 1, 0
            path = tmp_path / str(days) / "objects.sqlite"
            day = plan_day(days, STEPS)
            states = states_of(day)
        acknowledged = done + live_until_killed(in_turn(path, day[done:]), dice, 12, 0.01)
        with ObjectStore(path) as store:
            state = read_state(store)
            possible = [number for number in (acknowledged, acknowledged + 1) if states[number:number + 1] == [state]]
            assert possible, f"day {days}: the store after step {acknowledged} is none that it may be"
            assert store.verify() == []
        done = possible[-1]


def in_turn(path, steps):
    """The steps, each with the one store, which is opened by whoever takes the first of them and never closed."""
    store = ObjectStore(path)
    store.open()
    for step in steps:
        yield partial(step, store)
