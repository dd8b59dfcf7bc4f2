"""A child process that is killed at some instant, for tests of what survives kill -9."""

from __future__ import annotations

import os
import signal
import time


def live_until_killed(steps, dice, most, longest_seconds):
    """Take the steps (functions) in a process of its own and kill it at some instant; returns how many it acknowledged.

    The instant comes up to `longest_seconds` after up to `most` steps, as the dice fall.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        take_steps(steps, writer)
    os.close(writer)
    acknowledged = 0
    for _ in range(dice.randrange(most)):
        acknowledged += len(os.read(reader, 1))
    time.sleep(dice.uniform(0, longest_seconds))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "a step failed"
    with os.fdopen(reader, "rb") as rest:
        return acknowledged + len(rest.read())


def take_steps(steps, writer):
    """The child: one byte for every step that is done. Never returns."""
    try:
        for step in steps:
            step()
            os.write(writer, b".")
        os.close(writer)
        signal.pause()
    finally:
        os._exit(1)
