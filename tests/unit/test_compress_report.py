"""What number formats cost, on networks made here that have learned nothing."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from tests.dots import write_dot

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
onnx = pytest.importorskip("onnx")

from torchvision.models import resnet18  # noqa: E402

from fingerpost.cli import main  # noqa: E402
from fingerpost.inference.onnx import OnnxBackend  # noqa: E402
from fingerpost.learning.compression import clusters, formats, gate, page, plain, report, trials  # noqa: E402
from fingerpost.learning.detection.ssd import build_mobilenet_v1  # noqa: E402
from fingerpost.learning.export import build, finish_detector, fold_batch_norm, write_entry  # noqa: E402
from fingerpost.models import ModelStore  # noqa: E402
from fingerpost.packed import read_packed  # noqa: E402

STOCK = {"n": 4.0, "map50": 0.8, "map50_95": 0.5}


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    monkeypatch.setattr(trials, "ROUNDS", 1)
    monkeypatch.setattr(trials, "IN_A_ROW", 1)
    monkeypatch.setattr(gate, "measure", lambda name, words, model: dict(STOCK))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The folder of a tiny detector whose weights were drawn at random, with pictures to calibrate on."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("model")
    labels = ["blue", "red"]
    finished = finish_detector(build_mobilenet_v1(len(labels), 0.125, 64), labels)
    entry = build(finished._replace(net=fold_batch_norm(finished.net)), folder / "detector.onnx", licence="", data="",
                  figures={}, rebuild="")
    write_entry(folder / "manifest.json", entry)
    for index in range(2):
        write_dot(folder / "pictures" / f"{index}.png", 20 + index, 24)
    return folder


@pytest.fixture(scope="module")
def written(model):
    """The detector in all formats, by their names."""
    info = ModelStore(model).load("detector")
    net = fold_batch_norm(report.rebuild(info))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clusters, "STARTS", 1)  # quick, and good enough here
        return {name: formats.write_format(name, net, info, model / "written" / name, model / "pictures")
                for name in formats.FORMATS}


def run(model, out, *words):
    return main(["compress", "report", "detector", "--model", str(model), "--check", "--data voc", "--threads", "1",
                 "--out", str(out), *map(str, words)])


def test_every_format_runs_and_fewer_bits_take_fewer_bytes(written):
    for info in written.values():
        with OnnxBackend(info.path, 1) as backend:
            assert all(np.isfinite(output).all() for output in backend.run(np.zeros(info.input, np.float32)))
    sizes = [written[name].bytes for name in ("fp32", "fp16", "int8")]
    codes = [written[name].bytes for name in ("kmeans8", "kmeans5", "kmeans4", "kmeans3", "kmeans2")]
    assert sizes == sorted(sizes, reverse=True)
    assert codes == sorted(codes, reverse=True)
    assert written["pq"].bytes < written["kmeans4"].bytes


def test_more_bits_are_nearer_to_the_float_network(written):
    def run_format(name):
        picture = np.random.default_rng(0).normal(size=written[name].input).astype(np.float32)
        with OnnxBackend(written[name].path, 1) as backend:
            return backend.run(picture)[1]

    whole = run_format("fp32")
    errors = [float(np.abs(run_format(name) - whole).mean()) for name in ("fp16", "kmeans8", "kmeans4", "kmeans2")]
    assert errors == sorted(errors)


def test_a_packed_format_says_what_it_is_and_keeps_small_layers(written):
    packed = read_packed(written["kmeans2"].path)
    assert packed.metadata == {"format": "kmeans2", "plain": []}
    assert packed.labels == ("blue", "red")
    values = {tensor.name: len(np.unique(onnx.numpy_helper.to_array(tensor)))
              for tensor in onnx.load_from_string(packed.content).graph.initializer}
    assert values["body.stem.0.0.weight"] > 4 * 8  # 216 weights, far more than 4 values a channel


@pytest.mark.parametrize(("shape", "block"), [
    ((64, 32, 3, 3), 9), ((64, 3, 7, 7), 7), ((64, 32, 1, 1), 4), ((10, 512), 4), ((10, 6), 2)])
def test_a_block_is_a_kernel_or_a_few_inputs(shape, block):
    assert formats.choose_block(shape) == block
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    coded = formats.share_vectors(weight)
    assert coded.codebook.shape[1] == block
    assert coded.decode().shape == shape
    assert np.linalg.norm(coded.decode() - weight.numpy()) < np.linalg.norm(weight.numpy())


def test_the_page_has_a_row_for_every_format_and_says_why_one_is_empty(model, tmp_path, capsys):
    assert run(model, tmp_path, "--formats", "fp32,compute-int8,kmeans2", "--json",
               "--beside", model / "detector.onnx") == 0
    found = json.loads(capsys.readouterr().out)
    table, beside = found["table"], str(model / "detector.onnx")
    assert list(table) == ["fp32", "compute-int8", "kmeans2", beside]
    assert "--calibrate" in found["problems"]["compute-int8"]
    assert table["compute-int8"]["MB"] is table["compute-int8"]["run ms"] is None
    assert table["fp32"]["bits a weight"] > 32 > table["kmeans2"]["bits a weight"]
    assert table["kmeans2"]["worse by %"] == 0.0
    text = (tmp_path / "report.md").read_text()
    assert all(f"| {name} |" in text for name in table)
    assert "**compute-int8** could not be measured" in text
    assert f"learned: {beside}." in text
    assert "HAWQ" not in text  # that is of ResNet-18
    assert cv2.imread(str(tmp_path / "tradeoff.png")) is not None


def test_a_loss_is_told_against_the_first_format(model, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(gate, "measure",
                        lambda name, words, path: {**STOCK, "map50": 0.6 if "kmeans2" in str(path) else 0.8})
    run(model, tmp_path, "--formats", "fp32,kmeans2", "--json")
    table = json.loads(capsys.readouterr().out)["table"]
    assert [row["worse by %"] for row in table.values()] == [0.0, 25.0]


def test_mistakes_get_one_clear_line(model, tmp_path, capsys):
    assert run(model, tmp_path, "--formats", "compute-int8,fp32") == 1
    assert "--calibrate" in capsys.readouterr().err
    assert run(model, tmp_path, "--formats", "fp32", "--figures", "top1") == 1
    assert "'top1' was not measured: give --figures some of map50, map50_95, n" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run(model, tmp_path, "--formats", "fp64")
    assert "no format 'fp64'" in capsys.readouterr().err


def test_published_figures_stand_in_a_table_of_their_own():
    published = page.describe_published()
    smallest = published["kill the bits (Stock et al., And the Bit Goes Down, 2020)"]
    assert smallest == {"MB (2^20)": 1.54, "bits a weight": 1.1, "top-1 %": 65.8, "worse by %": 5.7}


@pytest.fixture(scope="module")
def certain(tmp_path_factory):
    """torchvision's network in half precision, sure that everything is a tench."""
    folder = tmp_path_factory.mktemp("plain")
    net = resnet18()
    with torch.no_grad():
        net.fc.bias[0] = 1000.0
    torch.save(net.half().state_dict(), folder / "net.pth")
    for name in ("one.png", "two.png"):
        write_dot(folder / name, 20, 24)
    (folder / "labels.csv").write_text("image,label\none.png,tench\ntwo.png,goldfish\n")
    return folder


