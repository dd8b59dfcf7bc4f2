"""A whole network is pressed, packed and measured; what costs too much replaces nothing."""

from __future__ import annotations

import argparse
import json
import shutil

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("faster_coco_eval")

from fingerpost.core.errors import DataError, FingerpostError, ModelError  # noqa: E402
from fingerpost.inference.onnx import OnnxBackend  # noqa: E402
from fingerpost.installed import InstalledModels  # noqa: E402
from fingerpost.learning.compression import compress, gate, pictures, rebuild, tune  # noqa: E402
from fingerpost.learning.compression.release import find_entry  # noqa: E402
from fingerpost.learning.datasets import split_photos  # noqa: E402
from fingerpost.models import ModelStore  # noqa: E402
from fingerpost.packed import Packed, read_packed, write_packed  # noqa: E402
from fingerpost.vision.preprocess import to_input  # noqa: E402
from tests.dots import parse, write_dot  # noqa: E402
from tests.squares import export_detector  # noqa: E402


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A tiny detector as `train` and `export` leave it, with the squares that it learned from."""
    folder = tmp_path_factory.mktemp("trained")
    export_detector(folder)
    return folder


@pytest.fixture(scope="module", autouse=True)
def pressed_once():
    """The detector is pressed only once in each way: that takes nearly all of a run's time, and always ends alike."""
    press, known = compress.press, {}

    def recall(net, pictures, args):
        way = (args.budget, args.steps, args.batch, args.seed, args.go_on)
        if way not in known:
            known[way] = press(net, pictures, args)
        return known[way]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compress, "press", recall)
        yield


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
    assert not (tmp_path / "trial-detector").exists()


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
        run(trained, tmp_path, "--check", "--data voc", "--bound", "map50=0.05")
    assert "TOO MUCH" in capsys.readouterr().out
    assert not (tmp_path / "detector.fpk").exists()
    assert (tmp_path / "trial-detector" / "detector.fpk").exists()


def test_figures_come_from_the_evaluation_itself(trained):
    figures = gate.measure("detector", f"--data {trained / 'voc'} --threads 1", trained / "model")
    assert figures.keys() == {"n", "map50", "map50_95", "ms_per_image"}
    with pytest.raises(DataError, match="evaluate detector --data nowhere fails"):
        gate.measure("detector", "--data nowhere", trained / "model")


@pytest.mark.parametrize(("figure", "before", "after", "loss"), [
    ("top1", 0.8, 0.76, 0.05), ("top1", 0.8, 0.84, -0.05), ("map50", 0.5, 0.25, 0.5), ("found", 100, 90, 0.1),
    ("median_px", 4.0, 3.0, -0.25), ("p95_px", 10, 12, 0.2), ("mean_px", 10, 12, 0.2), ("rmse", 0.1, 0.2, 1.0),
    ("false_hands", 0.02, 0.03, 0.5), ("wrong_spoken", 0.02, 0.01, -0.5), ("ms_per_image", 5, 6, 0.2),
    ("false_hands", 0.0, 0.9, float("inf")), ("false_hands", 0.0, 0.0, 0.0), ("top1", 0.0, 0.1, 0.0),
    ("top1", 0.8, float("nan"), float("inf")),
])
def test_a_loss_knows_which_way_is_worse(figure, before, after, loss):
    verdict, = gate.judge({figure: before}, {figure: after}, [gate.Bound(figure, 0.15)])
    assert verdict.loss == pytest.approx(loss)
    assert verdict.allowed == (loss <= 0.15)


def test_a_bound_on_pixels_is_one_on_hands_too():
    verdicts = gate.judge({"median_px": 4.0, "found": 100}, {"median_px": 2.0, "found": 50},
                          [gate.Bound("median_px", 0.05)])
    assert [(each.figure, each.allowed) for each in verdicts] == [("median_px", True), ("found", False)]


