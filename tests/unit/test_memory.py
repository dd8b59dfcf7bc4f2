"""The store of taught things: whole samples or none, names, and what happens when the card fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from fingerpost.core.errors import StoreError
from fingerpost.memory.objects import ObjectStore

CROP = np.zeros((8, 8, 3), np.uint8)


def vector(seed=0):
    return np.random.default_rng(seed).random(16, dtype=np.float32)


@pytest.fixture
def store(tmp_path):
    with ObjectStore(tmp_path / "objects.sqlite") as opened:
        yield opened


def test_samples_wait_for_a_name_and_then_belong_to_it(store):
    assert store.keep(CROP, vector(1), "net") == 1
    assert store.keep(CROP, vector(2), "net") == 2
    thing = store.learn("cup")
    assert (thing.name, thing.samples, store.waiting()) == ("cup", 2, 0)
    np.testing.assert_array_equal(store.embeddings("net")[thing.object_id], np.stack([vector(1), vector(2)]))


def test_undo_takes_the_newest_sample_and_never_a_named_one(store):
    store.keep(CROP, vector(), "net")
    store.learn("cup")
    store.keep(CROP, vector(), "net")
    assert store.undo() == 0
    assert store.undo() == 0
    assert store.objects()[0].samples == 1


def test_embeddings_of_another_network_are_left_out(store):
    store.add("cup", [(CROP, vector())], "old net")
    assert store.embeddings("new net") == {}


def test_rename_and_forget(store):
    store.add("cup", [(CROP, vector())], "net")
    store.add("tea", [(CROP, vector())], "net")
    store.rename("cup", "mug")
    with pytest.raises(StoreError, match="already"):
        store.rename("mug", "tea")
    store.forget("mug")
    assert [thing.name for thing in store.objects()] == ["tea"]
    with pytest.raises(StoreError, match="objects list"):
        store.forget("mug")


def test_what_was_taught_is_there_after_a_restart(tmp_path):
    path = tmp_path / "deep" / "objects.sqlite"
    with ObjectStore(path) as store:
        store.add("cup", [(CROP, vector())], "net")
    with ObjectStore(path) as store:
        assert store.objects()[0].name == "cup"


def test_a_file_that_is_no_store_gets_one_line(tmp_path):
    path = tmp_path / "objects.sqlite"
    path.write_bytes(b"this is not a database, and long enough to be read as one" * 20)
    with pytest.raises(StoreError, match="restore"):
        ObjectStore(path).open()


def test_close_twice_and_use_after_close(tmp_path):
    store = ObjectStore(tmp_path / "objects.sqlite")
    store.open()
    store.close()
    store.close()
    with pytest.raises(StoreError, match="not open"):
        store.waiting()


WRITER = """
import sys
import numpy as np
from pathlib import Path
from fingerpost.memory.objects import ObjectStore
with ObjectStore(Path(sys.argv[1])) as store:
    while True:
        print(store.keep(np.zeros((64, 64, 3), np.uint8), np.ones(512, np.float32), "net"), flush=True)
"""


def test_kill_9_loses_no_acknowledged_sample(tmp_path):
    path = tmp_path / "objects.sqlite"
    for round_number in range(5):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        acknowledged = int(process.stdout.readline())
        time.sleep(0.02 * round_number)
        os.kill(process.pid, signal.SIGKILL)
        acknowledged = max([acknowledged] + [int(line) for line in process.stdout.read().split("\n")[:-1]])
        process.wait()
        with ObjectStore(path) as store:
            assert store.waiting() >= acknowledged
