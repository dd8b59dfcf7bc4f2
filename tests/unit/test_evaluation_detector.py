"""Boxes are measured as COCO measures them, and the figures mean what the format says."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.dots import parse
from tests.squares import draw_squares, export_detector, square, write_squares

pytest.importorskip("faster_coco_eval")

from fingerpost.core.errors import DataError, ModelError  # noqa: E402
from fingerpost.learning.boxes.pictures import Picture  # noqa: E402
from fingerpost.learning.detection import precision  # noqa: E402
from fingerpost.learning.detection.precision import Boxed, Found  # noqa: E402
from fingerpost.learning.evaluation import detector  # noqa: E402

NAMES = ["blue", "red"]


def boxed(*rows):
    """Rows of left, top, right, bottom, class, and perhaps difficult."""
    table = np.array([(*row, 0)[:6] for row in rows], float).reshape(-1, 6)
    return Boxed(table[:, :4], table[:, 4].astype(int), table[:, 5].astype(bool))


def found(*rows):
    """Rows of left, top, right, bottom, class, score."""
    table = np.array(rows, float).reshape(-1, 6)
    return Found(table[:, :4], table[:, 4].astype(int), table[:, 5])


@pytest.mark.parametrize(("seen", "map50", "map50_95"), [
    ([(0, 0, 10, 10, 0, 0.9)], 1.0, 1.0),
    ([(0, 0, 10, 8.2, 0, 0.9)], 1.0, 0.7),  # its IoU of 0.82 is above seven of the ten thresholds
    ([(0, 0, 10, 4, 0, 0.9)], 0.0, 0.0),
    ([(0, 0, 10, 10, 1, 0.9)], 0.0, 0.0),  # another name
    ([(30, 30, 40, 40, 0, 0.95), (0, 0, 10, 10, 0, 0.9)], 0.5, 0.5),  # a box of nothing that is surer
    ([(0, 0, 10, 10, 0, 0.9), (30, 30, 40, 40, 0, 0.8)], 1.0, 1.0),  # one that is less sure
    ([], 0.0, 0.0),
])
def test_one_box_and_what_was_seen_of_it(seen, map50, map50_95):
    figures = precision.measure_precision([boxed((0, 0, 10, 10, 0))], [found(*seen)], NAMES)
    assert (figures["map50"], figures["map50_95"]) == pytest.approx((map50, map50_95), abs=1e-3)
    assert list(figures["per_class_ap50"]) == ["blue"]  # of red there is no box


def test_what_is_difficult_may_be_found_but_need_not():
    labelled = [boxed((0, 0, 10, 10, 0), (20, 20, 30, 30, 0, 1))]
    for seen in ([(0, 0, 10, 10, 0, 0.5)], [(0, 0, 10, 10, 0, 0.5), (20, 20, 30, 30, 0, 0.9)]):
        assert precision.measure_precision(labelled, [found(*seen)], NAMES)["map50"] == 1.0


def test_without_any_box_nothing_is_known():
    nothing = precision.measure_precision([boxed()], [found((0, 0, 9, 9, 0, 0.9))], NAMES)
    assert nothing == {"map50": None, "map50_95": None, "per_class_ap50": {}}


def test_only_the_surest_boxes_of_a_picture_count():
    crowd = [(30, 30, 40, 40, 1, 0.9)] * precision.MOST_FOUND
    assert len(precision.list_found([found(*crowd, (0, 0, 10, 10, 0, 0.1))])) == precision.MOST_FOUND
    assert precision.measure_precision([boxed((0, 0, 10, 10, 0))], [found(*crowd, (0, 0, 10, 10, 0, 0.1))],
                                       NAMES)["map50"] == 0.0


def scatter(rng, pictures=30, classes=3):
    """Boxes at random, and detections of which some lie near them, some are named wrongly, some are of nothing."""
    labelled, seen = [], []
    for _ in range(pictures):
        corners = rng.uniform(0, 200, (rng.integers(0, 6), 2))
        boxes = np.hstack([corners, corners + rng.uniform(5, 120, corners.shape)])
        kinds = rng.integers(0, classes, len(boxes))
        labelled.append(Boxed(boxes, kinds, rng.random(len(boxes)) < 0.2))
        stray = rng.uniform(0, 200, (rng.integers(0, 4), 2))
        near = boxes + rng.normal(0, 6, boxes.shape)
        named = np.where(rng.random(len(boxes)) < 0.8, kinds, 0)
        seen.append(Found(np.vstack([near, np.hstack([stray, stray + rng.uniform(5, 90, stray.shape)])]),
                          np.concatenate([named, rng.integers(0, classes, len(stray))]),
                          rng.random(len(boxes) + len(stray))))
    return labelled, seen


@pytest.mark.parametrize("seed", range(3))
def test_the_figures_are_those_of_pycocotools(seed, capsys):
    coco, cocoeval = pytest.importorskip("pycocotools.coco"), pytest.importorskip("pycocotools.cocoeval")
    labelled, seen = scatter(np.random.default_rng(seed))
    truth = coco.COCO()
    truth.dataset = {"images": [{"id": index} for index in range(len(labelled))],
                     "categories": [{"id": index} for index in range(3)],
                     "annotations": precision.list_labelled(labelled)}
    truth.createIndex()
    judge = cocoeval.COCOeval(truth, truth.loadRes(precision.list_found(seen)), "bbox")
    judge.evaluate()
    judge.accumulate()
    judge.summarize()
    figures = precision.measure_precision(labelled, seen, ["a", "b", "c"])
    assert 0.1 < figures["map50_95"] < figures["map50"] < 0.9
    assert (figures["map50_95"], figures["map50"]) == pytest.approx(judge.stats[:2], abs=1e-4)
    by_class = judge.eval["precision"][0, :, :, 0, -1].mean(0)
    assert list(figures["per_class_ap50"].values()) == pytest.approx(by_class, abs=1e-4)


class Seer:
    """A detector that sees a red square at one place of every picture, in the picture's pixels."""

    names = ("blue", "red")

    def find(self, pixels, least, most):
        return np.array([(12.0, 30.0, 36.0, 54.0)]), np.array([0.7]), np.array([1])


