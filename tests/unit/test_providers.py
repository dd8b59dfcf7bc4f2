"""ONNX Runtime's own ways to a GPU: what it is asked for, and what it keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from fingerpost.core.errors import ModelError
from fingerpost.inference.onnx import CUDA, PROCESSOR, TENSORRT, OnnxBackend
from tests.fakes.tensorrt_desk import write_scaler

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
