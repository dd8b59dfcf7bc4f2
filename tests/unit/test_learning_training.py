"""Tiny trainings, end to end, and the parts that they share."""

from __future__ import annotations

import numpy as np
import pytest

from tests.dots import parse, write_dot, write_empty, write_hands

torch = pytest.importorskip("torch")

from fingerpost.core.errors import DataError, ModelError  # noqa: E402
from fingerpost.learning import curves, training  # noqa: E402
from fingerpost.learning.checkpoints import load_checkpoint, save_checkpoint  # noqa: E402
from fingerpost.learning.datasets import Hands, without_hands  # noqa: E402
from fingerpost.learning.naming import train as objects  # noqa: E402
from fingerpost.learning.naming.heritage import take_over  # noqa: E402
from fingerpost.learning.naming.matching import Match, mirror  # noqa: E402
from fingerpost.learning.naming.pools import Batch  # noqa: E402
from fingerpost.learning.naming.teachers import _pad, load_teacher  # noqa: E402
from fingerpost.learning.nets import FingertipMaps, ObjectNet, initialise  # noqa: E402
from fingerpost.learning.pointing import losses, validation  # noqa: E402
from fingerpost.learning.pointing import train as fingertip  # noqa: E402
from fingerpost.learning.pointing.sources import Sources  # noqa: E402
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
    assert 0.2 < validation.fit_threshold(np.array([0.9, 0.8, 0.95]), np.array([0.1, 0.2])) < 0.8
    assert validation.fit_threshold(np.array([0.9]), np.array([])) == 0.5


def test_the_threshold_lets_hardly_any_false_hand_pass_as_long_as_few_hands_are_missed():
    hands, empty = np.linspace(0.6, 1.0, 100), np.linspace(0.0, 0.5, 400)
    empty[-6:] = 0.615  # 1.5 % of the hand-free views look like a hand
    threshold = validation.fit_threshold(hands, empty)
    assert (empty >= threshold).mean() <= validation.MOST_FALSE
    assert (hands < threshold).mean() <= validation.MOST_MISSED


def test_the_threshold_gives_way_when_it_would_miss_too_many_hands():
    hands, empty = np.linspace(0.3, 0.9, 100), np.linspace(0.0, 0.25, 400)
    empty[-8:] = 0.8  # 2 %: no threshold below 0.8 is strict enough, and above it most hands are missed
    assert 0.25 < validation.fit_threshold(hands, empty) < 0.31


def test_rendered_hands_that_do_not_point_are_counted_apart_and_choose_no_threshold():
    pictures = [np.zeros((48, 64, 3), np.uint8)] * 4
    hands = without_hands(pictures)._replace(points=np.full((4, 3, 2), 0.5, np.float32),
                                             present=np.array([True, True, False, False]))
    chances = iter([[0.9, 0.8, 0.85, 0.1], [0.2, 0.3, 0.1, 0.1]])

    class Sure(torch.nn.Module):
        def forward(self, inputs):
            return torch.zeros(4, 3, 6, 8), torch.logit(torch.tensor(next(chances)))[:, None]

    figures = validation.validate(Sure(), [hands, without_hands(pictures)], (64, 48), "cpu")
    assert 0.3 < figures["threshold"] < 0.8
    assert (figures["missed"], figures["false"], figures["idle"]) == (0.0, 0.0, 0.5)


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
    state = load_checkpoint(tmp_path / "out" / "fingertip.pt")
    assert [entry["epoch"] for entry in state["history"]] == [1.0, 2.0]
    assert state["settings"]["head"] == head
    assert 0 < state["settings"]["threshold"] < 1
    assert (tmp_path / "out" / "curves.png").is_file()
    assert (tmp_path / "out" / "worst.jpg").is_file()
    other = {"maps": "fc", "fc": "maps"}[head]
    with pytest.raises(ModelError, match="another --head"):
        fingertip.main(parse(fingertip, *words, "--head", other, "--resume"))


