"""A detector learns from boxes: its views, its data, tiny trainings from end to end."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from tests.dots import parse
from tests.squares import COLOURS, draw_squares, square, write_squares

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytest.importorskip("faster_coco_eval")

from fingerpost.core.errors import DataError, ModelError  # noqa: E402
from fingerpost.learning import norms  # noqa: E402
from fingerpost.learning.boxes.voc import write_voc  # noqa: E402
from fingerpost.learning.checkpoints import load_checkpoint  # noqa: E402
from fingerpost.learning.detection import deck, pool, train, validation, views  # noqa: E402
from fingerpost.learning.detection.ssd import build_detector  # noqa: E402
from tests.unit.test_learning_parallel import free_port, process_environment  # noqa: E402

NUMBERS = {"blue": 1, "red": 2}
TINY = ("--width", 0.25, "--image-size", 64, "--init", "scratch", "--batch", 4, "--epoch-views", 8, "--threads", 1)


@pytest.fixture
def scene(tmp_path):
    """A red square of 24 pixels at (12, 30), a blue one at (60, 10), and one that is hard to see."""
    picture = draw_squares(tmp_path / "a.png", square("red", 12, 30), square("blue", 60, 10),
                           square("blue", 60, 44, difficult=True))
    return views.read_scene(picture, NUMBERS, 64)


def test_what_is_difficult_is_not_learned(scene):
    assert scene.labels.tolist() == [2, 1]
    np.testing.assert_array_equal(scene.boxes[0], (12, 30, 36, 54))


def test_large_pictures_are_read_smaller_and_their_boxes_with_them(tmp_path):
    picture = draw_squares(tmp_path / "a.jpg", square("red", 120, 300, 240), size=(960, 720))
    scene = views.read_scene(picture, NUMBERS, 64)
    assert scene.pixels.shape[:2] == (180, 240)
    np.testing.assert_allclose(scene.boxes, [(30, 75, 90, 135)])


def test_a_window_cuts_boxes_at_its_edges_and_drops_those_whose_middle_it_misses(scene):
    view = views.cut_window(scene, np.array([20, 20, 68, 56]), 96, np.random.default_rng(0))
    assert view.pixels.shape == (96, 96, 3)
    assert view.labels.tolist() == [2]  # of the blue one only a third is in view
    np.testing.assert_allclose(view.boxes, [(0, 26.667, 32, 90.667)], atol=1e-3)


def test_boxes_too_small_to_see_are_dropped(scene):
    far = views.cut_window(scene, np.array([-500, -500, 596, 572]), 64, np.random.default_rng(0))
    assert len(far.boxes) == 0
    assert far.boxes.shape == (0, 4)


@pytest.mark.parametrize("seed", range(12))
def test_in_every_view_each_box_still_lies_on_its_square(scene, seed):
    rng = np.random.default_rng(seed)
    view = views.cut_window(scene, views.draw_window(scene, rng), 64, rng)
    for turned in (view, views.mirror(view)):
        assert len(turned.boxes)
        for (left, top, right, bottom), label in zip(turned.boxes, turned.labels):
            middle = turned.pixels[int((top + bottom) / 2), int((left + right) / 2)]
            colour = COLOURS["blue" if label == 1 else "red"]
            assert np.abs(middle.astype(int) - colour).max() < 40


def test_smaller_windows_overlap_a_box_as_much_as_was_drawn(scene):
    size = np.array([96.0, 72.0])

    class Strict:
        """Draws like numpy, but always asks for the largest overlap."""

        def __init__(self):
            self.uniform, self.choice = np.random.default_rng(1).uniform, max

    windows = [views.draw_part(scene.boxes, size, Strict()) for _ in range(5)]
    assert all(views.measure_overlaps(np.array([[0, 0, *size]]), window[None]).max() > 0.99 for window in windows)
    whole = np.array([[3.0, 3.0, 93.0, 69.0]])
    window = views.draw_part(whole, size, np.random.default_rng(2))
    assert views.find_inside(whole, window[None]).all()


def test_a_view_without_a_box_is_a_view(scene):
    empty = scene._replace(boxes=np.zeros((0, 4), np.float32), labels=np.zeros(0, np.int64))
    for seed in range(5):
        assert views.make_view(empty, 64, np.random.default_rng(seed)).boxes.shape == (0, 4)


def test_every_picture_comes_by_in_an_epoch_even_where_the_batch_does_not_divide_them(tmp_path, monkeypatch):
    cards = deck.Deck(pool.load_pool(write_squares(tmp_path, 21, 1)), 2, 64, seed=0)
    seen = []
    monkeypatch.setattr(deck, "read_scene", lambda picture, *rest: seen.append(picture.path.stem)
                        or views.read_scene(picture, *rest))
    for step in range(train.count_steps(len(cards), 2, None)):
        cards.draw(0, step, range(2))
    assert sorted(set(seen), key=int) == [str(index) for index in range(21)]
    assert len(seen) == 22


@pytest.mark.parametrize(("pictures", "epoch_views", "steps"), [
    (63, None, 16), (64, None, 16), (3, None, train.LEAST_STEPS), (63, 8, 2), (63, 9, 3), (63, 1, 1)])
def test_an_epoch_has_no_fewer_views_than_asked_for(pictures, epoch_views, steps):
    assert train.count_steps(pictures, 4, epoch_views) == steps


def test_processes_draw_parts_of_one_batch_and_another_one_in_the_next_epoch(tmp_path):
    cards = deck.Deck(pool.load_pool(write_squares(tmp_path)), 4, 64, seed=0)
    assert len(cards) == 8
    whole = cards.draw(0, 1, range(4))
    halves = [cards.draw(0, 1, range(rank, 4, 2)) for rank in range(2)]
    np.testing.assert_array_equal(whole.views[[0, 2]], halves[0].views)
    np.testing.assert_array_equal(whole.boxes[3], halves[1].boxes[1])
    assert not np.array_equal(whole.views, cards.draw(1, 1, range(4)).views)


def test_pictures_without_boxes_only_validate(tmp_path):
    folder = write_squares(tmp_path / "voc", 2, 1)
    empty = draw_squares(tmp_path / "empty.png")
    some = draw_squares(tmp_path / "some.png", square("red", 3, 3), square("blue", 50, 30))
    write_voc(folder, {"train": [empty, some], "val": [empty]}, ["blue", "red"])
    found = pool.load_pool(folder)
    assert [picture.path.stem for picture in found.learned] == ["some"]
    assert len(found.held) == 1


@pytest.mark.parametrize(("splits", "labels", "remedy"), [
    ({"train": ["red", "blue"]}, ["blue", "red"], "val.txt cannot be read"),
    ({"train": [], "val": ["red"]}, ["red"], "lists no pictures"),
    ({"train": [None], "val": ["red"]}, ["red"], "no box to learn from"),
    ({"train": ["red"], "val": ["blue"]}, ["red"], "'blue' of .* no box in the split train"),
    ({"train": ["red"], "val": ["red"]}, ["blue", "red"], "'blue' of .* no box in the split train"),
    ({"train": ["red", "blue"], "val": ["red"]}, ["red"], "lacks the class 'blue'"),
])
def test_data_that_cannot_be_learned_from_is_one_clear_line(tmp_path, splits, labels, remedy):
    drawn = {split: [draw_squares(tmp_path / f"{split}{index}.png", *[square(name, 5, 5)] if name else [])
                     for index, name in enumerate(names)] for split, names in splits.items()}
    write_voc(tmp_path / "voc", drawn, labels)
    with pytest.raises(DataError, match=remedy) as caught:
        train.main(parse(train, "--data", tmp_path / "voc", "--out", tmp_path / "out", *TINY))
    assert "\n" not in str(caught.value)


def test_an_unreadable_picture_is_one_clear_line(tmp_path):
    folder = write_squares(tmp_path / "voc")
    (folder / "JPEGImages" / "3.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="3.png cannot be read as a picture"):
        train.main(parse(train, "--data", folder, "--out", tmp_path / "out", *TINY))


@pytest.mark.parametrize("words", [("--width", 0), ("--image-size", 8), ("--epochs", 0)])
def test_a_training_that_cannot_be_is_one_clear_line(tmp_path, words):
    with pytest.raises(DataError, match=words[0]):
        train.main(parse(train, "--data", tmp_path, "--out", tmp_path / "out", *words))


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory"),
                                   RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_too_little_memory_is_one_clear_line(tmp_path, monkeypatch, error):
    def fail(args):
        raise error

    monkeypatch.setattr(train, "train", fail)
    with pytest.raises(DataError, match="--batch"):
        train.main(parse(train, "--data", tmp_path, "--out", tmp_path))


def test_a_detector_trains_and_resumes(tmp_path, capsys):
    words = ["--data", write_squares(tmp_path / "voc"), "--out", tmp_path / "out"]
    assert train.main(parse(train, *words, *TINY, "--epochs", 1)) == 0
    assert "8 pictures to learn from, 4 to validate, 2 classes" in capsys.readouterr().out
    left_out = ("--batch", 4, "--epoch-views", 8, "--threads", 1)
    assert train.main(parse(train, *words, *left_out, "--epochs", 2, "--resume")) == 0
    state = load_checkpoint(tmp_path / "out" / "detector.pt")
    assert [entry["epoch"] for entry in state["history"]] == [1.0, 2.0]
    assert {"loss", "map50", "map50_95", "score"} < state["history"][-1].keys()
    assert {key: state["settings"][key] for key in ("kind", "net", "labels", "width", "image_size")} == {
        "kind": "detector", "net": "ssd-mobilenet-v1", "labels": ["blue", "red"], "width": 0.25, "image_size": 64}
    assert (tmp_path / "out" / "curves.png").is_file()
    with pytest.raises(ModelError, match="another --width"):
        train.main(parse(train, *words, *left_out, "--width", 0.5, "--resume"))
    renamed = write_squares(tmp_path / "more")
    (renamed / "labels.txt").write_text("red\nblue\n")
    with pytest.raises(ModelError, match="other classes"):
        train.main(parse(train, "--data", renamed, *words[2:], *left_out, "--epochs", 3, "--resume"))


def test_only_what_is_in_scope_learns_and_a_checkpoint_starts_another_training(tmp_path):
    folder = write_squares(tmp_path / "voc")
    train.main(parse(train, "--data", folder, "--out", tmp_path / "a", *TINY, "--epochs", 1))
    words = [word if word != "scratch" else tmp_path / "a" / "detector.pt" for word in TINY]
    train.main(parse(train, "--data", folder, "--out", tmp_path / "b", *words, "--epochs", 1, "--scope", "last"))
    before, after = (load_checkpoint(tmp_path / out / "detector.pt")["model"] for out in "ab")
    kernels = [name for name, value in before.items() if value.ndim == 4]
    moved = {name for name in kernels if not torch.equal(before[name], after[name])}
    assert moved == {name for name in kernels if name.startswith(("body.layer4", "extra", "head"))}


def test_what_the_network_finds_is_measured_in_pixels_of_the_picture(tmp_path):
    picture = draw_squares(tmp_path / "a.png", square("red", 12, 30), square("blue", 60, 10))

    class Right:
        """A detector that knows the answer, in pixels of its input."""

        side = 64

        def __call__(self, pictures):
            return pictures, pictures

        def detect(self, deltas, logits):
            boxes = torch.tensor([box[1:5] for box in picture.boxes]) * torch.tensor([64 / 96, 64 / 72] * 2)
            return [{"boxes": boxes, "labels": torch.tensor([2, 1]), "scores": torch.tensor([0.9, 0.8])}] * len(deltas)

    figures = validation.validate(Right(), [picture] * 20, ["blue", "red"], "cpu")
    assert figures == {"map50": 1.0, "map50_95": 1.0, "score": 0.0}


def test_revived_norms_change_nothing_until_they_learn():
    torch.manual_seed(0)
    net = build_detector("ssd-mobilenet-v1", 2, width=0.25, side=64)
    pictures = torch.rand(4, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.bias.uniform_(0.1, 0.5)
                module.weight.uniform_(0.5, 1.5)
        before = net.eval()(pictures)
        norms.revive_norms(net, pictures)
        after = net.eval()(pictures)
        learning = net.train().body(pictures)[1]
        frozen = net.eval().body(pictures)[1]
    for old, new in zip(before, after):
        torch.testing.assert_close(old, new, atol=1e-3, rtol=1e-3)
    # Of the pictures that they were measured on, batch statistics and running ones are the same.
    torch.testing.assert_close(learning, frozen, atol=1e-2, rtol=1e-2)


@pytest.mark.parametrize(("words", "frozen", "revived"), [([], False, True), (["--freeze-norms"], True, False)])
def test_folded_norms_come_back_unless_told_otherwise(tmp_path, monkeypatch, words, frozen, revived):
    calls = []
    monkeypatch.setattr(train, "initialise", lambda net, source: True)
    monkeypatch.setattr(train, "revive_norms", lambda net, pictures: calls.append(len(pictures)))
    train.main(parse(train, "--data", write_squares(tmp_path / "voc"), "--out", tmp_path / "out", *TINY, *words,
                     "--epochs", 1))
    assert load_checkpoint(tmp_path / "out" / "detector.pt")["settings"]["freeze_norms"] == frozen
    assert bool(calls) == revived


def test_two_processes_reach_the_loss_of_one(tmp_path, monkeypatch, capfd):
    words = ["--data", write_squares(tmp_path / "voc", 12), *TINY, "--epochs", 2, "--freeze-norms"]
    train.main(parse(train, *words, "--out", tmp_path / "one"))

    port = free_port()
    words += ["--out", tmp_path / "two"]
    second = subprocess.Popen([sys.executable, "-m", "fingerpost", "train", "detector", *map(str, words)],
                              env={**os.environ, **process_environment(1), "MASTER_PORT": port})
    try:
        for name, value in {**process_environment(0), "MASTER_PORT": port}.items():
            monkeypatch.setenv(name, value)
        capfd.readouterr()
        assert train.main(parse(train, *words)) == 0
        assert second.wait(120) == 0
    finally:
        second.kill()
    assert capfd.readouterr().out.count("epoch") == 2  # only the first process reports
    one, two = (load_checkpoint(tmp_path / out / "detector.pt")["history"] for out in ("one", "two"))
    assert [entry["loss"] for entry in two] == pytest.approx([entry["loss"] for entry in one], rel=0.02)


def test_the_loss_falls(tmp_path):
    words = [word if word != 8 else 40 for word in TINY]
    train.main(parse(train, "--data", write_squares(tmp_path / "voc"), "--out", tmp_path / "out", *words,
                     "--epochs", 3))
    losses = [entry["loss"] for entry in load_checkpoint(tmp_path / "out" / "detector.pt")["history"]]
    assert losses[-1] < 0.8 * losses[0]
