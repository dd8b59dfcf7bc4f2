"""What jobs can be told, how frames are held out, and whether the commands that they plan are ones that exist."""

from __future__ import annotations

import argparse
import importlib
import json
import shlex

import numpy as np
import pytest

pytest.importorskip("aiohttp", reason="the companion needs fingerpost[companion]")

from fingerpost.cli import COMMANDS, find_command
from fingerpost.companion.lessons.labels import Label, Labels
from fingerpost.companion.workshop import kinds as kinds_module
from fingerpost.companion.workshop import studies
from fingerpost.companion.workshop.figures import list_pictures, read_curve, read_lines, read_results
from fingerpost.companion.workshop.heldout import describe_split, lay_out, split_labels
from fingerpost.companion.workshop.kinds import Ground
from fingerpost.companion.workshop.options import Choice, Number, Several, Switch, choose
from fingerpost.companion.workshop.routes import KINDS, find_options
from fingerpost.core.errors import DataError
from fingerpost.settings import TeachingSettings


def make_labels(hands, empty=0):
    return [Label(f"images/{number}.jpg", 1.0, 2.0) for number in range(hands)] + [
        Label(f"images/{100 + number}.jpg", None, None) for number in range(empty)]


def label_frames(folder, hands, empty=0):
    """A companion's folder with so many labelled frames."""
    labels = Labels(folder / "fingertips")
    for number in range(hands + empty):
        labels.add(np.full((48, 64, 3), number, np.uint8), (10.0 + number, 20.0) if number < hands else None)
    return labels


@pytest.fixture
def ground(tmp_path):
    """Where every kind of job is possible."""
    label_frames(tmp_path, 5, 4)
    for split in ("train", "val"):
        path = tmp_path / "boxes" / "ImageSets" / "Main" / f"{split}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (tmp_path / "pictures").mkdir()
    (tmp_path / "objects.sqlite").write_text("")
    return Ground(tmp_path, tmp_path / "objects.sqlite",
                  TeachingSettings(retrain_data=str(tmp_path / "pictures"), retrain_other=str(tmp_path / "pictures")))


@pytest.mark.parametrize(("hands", "empty", "learned", "held"), [
    (3, 0, (2, 0), (1, 0)), (5, 0, (3, 0), (2, 0)), (5, 1, (3, 1), (2, 0)), (20, 8, (15, 6), (5, 2))])
def test_the_newest_quarter_only_measures(hands, empty, learned, held):
    split = split_labels(make_labels(hands, empty))
    notes = describe_split(split)
    assert notes["learned"] == {"hands": learned[0], "empty": learned[1]}
    assert notes["held_out"] == {"hands": held[0], "empty": held[1]}
    assert split.learned[:learned[0]] + split.held[:held[0]] == make_labels(hands)
    assert ("caution" in notes) == (held[0] < 5)


def test_the_caution_says_how_many_frames_the_figures_rest_on():
    assert "rest on 1 frame that" in describe_split(split_labels(make_labels(3)))["caution"]
    assert "rest on 2 frames that" in describe_split(split_labels(make_labels(5)))["caution"]


def test_two_hands_are_too_few():
    with pytest.raises(DataError, match="2 fingertips are labelled, and 3 are needed: label more"):
        split_labels(make_labels(2, 10))


def test_frames_outlast_the_deletion_of_their_labels(tmp_path):
    datasets = pytest.importorskip("fingerpost.learning.datasets")
    labels = label_frames(tmp_path, 4, 2)
    tables = lay_out(split_labels(labels.all()), tmp_path / "fingertips", tmp_path / "frames")
    for label in labels.all():
        labels.remove(label.id)
    hands = [datasets.read_hands(table, "tip", (64, 48)) for table in tables]
    assert [int(picture[0, 0, 0]) for part in hands for picture in part.pictures] == [0, 1, 2, 4, 5, 3]
    assert [part.present.tolist() for part in hands] == [[True, True, True, False, False], [True]]
    assert hands[1].points[0, 0] == pytest.approx((13 / 64, 20 / 48))


def test_a_picture_that_is_gone_is_told(tmp_path):
    labels = label_frames(tmp_path, 3)
    (tmp_path / "fingertips" / labels.all()[0].image).unlink()
    with pytest.raises(DataError, match="is gone: delete its label"):
        lay_out(split_labels(labels.all()), tmp_path / "fingertips", tmp_path / "frames")


@pytest.mark.parametrize(("option", "value"), [
    (Number("n", 2, 1, 3), 0), (Number("n", 2, 1, 3), 4), (Number("n", 2, 1, 3), 2.0), (Number("n", 2, 1, 3), True),
    (Number("n", 2, 1, 3), "2"), (Choice("c", ("a", "b")), "../a"), (Choice("c", ("a", "b")), 1),
    (Choice("c", ("a", "b")), ["a"]), (Several("s", (1, 2), (1,)), []), (Several("s", (1, 2), (1,)), [1, 3]),
    (Several("s", (1, 2), (1,)), [[1]]), (Several("s", (1, 2), (1,)), "1"), (Switch("z"), 1), (Switch("z"), "yes")])
def test_only_what_is_offered_can_be_chosen(option, value):
    with pytest.raises(DataError, match=option.name):
        option.check(value)


