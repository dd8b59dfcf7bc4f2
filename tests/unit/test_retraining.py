"""`fingerpost train taught`: what was taught becomes part of a network, which goes live only if it is no worse."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.dots import parse

torch = pytest.importorskip("torch")

from fingerpost.core.errors import DataError, ModelError  # noqa: E402
from fingerpost.home import asset_home, state_home  # noqa: E402
from fingerpost.installed import InstalledModels  # noqa: E402
from fingerpost.learning.naming import retrain, taught, trial  # noqa: E402
from fingerpost.learning.naming.trial import BUILT_IN, LESSONS, STRANGERS, Exam, Score  # noqa: E402
from fingerpost.memory.objects import ObjectStore  # noqa: E402
from fingerpost.models import ModelStore  # noqa: E402
from fingerpost.upkeep.retraining import WORSE  # noqa: E402
from fingerpost.vision.wider import OTHER  # noqa: E402
from tests.retraining import settle, ship_network, teach_mug, write_data  # noqa: E402


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return ship_network(tmp_path_factory.mktemp("network"))


@pytest.fixture
def home(network, tmp_path, monkeypatch):
    return settle(network, tmp_path, monkeypatch)


def test_taught_things_become_folders_by_their_ids(home):
    taught.export_taught(teach_mug(), home / "out")
    files = sorted((home / "out").rglob("*.png"))
    assert [path.relative_to(home / "out").as_posix() for path in files] == [
        f"taught:1/0000{number}.png" for number in range(5)]
    assert [int(cv2.imread(str(path)).max()) for path in files] == [0, 1, 2, 3, 4]


def test_without_anything_taught_there_is_one_clear_line(home):
    store = state_home() / "objects.sqlite"
    with pytest.raises(DataError, match="no store of taught things"):
        taught.export_taught(store, home / "out")
    assert not store.exists()
    with ObjectStore(store):
        pass
    with pytest.raises(DataError, match="nothing has been taught yet"):
        taught.export_taught(store, home / "out")


def test_the_last_of_every_thing_are_kept_back_where_there_are_enough(tmp_path):
    write_data(tmp_path / "many", count=12)
    write_data(tmp_path / "few", names=("my mug",), count=3)
    write_data(tmp_path / "fewer", names=("my mug",), count=2)
    counts = {}
    for name in ("many", "few", "fewer"):
        room = tmp_path / "room" / name
        taught.part_classes([tmp_path / name], room / "learn", room / "held", 0.25)
        counts[name] = [len(list((room / part).rglob("*.png"))) for part in ("learn", "held")]
    assert counts == {"many": [18, 6], "few": [2, 1], "fewer": [2, 0]}
    kept_back = (tmp_path / "room" / "few" / "held" / "my mug" / "00000.png").resolve()
    assert kept_back == (tmp_path / "few" / "my mug" / "2.png").resolve()


def test_a_trial_counts_what_would_be_said(tmp_path):
    """With a curve that believes in likeness, a look that was taught is named, and a stranger is not."""
    info = replace(ModelStore().load("objects"), likeness=(0.9, 0.01, 0.1))
    write_data(tmp_path, names=("my mug",), count=3)
    lessons = [(path, "taught:1") for path in sorted((tmp_path / "my mug").iterdir())]
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "noise.png"), noise)
    questions = [lessons[1], (tmp_path / "noise.png", "Kiwi"), (tmp_path / "noise.png", "")]
    scores = trial.examine(info, Exam(lessons, questions), threads=1)
    assert scores == {LESSONS: Score(1, 0, 1), BUILT_IN: Score(0, 0, 1), STRANGERS: Score(0, 0, 1)}
    assert trial.describe(scores, scores).splitlines()[1].split() == ["taught", "things", "1", "1", "1", "0", "0"]


@pytest.mark.parametrize(("taught_things", "strangers", "passes"), [
    (Score(8, 1, 10), Score(0, 2, 20), True),
    (Score(9, 0, 10), Score(0, 0, 20), True),
    (Score(7, 0, 10), Score(0, 0, 20), False),
    (Score(9, 2, 10), Score(0, 0, 20), False),
    (Score(9, 0, 10), Score(0, 3, 20), False),
])
def test_no_worse_is_no_worse_in_any_group(taught_things, strangers, passes):
    live = {LESSONS: Score(8, 1, 10), STRANGERS: Score(0, 2, 20)}
    assert trial.is_no_worse({LESSONS: taught_things, STRANGERS: strangers}, live) == passes


def arguments(home, *words):
    return parse(retrain, "--data", home / "data", "--threads", 1, *words)


@pytest.mark.timeout(900)  # three processes load torch, one after the other, on a machine that may be busy
def test_a_retrained_network_goes_live_and_back(home, monkeypatch, capfd):
    seen = {}

    def examine(info, exam, threads):
        seen[info.sha256] = exam
        return {LESSONS: Score(1, 0, 1)}

    monkeypatch.setattr(retrain, "examine", examine)
    monkeypatch.setattr(retrain, "NICENESS", 0)  # a test must not wait for whatever else runs here
    write_data(home / "data")
    teach_mug()
    (state_home() / "retraining" / "learn" / "left by a run that was killed").mkdir(parents=True)
    live = InstalledModels().load("objects")
    options = ["--", "--epochs", 1, "--batch", 8, "--hold-out", 0.2]
    assert retrain.main(arguments(home, "--scope", "last", *options)) == 0
    assert "Live now" in capfd.readouterr().out
    info = InstalledModels().load("objects")
    assert info.labels == ("Blue", "Red", "taught:1", OTHER)
    assert info.figures == {LESSONS: {"right": 1, "wrong": 0, "of": 1}}
    assert list(seen) == [live.sha256, info.sha256]  # both sat the same exam
    exam = seen[live.sha256]
    assert exam == seen[info.sha256]
    assert [label for _, label in exam.lessons] == ["taught:1"] * 4
    assert sorted({label for _, label in exam.questions}) == ["Blue", "Red", "taught:1"]
    assert not (state_home() / "retraining").exists()
    assert InstalledModels().rollback("objects") == live
    with ObjectStore(state_home() / "objects.sqlite") as store:  # it was only read
        assert store.waiting() == 1
        assert list(store.embeddings("old")) == ["taught:1"]


def test_a_network_that_is_worse_stays_out(home, monkeypatch, capsys):
    scores = iter([{LESSONS: Score(5, 0, 10)}, {LESSONS: Score(4, 0, 10)}])
    monkeypatch.setattr(retrain, "examine", lambda *given: next(scores))
    models = InstalledModels()
    live = models.load("objects")
    assert retrain.judge(models, live, asset_home() / "models", Exam([], []), 1) == WORSE
    assert "is worse: what was live stays live" in capsys.readouterr().out
    assert models.generations("objects") == (live,)


def test_what_could_not_be_examined_is_not_learned_from(home, monkeypatch):
    monkeypatch.setattr(retrain, "retrain", None)
    write_data(home / "data")
    teach_mug(looks=2)
    with pytest.raises(DataError, match="teach a thing with 3 samples or more"):
        retrain.main(arguments(home))


def test_two_retrainings_do_not_get_in_each_others_way(home):
    write_data(home / "data")
    teach_mug()
    room = state_home() / "retraining"
    with retrain.occupy(room):
        (room / "learn").mkdir(parents=True)
        with pytest.raises(DataError, match="another retraining is under way"):
            retrain.main(arguments(home))
        assert (room / "learn").exists()
    assert not room.exists()


def test_a_run_whose_device_is_gone_ends_before_it_begins(home):
    """As seen from a process whose parent is another than the one it was told of."""
    write_data(home / "data")
    process = os.fork()
    if not process:
        try:
            retrain.main(arguments(home, "--parent", 1 if os.getppid() != 1 else 2))
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(process, 0)[1]) == signal.SIGKILL


def test_a_training_without_memory_changes_nothing(home):
    write_data(home / "data")
    teach_mug()
    with pytest.raises(ModelError, match=r"the retraining failed \(.+\): what is live stays"):
        retrain.main(arguments(home, "--memory-mb", 60))
    assert len(InstalledModels().generations("objects")) == 1
    assert not (state_home() / "retraining").exists()


def test_names_that_would_be_forgotten_are_told(home):
    write_data(home / "data", names=("Blue",))
    with pytest.raises(DataError, match="no pictures of 1 built-in names, 'Red' among them"):
        retrain.main(arguments(home))
