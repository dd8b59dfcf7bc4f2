"""How much a wearer's own frames help: the measurement itself, on tiny frames."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.dots import parse, write_empty, write_hands

torch = pytest.importorskip("torch")

from fingerpost.core.errors import DataError, ModelError  # noqa: E402
from fingerpost.learning.checkpoints import save_checkpoint  # noqa: E402
from fingerpost.learning.datasets import read_hands  # noqa: E402
from fingerpost.learning.nets import FingertipMaps  # noqa: E402
from fingerpost.learning.pointing import personal  # noqa: E402

TINY = ("--image-size", 64, 48, "--steps", 2, "--batch", 2, "--threads", 1)


def test_each_number_of_frames_is_measured_against_none(tmp_path, capsys):
    table = write_hands(tmp_path, 9)
    words = ["--data", table, "--shots", 2, 4, 80, "--draws", 2, "--held-back", 3, "--out", tmp_path / "out",
             "--no-hands", write_empty(tmp_path / "empty", 6), *TINY]
    assert personal.main(parse(personal, *words, "--json")) == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert found["held_back"] == 3
    assert [(entry["shots"], len(entry["draws"])) for entry in found["results"]] == [(0, 1), (2, 2), (4, 2)]
    assert all({"median_px", "within_20px", "found", "false_hands"} <= set(entry) for entry in found["results"])
    assert "only 6 frames" in printed.err
    assert (tmp_path / "out" / "personal.png").is_file()


def test_the_last_frames_never_train(tmp_path):
    args = parse(personal, "--data", write_hands(tmp_path, 9), "--shots", 2, "--out", tmp_path, *TINY)
    pool, held = personal.load_frames(args)
    whole = read_hands(tmp_path / "hands.csv", "tip", (83, 62))
    np.testing.assert_array_equal(pool.points, whole.points[:6])
    np.testing.assert_array_equal(held.points, whole.points[6:])


def test_more_frames_of_a_draw_contain_fewer(tmp_path):
    pool = read_hands(write_hands(tmp_path, 9), "tip", (64, 48))
    few, many = (personal.choose(pool, count, draw=1, seed=0).points[:, 0, 0] for count in (3, 6))
    np.testing.assert_array_equal(few, many[:3])
    assert set(few) != set(personal.choose(pool, 3, draw=2, seed=0).points[:, 0, 0])


def test_too_few_frames_are_one_clear_line(tmp_path):
    args = parse(personal, "--data", write_hands(tmp_path, 4), "--shots", 5, "--out", tmp_path, *TINY)
    with pytest.raises(DataError, match="--held-back"):
        personal.main(args)


def test_the_table_tells_the_means_of_what_was_measured():
    nan = float("nan")
    summary = personal.summarise([(0, personal.Figures(9.0, 0.5, 1.0, nan)), (5, personal.Figures(4.0, 0.75, 1.0, nan)),
                                  (5, personal.Figures(6.0, 1.0, 1.0, nan))])
    assert [(entry["median_px"], entry["within_20px"]) for entry in summary] == [(9.0, 0.5), (5.0, 0.875)]
    assert "false_hands" not in personal.write_table(summary)
    assert personal.write_table(summary).count("\n") == 2


def test_a_checkpoint_is_judged_at_its_own_threshold_and_size(tmp_path):
    settings = {"head": "maps", "threshold": 0.3, "image_size": [64, 48]}
    save_checkpoint(tmp_path / "own.pt", {"model": FingertipMaps().state_dict(), "settings": settings})
    assert personal.load_start(str(tmp_path / "own.pt"))[1:] == (0.3, [64, 48])
    save_checkpoint(tmp_path / "objects.pt", {"model": {}, "settings": {"image_size": 160}})
    with pytest.raises(ModelError, match="train fingertip"):
        personal.load_start(str(tmp_path / "objects.pt"))
