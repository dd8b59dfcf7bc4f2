"""From a detector's raw outputs to things and their boxes, and the command that prints and draws them."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from fingerpost import networks
from fingerpost.cli import main
from fingerpost.commands import detect as command
from fingerpost.core.errors import ModelError
from fingerpost.core.ports import Backend
from fingerpost.core.timing import Stopwatch
from fingerpost.core.types import Box, Detection
from fingerpost.models import parse_entry
from fingerpost.vision.detect import DELTA_WEIGHTS, Detector, decode, make_anchors, merge, pick, suppress
from tests.shelf import ANCHORS, COLOURS, INFO, SHELF, SIDE, ColourNet, draw_shelf


class Fixed(Backend):
    """Always the same outputs."""

    def __init__(self, *outputs):
        self.outputs = outputs

    def run(self, array):
        return self.outputs


def test_anchors_are_laid_out_cell_by_cell_with_two_squares_and_the_longer_shapes():
    anchors = make_anchors({"grids": [2, 1], "scales": [0.25, 0.64, 0.81], "ratios": [[4], [4]]}, 100)
    assert anchors.shape == (4 * 4 + 4, 4)
    assert anchors.dtype == np.float32
    assert anchors[:4] == pytest.approx(np.array([[25, 25, 25, 25], [25, 25, 40, 40], [25, 25, 50, 12.5],
                                                  [25, 25, 12.5, 50]]))
    assert anchors[4:16:4, :2].tolist() == [[75, 25], [25, 75], [75, 75]]
    assert anchors[16:] == pytest.approx(np.array([[50, 50, 64, 64], [50, 50, 72, 72], [50, 50, 100, 32],
                                                   [50, 50, 32, 100]])), "none is larger than the picture"


def test_anchors_are_those_of_torchvision():
    torch = pytest.importorskip("torch", reason="the comparison needs fingerpost[train]")
    from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
    from torchvision.models.detection.image_list import ImageList

    ratios = [[2], [2, 3], [2, 3]]
    generator = DefaultBoxGenerator(ratios, min_ratio=0.2, max_ratio=0.95)
    levels = [torch.zeros(1, 1, cells, cells) for cells in (7, 4, 1)]
    wanted = generator(ImageList(torch.zeros(1, 3, 60, 60), [(60, 60)]), levels)[0].numpy()
    anchors = make_anchors({"grids": [7, 4, 1], "scales": generator.scales, "ratios": ratios}, 60)
    halves = anchors[:, 2:] / 2
    found = np.concatenate([anchors[:, :2] - halves, anchors[:, :2] + halves], axis=1)
    assert found == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("description", [{}, {"grids": [2], "scales": [0.5], "ratios": [[2]]}, {"grids": 3}, []])
def test_anchors_of_another_kind_are_refused(description):
    with pytest.raises(ModelError, match="export it again"):
        make_anchors(description, 100)


@given(some.lists(some.tuples(some.floats(0, 90), some.floats(0, 90), some.floats(1, 90), some.floats(1, 90)),
                  min_size=1, max_size=5))
def test_decoding_undoes_the_coding(corners):
    boxes = np.array([[left, top, left + width, top + height] for left, top, width, height in corners], np.float32)
    anchors = np.tile(np.array([[50, 50, 40, 20]], np.float32), (len(boxes), 1))
    centres, sizes = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    shares = np.concatenate([(centres - anchors[:, :2]) / anchors[:, 2:], np.log(sizes / anchors[:, 2:])], axis=1)
    assert decode(shares * DELTA_WEIGHTS, anchors) == pytest.approx(boxes, abs=1e-3)


def test_a_wild_delta_makes_no_endless_box():
    assert np.isfinite(decode(np.full((1, 4), 1e6, np.float32), np.ones((1, 4), np.float32))).all()


@given(some.integers(0, 10_000), some.floats(0.02, 0.9))
def test_picking_is_the_softmax_of_every_anchor_above_the_least(seed, least):
    logits = np.random.default_rng(seed).normal(0, 3, (50, 4)).astype(np.float32)
    whole = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    rows, classes, scores = pick(logits, least)
    assert sorted(zip(rows, classes)) == sorted(zip(*np.nonzero(whole[:, 1:] >= least)))
    assert scores == pytest.approx(whole[rows, classes + 1], rel=1e-4)
    assert list(scores) == sorted(scores, reverse=True)


ROW = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [8, 0, 18, 10], [30, 0, 40, 10]], np.float32)


def test_suppression_removes_what_overlaps_something_better_of_its_class():
    assert suppress(ROW, 0.45).tolist() == [0, 2, 3]
    assert suppress(ROW, 0.45, np.array([0, 1, 0, 0])).tolist() == [0, 1, 2, 3]
    assert suppress(ROW[:0], 0.45).tolist() == []


def test_what_is_removed_removes_nothing_itself():
    chain = np.array([[0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]], np.float32)
    assert suppress(chain, 0.4).tolist() == [0, 2]


def test_suppression_is_that_of_torchvision():
    torch = pytest.importorskip("torch", reason="the comparison needs fingerpost[train]")
    from torchvision.ops import batched_nms

    dice = np.random.default_rng(3)
    corners = dice.uniform(0, 80, (120, 2))
    boxes = np.concatenate([corners, corners + dice.uniform(5, 60, (120, 2))], axis=1).astype(np.float32)
    classes, scores = dice.integers(0, 3, 120), np.linspace(1, 0.1, 120, dtype=np.float32)
    wanted = batched_nms(torch.from_numpy(boxes), torch.from_numpy(scores), torch.from_numpy(classes), 0.45)
    assert suppress(boxes, 0.45, classes).tolist() == wanted.tolist()


def test_across_classes_the_best_name_of_a_place_remains_and_what_is_nested_too():
    found = [Detection("tea", 0.9, Box(10, 10, 110, 110)), Detection("coffee", 0.6, Box(12, 8, 112, 108)),
             Detection("label", 0.5, Box(30, 30, 80, 80))]
    assert [detection.name for detection in merge(found)] == ["tea", "label"]
    assert merge([]) == []


def test_things_are_found_where_they_are_in_the_frame():
    found = {detection.name: detection for detection in Detector(ColourNet(), INFO).detect(draw_shelf())}
    assert set(found) == {"tea", "soap", "salt"}
    for name, *place in SHELF:
        assert list(vars(found[name].box).values()) == pytest.approx(place, abs=5)
        assert found[name].confidence == pytest.approx(0.8, abs=0.01)


def test_the_same_is_found_as_by_torchvision():
    torch = pytest.importorskip("torch", reason="the comparison needs fingerpost[train]")
    from fingerpost.learning.detection.ssd import build_detector

    net = build_detector("ssd-mobilenet-v1", 3, 0.25, 64)
    dice = np.random.default_rng(5)
    deltas = dice.normal(0, 2, (1, len(net.boxes), 4)).astype(np.float32)
    logits = dice.normal(0, 2, (1, len(net.boxes), 4)).astype(np.float32)
    info = replace(INFO, input=(1, 3, 64, 64), labels=("a", "b", "c"), anchors=net.anchors)
    boxes, scores, classes = Detector(Fixed(deltas, logits), info).find(np.zeros((128, 192, 3), np.uint8), 0.3)
    wanted = net.detect(torch.from_numpy(deltas), torch.from_numpy(logits))[0]
    count = int((wanted["scores"] >= 0.3).sum())
    assert len(scores) == count > 20
    assert scores == pytest.approx(wanted["scores"][:count].numpy(), abs=1e-5)
    assert classes.tolist() == (wanted["labels"][:count] - 1).tolist()
    assert boxes == pytest.approx(wanted["boxes"][:count].numpy() * [3, 2, 3, 2], abs=1e-2)


def test_only_what_scores_enough_is_found_the_best_first():
    detector = Detector(ColourNet(0.3), INFO)
    assert detector.detect(draw_shelf()) == []
    assert len(detector.detect(draw_shelf(), 0.2)) == 3
    assert len(detector.detect(draw_shelf(), 0.2, most=2)) == 2
    assert len(Detector(ColourNet(0.3), replace(INFO, threshold=0.2)).detect(draw_shelf())) == 3


def test_boxes_end_at_the_edges_of_the_frame_and_are_never_empty():
    count = len(make_anchors(ANCHORS, SIDE))
    logits = np.zeros((1, count, len(COLOURS) + 1), np.float32)
    logits[0, :, 1] = 5.0
    for growth in (4.0, -40.0):
        deltas = np.full((1, count, 4), growth, np.float32)
        for found in Detector(Fixed(deltas, logits), INFO).detect(draw_shelf()):
            assert 0 <= found.box.left < found.box.right <= 320
            assert 0 <= found.box.top < found.box.bottom <= 240


def test_stages_are_timed():
    stopwatch = Stopwatch()
    Detector(ColourNet(), INFO, stopwatch).detect(draw_shelf())
    assert set(stopwatch.summary()) == {"pre-process", "network", "post-process"}


def test_what_is_no_detector_is_refused():
    with pytest.raises(ModelError, match="no detector"):
        Detector(ColourNet(), replace(INFO, anchors=None))


@pytest.mark.parametrize("outputs", [
    (np.zeros((1, 7, 4)), np.zeros((1, 7, 5))), (np.zeros((1, 480, 4)), np.zeros((1, 480, 9))),
    (np.zeros((1, 480, 4)),), (np.zeros((1, 3)), np.zeros(4), np.zeros(5)),
])
def test_a_network_that_does_not_fit_its_manifest_is_refused_when_it_is_opened(outputs):
    with pytest.raises(ModelError, match="export it again"):
        Detector(Fixed(*outputs), INFO)


def test_the_first_run_which_takes_longest_is_over_when_it_is_opened():
    net, stopwatch = ColourNet(), Stopwatch()
    Detector(net, INFO, stopwatch)
    assert net.runs == 1
    assert stopwatch.summary() == {}


ENTRY = {**{key: getattr(INFO, key) for key in ("name", "sha256", "bytes", "parameters", "multiply_adds", "licence",
                                               "data", "figures", "rebuild", "threshold")},
         **{key: list(getattr(INFO, key)) for key in ("input", "mean", "std", "outputs", "labels")},
         "file": "detector.onnx"}


def test_the_manifest_tells_of_anchors():
    assert parse_entry(ENTRY, "here").anchors is None
    assert parse_entry({**ENTRY, "anchors": ANCHORS}, "here").anchors == ANCHORS


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder with two pictures of the shelf, one of them empty, and a detector for it."""
    monkeypatch.setattr(command, "open_detector",
                        lambda stack, settings, info, stopwatch: Detector(ColourNet(), INFO, stopwatch))
    (tmp_path / "in").mkdir()
    for name, places in (("shelf.png", SHELF), ("empty.png", ())):
        cv2.imwrite(str(tmp_path / "in" / name), draw_shelf(places)[:, :, ::-1])
    return tmp_path


