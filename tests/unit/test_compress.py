"""A whole network is pressed, packed and measured; what costs too much replaces nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("faster_coco_eval")

from fingerpost.core.errors import DataError, ModelError  # noqa: E402
from fingerpost.inference.onnx import OnnxBackend  # noqa: E402
from fingerpost.installed import InstalledModels  # noqa: E402
from fingerpost.learning.compression import compress, gate  # noqa: E402
from fingerpost.models import ModelStore  # noqa: E402
from fingerpost.packed import read_packed  # noqa: E402
from tests.dots import parse  # noqa: E402
from tests.squares import export_detector  # noqa: E402


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A tiny detector as `train` and `export` leave it, with the squares that it learned from."""
    folder = tmp_path_factory.mktemp("trained")
    export_detector(folder)
    return folder


def run(trained, out, *words):
    return compress.main(parse(compress, "detector", "--model", trained / "model", "--pictures",
                               trained / "voc" / "JPEGImages", "--out", out, "--steps", 4, "--batch", 4, "--threads", 1,
                               "--budget", 0.15, *words))


def test_what_comes_out_is_a_small_model_that_runs(trained, tmp_path, capsys):
    assert run(trained, tmp_path) == 0
    info = ModelStore(tmp_path).load("detector")
    before = ModelStore(trained / "model").load("detector")
    assert info.path.name == "detector.fpk"
    assert info.bytes < 0.7 * before.bytes
    assert (info.labels, info.anchors, info.mean) == (before.labels, before.anchors, before.mean)
    packed = read_packed(info.path)
    assert packed.labels == info.labels
    assert all(0 <= layer["zero"] < 1 for layer in packed.metadata["layers"].values())
    with OnnxBackend(info.path) as backend:
        outputs = backend.run(np.zeros(info.input, np.float32))
    assert all(np.isfinite(output).all() for output in outputs)
    assert "bits a weight" in capsys.readouterr().out
    assert not (tmp_path / "trial").exists()


def test_what_is_replaced_is_kept(trained, tmp_path):
    run(trained, tmp_path)
    first = (tmp_path / "detector.fpk").read_bytes()
    run(trained, tmp_path, "--seed", 1)
    kept = list(tmp_path.glob("detector-*.fpk"))
    assert [path.read_bytes() for path in kept] == [first]
    assert ModelStore(tmp_path).load("detector").bytes == (tmp_path / "detector.fpk").stat().st_size


def test_a_broken_bound_replaces_nothing(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(compress, "measure",
                        lambda name, words, model: {"map50": 0.5 if "trial" in str(model) else 0.9})
    with pytest.raises(ModelError, match="map50 became worse than allowed"):
        run(trained, tmp_path, "--check", "--data voc", "--bound", "map50=0.05", "--install")
    assert "TOO MUCH" in capsys.readouterr().out
    assert not (tmp_path / "detector.fpk").exists()
    assert (tmp_path / "trial" / "detector.fpk").exists()
    assert not InstalledModels().load("detector").installed


def test_what_is_good_enough_goes_live_and_can_be_taken_back(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(compress, "measure", lambda name, words, model: {"map50": 0.9})
    run(trained, tmp_path, "--check", "--data voc", "--bound", "map50=0.05", "--install")
    models = InstalledModels()
    assert models.load("detector").path.suffix == ".fpk"
    assert models.load("detector").figures == {"map50": 0.9}
    models.rollback("detector")
    assert not models.load("detector").installed


def test_figures_come_from_the_evaluation_itself(trained):
    figures = gate.measure("detector", f"--data {trained / 'voc'} --threads 1", trained / "model")
    assert figures.keys() == {"n", "map50", "map50_95", "ms_per_image"}
    with pytest.raises(DataError, match="evaluate detector --data nowhere fails"):
        gate.measure("detector", "--data nowhere", trained / "model")


def test_a_bound_knows_which_way_is_worse():
    before, after = {"top1": 0.8, "median_px": 4.0}, {"top1": 0.76, "median_px": 3.0}
    verdicts = gate.judge(before, after, [gate.Bound("top1", 0.06), gate.Bound("median_px", 0.0)])
    assert [verdict.allowed for verdict in verdicts] == [True, True]
    assert verdicts[0].loss == pytest.approx(0.05)
    assert verdicts[1].loss == pytest.approx(-0.25)
    assert not gate.judge(before, after, [gate.Bound("top1", 0.04)])[0].allowed
    with pytest.raises(DataError, match="'top5' was not measured: bound one of median_px, top1"):
        gate.judge(before, after, [gate.Bound("top5", 0.1)])


def test_a_bound_without_a_check_is_one_clear_line(trained, tmp_path):
    with pytest.raises(DataError, match="say what with --check"):
        run(trained, tmp_path, "--bound", "map50=0.1")
    with pytest.raises(SystemExit):
        run(trained, tmp_path, "--bound", "map50")


def test_the_manifest_entry_keeps_what_is_true_of_both(trained, tmp_path):
    run(trained, tmp_path)
    old, new = (json.loads((folder / "manifest.json").read_text())["models"][0]
                for folder in (trained / "model", tmp_path))
    assert {key for key in old if old[key] != new[key]} == {"file", "bytes", "sha256"}