def test_a_figure_that_is_gone_is_a_total_loss():
    verdict, = gate.judge({"median_px": 4.0}, {}, [gate.Bound("median_px", 0.5)])
    assert not verdict.allowed
    with pytest.raises(DataError, match="'top5' was not measured: bound one of median_px, top1"):
        gate.judge({"median_px": 4.0, "top1": 0.1}, {}, [gate.Bound("top5", 0.1)])


@pytest.mark.parametrize("text", ["map50", "map50=5", "map50=-0.1", "map50=inf", "map50=nan", "=0.05", "map50=x"])
def test_what_is_no_bound_says_how_to_write_one(text):
    with pytest.raises(argparse.ArgumentTypeError, match="write 5 % of top1 as top1=0.05"):
        gate.parse_bound(text)


@pytest.mark.parametrize(("words", "remedy"), [
    (("--bound", "map50=0.1"), "say what with --check"),
    (("--install",), "say with --check and --bound"),
    (("--batch", 0), "above 0"), (("--threads", 0), "above 0"), (("--seed", -1), "above 0"),
    (("--steps", -5), "above 0"), (("--budget", "nan"), "above 0"), (("--minutes", 0), "above 0"),
    (("--check", "--data 'x"), "gives no figures"), (("--check=--help",), "gives no figures"),
    (("--out", __file__), "cannot be written"),
])
def test_mistakes_are_one_clear_line_before_anything_is_learned(trained, tmp_path, monkeypatch, words, remedy):
    monkeypatch.setattr(compress, "press", lambda *_: pytest.fail("it has begun to learn"))
    with pytest.raises(FingerpostError, match=remedy):
        run(trained, tmp_path, *words)


def test_a_misspelt_figure_shows_before_anything_is_learned(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(compress, "measure", lambda name, words, model: {"map50": 0.9})
    monkeypatch.setattr(compress, "press", lambda *_: pytest.fail("it has begun to learn"))
    with pytest.raises(DataError, match="'mAP50' was not measured: bound one of map50"):
        run(trained, tmp_path, "--check", "--data voc", "--bound", "mAP50=0.05")


def test_without_bounds_all_figures_are_told(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(compress, "measure", lambda name, words, model: {"map50": 0.9, "n": 3.0})
    run(trained, tmp_path, "--check", "--data voc")
    told = capsys.readouterr().out
    assert "map50" in told
    assert "TOO MUCH" not in told


def test_the_manifest_entry_says_only_what_is_true_of_the_new_file(trained, tmp_path):
    manifest = trained / "model" / "manifest.json"
    content = json.loads(manifest.read_text())
    content["models"][0].update(figures={"map50": 0.9}, url="http://example.org/detector.onnx")
    source = tmp_path / "source"
    shutil.copytree(trained / "model", source)
    (source / "manifest.json").write_text(json.dumps(content))
    run(trained, tmp_path / "out", "--model", source)
    old, new = (json.loads((folder / "manifest.json").read_text())["models"][0]
                for folder in (source, tmp_path / "out"))
    assert {key for key in old if old[key] != new.get(key)} == {"file", "bytes", "sha256", "figures", "url"}
    assert new["figures"] == {}


def test_what_else_lies_on_trial_stays(trained, tmp_path):
    (tmp_path / "trial-detector").mkdir()
    (tmp_path / "trial-detector" / "thesis.txt").write_text("years of work")
    run(trained, tmp_path)
    assert [path.name for path in (tmp_path / "trial-detector").iterdir()] == ["thesis.txt"]


def test_a_model_on_trial_cannot_be_its_own_successor(trained, tmp_path):
    shutil.copytree(trained / "model", tmp_path / "trial-detector")
    with pytest.raises(ModelError, match="would be overwritten"):
        run(trained, tmp_path, "--model", tmp_path / "trial-detector")


def test_with_install_the_model_that_is_live_is_pressed(trained, tmp_path, monkeypatch):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "state"))  # what is installed must not outlive this test
    monkeypatch.setattr(compress, "measure", lambda name, words, model: {"map50": 0.9})
    bounds = ("--check", "--data voc", "--bound", "map50=0.05", "--install")
    with pytest.raises(ModelError, match="is not the model that is live"):
        run(trained, tmp_path, *bounds)
    go_live(trained)
    run(trained, tmp_path, *bounds)
    live = InstalledModels().load("detector")
    assert live.path.suffix == ".fpk"
    assert live.figures == {"map50": 0.9}
    InstalledModels().rollback("detector")
    assert InstalledModels().load("detector").sha256 == ModelStore(trained / "model").load("detector").sha256