def test_shipped_weights_learn_from_own_frames_and_keep_what_they_know_of_presence(tmp_path, capsys):
    table = write_hands(tmp_path, 6)
    write_dot(tmp_path / "none.png", -50, 0)
    table.write_text(table.read_text() + "\nnone.png,,\n")  # one row without a hand is no world without hands
    words = ["--data", table, "--validate", write_hands(tmp_path / "more", 4), "--batch", 4, "--threads", 1,
             "--epoch-views", 8, "--out", tmp_path / "out"]
    assert fingertip.main(parse(fingertip, *words, "--init", "shipped", "--image-size", 64, 48, "--epochs", 1)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if "px0 " in line and "epoch" not in line] == ["before", "after"]
    assert f"px0, within0: {tmp_path / 'more' / 'hands.csv'}" in lines

    assert fingertip.main(parse(fingertip, *words, "--epochs", 2, "--resume")) == 0
    assert "presence stays" in capsys.readouterr().out
    state = load_checkpoint(tmp_path / "out" / "fingertip.pt")
    shipped = FingertipMaps()
    initialise(shipped, "shipped")
    assert {key: state["settings"][key] for key in ("init", "scope", "rate", "image_size", "freeze_norms")} == {
        "init": "shipped", "scope": "head", "rate": fingertip.GENTLE_RATE, "image_size": [64, 48], "freeze_norms": True}
    assert state["settings"]["threshold"] == ModelStore().info("fingertip").threshold
    for name, weight in shipped.state_dict().items():
        assert torch.equal(weight, state["model"][name]) or not name.startswith("body."), name
    assert not torch.equal(shipped.maps.weight, state["model"]["maps.weight"])


@pytest.mark.parametrize(("words", "scope", "rate", "size"), [
    ([], "all", fingertip.RATE, fingertip.SIZE),
    (["--init", "shipped"], "head", fingertip.GENTLE_RATE, ModelStore().info("fingertip").input[:1:-1]),
    (["--init", "shipped", "--negatives", "photos"], "all", fingertip.GENTLE_RATE,
     ModelStore().info("fingertip").input[:1:-1]),
    (["--init", "shipped", "--scope", "last", "--rate", 0.1, "--image-size", 96, 72], "last", 0.1, (96, 72)),
])
def test_what_is_left_open_depends_on_the_start_and_the_data(words, scope, rate, size):
    args = parse(fingertip, "--data", "hands.csv", "--out", "out", *words)
    fingertip.settle(args)
    assert (args.scope, args.rate, args.image_size) == (scope, rate, size)


@pytest.mark.parametrize(("score", "warned"), [(1.0, False), (0.9, False), (1.1, True)])
def test_a_network_that_got_worse_is_advised_against(score, warned, capsys):
    fingertip.compare({"px0": 4.0, "score": 1.0}, {"loss": 2.0, "px0": 4.0, "score": score})
    printed = capsys.readouterr()
    assert printed.out.startswith("after")
    assert ("keep it" in printed.err) == warned


def test_hands_alone_without_an_anchor_are_warned_of(capsys):
    hands = without_hands([np.zeros((48, 64, 3), np.uint8)])._replace(present=np.array([True]))
    only = Sources([hands], np.ones(1), without_hands([]), [hands], ["own.csv"])
    fingertip.announce(only, anchored=False)
    printed = capsys.readouterr()
    assert "--negatives" in printed.err
    assert printed.out == "px0, within0: own.csv\n"


@pytest.mark.parametrize(("words", "remedy"), [
    ([], "--validate"),
    (["--hold-out", 1], "--hold-out"),
    (["--share", 0], "--share"),
    (["--epochs", 0], "--epochs"),
    (["--minutes", 0], "--minutes"),
])
def test_a_training_that_cannot_be_is_one_clear_line(tmp_path, words, remedy):
    held = ["--hold-out", 0.5] if words else []
    args = parse(fingertip, "--data", write_hands(tmp_path, 6), "--out", tmp_path / "out", *SMALL, *held, *words)
    with pytest.raises(DataError, match=remedy):
        fingertip.main(args)


def test_a_table_without_rows_is_one_clear_line(tmp_path):
    (tmp_path / "hands.csv").write_text("image,x,y\n")
    with pytest.raises(DataError, match="no frames to learn from"):
        fingertip.main(parse(fingertip, "--data", tmp_path / "hands.csv", "--out", tmp_path / "out", *SMALL))


class Lost(torch.nn.Module):
    """A network that has run off into what is no number."""

    def forward(self, pictures):
        nan = torch.full((len(pictures), 3, 6, 8), torch.nan)
        return nan, nan[:, :1, 0, 0]


