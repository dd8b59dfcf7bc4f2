"""A long day of teaching, step by step, for the tests that end it at any instant.

Each step is one acknowledged operation on a store, and the same seed gives the same day.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fingerpost.core.types import Clip
from fingerpost.memory.lessons import Lesson
from fingerpost.memory.objects import ObjectStore
from fingerpost.memory.samples import make_sample

NAMES = ("cup", "tea", "salt", "keys")


def plan_day(seed, count):
    """`count` operations, functions of a store, any of which can follow any other."""
    random = np.random.default_rng(seed)
    kinds = [keep, keep, keep, undo_sample, learn, learn, add, rename, forget, relabel, merge, undo]
    return [random.choice(kinds)(number, random) for number in range(count)]


def keep(number, random):
    return lambda store: store.keep(crop(number), vector(number), "net")


def undo_sample(number, random):
    return lambda store: store.undo_sample()


def learn(number, random):
    name = random.choice(NAMES)
    return lambda store: store.waiting() and store.learn(name, clip(number), "voice")


def add(number, random):
    name = random.choice(NAMES)
    return lambda store: store.add(name, [(crop(number + n), vector(number + n)) for n in range(3)], "net")


def rename(number, random):
    return lambda store: store.objects() and store.rename(store.objects()[0].name, f"thing {number}")


def forget(number, random):
    return lambda store: store.objects() and store.forget(store.objects()[-1].name)


def relabel(number, random):
    return lambda store: store.objects() and store.set_voice_label(store.objects()[0].object_id, clip(number))


def merge(number, random):
    samples = [make_sample(crop(number), vector(number), "net"), make_sample(crop(number + 1), vector(number), "net")]
    lessons = [Lesson(random.choice(NAMES), samples, clip(number)), Lesson(f"import {number}", samples[:1])]
    return lambda store: store.merge(lessons)


def undo(number, random):
    return lambda store: store.undo()


def crop(number):
    return np.random.default_rng(number).integers(0, 255, (24, 24, 3), np.uint8)


def vector(number):
    return np.full(512, number, np.float32)


def clip(number):
    return Clip(np.arange(number, number + 4000).astype(np.int16), 16000)


def read_state(store):
    """Everything that a store gives, as a value that can be compared."""
    labels = [store.voice_label(thing.object_id) for thing in store.objects()]
    return (store.objects(), [label and label.samples.tobytes() for label in labels],
            {key: vectors.tobytes() for key, vectors in store.embeddings("net").items()},
            store.waiting_embeddings("net").tobytes(),
            [crop.tobytes() for crop in map(store.crop, store.stale("another net")) if crop is not None])


def states_of(day):
    """What a store gives before the first step of a day and after each, where nothing goes wrong."""
    with ObjectStore(Path(":memory:")) as store:
        states = [read_state(store)]
        for step in day:
            step(store)
            states.append(read_state(store))
    return states
