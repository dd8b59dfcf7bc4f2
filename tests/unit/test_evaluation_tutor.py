"""The teacher, fine-tuned beside our own network."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.dots import write_dot

torch = pytest.importorskip("torch")

from fingerpost.core.errors import DataError  # noqa: E402
from fingerpost.learning.evaluation import tutor  # noqa: E402
from fingerpost.learning.naming import teachers  # noqa: E402


@pytest.fixture
def teacher(monkeypatch):
    """A teacher of one convolution, which sees small pictures."""
    monkeypatch.setattr(tutor, "SIZE", 32)
    monkeypatch.setattr(tutor, "BATCH", 4)
    monkeypatch.setattr(tutor, "RATE", 0.05)
    torch.manual_seed(0)
    step = teachers.Step(teachers.CONV, (0, 1, 2), 3, 1, 0.0, 6.0)
    teacher = teachers.Teacher([step], {1: (torch.randn(8, 3, 1, 1), torch.zeros(8))}, 0)
    monkeypatch.setattr(tutor, "load_teacher", lambda path: teacher)
    return teacher


def test_a_teacher_learns_our_classes_with_all_of_its_weights(teacher, tmp_path):
    for name, colour in (("Blue", (255, 0, 0)), ("Red", (0, 0, 255))):
        for index in range(10):
            write_dot(tmp_path / ("asked" if index > 7 else "learn") / name / f"{index}.png", 20 + index, 24, colour)
    before = teacher.weight_3.clone()
    args = SimpleNamespace(teacher=tmp_path / "net.tflite", learn_from=tmp_path / "learn", data=tmp_path / "asked",
                           threads=1)
    assert tutor.measure_tutor(args) == {"file": "net.tflite", "top1": 1.0, "top5": 1.0}
    assert not torch.equal(teacher.weight_3, before)


def test_a_teacher_without_pictures_to_learn_from_is_one_clear_line(tmp_path):
    with pytest.raises(DataError, match="--learn-from"):
        tutor.measure_tutor(SimpleNamespace(teacher=tmp_path / "net.tflite", learn_from=None))