def test_the_figures_of_a_detector(tmp_path):
    pictures = [draw_squares(tmp_path / "a.png", square("red", 12, 30)),
                draw_squares(tmp_path / "b.png", square("red", 60, 4), square("blue", 12, 30))]
    figures = detector.measure_detector(Seer(), pictures)
    assert figures.pop("ms_per_image") >= 0
    assert figures == {"n": 2, "map50": 0.2525, "map50_95": 0.2525, "per_class_ap50": {"blue": 0.0, "red": 0.505}}


def test_boxes_are_measured_in_the_pixels_of_the_annotation(tmp_path):
    drawn = draw_squares(tmp_path / "a.png", square("red", 12, 30))
    told = Picture(drawn.path, 192, 72, (square("red", 24, 30)._replace(right=72),))  # as if it were twice as wide
    assert detector.measure_detector(Seer(), [told])["map50"] == 1.0


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A tiny detector that has learned next to nothing, as `train` and `export` leave it, in a folder of its own."""
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("exported")
    export_detector(folder)
    return folder


def test_what_was_trained_and_exported_is_measured(exported, capsys):
    words = ["--data", exported / "voc", "--model", exported / "model", "--threads", 1, "--json"]
    assert detector.main(parse(detector, *words)) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures.keys() == {"n", "map50", "map50_95", "per_class_ap50", "ms_per_image"}
    assert figures["n"] == 2
    assert figures["per_class_ap50"].keys() == {"blue", "red"}
    assert detector.main(parse(detector, *words, "--split", "train")) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 4


def test_a_peer_is_timed_on_the_same_pictures(exported, capsys, monkeypatch):
    looks = []

    class Peer:
        def __init__(self, path, threads):
            assert (path.name, threads) == ("ssd.tflite", 1)

        def detect(self, pixels):
            looks.append(pixels.shape)

    monkeypatch.setattr(detector, "LiteDetector", Peer)
    detector.main(parse(detector, "--data", exported / "voc", "--model", exported / "model", "--threads", 1, "--json",
                        "--peer", exported / "ssd.tflite"))
    beside = json.loads(capsys.readouterr().out)["side_by_side"]
    assert beside.keys() == {"peer", "ours_ms", "peer_ms", "ratio"}
    assert len(looks) > 2


def test_a_class_that_the_model_does_not_know_is_one_clear_line(exported, tmp_path):
    other = write_squares(tmp_path, 1, 1)
    for path in (other / "Annotations").glob("*.xml"):
        path.write_text(path.read_text().replace("red", "green"))
    with pytest.raises(DataError, match="'green' is boxed, but detector.onnx does not know it"):
        detector.main(parse(detector, "--data", other, "--model", exported / "model"))


def test_without_a_model_there_is_one_clear_line(tmp_path):
    with pytest.raises(ModelError, match="manifest"):
        detector.main(parse(detector, "--data", write_squares(tmp_path), "--model", tmp_path))