def test_a_plain_network_is_measured_on_named_photos(certain, tmp_path, capsys):
    assert main(["compress", "plain", str(certain / "net.pth"), "--labels", str(certain / "labels.csv"), "--formats",
                 "fp32,int8", "--threads", "1", "--out", str(tmp_path), "--json"]) == 0
    table = json.loads(capsys.readouterr().out)["table"]
    assert [row["top1"] for row in table.values()] == [0.5, 0.5]
    assert table["int8"]["MB"] < 0.3 * table["fp32"]["MB"]
    text = (tmp_path / "report.md").read_text()
    assert "2 photos of labels.csv" in text
    assert "NOT measured here" in text


@pytest.mark.parametrize(("content", "part"), [
    (None, "give a CSV with the columns image,label"), ("image,label\n", "lists no photos"),
    ("image,label\none.png,unicorn\n", "line 2: write image,label with one of ImageNet's names")])
def test_a_table_of_photos_that_cannot_be_used(content, part, certain, tmp_path, capsys):
    if content is not None:
        (tmp_path / "labels.csv").write_text(content)
    assert main(["compress", "plain", str(certain / "net.pth"), "--labels", str(tmp_path / "labels.csv"), "--out",
                 str(tmp_path)]) == 1
    assert part in capsys.readouterr().err


def test_another_network_is_refused(certain, tmp_path, capsys):
    torch.save({"weight": torch.zeros(1)}, tmp_path / "net.pth")
    assert main(["compress", "plain", str(tmp_path / "net.pth"), "--labels", str(certain / "labels.csv"), "--out",
                 str(tmp_path)]) == 1
    assert "holds no ResNet-18 of torchvision" in capsys.readouterr().err


def test_the_middle_of_a_photo_is_seen(tmp_path):
    write_dot(tmp_path / "small.png", 20, 24)  # 64x48
    cv2.imwrite(str(tmp_path / "large.png"), np.zeros((600, 900, 3), np.uint8))
    assert plain.read_view(tmp_path / "large.png").shape == (224, 224, 3)
    assert plain.read_view(tmp_path / "small.png").shape == (42, 42, 3)
