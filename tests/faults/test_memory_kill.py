"""kill -9 while things are taught, renamed and forgotten: every acknowledged operation is there, and the one that was
cut short is whole or absent.
"""

from __future__ import annotations

import random

from fingerpost.memory.objects import ObjectStore
from tests.kills import KILLS, in_turn, live_until_killed, patient
from tests.teaching_day import plan_day, read_state, states_of

STEPS = 60


@patient
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
