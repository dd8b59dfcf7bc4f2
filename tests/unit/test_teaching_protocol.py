"""Simulated teaching: the protocol, the curve that it fits, and which classes take part. On made-up embeddings."""

from __future__ import annotations

import argparse
import json

import numpy as np
import pytest

from fingerpost.core.errors import DataError
from fingerpost.learning.evaluation import common, teaching
from fingerpost.learning.evaluation.answers import Answer, trace_doubt
from fingerpost.learning.evaluation.objects import draw_teaching
from fingerpost.learning.evaluation.rivals import HEADS
from fingerpost.learning.evaluation.teaching import Pool
from fingerpost.learning.naming.calibrate import spread, write_likeness
from fingerpost.learning.naming.likeness import Things, fit_curve, fit_likeness, measure_surprise, simulate_lesson
from fingerpost.vision.heads import Curve

D, CLASSES = 32, 24
OPTIONS = argparse.Namespace(ways=5, shots=4, draws=6, seed=1)


def looks(thing, count, looseness=0.7):
    rng = np.random.default_rng((3, thing, count))
    return np.random.default_rng(thing).normal(size=D) + looseness * rng.normal(size=(count, D))


@pytest.fixture
def pool():
    names = [f"class {thing:02}" for thing in range(CLASSES)]
    return Pool({name: looks(thing, 12) for thing, name in enumerate(names)},
                {name: looks(thing, 4) for thing, name in enumerate(names)}, looks(77, 30, 3.0), 0.002)


def test_the_figures_of_easy_things_are_good_and_strangers_stay_strangers(pool):
    figures, draws = teaching.measure_teaching(pool, OPTIONS, (0.5, 0.05, 5.0))
    assert (figures["n"], len(draws)) == (6 * 5 * 4, 6)
    assert figures["top1"] > 0.95
    assert figures["unknown_auroc"] > 0.95
    assert figures["ms_per_image"] == 2.0
    assert set(figures["top1_4_shots"]) == set(HEADS)
    for head in HEADS:
        row = figures["top1_4_shots"][head]
        assert row["low"] <= row["mean"] <= row["high"]
        assert figures["top1_10_shots"][head]["mean"] >= figures["top1_1_shots"][head]["mean"]
    assert figures["older_things_lose"]["mean"] < 2.0
    assert json.loads(json.dumps(figures)) == figures


def test_the_same_seed_draws_the_same(pool):
    assert teaching.measure_teaching(pool, OPTIONS, ())[0] == teaching.measure_teaching(pool, OPTIONS, ())[0]


def test_without_strangers_there_are_nulls(pool):
    figures, _ = teaching.measure_teaching(pool._replace(strangers=np.zeros((0, D))), OPTIONS, ())
    assert figures["unknown_auroc"] is figures["strangers"]["photos"]["wrong_spoken"] is None
    assert figures["strangers"]["untaught"]["unknown_auroc"] > 0.9


def test_the_curves_are_drawn(pool, tmp_path):
    pytest.importorskip("matplotlib")
    draw_teaching(*teaching.measure_teaching(pool, OPTIONS, ()), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"heads.png", "taught.png"}


def test_the_trace_of_doubt_ends_with_everything_named():
    known = [Answer("a", ("a",), 0.9, 0.0), Answer("a", ("b",), 0.5, 0.0)]
    strangers = [Answer("", ("a",), 0.7, 0.0)]
    confidence, answered, wrong = trace_doubt(known, strangers)
    assert confidence.tolist() == [0.9, 0.7, 0.5]
    assert answered.tolist() == [0.5, 0.5, 1.0]
    assert wrong == pytest.approx([0.0, 2 / 3, 3 / 4])  # the one stranger counts for two


def test_intervals_tighten_with_more_draws():
    few, many = teaching.describe([0.4, 0.6]), teaching.describe([0.4, 0.6] * 50)
    assert few["mean"] == many["mean"] == 0.5
    assert many["high"] - many["low"] < few["high"] - few["low"]