def test_the_entry_is_that_of_the_very_file(trained, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(trained / "model", folder)
    manifest = folder / "manifest.json"
    entry = json.loads(manifest.read_text())["models"][0]
    manifest.write_text(json.dumps({"models": [{**entry, "sha256": "0" * 64, "labels": ["old"]}, entry]}))
    assert find_entry(ModelStore(folder).load("detector")) == entry


def test_pressed_gently_it_says_nearly_the_same(trained, tmp_path):
    """A network that was not read, or whose norms were not brought back, would say something else."""
    info = ModelStore(trained / "model").load("detector")
    run(trained, tmp_path, "--budget", 4, "--steps", 40, "--batch", 8)
    picture = cv2.imread(str(next((trained / "voc" / "JPEGImages").iterdir())))
    height, width = info.input[2:]
    array = to_input(picture, (width, height), info.mean, info.std)
    scores = []
    for path in (info.path, tmp_path / "detector.fpk"):
        with OnnxBackend(path) as backend:
            scores.append(backend.run(array)[1].ravel())
    assert np.corrcoef(*scores)[0, 1] > 0.9


def test_what_an_earlier_run_left_is_gone_on_with(trained, tmp_path):
    run(trained, tmp_path / "first", "--budget", 0.1)
    run(trained, tmp_path / "second", "--go-on", tmp_path / "first" / "detector.fpk")
    first, second = (read_packed(tmp_path / name / "detector.fpk").metadata["layers"] for name in ("first", "second"))
    assert max(layer["zero"] for layer in first.values()) > 0.4
    for name, layer in first.items():
        assert second[name] == {**layer, "zero": pytest.approx(layer["zero"], abs=0.01)}


def test_only_what_compress_left_is_gone_on_with(trained, tmp_path):
    write_packed(tmp_path / "other.fpk", Packed("detector", None, {}, b"a network"), [])
    with pytest.raises(ModelError, match="leave out --go-on"):
        run(trained, tmp_path, "--go-on", tmp_path / "other.fpk")


def test_a_file_of_another_make_is_told(trained, tmp_path, monkeypatch):
    info = ModelStore(trained / "model").load("detector")
    monkeypatch.setattr(rebuild, "read_weights", lambda path: {})
    with pytest.raises(ModelError, match="no network that can be built here"):
        rebuild.rebuild(info)


def test_a_network_that_would_not_be_the_file_is_told(trained, monkeypatch):
    info = ModelStore(trained / "model").load("detector")
    monkeypatch.setattr(rebuild.nets, "fill_folded", lambda net, weights: None)
    with pytest.raises(ModelError, match="no network that can be built here"):
        rebuild.rebuild(info)


def test_what_measures_later_is_not_learned_from(tmp_path):
    for number in range(10):
        write_dot(tmp_path / "photos" / f"{number}.png", 20, 24)
    held = {path.name for path in split_photos(tmp_path / "photos")[1]}
    assert len(held) == 2
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "read_picture", lambda path: seen.append(path.name) or np.zeros((8, 8, 3), np.uint8))
        pictures.load_pictures([], [tmp_path / "photos"], ["1.png"])
    assert set(seen) == {f"{number}.png" for number in range(10)} - held - {"1.png"}


def test_a_loss_that_is_no_number_ends_it():
    with pytest.raises(ModelError, match="has lost its way"):
        tune.Diary().add("pruning", 0.1, torch.tensor(float("nan")))


def go_live(trained):
    """Install the tiny detector on this machine."""
    entry = json.loads((trained / "model" / "manifest.json").read_text())["models"][0]
    InstalledModels().install(trained / "model" / entry["file"], entry)
