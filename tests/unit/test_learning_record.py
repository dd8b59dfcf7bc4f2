"""Checkpoints: what ships, what a training goes on from, and which files are none."""

from __future__ import annotations

import argparse

import pytest

torch = pytest.importorskip("torch")

from fingerpost.core.errors import ModelError  # noqa: E402
from fingerpost.learning import training  # noqa: E402
from fingerpost.learning.checkpoints import load_checkpoint, recall, save_checkpoint  # noqa: E402
from fingerpost.learning.record import Record  # noqa: E402


def fake_training():
    net = torch.nn.Linear(1, 1, bias=False)
    return training.Average(net), net, training.make_optimizer(list(net.parameters()), 0.0)


def add_epochs(record, parts, scores):
    """An epoch per score, after which the average weighs what the epoch's number is."""
    for score in scores:
        epoch = len(record.history) + 1.0
        torch.nn.init.constant_(parts[0].net.weight, epoch)
        record.add({"epoch": epoch, "score": score, "threshold": epoch / 10}, *parts)


def resumed(path, patience=None):
    """A record that goes on from the checkpoint, and its parts."""
    record, parts = Record(path, {}, patience), fake_training()
    record.resume(*parts)
    return record, parts


def shipped_weight(path):
    return load_checkpoint(path)["model"]["weight"].item()


def test_patience_ships_the_best_epoch_and_goes_on_from_the_last(tmp_path):
    path = tmp_path / "net.pt"
    record = Record(path, {}, patience=3)
    add_epochs(record, fake_training(), [5.0, 2.0, 4.0, 3.0])
    assert not record.exhausted
    assert shipped_weight(path) == 2.0
    assert load_checkpoint(path)["settings"]["threshold"] == 0.2
    assert list(tmp_path.glob("*.pt")) == [path]

    record, parts = resumed(path, patience=3)
    assert parts[0].net.weight.item() == 4.0
    add_epochs(record, parts, [2.5])
    assert record.exhausted
    assert shipped_weight(path) == 2.0
    assert load_checkpoint(path)["settings"]["threshold"] == 0.2


def test_without_patience_the_last_epoch_ships(tmp_path):
    record = Record(tmp_path / "net.pt", {})
    add_epochs(record, fake_training(), [1.0, 2.0, 3.0])
    assert not record.exhausted
    assert shipped_weight(tmp_path / "net.pt") == 3.0


def test_patience_that_comes_later_compares_with_the_weights_that_are_there(tmp_path):
    path = tmp_path / "net.pt"
    add_epochs(Record(path, {}), fake_training(), [1.0, 3.0])
    record, parts = resumed(path, patience=2)
    assert record.shipped["epoch"] == 2.0
    add_epochs(record, parts, [2.0, 2.5])
    assert shipped_weight(path) == 3.0
    assert load_checkpoint(path)["settings"]["threshold"] == 0.3


@pytest.mark.parametrize(("scores", "epoch"), [([2.0, float("nan")], 1.0), ([float("nan"), 2.0], 2.0)])
def test_a_score_that_is_no_number_never_ships(tmp_path, scores, epoch):
    add_epochs(Record(tmp_path / "net.pt", {}, patience=5), fake_training(), scores)
    assert shipped_weight(tmp_path / "net.pt") == epoch


def test_a_resumed_average_does_not_forget(tmp_path):
    average, net, optimizer = fake_training()
    average.steps = 3000
    Record(tmp_path / "net.pt", {}).add({"epoch": 1.0, "loss": 1.0}, average, net, optimizer)
    before = average.net.weight.item()
    _, (average, net, _) = resumed(tmp_path / "net.pt")
    torch.nn.init.constant_(net.weight, before + 1)
    average.update(net)
    assert average.net.weight.item() == pytest.approx(before + 0.004, abs=1e-5)
    assert average.steps == 3001


def save_old(path, **more):
    """A checkpoint as older versions wrote it."""
    average, net, optimizer = fake_training()
    save_checkpoint(path, {"model": average.net.state_dict(), "raw": net.state_dict(), "settings": {},
                           "optimizer": optimizer.state_dict(), **more})
    return average.net.weight


def test_a_checkpoint_from_before_there_was_patience_resumes(tmp_path):
    weight = save_old(tmp_path / "net.pt", history=[{"epoch": 1.0}, {"epoch": 2.0}])
    record, (average, net, _) = resumed(tmp_path / "net.pt", patience=1)
    assert torch.equal(net.weight, weight)
    assert record.shipped["epoch"] == 2.0
    assert not record.exhausted
    torch.nn.init.constant_(net.weight, weight.item() + 1)
    average.update(net)
    assert average.net.weight.item() == pytest.approx(weight.item() + 0.004, abs=1e-5)


def test_an_old_checkpoint_with_patience_ships_its_best_epoch(tmp_path):
    save_old(tmp_path / "net.pt", settings={"patience": 5},
             history=[{"epoch": 1.0, "score": 2.0}, {"epoch": 2.0, "score": 3.0}])
    assert resumed(tmp_path / "net.pt", patience=5)[0].shipped["epoch"] == 1.0


def test_resuming_with_another_scope_is_one_clear_line(tmp_path):
    record = Record(tmp_path / "net.pt", {"scope": "deep"})
    add_epochs(record, fake_training(), [1.0])
    net = torch.nn.Linear(1, 1)
    with pytest.raises(ModelError, match="--scope deep"):
        record.resume(fake_training()[0], fake_training()[1], training.make_optimizer(list(net.parameters()), 0.0))


def test_what_was_left_out_is_recalled(tmp_path):
    save_old(tmp_path / "net.pt", history=[], settings={"head": "fc", "init": "shipped", "rate": 0.1})
    args = argparse.Namespace(head=None, scope="last", init=None, rate=0.2)
    recall(args, tmp_path / "net.pt", fixed=("head", "scope"), free=("init", "rate"))
    assert vars(args) == {"head": "fc", "scope": "last", "init": "shipped", "rate": 0.2}
    args.head = "maps"
    with pytest.raises(ModelError, match="--head"):
        recall(args, tmp_path / "net.pt", fixed=("head",), free=())


def test_a_foreign_file_is_one_clear_line(tmp_path):
    path = tmp_path / "net.pt"
    with pytest.raises(ModelError, match="no checkpoint at"):
        load_checkpoint(path)
    for foreign in (b"", b"no network", b"hello\n"):
        path.write_bytes(foreign)
        with pytest.raises(ModelError, match="`train` wrote"):
            load_checkpoint(path)
    torch.save({"state_dict": {}}, path)
    with pytest.raises(ModelError, match="`train` wrote"):
        load_checkpoint(path)
