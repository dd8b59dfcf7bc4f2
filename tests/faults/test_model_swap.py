"""kill -9 while models are installed and rolled back: the store of models always loads, and what is live is either
what was acknowledged last or what was under way.

FINGERPOST_KILLS sets how often it is done.
"""

from __future__ import annotations

import os
import random
import signal
import time

from fingerpost.installed import GENERATIONS
from tests.generations import SHIPPED, install, open_models, read_live

KILLS = int(os.environ.get("FINGERPOST_KILLS", "25"))
STEPS = 12


def test_kill_9_leaves_a_model_that_loads(tmp_path, monkeypatch, caplog):
    models = open_models(tmp_path, monkeypatch)
    dice = random.Random(0)
    stack = [SHIPPED]
    for day in range(KILLS):
        plan = plan_steps(day, stack, dice)
        acknowledged = live_until_killed(models, plan, dice)
        possible = [stack, *(after for _, after in plan)][acknowledged:acknowledged + 2]
        found = [info.path.read_bytes() for info in reversed(models.generations("objects"))]
        assert found in possible
        assert read_live(models) == found[-1]
        assert all(problem is None for _, problem in models.verify())
        stack = found
    assert not caplog.text
    install(models, b"last")
    files = {path.name for path in models._folder.iterdir()} - {"manifest.json"}
    assert files == {info.path.name for info in models.generations("objects") if info.installed}


def plan_steps(day, stack, dice):
    """Steps (a content to install, or None to roll back), each with the generations after it, oldest first."""
    plan = []
    for number in range(STEPS):
        content = b"%d %d " % (day, number) * dice.randrange(1, 40_000) if dice.random() < 0.7 else None
        shipped, *installed = stack
        stack = [shipped, *(installed[:-1] if content is None else [*installed, content][-GENERATIONS:])]
        plan.append((content, stack))
    return plan


def live_until_killed(models, plan, dice):
    """Take the steps in a process of its own and kill it at some instant; returns how many it acknowledged."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        take_steps(models, plan, writer)
    os.close(writer)
    acknowledged = 0
    for _ in range(dice.randrange(STEPS)):
        acknowledged += len(os.read(reader, 1))
    time.sleep(dice.uniform(0, 0.005))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "a step failed"
    with os.fdopen(reader, "rb") as rest:
        return acknowledged + len(rest.read())


def take_steps(models, plan, writer):
    """The child: one byte for every step that is done. Never returns."""
    try:
        for content, _ in plan:
            if content is not None:
                install(models, content)
            elif models.generations("objects")[0].installed:
                models.rollback("objects")
            os.write(writer, b".")
        os.close(writer)
        signal.pause()
    finally:
        os._exit(1)
