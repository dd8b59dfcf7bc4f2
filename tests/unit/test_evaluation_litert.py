"""Another detector's file is run by LiteRT as it asks for, and timed beside ours; what cannot run is one clear line."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

pytest.importorskip("cv2")

from fingerpost.core.errors import ModelError  # noqa: E402
from fingerpost.learning.evaluation import litert  # noqa: E402

FRAME = np.full((48, 64, 3), 200, np.uint8)


class FakeInterpreter:
    """Stands for LiteRT's: four outputs; the picture that it was given comes back as the boxes."""

    kind, outputs = np.uint8, 4

    def __init__(self, path, num_threads):
        if "broken" in path:
            raise ValueError("Model provided has model identifier 'oken', should be 'TFL3'")
        self.threads, self.seen, self.runs = num_threads, None, 0

    def allocate_tensors(self):
        pass

    def get_input_details(self):
        return [{"index": 7, "shape": np.array([1, 30, 40, 3]), "dtype": self.kind}]

    def get_output_details(self):
        return [{"index": number} for number in range(self.outputs)]

    def set_tensor(self, index, array):
        assert index == 7
        self.seen = array

    def invoke(self):
        self.runs += 1

    def get_tensor(self, index):
        return self.seen


@pytest.fixture
def runtime(monkeypatch):
    """LiteRT, in a version that counts."""
    package, module = ModuleType("ai_edge_litert"), ModuleType("ai_edge_litert.interpreter")
    module.Interpreter = type("Interpreter", (FakeInterpreter,), {})
    monkeypatch.setitem(sys.modules, "ai_edge_litert", package)
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", module)
    return module.Interpreter


@pytest.fixture
def network(tmp_path):
    path = tmp_path / "ssd.tflite"
    path.write_bytes(b"....TFL3")
    return path


def test_the_picture_comes_in_bytes_at_the_networks_own_size(runtime, network):
    boxes = litert.LiteDetector(network, 2).detect(FRAME)[0]
    assert boxes.shape == (1, 30, 40, 3)
    assert boxes.dtype == np.uint8
    assert (boxes == 200).all()


def test_both_look_at_every_picture_equally_often():
    seen = {"ours": 0, "peer": 0}

    def look(name):
        def count(pixels):
            seen[name] += 1
        return count

    figures = litert.time_beside(look("ours"), look("peer"), [FRAME] * 4)
    assert seen["ours"] == seen["peer"] == 4 * litert.ROUNDS + 1
    assert figures.keys() == {"ours_ms", "peer_ms", "ratio"}


def test_what_cannot_run_is_told_in_one_line(runtime, network, tmp_path, monkeypatch):
    with pytest.raises(ModelError, match="no network at"):
        litert.LiteDetector(tmp_path / "none.tflite", 1)
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"broken")
    with pytest.raises(ModelError, match="LiteRT does not run"):
        litert.LiteDetector(broken, 1)
    for name, value in (("kind", np.float32), ("outputs", 2)):
        with monkeypatch.context() as patched:
            patched.setattr(runtime, name, value)
            with pytest.raises(ModelError, match="no 8-bit SSD"):
                litert.LiteDetector(network, 1)
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(ModelError, match="pip install ai-edge-litert"):
        litert.LiteDetector(network, 1)