def test_a_network_without_numbers_misses_every_hand_by_infinity():
    hands = Hands([np.zeros((48, 64, 3), np.uint8)], np.full((1, 3, 2), 0.5), np.array([True]))
    figures = validation.validate(Lost(), [hands], (64, 48), "cpu")
    assert figures["score"] == figures["px0"] == np.inf
    assert figures["missed"] == 1.0


def test_objects_are_not_shared_by_processes(tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(DataError, match="torchrun"):
        objects.main(parse(objects, "--data", tmp_path, "--out", tmp_path))


def test_objects_train_without_teachers_and_are_calibrated(tmp_path):
    for name, colour in (("Blue", (255, 0, 0)), ("Red", (0, 0, 255))):
        for index in range(10):
            write_dot(tmp_path / "data" / name / f"{index}.png", 20 + index, 24, colour)
    args = parse(objects, "--data", tmp_path / "data", "--out", tmp_path / "out", "--init", "scratch", "--batch", 4,
                 "--epochs", 1, "--image-size", 32, "--early-size", 32, "--hold-out", 0.2, "--threads", 1)
    assert objects.main(args) == 0
    settings = load_checkpoint(tmp_path / "out" / "objects.pt")["settings"]
    assert settings["labels"] == ["Blue", "Red", "other"]
    assert settings["temperature"] > 0


class MeanColours(torch.nn.Module):
    """A teacher whose features are the mean colours of the places."""

    features = 3

    def forward(self, pictures):
        return torch.nn.functional.avg_pool2d(pictures, 32)


@pytest.fixture
def colours():
    """A match with that teacher, to whom the student's first three channels speak in its own terms, and views."""
    match = Match([MeanColours()])
    torch.nn.init.eye_(match.project.weight)
    torch.nn.init.zeros_(match.project.bias)
    views = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), np.uint8)
    views[:, :32] //= 3
    views[:2] //= 2
    match.fit([training.to_tensor(views, "cpu")])
    return match, views


def student_of(match, wanted):
    features = torch.zeros(len(wanted), 512, *wanted.shape[1:3])
    features[:, :3] = (wanted.float() - match.mean).permute(0, 3, 1, 2)
    return features


def test_a_student_that_feels_the_same_at_every_place_has_nothing_to_learn(colours):
    match, views = colours
    wanted = match.features(training.to_tensor(views, "cpu"))
    assert match.loss(student_of(match, wanted), wanted) < 1e-3
    upside_down = student_of(match, wanted).flip(2)
    assert match.loss(upside_down, wanted) > 0.1, "the mean alone is not enough"


def test_a_student_of_another_resolution_learns_what_the_places_have_in_common(colours):
    match, views = colours
    wanted = match.features(training.to_tensor(views, "cpu"))
    coarse = student_of(match, wanted.mean((1, 2), keepdim=True))
    assert match.loss(coarse, wanted) < 1e-3


def test_a_mirrored_batch_is_what_the_teachers_would_feel_of_it(colours):
    match, views = colours
    ones = np.ones(4)
    turned = mirror(Batch(views, ones, ones, ones, match.features(training.to_tensor(views, "cpu"))))
    assert torch.equal(turned.wanted, match.features(training.to_tensor(turned.views, "cpu")))
    assert not np.array_equal(turned.views, views)


def test_a_training_with_more_names_goes_on_with_what_was_learned_of_the_old_ones(tmp_path, colours):
    match, _ = colours
    old, new = ObjectNet(3), ObjectNet(4)
    raw = {"project.weight": torch.ones(3, 512), "project.bias": torch.ones(3)}
    save_checkpoint(tmp_path / "old.pt", {"model": old.state_dict(), "raw": raw,
                                          "settings": {"labels": ["Kiwi", "Plum", "other"]}})
    before = new.head.weight.detach().clone()
    take_over(str(tmp_path / "old.pt"), ["Apple", "Kiwi", "Plum", "other"], new, match)
    assert torch.equal(new.head.weight[1:], old.head.weight)
    assert torch.equal(new.head.weight[0], before[0])
    assert torch.equal(match.project.weight, torch.ones(3, 512))


def test_a_start_that_is_no_checkpoint_leaves_nothing_to_take_over():
    net = ObjectNet(2)
    before = net.head.weight.detach().clone()
    take_over("scratch", ["Kiwi", "other"], net, None)
    assert torch.equal(net.head.weight, before)


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
