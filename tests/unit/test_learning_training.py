"""Tiny trainings, end to end, and the parts that they share."""

from __future__ import annotations

import numpy as np
import pytest

from tests.dots import parse, write_dot, write_empty, write_hands

torch = pytest.importorskip("torch")

from fingerpost.core.errors import DataError, ModelError  # noqa: E402
from fingerpost.learning import curves, training  # noqa: E402
from fingerpost.learning.naming import train as objects  # noqa: E402
from fingerpost.learning.naming.teachers import _pad, load_teacher  # noqa: E402
from fingerpost.learning.nets import FingertipMaps, initialise  # noqa: E402
from fingerpost.learning.pointing import losses, validation  # noqa: E402
from fingerpost.learning.pointing import train as fingertip  # noqa: E402
from fingerpost.models import ModelStore  # noqa: E402

SMALL = ("--init", "scratch", "--batch", 4, "--image-size", 64, 48, "--threads", 1)


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
    assert 0.2 < validation.fit_threshold(chance, np.array([True, True, True, False, False])) < 0.8


def test_the_threshold_lets_hardly_any_false_hand_pass_as_long_as_few_hands_are_missed():
    hands, empty = np.linspace(0.6, 1.0, 100), np.linspace(0.0, 0.5, 400)
    empty[-3:] = 0.615  # 0.75 % of the hand-free views look like a hand
    present = np.repeat([True, False], [100, 400])
    threshold = validation.fit_threshold(np.concatenate([hands, empty]), present)
    assert (empty >= threshold).mean() <= 0.005
    assert (hands < threshold).mean() <= 0.05


def test_the_threshold_gives_way_when_it_would_miss_too_many_hands():
    hands, empty = np.linspace(0.3, 0.9, 100), np.linspace(0.0, 0.25, 400)
    empty[-4:] = 0.8  # 1 %: no threshold below 0.8 is strict enough, and above it most hands are missed
    present = np.repeat([True, False], [100, 400])
    assert 0.25 < validation.fit_threshold(np.concatenate([hands, empty]), present) < 0.31


def fake_training():
    net = torch.nn.Linear(1, 1, bias=False)
    return training.Average(net), net, training.make_optimizer(list(net.parameters()), 0.0)


def add_epochs(record, parts, scores):
    """An epoch per score, after which the average weighs what the epoch's number is."""
    for score in scores:
        epoch = len(record.history) + 1.0
        torch.nn.init.constant_(parts[0].net.weight, epoch)
        record.add({"epoch": epoch, "score": score, "threshold": epoch / 10}, *parts)


def test_patience_ships_the_best_epoch_and_goes_on_from_the_last(tmp_path):
    parts, path = fake_training(), tmp_path / "net.pt"
    record = training.Record(path, {}, patience=3)
    add_epochs(record, parts, [5.0, 2.0, 4.0, 3.0])
    assert not record.exhausted
    state = training.load_checkpoint(path)
    assert state["model"]["weight"].item() == 2.0
    assert state["settings"]["threshold"] == 0.2
    assert list(tmp_path.glob("*.pt")) == [path]

    parts = fake_training()
    record = training.Record(path, {}, patience=3)
    record.resume(*parts)
    assert parts[0].net.weight.item() == 4.0
    add_epochs(record, parts, [2.5])
    assert record.exhausted
    assert training.load_checkpoint(path)["model"]["weight"].item() == 2.0
    assert training.load_checkpoint(path)["settings"]["threshold"] == 0.2


def test_without_patience_the_last_epoch_ships(tmp_path):
    record = training.Record(tmp_path / "net.pt", {})
    add_epochs(record, fake_training(), [1.0, 2.0, 3.0])
    assert not record.exhausted
    assert training.load_checkpoint(tmp_path / "net.pt")["model"]["weight"].item() == 3.0


def test_a_checkpoint_from_before_there_was_patience_resumes(tmp_path):
    average, net, optimizer = fake_training()
    training.save_checkpoint(tmp_path / "net.pt", {
        "model": average.net.state_dict(), "raw": net.state_dict(), "optimizer": optimizer.state_dict(),
        "settings": {}, "history": [{"epoch": 1.0}, {"epoch": 2.0}]})
    parts = fake_training()
    record = training.Record(tmp_path / "net.pt", {}, patience=1)
    record.resume(*parts)
    assert torch.equal(parts[0].net.weight, average.net.weight)
    assert not record.exhausted


