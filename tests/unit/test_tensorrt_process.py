"""The process that runs TensorRT, simulated: what runs out of memory, out of time, or cannot be ended."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import numpy as np
import pytest

from fingerpost.core import live
from fingerpost.core.errors import ModelError
from fingerpost.inference import process, tensorrt
from fingerpost.inference.engines import Engine, Platform, Source
from fingerpost.inference.tensorrt import SharedWorker, TensorRTBackend

FACTS = '{"tensorrt": "8.2", "gpu": "a GPU", "capability": "5.3", "precisions": ["fp32"], "typed": false}'
SCRIPT = f"""
import sys
for line in sys.stdin:
    print('{FACTS}' if "probe" in line else '{{}}', flush=True)
"""
"""Answers every order."""


@pytest.fixture
def worker(monkeypatch, tmp_path):
    """A process that knows no TensorRT."""
    (tmp_path / "script.py").write_text(SCRIPT)
    monkeypatch.setattr(process, "SCRIPT", tmp_path / "script.py")
    worker = process.Worker(sys.executable)
    yield worker
    worker.close()


def raise_error(number):
    """A function of the system that fails so."""
    def fail(*arguments, **more):
        raise OSError(number, os.strerror(number))
    return fail


@pytest.mark.parametrize("function", ["os.pwrite", "os.fstat"])
def test_no_memory_for_what_is_given_is_an_error_of_the_tree_and_the_process_lives(worker, monkeypatch, function):
    with monkeypatch.context() as patch:
        patch.setattr(function, raise_error(errno.ENOMEM))
        with pytest.raises(ModelError, match="no memory to share with TensorRT .Cannot allocate memory.*runtime"):
            worker.ask({"do": "load"}, 60.0, b"engine")
    assert worker.ask({"do": "load"}, 60.0, b"engine") == {}


def test_what_was_laid_in_part_takes_no_memory(worker, monkeypatch):
    def write_half(handle, data, at, write=os.pwrite):
        if len(data) < 100:
            raise OSError(errno.ENOSPC, "full")
        return write(handle, data[:50], at)

    with monkeypatch.context() as patch:
        patch.setattr("os.pwrite", write_half)
        with pytest.raises(ModelError, match="full"):
            worker.ask({"do": "load"}, 60.0, b"x" * 120)
    assert os.fstat(worker._memory).st_size == 0


@pytest.mark.parametrize("look", [lambda worker: worker.map(0, 10), lambda worker: worker.take(0, 10)])
def test_no_memory_to_look_into_is_an_error_of_the_tree(worker, monkeypatch, look):
    with monkeypatch.context() as patch:
        patch.setattr("mmap.mmap", raise_error(errno.EMFILE))
        patch.setattr("os.pread", raise_error(errno.ENOMEM))
        with pytest.raises(ModelError, match="no memory to share"):
            look(worker)


@pytest.mark.parametrize("function", ["os.memfd_create", "os.pipe"])
def test_without_handles_it_does_not_start_and_keeps_none(monkeypatch, function):
    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(function, raise_error(errno.EMFILE))
    with pytest.raises(ModelError, match="Too many open files"):
        process.Worker(sys.executable)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_process_that_cannot_be_killed_is_not_waited_for(worker, monkeypatch):
    """As one that is stuck in a driver: it takes no signal, and ends only with the machine."""
    real, asked = worker._process, []

    def wait(timeout=None):
        asked.append(timeout)
        assert timeout is not None
        raise subprocess.TimeoutExpired("worker", timeout)

    with monkeypatch.context() as patch:
        patch.setattr(real, "kill", lambda: None)
        patch.setattr(real, "wait", wait)
        with pytest.raises(ModelError, match="did not answer in time to 'hang'"):
            worker.ask({"do": "hang"}, -1.0)
    assert not worker.alive
    assert len(asked) == 1
    real.kill()
    real.wait()


def test_a_death_that_nobody_asked_for_is_noticed_and_leaves_nothing(worker):
    assert worker.alive
    worker._process.kill()
    worker._process.wait()
    assert not worker.alive
    before = len(os.listdir("/proc/self/fd"))
    worker.close()
    assert len(os.listdir("/proc/self/fd")) == before - 5, "two pipes, their lifeline, and two pieces of memory"
    with pytest.raises(ModelError, match="has crashed .SIGKILL"):
        worker.ask({"do": "load"}, 60.0)


def test_who_joins_after_such_a_death_gets_a_new_process(worker):
    shared = SharedWorker(sys.executable)
    first = shared.join()
    first._process.kill()
    first._process.wait()
    second = shared.join()
    assert second.alive
    assert not first._handles
    shared.close()


def test_another_runtime_has_time_to_take_over_before_the_eyes_count_as_lost():
    assert process.RUN_SECONDS + process.KILL_SECONDS <= live.HUNG_SECONDS / 2
    assert process.SHARED_LOAD_SECONDS + process.KILL_SECONDS < live.PERCEPTION_PATIENCE_SECONDS - live.HUNG_SECONDS
    change_seconds = process.START_SECONDS + process.SHARED_LOAD_SECONDS + process.KILL_SECONDS
    assert change_seconds < live.CHANGE_HUNG_SECONDS < live.CHANGE_PATIENCE_SECONDS


class Scripted:
    """A process that takes every order, as `Worker`; what it was asked, and in what time."""

    platform, alive = Platform("8.2", "a GPU", "5.3", ("fp32",), False), True

    def __init__(self):
        self.serves, self.asked, self.no_map = False, [], False

    def ask(self, order, seconds, data=None, tell=None):
        self.asked.append((order["do"], seconds))
        place = {"name": "in", "input": True, "type": "float32", "shape": [1, 2], "offset": 0}
        return {"engine": 1, "at": 0, "bytes": 8, "arrays": [place, {**place, "name": "out", "input": False}]}

    def map(self, at, size):
        if self.no_map:
            raise ModelError("no memory")
        return bytearray(size)


@pytest.fixture
def scripted(monkeypatch):
    """The process, in place of the real one."""
    worker = Scripted()
    monkeypatch.setattr(tensorrt, "Worker", lambda python: worker)
    return worker


@pytest.fixture
def make(tmp_path):
    """Backends that share a process, with engines that are there."""
    class Kept:
        def find(self, source, platform):
            return Engine(b"engine", ("out",))

    (tmp_path / "network").touch()
    shared = SharedWorker("python")
    return lambda: TensorRTBackend(Source("network", tmp_path / "network", (1, 2)), shared, Kept())


def test_a_network_that_joins_others_keeps_them_waiting_less_long(scripted, make):
    with make() as first, make():
        first.run(np.zeros((1, 2), np.float32))
    assert scripted.asked[:2] == [("load", process.LOAD_SECONDS), ("load", process.SHARED_LOAD_SECONDS)]


def test_a_network_whose_arrays_cannot_be_reached_is_let_go_of(scripted, make):
    scripted.no_map = True
    with pytest.raises(ModelError, match="no memory"):
        make().open()
    assert [order for order, _ in scripted.asked] == ["load", "unload"]
