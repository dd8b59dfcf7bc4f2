"""Engines as they are used: built and listed by command, chosen by the settings, and heard of."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from fingerpost import runtimes
from fingerpost.cli import main
from fingerpost.core.errors import ModelError
from fingerpost.core.events import Fault
from fingerpost.devices.clocks import RealClock
from fingerpost.inference.engines import WORKSPACE_MB, Engines, Source, find_source
from fingerpost.inference.fallback import FallbackBackend
from fingerpost.inference.onnx import OnnxBackend
from fingerpost.inference.tensorrt import find_tensorrt, make_engine
from fingerpost.models import ModelStore
from fingerpost.settings import RecognitionSettings, Settings
from tests.fakes import tensorrt_desk
from tests.fakes.tensorrt_desk import read_plan, write_scaler


@pytest.fixture
def orin(monkeypatch, tmp_path):
    """A machine with TensorRT 10 and nothing built; where its engines will be."""
    tensorrt_desk.set_up(monkeypatch, "10", tmp_path / "fault")
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path))
    find_tensorrt.cache_clear()
    yield tmp_path / "engines"
    shared = find_tensorrt()
    if shared is not None:
        shared.close()
    find_tensorrt.cache_clear()


def test_engines_are_built_and_listed_by_command(orin, capsys):
    assert main(["engine", "list"]) == 0
    assert "There are none" in capsys.readouterr().out
    assert main(["engine", "build", "objects", "--precision", "int8", "--workspace", "100"]) == 0
    assert "objects: int8" in capsys.readouterr().out
    plan = read_plan(orin / "objects.engine")
    assert plan["flags"] == ["FP16", "INT8"]
    assert plan["workspace"] == 100 << 20
    bounds = find_source(ModelStore().load("objects")).bounds or {}
    assert plan["ranges"] == {name: list(bound) for name, bound in bounds.items() if not name.endswith(".weight")}
    (orin / "broken.engine").write_bytes(b"broken")
    assert main(["engine", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "broken  damaged" in lines[0]
    assert lines[1].startswith("objects  int8")
    assert lines[1].endswith("  used")


def test_each_runtime_is_timed_and_missing_ones_are_named(orin, capsys):
    assert main(["engine", "list", "--timing", "--threads", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["NETWORK", "RUNTIME", "READY", "ms", "RUN", "ms"]
    timed = [line.split()[:2] for line in lines[1:] if not line.startswith(("cuda", "tensorrt-onnx"))]
    assert timed == [[info.name, runtime] for info in ModelStore().infos() for runtime in ("onnx", "tensorrt")]
    assert [line.partition(":")[0] for line in lines[-2:]] == ["cuda", "tensorrt-onnx"]


def test_the_stages_of_a_build_are_told(orin, tmp_path):
    source, stages = Source("scaler", write_scaler(tmp_path / "scaler.onnx", 2.0), (1, 3, 4, 6)), []
    make_engine(source, sys.executable, "fp16", Engines(orin), tell=stages.append)
    assert [stage for stage in dict.fromkeys(stages) if stage] == ["reading", "compiling"]


def test_the_default_precision_is_half(orin, capsys):
    assert main(["engine", "build", "detector"]) == 0
    plan = read_plan(orin / "detector.engine")
    assert plan["flags"] == ["FP16"]
    assert not plan["ranges"]
    assert sorted(path.name for path in orin.iterdir()) == ["detector.engine"]


def test_the_command_says_why_it_takes_another_precision(orin, monkeypatch, capsys):
    tensorrt_desk.set_up(monkeypatch, "8.2", orin.parent / "fault")
    assert main(["engine", "build", "detector", "--precision", "int8"]) == 0
    assert "detector: fp16 instead of int8: NVIDIA Tegra X1 is not fast at int8" in capsys.readouterr().out
    plan = read_plan(orin / "detector.engine")
    assert (plan["flags"], plan["workspace"]) == (["FP16"], WORKSPACE_MB << 20)


def test_auto_takes_tensorrt_and_a_failure_becomes_a_fault(orin):
    info, settings, told, told_at_last = ModelStore().load("detector"), Settings(), [], threading.Event()

    def tell(event):
        told.append(event)
        told_at_last.set()

    with runtimes.open_backend(info, settings) as backend:
        assert isinstance(backend, FallbackBackend)
        runtimes.hear_of_trouble(settings, RealClock(), tell)
        array = np.zeros(info.input, np.float32)
        before = backend.run(array)
        (orin.parent / "fault").write_text("refuse")
        after = backend.run(array)
        told_at_last.wait(60.0)  # it is tried once more, in a thread
    for one, two in zip(before, after):
        np.testing.assert_allclose(one, two, atol=1e-4)
    assert [(type(event), event.part) for event in told] == [(Fault, "gpu")]


def test_builds_are_heard_of_only_while_somebody_waits_for_them(orin):
    info, settings, stages = ModelStore().load("detector"), Settings(), []
    with runtimes.hear_of_builds(settings, stages.append), runtimes.open_backend(info, settings):
        assert "compiling" in stages
    stages.clear()
    (orin / "detector.engine").unlink()
    with runtimes.open_backend(info, settings):
        assert (orin / "detector.engine").exists()
    assert not stages


def test_without_tensorrt_there_are_no_builds_to_hear_of(monkeypatch):
    monkeypatch.setattr(runtimes, "find_tensorrt", lambda: None)
    with runtimes.hear_of_builds(Settings(), None):
        pass


def test_one_network_that_fails_does_not_keep_the_others_from_being_built(orin, capsys):
    assert main(["engine", "build", "unheard-of", "detector", "--precision", "fp32"]) == 1
    output = capsys.readouterr()
    assert "detector: fp32" in output.out
    assert "unheard-of" in output.err
    assert len(output.err.splitlines()) == 1
    assert [path.stem for path in orin.iterdir()] == ["detector"]


def test_a_tensorrt_that_cannot_be_used_is_said_and_the_rest_is_listed(orin, monkeypatch, capsys):
    assert main(["engine", "build", "detector"]) == 0
    find_tensorrt().close()
    find_tensorrt.cache_clear()
    monkeypatch.setenv("FAKE_CUDA_DEVICES", "0")
    capsys.readouterr()
    assert main(["engine", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "no CUDA-capable device" in lines[0]
    assert lines[1].endswith("not used: of another network or machine")
    assert main(["engine", "build", "detector"]) == 1
    assert "no CUDA-capable device" in capsys.readouterr().err


@pytest.mark.parametrize("runtime", ["onnx", "cuda", "tensorrt-onnx"])
def test_other_runtimes_leave_tensorrt_alone(monkeypatch, runtime):
    monkeypatch.setattr(runtimes, "find_tensorrt", None)
    settings = replace(Settings(), recognition=RecognitionSettings(runtime=runtime))
    assert isinstance(runtimes.open_backend(ModelStore().load("detector"), settings), OnnxBackend)


def test_without_tensorrt_auto_takes_onnx_runtime_and_tensorrt_names_the_remedy(monkeypatch):
    monkeypatch.setattr(runtimes, "find_tensorrt", lambda: None)
    info = ModelStore().load("detector")
    assert isinstance(runtimes.open_backend(info, Settings()), OnnxBackend)
    with pytest.raises(ModelError, match="JetPack.*runtime = \"auto\""):
        runtimes.open_backend(info, replace(Settings(), recognition=RecognitionSettings(runtime="tensorrt")))
