"""Tiny trainings, end to end, and the parts that they share."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fingerpost.core.errors import ModelError  # noqa: E402
from fingerpost.learning import training  # noqa: E402
from fingerpost.learning.naming import train as objects  # noqa: E402
from fingerpost.learning.naming.teachers import _pad, load_teacher  # noqa: E402
from fingerpost.learning.pointing import losses  # noqa: E402
from fingerpost.learning.pointing import train as fingertip  # noqa: E402


def parse(module, *words):
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    return parser.parse_args([str(word) for word in words])


def write_dot(path: Path, x: int, y: int, colour=(255, 255, 255)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = np.full((48, 64, 3), 40, np.uint8)
    cv2.circle(frame, (x, y), 5, colour, -1)
    cv2.imwrite(str(path), frame)


def test_the_rate_rises_then_falls():
    rates = [training.learning_rate(step / 100, 1.0) for step in range(101)]
    assert max(rates) == pytest.approx(1.0, abs=0.01)
    assert np.argmax(rates) == 4
    assert rates[-1] == pytest.approx(0.01)


def test_a_course_by_the_clock_counts_what_was_learned_before():
    course = training.Course(10, 1.0, [{"seconds": 45.0}])
    assert course.progress(3) == pytest.approx(0.75, abs=0.01)
    assert training.Course(10, None, []).progress(5) == 0.5


def test_the_average_follows_and_forgets_the_start():
    net = torch.nn.Linear(1, 1)
    average = training.Average(net, decay=0.9)
    with torch.no_grad():
        net.weight.fill_(5.0)
    for _ in range(200):
        average.update(net)
    assert average.net.weight.item() == pytest.approx(5.0, abs=0.01)


def test_prefetch_keeps_order():
    assert list(training.prefetch(lambda index: index * 2, 5)) == [0, 2, 4, 6, 8]


def test_soft_argmax_of_a_blob_is_its_middle():
    wanted = torch.tensor([[[0.31, 0.62]] * 3])
    maps = torch.log(losses.draw_blobs(wanted, 15, 20).clamp(min=1e-9)).unflatten(2, (15, 20))
    torch.testing.assert_close(losses.soft_argmax(maps), wanted, atol=0.01, rtol=0)


def test_unlabelled_points_cost_nothing():
    maps = torch.randn(2, 3, 15, 20, requires_grad=True)
    points = torch.full((2, 3, 2), float("nan"))
    points[0, 1] = 0.5
    losses.measure_loss(maps, torch.zeros(2, 1), points, torch.tensor([True, False])).backward()
    assert maps.grad[0, 1].abs().sum() > 0
    assert maps.grad[0, [0, 2]].abs().sum() == 0
    assert maps.grad[1].abs().sum() == 0


def test_the_threshold_stands_between_the_two_kinds():
    chance = np.array([0.9, 0.8, 0.95, 0.1, 0.2])
    assert 0.2 < fingertip.fit_threshold(chance, np.array([True, True, True, False, False])) < 0.8


@pytest.mark.parametrize("head", ["maps", "fc"])
def test_fingertip_trains_and_resumes(tmp_path, head):
    lines = ["image,x,y"]
    for index in range(16):
        write_dot(tmp_path / f"{index}.png", 20 + index, 24)
        lines.append(f"{index}.png,{20 + index},24")
    (tmp_path / "hands.csv").write_text("\n".join(lines))
    for index in range(10):
        write_dot(tmp_path / "empty" / f"{index}.png", -50, 0)
    words = ["--data", f"{tmp_path / 'hands.csv'}:pad", "--negatives", tmp_path / "empty", "--out", tmp_path / "out",
             "--init", "scratch", "--batch", 4, "--image-size", 64, 48, "--head", head, "--hold-out", 0.2]
    assert fingertip.main(parse(fingertip, *words, "--epochs", 1)) == 0
    assert fingertip.main(parse(fingertip, *words, "--epochs", 2, "--resume")) == 0
    state = training.load_checkpoint(tmp_path / "out" / "fingertip.pt")
    assert [entry["epoch"] for entry in state["history"]] == [1.0, 2.0]
    assert state["settings"]["head"] == head
    assert 0 < state["settings"]["threshold"] < 1
    assert (tmp_path / "out" / "curves.png").is_file()


def test_objects_train_without_teachers_and_are_calibrated(tmp_path):
    for name, colour in (("Blue", (255, 0, 0)), ("Red", (0, 0, 255))):
        for index in range(10):
            write_dot(tmp_path / "data" / name / f"{index}.png", 20 + index, 24, colour)
    args = parse(objects, "--data", tmp_path / "data", "--out", tmp_path / "out", "--init", "scratch", "--batch", 4,
                 "--epochs", 1, "--image-size", 32, "--early-size", 32, "--hold-out", 0.2)
    assert objects.main(args) == 0
    settings = training.load_checkpoint(tmp_path / "out" / "objects.pt")["settings"]
    assert settings["labels"] == ["Blue", "Red", "other"]
    assert settings["temperature"] > 0


def test_a_missing_teacher_is_one_clear_line(tmp_path):
    pytest.importorskip("tflite")
    with pytest.raises(ModelError, match="--teachers"):
        load_teacher(tmp_path / "none.tflite")


@pytest.mark.parametrize(("side", "stride", "left", "right"), [(8, 2, 0, 1), (7, 2, 1, 1)])
def test_padding_is_tensorflows(side, stride, left, right):
    padded, rest = _pad(torch.ones(1, 1, side, side), 3, stride)
    assert rest == 0
    assert padded[0, 0].sum(0).count_nonzero() == side
    assert padded.shape[-1] == side + left + right
    assert padded[0, 0, left, left] == 1
