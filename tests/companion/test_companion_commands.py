"""What the commands learned for the companion's sake: a retraining that leaves its network, a study of a model."""

from __future__ import annotations

import json

import pytest

from tests.dots import parse, write_hands

pytest.importorskip("torch", reason="training needs fingerpost[train]")
pytest.importorskip("sklearn", reason="training needs fingerpost[train]")
pytest.importorskip("onnx", reason="training needs fingerpost[train]")

from fingerpost.cli import main
from fingerpost.home import asset_home
from fingerpost.installed import InstalledModels
from fingerpost.learning.naming import retrain
from fingerpost.learning.naming.trial import LESSONS, Score
from fingerpost.models import ModelStore
from tests.retraining import settle, ship_network, teach_mug, write_data


def test_a_staged_network_waits_beside_its_figures_even_a_worse_one(tmp_path, monkeypatch):
    home = settle(ship_network(tmp_path / "network"), tmp_path, monkeypatch)
    write_data(home / "data")
    teach_mug()
    scores = iter([{LESSONS: Score(5, 0, 10)}, {LESSONS: Score(4, 1, 10)}])
    monkeypatch.setattr(retrain, "examine", lambda info, exam, threads: next(scores))

    def hand_over(args, live, room):
        ship_network(room / "model")

    monkeypatch.setattr(retrain, "retrain", hand_over)
    stage = home / "stage"
    assert retrain.main(parse(retrain, "--data", home / "data", "--stage", stage)) == 0
    assert json.loads((stage / "figures.json").read_text()) == {
        "before": {LESSONS: {"right": 5, "wrong": 0, "of": 10}}, "after": {LESSONS: {"right": 4, "wrong": 1, "of": 10}}}
    assert ModelStore(stage).load("objects").labels[:2] == ("Blue", "Red")
    assert len(InstalledModels().generations("objects")) == 1


def study(source, *words):
    return main(["compress", "study", str(source), "--threads", "1", "--layer", "maps", *map(str, words)])


def test_the_model_that_ships_can_be_studied(tmp_path, capsys):
    table = write_hands(tmp_path / "frames", 3)
    source = asset_home() / "models"
    assert study(source, "--clusters", 2, "--data", table, "--out", tmp_path / "out", "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["outputs"], figures["weights"], figures["n"]) == (3, 128, 3)
    assert figures["table"]["2 clusters"]["weight_error"] > 0.1
    assert (tmp_path / "out" / "2-clusters.png").is_file()


def test_a_model_does_not_know_what_it_was_trained_on(tmp_path, capsys):
    assert study(ModelStore().load("fingertip").path, "--out", tmp_path) == 1
    assert "give --data" in capsys.readouterr().err