@pytest.fixture
def things():
    return Things([looks(thing, 8, 1.2) for thing in range(30)], [looks(thing, 5, 1.2) for thing in range(30)])


def test_the_fitted_curve_believes_what_comes_true(things):
    pytest.importorskip("scipy", reason="calibration needs the [train] extra")
    curve = fit_curve(things, np.random.default_rng(0))
    lessons = [simulate_lesson(things, np.random.default_rng(seed)) for seed in range(100, 130)]

    def surprise(other):
        return np.mean([measure_surprise(answers, other) for answers in lessons])

    assert surprise(curve) < min(surprise(Curve(curve.middle + shift, curve.width, curve.sharpness))
                                 for shift in (-0.15, 0.15))


def test_single_pictures_can_stand_for_things():
    pytest.importorskip("scipy", reason="calibration needs the [train] extra")
    rng = np.random.default_rng(0)
    pictures = [np.full((48, 64, 3), rng.integers(0, 255, 3), np.uint8) for _ in range(3)]
    likeness = fit_likeness(lambda views: views.mean(axis=(1, 2)), pictures, 16, rng)
    assert likeness.centre.shape == (3,)
    assert likeness.curve.width > 0


def test_a_lesson_asks_for_as_many_strangers_as_known_things(things):
    answers = simulate_lesson(things, np.random.default_rng(4))
    taught = answers.likeness.shape[1]
    assert len(answers.right) == 2 * 5 * taught
    assert not answers.right[5 * taught:].any()


def test_strangers_that_look_like_what_was_taught_beside_them_make_the_curve_stricter(things):
    pytest.importorskip("scipy", reason="calibration needs the [train] extra")
    beside = [{(thing + 1) % 30: 0.6 * group[0] + 0.4 * things.samples[(thing + 1) % 30][0]}
              for thing, group in enumerate(things.samples)]
    near = fit_curve(things._replace(beside=beside), np.random.default_rng(0))
    far = fit_curve(things, np.random.default_rng(0))
    assert near.middle > far.middle


def test_classes_are_listed_or_all(tmp_path):
    for name in ("kiwi", "lime", "pear"):
        (tmp_path / "data" / name).mkdir(parents=True)
    (tmp_path / "some.txt").write_text("# a remark\npear\nkiwi\n")
    assert common.list_wanted(tmp_path / "data", None) == ["kiwi", "lime", "pear"]
    assert common.list_wanted(tmp_path / "data", tmp_path / "some.txt") == ["kiwi", "pear"]
    (tmp_path / "some.txt").write_text("plum\n")
    with pytest.raises(DataError, match="plum"):
        common.list_wanted(tmp_path / "data", tmp_path / "some.txt")


def test_classes_that_are_left_out_are_not_learned(tmp_path):
    pools = pytest.importorskip("fingerpost.learning.naming.pools")
    for name in ("kiwi", "lime", "pear"):
        (tmp_path / name).mkdir()
    (tmp_path / "out.txt").write_text("lime\n")
    assert pools.choose_classes(tmp_path, tmp_path / "out.txt") == ["kiwi", "pear"]
    assert pools.choose_classes(tmp_path, None) == ["kiwi", "lime", "pear"]


def test_photos_are_spread_evenly():
    assert spread(list(range(10)), 3) == [0, 3, 6]
    assert spread([1, 2], 5) == [1, 2]
    assert spread([], 5) == []


def test_the_curve_goes_into_its_models_entry(tmp_path):
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"models": [{"name": "fingertip"}, {"name": "objects", "likeness": [1, 2]}]}))
    write_likeness(manifest, "objects", Curve(0.5, 0.1, 20.0))
    assert json.loads(manifest.read_text())["models"] == [{"name": "fingertip"},
                                                          {"name": "objects", "likeness": [0.5, 0.1, 20.0]}]
