"""TensorRT fails in every way: whatever happens, the same things are seen, and a wrong engine never runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from fingerpost.core.errors import ModelError
from fingerpost.inference import tensorrt
from fingerpost.inference.engines import SUFFIX, Engines, Source
from fingerpost.inference.fallback import FallbackBackend, Trouble
from fingerpost.inference.onnx import OnnxBackend
from fingerpost.inference.tensorrt import SharedWorker, TensorRTBackend, find_tensorrt
from tests.fakes import tensorrt_desk
from tests.fakes.tensorrt_desk import GENERATIONS, OLD_PYTHON, find_workers, write_scaler

IMAGE = np.arange(72, dtype=np.float32).reshape(1, 3, 4, 6)
ENDED_SECONDS = 20.0


class Desk:
    """A machine with TensorRT, and a network to run on it."""

    def __init__(self, monkeypatch, folder, generation="8.2", python=sys.executable):
        self.monkeypatch, self.folder, self.fault = monkeypatch, folder, folder / "fault"
        tensorrt_desk.set_up(monkeypatch, generation, self.fault, python)
        self.path = write_scaler(folder / "scaler.onnx", 2.0)
        self.engine = folder / "engines" / ("scaler" + SUFFIX)
        self.python = python
        self.bytes = IMAGE.nbytes if generation == "11" else 2 * IMAGE.nbytes  # input and output; in 11 both are halves
        self.workers = []
        self.told = []

    def backend(self):
        """The network, on a process of its own."""
        self.workers.append(SharedWorker(self.python))
        return self.another()

    def another(self):
        """The network, on the process that was started last."""
        source = Source("scaler", self.path, IMAGE.shape)
        return TensorRTBackend(source, self.workers[-1], Engines(self.folder / "engines"))

    def with_fallback(self):
        """The network, with ONNX Runtime in reserve."""
        return FallbackBackend(self.backend(), OnnxBackend(self.path, 1), self.told.append)

    def check(self, factor=2.0):
        """Run the network once on a fresh process."""
        with self.backend() as backend:
            np.testing.assert_array_equal(backend.run(IMAGE)[0], factor * IMAGE)

    def close(self):
        for worker in self.workers:
            worker.close()


@pytest.fixture(params=GENERATIONS)
def desk(request, monkeypatch, tmp_path):
    """A machine with each generation of TensorRT."""
    desk = Desk(monkeypatch, tmp_path, request.param)
    yield desk
    desk.close()


@pytest.fixture
def nano(monkeypatch, tmp_path):
    """A machine as the first Jetson Nano."""
    desk = Desk(monkeypatch, tmp_path)
    yield desk
    desk.close()


def test_an_engine_is_built_once(desk, caplog):
    desk.check()
    written = desk.engine.stat().st_mtime_ns
    desk.check()
    assert desk.engine.stat().st_mtime_ns == written
    assert caplog.text.count("compiles scaler") == 1


@pytest.mark.skipif(not OLD_PYTHON, reason="there is no Python 3.6 here; with pyenv: pyenv install 3.6.15")
@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_python_of_the_first_nano_will_do(monkeypatch, tmp_path, generation):
    old = Desk(monkeypatch, tmp_path, generation, OLD_PYTHON)
    try:
        old.check()
        old.check()
    finally:
        old.close()


def test_an_engine_of_another_network_is_built_anew(desk, caplog):
    desk.check()
    write_scaler(desk.path, 3.0)
    desk.check(3.0)
    assert "made of another network" in caplog.text


def test_an_engine_for_another_gpu_is_built_anew(nano, caplog):
    nano.check()
    nano.monkeypatch.setenv("FAKE_CUDA_NAME", "NVIDIA Tegra X2")
    nano.monkeypatch.setenv("FAKE_CUDA_CAPABILITY", "6.2")
    nano.check()
    assert "for another machine" in caplog.text


def test_an_engine_of_another_tensorrt_is_built_anew(nano, caplog):
    nano.check()
    tensorrt_desk.set_up(nano.monkeypatch, "10", nano.fault)
    nano.check()
    assert "for another machine" in caplog.text


@pytest.mark.parametrize("spoil", [lambda data: b"", lambda data: data[:-1], lambda data: data[:-9] + b"X" + data[-8:],
                                   lambda data: b"{}\n" + data, lambda data: b'"' + data])
def test_a_damaged_engine_is_built_anew(nano, caplog, spoil):
    nano.check()
    nano.engine.write_bytes(spoil(nano.engine.read_bytes()))
    nano.check()
    assert "is damaged: it is built anew" in caplog.text


def test_out_of_memory_is_said_and_onnx_runtime_carries_on(desk):
    desk.monkeypatch.setenv("FAKE_CUDA_BYTES", str(desk.bytes - 1))
    with desk.with_fallback() as backend:
        np.testing.assert_array_equal(backend.run(IMAGE)[0], 2 * IMAGE)
    assert len(desk.told) == 1
    assert "out of memory" in desk.told[0]


def test_what_was_closed_gives_its_memory_back(desk):
    desk.monkeypatch.setenv("FAKE_CUDA_BYTES", str(desk.bytes + 1))
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
def test_a_run_that_fails_is_run_by_onnx_runtime(nano, word, reason):
    nano.monkeypatch.setattr(tensorrt, "RUN_SECONDS", 0.5)
    with nano.with_fallback() as backend:
        backend.run(IMAGE)
        nano.fault.write_text(word)
        for factor in (1, 2, 3):
            np.testing.assert_array_equal(backend.run(factor * IMAGE)[0], 2 * factor * IMAGE)
    assert len(nano.told) == 1
    assert reason in nano.told[0]
    assert "\n" not in nano.told[0]
    assert len(find_workers(os.getpid())) == (1 if word == "refuse" else 0)


def test_a_process_that_was_killed_is_noticed_at_the_next_frame(nano):
    with nano.with_fallback() as backend:
        backend.run(IMAGE)
        os.kill(find_workers(os.getpid())[0], signal.SIGKILL)
        np.testing.assert_array_equal(backend.run(IMAGE)[0], 2 * IMAGE)
    assert "crashed (SIGKILL)" in nano.told[0]
    with nano.backend() as backend:
        np.testing.assert_array_equal(backend.run(IMAGE)[0], 2 * IMAGE)


def test_an_array_of_another_shape_is_no_reason_to_change(nano):
    with nano.with_fallback() as backend:
        with pytest.raises(ModelError, match="takes 1x3x4x6, not 2x2"):
            backend.run(np.zeros((2, 2), np.float32))
        backend.run(IMAGE)
    assert not nano.told


@pytest.mark.parametrize(("word", "reason"), [("refuse", "told to refuse"), ("crash", "SIGSEGV"),
                                              ("hang", "did not answer in time to 'build'")])
def test_a_build_that_fails_leaves_nothing_and_can_be_repeated(nano, word, reason):
    nano.monkeypatch.setattr("fingerpost.inference.engines.BUILD_SECONDS", 3.0)
    nano.fault.write_text(word)
    with nano.with_fallback() as backend:
        np.testing.assert_array_equal(backend.run(IMAGE)[0], 2 * IMAGE)
    assert reason in nano.told[0]
    assert not nano.engine.exists()
    nano.fault.unlink()
    nano.check()


@pytest.mark.parametrize("work", ["open()", "open(); fault.write_text('hang'); backend.run(np.zeros(shape, 'float32'))",
                                  "fault.write_text('hang'); open()"])
def test_the_process_ends_with_its_parent_whatever_it_does(nano, work):
    script = f"""
import sys, pathlib, threading, os, time
import numpy as np
from fingerpost.inference.engines import Engines, Source
from fingerpost.inference.tensorrt import SharedWorker, TensorRTBackend
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


def test_without_a_gpu_tensorrt_is_not_used_and_that_is_said(nano, caplog):
    nano.monkeypatch.setenv("FAKE_CUDA_DEVICES", "0")
    find_tensorrt.cache_clear()
    assert find_tensorrt() is None
    find_tensorrt.cache_clear()
    assert "no CUDA-capable device is detected" in caplog.text


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