def test_resuming_with_another_scope_is_one_clear_line(tmp_path):
    record = training.Record(tmp_path / "net.pt", {"scope": "deep"})
    add_epochs(record, fake_training(), [1.0])
    net = torch.nn.Linear(1, 1)
    with pytest.raises(ModelError, match="--scope deep"):
        record.resume(fake_training()[0], fake_training()[1], training.make_optimizer(list(net.parameters()), 0.0))


@pytest.mark.parametrize("epochs", [1, 60])
def test_curves_are_drawn_for_few_epochs_and_for_many(tmp_path, epochs):
    history = [{"epoch": float(epoch), "loss": 1 / epoch, "px0": 9.0, "px1": 8.0, "seconds": 1.0}
               for epoch in range(1, epochs + 1)]
    history[0].pop("px1")
    history[-1]["px1"] = 7.0
    curves.draw_curves(history, tmp_path / "curves.png", history[-1])
    assert (tmp_path / "curves.png").stat().st_size > 0
    assert curves.group_names(["loss", "px0", "px1", "missed"]) == {
        "loss": ["loss"], "px": ["px0", "px1"], "missed": ["missed"]}


@pytest.mark.parametrize("head", ["maps", "fc"])
def test_fingertip_trains_and_resumes(tmp_path, head):
    words = ["--data", f"{write_hands(tmp_path, 16)}:pad", "--negatives", write_empty(tmp_path / "empty", 10),
             "--out", tmp_path / "out", *SMALL, "--head", head, "--hold-out", 0.2, "--epoch-views", 8]
    assert fingertip.main(parse(fingertip, *words, "--epochs", 1)) == 0
    assert fingertip.main(parse(fingertip, *words, "--epochs", 2, "--resume")) == 0
    state = training.load_checkpoint(tmp_path / "out" / "fingertip.pt")
    assert [entry["epoch"] for entry in state["history"]] == [1.0, 2.0]
    assert state["settings"]["head"] == head
    assert 0 < state["settings"]["threshold"] < 1
    assert (tmp_path / "out" / "curves.png").is_file()
    assert (tmp_path / "out" / "worst.jpg").is_file()


def test_shipped_weights_learn_from_own_frames_and_keep_what_they_know_of_presence(tmp_path, capsys):
    words = ["--data", write_hands(tmp_path, 6), "--validate", write_hands(tmp_path / "more", 4), *SMALL[2:],
             "--init", "shipped", "--epochs", 1, "--epoch-views", 8, "--out", tmp_path / "out"]
    assert fingertip.main(parse(fingertip, *words)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if "px0" in line and "epoch" not in line] == ["before", "after"]
    state = training.load_checkpoint(tmp_path / "out" / "fingertip.pt")
    shipped = FingertipMaps()
    initialise(shipped, "shipped")
    assert state["settings"]["freeze_norms"] is True
    assert state["settings"]["threshold"] == ModelStore().info("fingertip").threshold
    for name, weight in shipped.state_dict().items():
        assert torch.equal(weight, state["model"][name]) or not name.startswith("body."), name
    assert not torch.equal(shipped.maps.weight, state["model"]["maps.weight"])


def test_no_hand_to_validate_with_is_one_clear_line(tmp_path):
    words = ["--data", write_hands(tmp_path, 6), "--out", tmp_path / "out", *SMALL]
    with pytest.raises(DataError, match="--validate"):
        fingertip.main(parse(fingertip, *words))


def test_objects_train_without_teachers_and_are_calibrated(tmp_path):
    for name, colour in (("Blue", (255, 0, 0)), ("Red", (0, 0, 255))):
        for index in range(10):
            write_dot(tmp_path / "data" / name / f"{index}.png", 20 + index, 24, colour)
    args = parse(objects, "--data", tmp_path / "data", "--out", tmp_path / "out", "--init", "scratch", "--batch", 4,
                 "--epochs", 1, "--image-size", 32, "--early-size", 32, "--hold-out", 0.2, "--threads", 1)
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
