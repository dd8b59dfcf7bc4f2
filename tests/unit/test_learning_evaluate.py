"""The figures of an evaluation mean what the format says."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from fingerpost.learning.datasets import Row
from fingerpost.learning.evaluation import common, fingertip, objects, sights
from fingerpost.learning.evaluation.objects import Answer
from fingerpost.learning.evaluation.sights import Sight


def sight(error_px=0.0, presence=0.9, labelled=True):
    label = np.array([0.5, 0.5])
    return Sight(Path("a.jpg"), label if labelled else None, label + (error_px / 640, 0), presence, 0.004)


def test_fingertip_figures():
    seen = [sight(4), sight(8), sight(30), sight(2, presence=0.1), sight(presence=0.8, labelled=False),
            sight(presence=0.2, labelled=False)]
    figures = fingertip.measure_fingertip(seen, 0.5)
    assert figures["n"] == 4
    assert figures["found"] == 3
    assert figures["median_px"] == pytest.approx(8)
    assert figures["mean_px"] == pytest.approx(14)
    assert figures["within_20px"] == 2  # the missed hand counts as outside
    assert figures["false_hands"] == 0.5
    assert figures["rmse"] == pytest.approx(np.sqrt((16 + 64 + 900) / 6) / 320, abs=1e-4)
    assert figures["ms_per_image"] == pytest.approx(4)


def test_nothing_found_gives_nulls_instead_of_noise():
    figures = fingertip.measure_fingertip([sight(presence=0.0)], 0.5)
    assert figures["median_px"] is None
    assert figures["false_hands"] is None


def test_only_hand_free_pictures_still_give_their_figure():
    figures = fingertip.measure_fingertip([sight(presence=0.9, labelled=False)], 0.5)
    assert figures["n"] == 0
    assert figures["false_hands"] == 1.0


class SeesThePoints:
    """A finder that sees tip, pad and knuckle at fixed places of every frame."""

    def locate(self, pixels):
        return np.array([(20.0, 10.0), (20.0, 15.0), (20.0, 25.0)]), 0.7


@pytest.mark.parametrize(("point", "points", "error_px"), [
    ("tip", {"tip": (20, 10)}, 0),
    ("tip", {"tip": (20, 10), "pad": (20, 15)}, 0),
    ("pad", {"tip": (20, 15)}, 0),  # x and y are the pad where that is all the table labels
    ("pad", {"tip": (20, 10), "pad": (20, 15)}, 0),
    ("tip", {"tip": (20, 15)}, 80),
])
def test_each_label_is_compared_with_its_own_point(tmp_path, point, points, error_px):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((30, 40, 3), np.uint8))
    seen = sights.look(SeesThePoints(), Row(tmp_path / "a.png", points, "left"), point)
    assert seen.error_px == pytest.approx(error_px)
    assert seen.side == "left"
    np.testing.assert_allclose(seen.points[2], (0.5, 25 / 30))


def test_a_folder_of_rendered_frames_is_data_too(tmp_path):
    (tmp_path / "fingertips.csv").write_text("image,x,y\nimages/a.png,4,3\n")
    (tmp_path / "empty").mkdir()
    for index in range(6):
        (tmp_path / "empty" / f"{index}.jpg").touch()
    rows = sights.list_frames(tmp_path, tmp_path / "empty", held_back=True)
    assert [row.image.name for row in rows] == ["a.png", "0.jpg", "5.jpg"]
    assert [row.points for row in rows] == [{"tip": (4.0, 3.0)}, {}, {}]


def test_groups_are_printed_as_a_table(capsys):
    common.print_figures({"n": 3, "slices": {"dark": {"n": 1, "median_px": None}, "plain": {"n": 2, "median_px": 4.5}},
                          "mediapipe": {"found": 2}}, as_json=False)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [["n", "3"], ["slices:", "n", "median_px"], ["dark", "1", "-"], ["plain", "2", "4.5"],
                     ["mediapipe:"], ["found", "2"]]


def answer(wanted, first, confidence, second="z"):
    return Answer(wanted, (first, second), confidence, 0.01)


def test_object_figures():
    known = [answer("a", "a", 0.9), answer("a", "b", 0.8, second="a"), answer("b", "b", 0.3), answer("b", "b", 0.7)]
    unknown = [answer("", "a", 0.6), answer("", "b", 0.1)]
    figures = objects.measure_objects(known, unknown, 0.5)
    assert figures["n"] == 4
    assert figures["top1"] == 0.75
    assert figures["top5"] == 1.0
    assert figures["answered"] == 0.75
    # Three known things named, one of them wrongly, and half of as many strangers: 1 + 2 wrong of 3 + 2 names.
    assert figures["wrong_spoken"] == pytest.approx(3 / 5)
    assert figures["unknown_auroc"] == pytest.approx(7 / 8)
    assert figures["per_class"] == {"a": 0.5, "b": 1.0}


def test_without_strangers_there_are_nulls():
    figures = objects.measure_objects([answer("a", "a", 0.9)], [], 0.5)
    assert figures["unknown_auroc"] is None
    assert figures["wrong_spoken"] is None


def test_evaluation_needs_no_torch():
    import subprocess
    import sys

    code = "import sys; from fingerpost.learning.evaluation import fingertip, objects; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
