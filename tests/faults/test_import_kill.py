"""kill -9 while archives are imported: each is there whole or not at all, nothing that was there before is lost, and
importing the one that was cut short again completes it.
"""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from fingerpost.memory.archive import read_archive, write_archive
from fingerpost.memory.objects import ObjectStore
from tests.kills import KILLS, in_turn, live_until_killed, patient
from tests.teaching_day import NAMES, clip, read_state, vector

ARCHIVES = 6
SAMPLES = 5


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """What other devices have exported: things that are taught here too and things that are not, with pictures and
    names that some of the archives share."""
    folder = tmp_path_factory.mktemp("archives")
    for number in range(ARCHIVES):
        with ObjectStore(folder / f"{number}.sqlite") as store:
            names = NAMES[number % len(NAMES)], f"theirs {number}", f"theirs {number // 2}, too"
            for index, name in enumerate(names):
                label = clip(number) if index != 1 else None
                store.add(name, looks(4 * number + 3 * index), "net", label, "voice" if label else "list")
            write_archive(folder / f"{number}.zip", store.lessons())
    return sorted(folder.glob("*.zip"))


@pytest.fixture(scope="module")
def states(archives):
    """What a store gives before the first archive and after each, where nothing goes wrong."""
    with ObjectStore(Path(":memory:")) as store:
        fill(store)
        found = [read_state(store)]
        for archive in archives:
            take_in(archive, store)
            found.append(read_state(store))
    return found


def looks(first):
    """Pictures as large as those of a camera, and embeddings."""
    return [(np.random.default_rng(number).integers(0, 255, (120, 120, 3), np.uint8), vector(number))
            for number in range(first, first + SAMPLES)]


def fill(store):
    """Some things of one's own, and a sample that waits for a name."""
    store.add(NAMES[0], looks(100), "net", clip(100), "voice")
    store.add(NAMES[1], looks(200), "net")
    store.forget(NAMES[1])
    store.add(NAMES[2], looks(300), "net")
    store.keep(*looks(400)[0], "net")


def take_in(archive, store):
    """What the command does."""
    store.merge(read_archive(archive))


def test_every_archive_brings_something_in(states):
    assert all(before != after for before, after in zip(states, states[1:]))


@patient
def test_kill_9_leaves_an_archive_imported_or_not(archives, states, tmp_path):
    dice = random.Random(0)
    steps = [partial(take_in, archive) for archive in archives]
    done = ARCHIVES
    for number in range(KILLS):
        if done == ARCHIVES:  # all are there: a new store
            path, done = tmp_path / str(number) / "objects.sqlite", 0
            with ObjectStore(path) as store:
                fill(store)
        done += live_until_killed(in_turn(path, steps[done:]), dice, 3, 0.02)
        with ObjectStore(path) as store:
            assert read_state(store) in states[done:done + 2], f"kill {number}: half of archive {done}, or a loss"
            assert store.verify() == []
            if done < ARCHIVES:
                done += 1
                steps[done - 1](store)
                assert read_state(store) == states[done], f"kill {number}: archive {done - 1} is not completed"