def test_detections_are_printed_one_line_of_json_a_picture(shelf, capsys):
    assert main(["detect", str(shelf / "in"), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["image"] for line in lines] == ["empty.png", "shelf.png"]
    assert lines[0]["detections"] == []
    for found in lines[1]["detections"]:
        assert tuple(found) == command.COLUMNS
        assert found["width"] == found["right"] - found["left"]
        assert found["area"] == found["width"] * found["height"]
        assert found["centre"] == [found["left"] + found["width"] / 2, found["top"] + found["height"] / 2]


def test_detections_are_printed_as_a_table_and_drawn(shelf, capsys):
    assert main(["detect", str(shelf / "in"), "--out", str(shelf / "out"), "--timing"]) == 0
    printed = capsys.readouterr().out
    assert "empty.png: nothing found" in printed
    assert "shelf.png: 3 found" in printed
    assert all(column in printed for column in command.COLUMNS)
    assert all(stage in printed for stage in (*command.STAGES, "total"))
    drawn = cv2.imread(str(shelf / "out" / "shelf.png"))
    assert (drawn != cv2.imread(str(shelf / "in" / "shelf.png"))).any()
    assert (cv2.imread(str(shelf / "out" / "empty.png")) == cv2.imread(str(shelf / "in" / "empty.png"))).all()


def test_a_video_becomes_a_video_of_the_same_length(shelf, capsys):
    writer = cv2.VideoWriter(str(shelf / "walk.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 10.0, (320, 240))
    for _ in range(5):
        writer.write(draw_shelf()[:, :, ::-1])
    writer.release()
    assert main(["detect", str(shelf / "walk.mp4"), "--out", str(shelf / "out"), "--json", "--timing"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["at"] for line in lines[:-1]] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4], abs=0.01)
    assert lines[-1]["timing_ms"]["total"] == pytest.approx(
        sum(lines[-1]["timing_ms"][stage] for stage in command.STAGES), abs=0.01)
    assert int(cv2.VideoCapture(str(shelf / "out" / "walk.mp4")).get(cv2.CAP_PROP_FRAME_COUNT)) == 5


def test_a_broken_picture_is_said_and_left_out(shelf, capsys):
    (shelf / "in" / "broken.jpg").write_bytes(b"no picture")
    assert main(["detect", str(shelf / "in")]) == 0
    assert "broken.jpg" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "part"), [
    (["{}/none.jpg"], "check the spelling"),
    (["{}/void"], "holds no image"),
    (["{}/in", "--out", "{}/in"], "overwritten"),
])
def test_a_mistake_gets_one_line(shelf, words, part, capsys):
    (shelf / "void").mkdir()
    assert main(["detect", *[word.format(shelf) for word in words]]) == 1
    printed = capsys.readouterr().err
    assert part in printed
    assert printed.count("\n") == 1


def test_without_a_detector_one_line_names_the_remedy(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(networks, "DETECTOR", "no such detector")
    cv2.imwrite(str(tmp_path / "shelf.png"), draw_shelf())
    assert main(["detect", str(tmp_path / "shelf.png")]) == 1
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert "models fetch coco" in printed
    assert "train detector" in printed


@pytest.mark.parametrize(("given", "part"), [
    ("", "no manifest.json"), ("detector.onnx", "no manifest.json"), ("model", "damaged"),
    ("model/other.onnx", "other.onnx is not the model 'detector'"), ("model/detector.onnx", "damaged"),
])
def test_a_model_is_what_the_manifest_lists_and_no_other_file(tmp_path, given, part, capsys):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "manifest.json").write_text(json.dumps({"models": [ENTRY]}))
    (tmp_path / "model" / "detector.onnx").write_bytes(b"spoilt")
    cv2.imwrite(str(tmp_path / "shelf.png"), draw_shelf())
    assert main(["detect", str(tmp_path / "shelf.png"), "--model", str(tmp_path / given)]) == 1
    printed = capsys.readouterr().err
    assert part in printed
    assert ("`fingerpost export` wrote" in printed) == (part != "damaged")
    assert printed.count("\n") == 1
