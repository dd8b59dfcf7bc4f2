"""kill -9 while models are installed and rolled back: the store of models always loads, and what is live is either
what was acknowledged last or what was under way.

FINGERPOST_KILLS sets how often it is done.
"""

from __future__ import annotations

import os
import random
from functools import partial

from fingerpost.installed import GENERATIONS
from tests.generations import SHIPPED, install, open_models, read_live
from tests.kills import live_until_killed

KILLS = int(os.environ.get("FINGERPOST_KILLS", "25"))
STEPS = 12


def test_kill_9_leaves_a_model_that_loads(tmp_path, monkeypatch, caplog):
    models = open_models(tmp_path, monkeypatch)
    dice = random.Random(0)
    stack = [SHIPPED]
    for day in range(KILLS):
        plan = plan_steps(day, stack, dice)
        steps = [partial(take_step, models, content) for content, _ in plan]
        acknowledged = live_until_killed(steps, dice, STEPS, 0.005)
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


def take_step(models, content):
    """Install a content, or roll back to what was live before, where there is anything."""
    if content is not None:
        install(models, content)
    elif models.generations("objects")[0].installed:
        models.rollback("objects")
