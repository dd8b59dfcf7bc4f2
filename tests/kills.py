"""A process that is killed at some instant, for tests of what survives kill -9.

FINGERPOST_KILLS sets how often every such test does it: 25 times by default; 300 are over a thousand in all.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from functools import partial

import pytest

from fingerpost.memory.objects import ObjectStore

KILLS = int(os.environ.get("FINGERPOST_KILLS", "25"))
patient = pytest.mark.timeout(300 + 4 * KILLS)
"""For tests that kill so often."""
_LIBC = ctypes.CDLL(None)
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


class Victim:
    """A process that does some work until it is killed, the first of a group with whatever it starts.

    `work` is given a function with which it acknowledges what is done.
    """

    def __init__(self, work):
        self._reader, writer = os.pipe()
        self._acknowledged = 0
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1)  # what outlives the process comes to this one
        self._process = os.fork()
        if not self._process:
            live(work, writer)
        os.close(writer)

    def wait(self, count=1):
        """Wait for so many acknowledgements, or for its end."""
        for _ in range(count):
            self._acknowledged += len(os.read(self._reader, 1))

    def kill(self):
        """Kill it; returns how much it has acknowledged. It must have been alive, and all that it started must die."""
        os.kill(self._process, signal.SIGKILL)
        _, status = os.waitpid(self._process, 0)
        assert os.WIFSIGNALED(status), "a step failed"
        orphans = list(reap(self._process))
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 0)
        assert all(os.WIFSIGNALED(status) for status in orphans), "a child has outlived its parent"
        with os.fdopen(self._reader, "rb") as rest:
            return self._acknowledged + len(rest.read())


def live(work, writer):
    """The life of a victim: one byte for every acknowledgement. Never returns."""
    try:
        os.setsid()
        work(lambda: os.write(writer, b"."))
        os.close(writer)
        signal.pause()
    finally:
        os._exit(1)


def reap(group):
    """How each process of that group ended that has come to this one; waits for them."""
    while True:
        try:
            yield os.waitpid(-group, 0)[1]
        except ChildProcessError:
            return


def work_until_killed(work, dice, most, longest_seconds):
    """Do the work in a process of its own and kill it at some instant; returns how much it acknowledged.

    The instant comes up to `longest_seconds` after fewer than `most` acknowledgements, as the dice fall.
    """
    victim = Victim(work)
    victim.wait(dice.randrange(most))
    time.sleep(dice.uniform(0, longest_seconds))
    return victim.kill()


def live_until_killed(steps, dice, most, longest_seconds):
    """`work_until_killed`, where the work is steps (functions), each acknowledged when it is done."""
    return work_until_killed(partial(take_steps, steps), dice, most, longest_seconds)


def take_steps(steps, acknowledge):
    """One step after the other."""
    for step in steps:
        step()
        acknowledge()


def in_turn(path, steps):
    """The steps, each with the one store, which is opened by whoever takes the first of them and never closed."""
    store = ObjectStore(path)
    store.open()
    for step in steps:
        yield partial(step, store)
