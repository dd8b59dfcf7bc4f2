"""kill -9 at random instants: every acknowledged operation is there, and the one that was cut short is whole or absent.

FINGERPOST_KILLS sets how often it is done; 1000 takes some minutes.
"""

from __future__ import annotations

import os
import random
import signal
import time

from fingerpost.memory.objects import ObjectStore
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
        acknowledged = done + live_until_killed(path, day[done:], dice)
        with ObjectStore(path) as store:
            state = read_state(store)
            possible = [number for number in (acknowledged, acknowledged + 1) if states[number:number + 1] == [state]]
            assert possible, f"day {days}: the store after step {acknowledged} is none that it may be"
            assert store.verify() == []
        done = possible[-1]


def live_until_killed(path, steps, dice):
    """Take the steps in a process of its own and kill it at some instant; returns how many it acknowledged."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        take_steps(path, steps, writer)
    os.close(writer)
    acknowledged = 0
    for _ in range(dice.randrange(12)):
        acknowledged += len(os.read(reader, 1))
    time.sleep(dice.uniform(0, 0.01))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "a step failed"
    with os.fdopen(reader, "rb") as rest:
        return acknowledged + len(rest.read())


def take_steps(path, steps, writer):
    """The child: one byte for every step that is done. Never returns."""
    try:
        with ObjectStore(path) as store:
            for step in steps:
                step(store)
                os.write(writer, b".")
            os.close(writer)
            signal.pause()
    finally:
        os._exit(1)
