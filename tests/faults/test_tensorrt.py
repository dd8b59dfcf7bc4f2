"""TensorRT fails in every way: whatever happens, the same things are seen, and a wrong engine never runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from fingerpost import runtimes
from fingerpost.core.errors import ModelError
from fingerpost.devices.clocks import RealClock
from fingerpost.inference import tensorrt
from fingerpost.inference.fallback import Trouble
from fingerpost.inference.tensorrt import SharedWorker
from fingerpost.models import ModelStore
from fingerpost.settings import Settings
from tests.fakes.tensorrt_desk import find_workers
from tests.fakes.tensorrt_machine import IMAGE

ENDED_SECONDS = 20.0


def test_out_of_memory_is_said_and_onnx_runtime_carries_on(desk):
    desk.monkeypatch.setenv("FAKE_CUDA_BYTES", str(desk.bytes - 1))
    with desk.with_fallback() as backend:
        np.testing.assert_array_equal(backend.run(IMAGE)[0], 2 * IMAGE)
    assert len(desk.told) == 1
    assert "out of memory" in desk.told[0]


def test_what_was_closed_gives_its_memory_and_its_stream_back(desk):
    desk.monkeypatch.setenv("FAKE_CUDA_BYTES", str(desk.bytes + 1))
    desk.monkeypatch.setenv("FAKE_CUDA_STREAMS", "1")
    backend = desk.backend()
    for _ in range(3):
        with backend:
            np.testing.assert_array_equal(backend.run(IMAGE)[0], 2 * IMAGE)
    backend.open()
    with pytest.raises(ModelError, match="out of memory"):
        desk.another().open()
    np.testing.assert_array_equal(backend.run(-IMAGE)[0], -2 * IMAGE)


def test_two_networks_share_a_process(desk):
    with desk.backend() as first, desk.another() as second:
        assert len(find_workers(os.getpid())) == 1
        np.testing.assert_array_equal(first.run(IMAGE)[0], 2 * IMAGE)
        np.testing.assert_array_equal(second.run(-IMAGE)[0], -2 * IMAGE)


@pytest.mark.parametrize(("word", "reason"), [("refuse", "told to refuse"), ("crash", "crashed (SIGSEGV)"),
                                              ("hang", "did not answer in time")])
def test_a_run_that_fails_is_run_by_onnx_runtime(nano, word, reason, caplog):
    with nano.with_fallback() as backend:
        backend.run(IMAGE)
        for name in ("RUN_SECONDS", "LOAD_SECONDS"):  # it is tried once more, and fails again
            nano.monkeypatch.setattr(tensorrt, name, 0.5)
        nano.fault.write_text(word)
        for factor in (1, 2, 3):
            np.testing.assert_array_equal(backend.run(factor * IMAGE)[0], 2 * factor * IMAGE)
        wait_until(lambda: nano.told)
    assert len(nano.told) == 1
    assert reason in caplog.text
    assert "\n" not in nano.told[0]
    assert len(find_workers(os.getpid())) == (1 if word == "refuse" else 0)


def test_a_process_that_was_killed_is_noticed_at_the_next_frame_and_replaced_once(nano, caplog):
    def run():
        np.testing.assert_array_equal(backend.run(IMAGE)[0], 2 * IMAGE)
        return "TensorRT computes again" in caplog.text

    with nano.with_fallback() as backend:
        for _ in range(2):
            run()
            os.kill(find_workers(os.getpid())[0], signal.SIGKILL)
            assert not nano.told
            wait_until(run)
    assert "crashed (SIGKILL)" in nano.told[0]
    assert not find_workers(os.getpid())
    nano.check()


def test_an_array_of_another_shape_is_no_reason_to_change(nano):
    with nano.with_fallback() as backend:
        with pytest.raises(ModelError, match="takes 1x3x4x6, not 2x2"):
            backend.run(np.zeros((2, 2), np.float32))
        backend.run(IMAGE)
    assert not nano.told


@pytest.mark.parametrize("work", ["open()", "open(); fault.write_text('hang'); backend.run(np.zeros(shape, 'float32'))",
                                  "fault.write_text('hang'); open()"])
def test_the_process_ends_with_its_parent_whatever_it_does(nano, work):
    script = f"""
import sys, pathlib, threading, os, time
import numpy as np
from fingerpost.inference import tensorrt
from fingerpost.inference.engines import Engines, Source
from fingerpost.inference.tensorrt import SharedWorker, TensorRTBackend
tensorrt.RUN_SECONDS = 60.0
folder, fault, shape = pathlib.Path({str(nano.folder)!r}), pathlib.Path({str(nano.fault)!r}), (1, 3, 4, 6)
backend = TensorRTBackend(Source("scaler", folder / "scaler.onnx", shape), SharedWorker(sys.executable),
                          Engines(folder / "engines"))
open = backend.open
def work():
    {work}
    print("done", flush=True)
threading.Thread(target=work, daemon=True).start()
time.sleep(100)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    hangs = "hang" in work
    if not hangs:
        parent.stdout.readline()
    wait_until(lambda: find_workers(parent.pid) and (not hangs or nano.fault.exists()))
    time.sleep(1.5 if hangs else 0.0)  # for the fault to be met
    workers = find_workers(parent.pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert workers
    wait_until(lambda: not any(is_running(worker) for worker in workers))
    assert not list(nano.engine.parent.glob("*.part"))


def test_trouble_is_told_once_to_whoever_listens_by_then():
    trouble, told = Trouble(), []
    trouble.report("first")
    trouble.listen(told.append)
    trouble.report("second")
    assert told == ["first"]


def test_without_a_gpu_tensorrt_is_not_used_and_the_wearer_hears_it(nano):
    nano.monkeypatch.setenv("FAKE_CUDA_DEVICES", "0")
    nano.workers.append(SharedWorker(sys.executable))
    nano.monkeypatch.setattr(runtimes, "find_tensorrt", lambda: nano.workers[-1])
    info, told = ModelStore().load("detector"), []
    for _ in range(2):
        with runtimes.open_backend(info, Settings()) as backend:
            backend.run(np.zeros(info.input, np.float32))
        nano.monkeypatch.setattr("fingerpost.inference.tensorrt.Worker", None)  # it is not tried again
    runtimes.hear_of_trouble(Settings(), RealClock(), told.append)
    assert [event.part for event in told] == ["gpu"]
    assert "no CUDA-capable device is detected" in told[0].reason


@pytest.mark.parametrize(("python", "reason"), [("/nowhere/python", "cannot be started"), ("/bin/false", "crashed")])
def test_a_python_that_cannot_be_used_is_said(nano, python, reason):
    with pytest.raises(ModelError, match=reason) as raised:
        SharedWorker(python).join()
    assert "\n" not in str(raised.value)


def test_a_python_without_tensorrt_is_said(nano):
    nano.monkeypatch.setenv("PYTHONPATH", "")
    with pytest.raises(ModelError, match="No module named 'tensorrt'"):
        SharedWorker(sys.executable).join()


def wait_until(condition):
    """Until that is so, which it must be at last."""
    deadline = time.monotonic() + ENDED_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_running(process):
    """Whether a process still runs; one that has ended and waits to be cleared away does not."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
