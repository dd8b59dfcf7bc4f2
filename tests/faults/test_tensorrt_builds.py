"""Engines are built once, never for another network or machine, and not again and again where that fails."""

from __future__ import annotations

import errno

import numpy as np
import pytest

from fingerpost.core.errors import ModelError
from fingerpost.inference import tensorrt
from fingerpost.inference.engines import Engines, Source
from tests.fakes import tensorrt_desk
from tests.fakes.tensorrt_desk import GENERATIONS, OLD_PYTHON, write_scaler
from tests.fakes.tensorrt_machine import IMAGE, Machine


def test_an_engine_is_built_once(desk, caplog):
    desk.check()
    written = desk.engine.stat().st_mtime_ns
    desk.check()
    assert desk.engine.stat().st_mtime_ns == written
    assert caplog.text.count("compiles scaler") == 1


@pytest.mark.skipif(not OLD_PYTHON, reason="there is no Python 3.6 here; with pyenv: pyenv install 3.6.15")
@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_python_of_the_first_nano_will_do(monkeypatch, tmp_path, generation):
    old = Machine(monkeypatch, tmp_path, generation, OLD_PYTHON)
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


@pytest.mark.parametrize(("word", "reason"), [("refuse", "told to refuse"), ("crash", "SIGSEGV"),
                                              ("hang", "did not answer in time to 'build'")])
def test_a_build_that_fails_twice_leaves_no_engine_and_is_repeated_only_by_command(nano, word, reason, caplog):
    nano.monkeypatch.setattr(tensorrt, "OPENING_BUILD_SECONDS", 3.0)
    for number in range(3):
        if number < 2:
            nano.fault.write_text(word)
        with nano.with_fallback() as backend:
            np.testing.assert_array_equal(backend.run(IMAGE)[0], 2 * IMAGE)
        nano.fault.unlink(missing_ok=True)
        assert reason in nano.told[-1]
        assert not nano.engine.exists()
    assert "try again with `fingerpost engine build scaler`" in nano.told[2]
    assert caplog.text.count("compiles scaler") == 2
    source, engines = Source("scaler", nano.path, IMAGE.shape), Engines(nano.engine.parent)
    tensorrt.make_engine(source, nano.python, "fp16", engines)
    nano.check()
    assert [path.name for path in nano.engine.parent.iterdir()] == [nano.engine.name]


def test_a_build_that_failed_once_is_tried_again_for_the_reason_may_have_passed(nano):
    nano.fault.write_text("crash")
    with nano.with_fallback():
        nano.fault.unlink()
    nano.check()
    assert [path.name for path in nano.engine.parent.iterdir()] == [nano.engine.name]


def test_a_full_disk_is_nothing_against_the_network(nano, monkeypatch):
    source, engines = Source("scaler", nano.path, IMAGE.shape), Engines(nano.engine.parent)
    with monkeypatch.context() as patch:
        def refuse(path, content):
            raise OSError(errno.ENOSPC, "No space left on device")

        patch.setattr("fingerpost.inference.engines.write_whole", refuse)
        for _ in range(2):
            with pytest.raises(ModelError, match="free some space"):
                tensorrt.make_engine(source, nano.python, "fp16", engines)
    nano.check()
    assert nano.told == []


def test_a_failure_of_another_network_is_no_reason_not_to_try(nano):
    nano.fault.write_text("refuse")
    with nano.with_fallback():
        nano.fault.unlink()
    write_scaler(nano.path, 3.0)
    nano.check(3.0)


def test_who_waits_for_a_build_hears_of_it_all_the_time(nano):
    stages = []
    backend = nano.backend()
    with nano.workers[-1].building.heard_by(stages.append):
        for _ in range(2):
            with backend:
                heard = len(stages)
    assert stages[0] == ""
    assert {"reading", "compiling"} <= set(stages)
    assert len(stages) == heard, "there was nothing left to build"