def test_what_is_not_chosen_is_as_usual():
    options = (Number("n", 2, 1, 3), Choice("c", ("a", "b")), Several("s", (1, 2, 3), (1, 2)), Switch("z"))
    assert choose(options, {}) == {"n": 2, "c": "a", "s": [1, 2], "z": False}
    assert choose(options, {"s": [3, 1], "z": True}) == {"n": 2, "c": "a", "s": [1, 3], "z": True}
    with pytest.raises(DataError, match="no option command: give some of c, n, s, z"):
        choose(options, {"command": "rm"})


def test_without_torch_each_training_says_what_to_install(ground, monkeypatch):
    monkeypatch.setattr(kinds_module.importlib.util, "find_spec", lambda name: None)
    for kind in KINDS.values():
        why_not, options = find_options(kind, ground)
        assert "pip install 'fingerpost[train]'" in why_not
        assert options == ()


def test_without_data_each_kind_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(kinds_module.importlib.util, "find_spec", lambda name: True)
    ground = Ground(tmp_path, tmp_path / "objects.sqlite", TeachingSettings())
    reasons = {name: find_options(kind, ground)[0] for name, kind in KINDS.items()}
    remedies = {"objects": "retrain_data", "detector": "fingerpost data import"}
    for name, reason in reasons.items():
        assert remedies.get(name, "page Fingertips") in reason


def test_a_spoilt_table_is_told_and_spoils_nothing_else(ground, monkeypatch):
    monkeypatch.setattr(kinds_module.importlib.util, "find_spec", lambda name: True)
    (ground.fingertips / "fingertips.csv").write_text("what,is,this\n")
    assert "mend it" in find_options(KINDS["fingertip"], ground)[0]
    assert find_options(KINDS["detector"], ground)[0] == ""


@pytest.mark.parametrize("name", list(KINDS))
def test_every_step_is_a_command_that_takes_these_words(ground, name, monkeypatch):
    pytest.importorskip("torch", reason="training needs fingerpost[train]")
    kind = KINDS[name]
    why_not, options = find_options(kind, ground)
    assert why_not == ""
    by_model = [option.choices for option in options if option.name == "model"]
    for model in by_model[0] if by_model else [None]:
        given = {"model": model} if model else {}
        folder = ground.jobs / str(model)
        for step in kind.plan(ground, choose(options, given), folder).steps:
            args = parse(step.words)
            if name == "report":
                parse(["evaluate", model, *shlex.split(args.check)])


def parse(words):
    """What a command's own parser makes of these words."""
    name, rest = find_command(list(words))
    command = COMMANDS[name]
    parser = argparse.ArgumentParser()
    suffix = "_" + command.function if command.function else ""
    getattr(importlib.import_module("fingerpost." + command.module), "add_arguments" + suffix)(parser)
    return parser.parse_args(rest)


def test_layers_and_formats_are_those_that_there_are(tmp_path):
    pytest.importorskip("torch", reason="training needs fingerpost[train]")
    pytest.importorskip("sklearn")
    from fingerpost.learning.compression import formats
    from fingerpost.learning.compression.study import find_layer
    from fingerpost.learning.nets import SCOPES, FingertipMaps

    assert studies.FORMATS == formats.FORMATS
    for layer in studies.LAYERS:
        find_layer(FingertipMaps(), layer)
    scopes = next(option for option in KINDS["fingertip"].options(None) if option.name == "scope")
    assert scopes.choices == tuple(SCOPES)


def test_a_network_of_a_job_can_be_studied(ground):
    model = ground.jobs / "abc" / "model"
    model.mkdir(parents=True)
    (model / "fingertip.onnx").write_text("")
    options = KINDS["study"].options(ground)
    assert options[0].choices == ("live", "abc")
    words = KINDS["study"].plan(ground, choose(options, {"source": "abc"}), ground.jobs / "new").steps[0].words
    assert words[2] == str(model)


def test_curves_are_read_from_what_was_said(tmp_path):
    (tmp_path / "log.txt").write_text("px0, within0: the end of x\nbefore  px0 4.2  score 1\n"
                                      "epoch 1  loss 0.53  px0 nan  seconds 2\nepoch by epoch\nepoch 2  loss 1e-05\n")
    assert read_curve(read_lines(tmp_path)) == [{"epoch": 1.0, "loss": 0.53, "px0": None, "seconds": 2.0},
                                                {"epoch": 2.0, "loss": 1e-05}]


def test_results_are_what_json_knows(tmp_path):
    (tmp_path / "before.json").write_text('a warning\n{"n": 2, "mean_px": NaN}\n')
    (tmp_path / "after.json").write_text("[1]")
    (tmp_path / "table.json").write_text("{")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "figures.json").write_text(json.dumps({"before": {"n": 1}, "after": {"n": 3}}))
    assert read_results(tmp_path) == {"before": {"n": 2, "mean_px": None}, "after": {"n": 3}}


def test_pictures_are_listed_as_people_count(tmp_path):
    assert list_pictures(tmp_path) == []
    (tmp_path / "out" / "4.png").mkdir(parents=True)
    for name in ("16-clusters.png", "8-clusters.png", "2-clusters.svg", "curves.png", "table.md"):
        (tmp_path / "out" / name).touch()
    assert list_pictures(tmp_path) == ["8-clusters.png", "16-clusters.png", "curves.png"]
