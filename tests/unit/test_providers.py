"""ONNX Runtime's own ways to a GPU: what it is asked for, and what it keeps."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from fingerpost import runtimes
from fingerpost.core.errors import ModelError
from fingerpost.home import state_home
from fingerpost.inference import compiling
from fingerpost.inference.onnx import CUDA, PROCESSOR, TENSORRT, OnnxBackend
from fingerpost.models import ModelStore
from fingerpost.packed import Packed, write_packed
from fingerpost.settings import RecognitionSettings, Settings
from tests.fakes.tensorrt_desk import FAKES, write_scaler

pytest.importorskip("onnx", reason="the package onnx, which makes the tiny networks, is not installed")


@pytest.mark.parametrize("provider", [CUDA, TENSORRT])
def test_without_the_provider_the_remedy_is_named(tmp_path, provider):
    onnxruntime = pytest.importorskip("onnxruntime")
    if provider in onnxruntime.get_available_providers():
        pytest.skip(f"this ONNX Runtime has {provider}")
    with pytest.raises(ModelError, match=f"cannot use {provider}: install onnxruntime-gpu"):
        OnnxBackend(write_scaler(tmp_path / "tiny.onnx", 2.0), 1, provider).open()


@pytest.fixture
def open_with(monkeypatch, tmp_path):
    """Opens a network by a provider that is only pretended to be there; what ONNX Runtime was asked for."""
    onnxruntime = pytest.importorskip("onnxruntime")
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "state"))
    real, asked = onnxruntime.InferenceSession, {}

    def open_session(path, options, providers, provider_options):
        asked.update(zip(providers, provider_options))
        session = real(path, options)
        session.get_providers = lambda: providers
        return session

    def open_with(path, provider):
        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [provider, PROCESSOR])
        monkeypatch.setattr(onnxruntime, "InferenceSession", open_session)
        with OnnxBackend(path, 1, provider):
            return dict(asked)

    return open_with


def test_what_onnx_runtime_compiles_is_kept_for_that_very_file_alone(open_with, tmp_path):
    def find(path):
        asked = open_with(path, TENSORRT)
        assert asked[PROCESSOR] == {}
        assert (asked[TENSORRT]["trt_fp16_enable"], asked[TENSORRT]["trt_engine_cache_enable"]) == ("True", "True")
        return Path(asked[TENSORRT]["trt_engine_cache_path"])

    folder = find(write_scaler(tmp_path / "tiny.onnx", 2.0))
    assert folder.is_dir()
    assert tmp_path / "state" in folder.parents
    (folder / "kept").touch()
    assert find(tmp_path / "tiny.onnx") == folder
    assert (folder / "kept").exists()
    other = find(write_scaler(tmp_path / "other.onnx", 2.0))
    retrained = find(write_scaler(tmp_path / "tiny-0123456789ab.onnx", 3.0))
    assert len({folder, other, retrained}) == 3
    assert (folder.exists(), other.exists(), retrained.exists()) == (False, True, True)


def test_where_it_cannot_be_kept_it_is_done_without(open_with, tmp_path, caplog):
    (tmp_path / "state").write_text("no folder")
    assert open_with(write_scaler(tmp_path / "tiny.onnx", 2.0), TENSORRT)[TENSORRT] == {"trt_fp16_enable": "True"}
    assert "the next start compiles tiny.onnx again" in caplog.text


@pytest.mark.parametrize("provider", [CUDA, PROCESSOR])
def test_other_providers_are_asked_for_nothing_more(open_with, tmp_path, provider):
    assert open_with(write_scaler(tmp_path / "tiny.onnx", 2.0), provider)[provider] == {}


@pytest.fixture
def gpu(monkeypatch, tmp_path):
    """A machine whose ONNX Runtime has TensorRT; opens a file there, and gives the engine that runs."""
    folder = FAKES / "onnxruntime_gpu"
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")])))
    spec = importlib.util.spec_from_file_location("onnxruntime", folder / "onnxruntime.py")
    fake = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fake)
    monkeypatch.setitem(sys.modules, "onnxruntime", fake)

    def run(path, tell=lambda stage: None):
        with OnnxBackend(path, 1, TENSORRT, tell) as backend:
            return backend.run(np.zeros((1, 3, 4, 6), np.float32))[0]

    return run


def test_it_is_compiled_once_in_a_process_of_its_own_and_that_is_told(gpu, tmp_path):
    path, told = write_scaler(tmp_path / "tiny.onnx", 2.0), []
    engine = gpu(path, told.append)
    assert engine["network"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert engine["process"] != os.getpid(), "it holds Python's lock for minutes"
    heard = len(told)
    assert heard
    assert gpu(path, told.append) == engine
    assert len(told) == heard


def test_a_retrained_network_never_gets_the_engine_of_the_old_one(gpu, tmp_path):
    path = write_scaler(tmp_path / "tiny.onnx", 2.0)
    gpu(path)
    write_scaler(path, 3.0)
    assert gpu(path)["network"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_engine_of_a_packed_network_is_found_again(gpu, tmp_path):
    plain, path = write_scaler(tmp_path / "tiny.onnx", 2.0), tmp_path / "tiny.fpk"
    write_packed(path, Packed("tiny", None, {}, plain.read_bytes()), [])
    engine = gpu(path)
    with open(os.devnull):  # so that what it unpacks to has another number
        assert gpu(path) == engine


def test_half_an_engine_is_not_taken(gpu, tmp_path):
    path = write_scaler(tmp_path / "tiny.onnx", 2.0)
    gpu(path)
    kept, = state_home().rglob("*.engine")
    kept.write_text("{")
    (kept.parent / compiling.WHOLE).unlink()
    assert gpu(path)["network"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_cannot_be_compiled_says_why(gpu, tmp_path, monkeypatch):
    monkeypatch.setenv("FAKE_TENSORRT_REFUSES", "1")
    with pytest.raises(ModelError, match="cannot compile tiny.onnx .*failed to create engine.*runtime = ") as raised:
        gpu(write_scaler(tmp_path / "tiny.onnx", 2.0))
    assert "\n" not in str(raised.value)


def test_a_compilation_that_never_ends_is_ended(gpu, tmp_path, monkeypatch):
    monkeypatch.setattr(compiling, "OPENING_BUILD_SECONDS", 0.0)
    with pytest.raises(ModelError, match="took longer than"):
        gpu(write_scaler(tmp_path / "tiny.onnx", 2.0))


def test_the_wearer_can_hear_of_it(gpu):
    settings, told = Settings(recognition=RecognitionSettings(runtime="tensorrt-onnx")), []
    with runtimes.hear_of_builds(settings, told.append), runtimes.open_backend(ModelStore().load("detector"), settings):
        assert "compiling" in told
