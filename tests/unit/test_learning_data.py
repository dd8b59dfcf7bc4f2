"""What learning reads, and how views move labels along."""

from __future__ import annotations

import argparse

import cv2
import numpy as np
import pytest

from fingerpost.core.errors import DataError
from fingerpost.learning import datasets, views
from fingerpost.learning.pointing import sources
from fingerpost.learning.pointing import views as hand_views

BLACK = np.zeros((30, 40, 3), np.uint8)


def write(path, pixels=BLACK):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), pixels)
    return path


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def test_a_table_labels_pad_or_tip_and_absence(tmp_path):
    write(tmp_path / "a.png")
    (tmp_path / "hands.csv").write_text("image,x,y\na.png,20,15\na.png,,\n")
    hands = datasets.read_hands(tmp_path / "hands.csv", "pad", (20, 15))
    assert hands.present.tolist() == [True, False]
    np.testing.assert_allclose(hands.points[0, 1], (0.5, 0.5))
    assert np.isnan(hands.points[0, [0, 2]]).all()
    assert hands.pictures[0].shape == (15, 20, 3)


def test_rendered_frames_label_all_three_points(tmp_path):
    write(tmp_path / "images" / "a.png")
    (tmp_path / "fingertips.csv").write_text(
        "image,x,y,pad_x,pad_y,knuckle_x,knuckle_y,side\nimages/a.png,4,3,8,6,20,15,left\n")
    hands = datasets.read_hands(tmp_path, "tip", (20, 15))
    np.testing.assert_allclose(hands.points[0], [(0.1, 0.1), (0.2, 0.2), (0.5, 0.5)], rtol=1e-6)


def test_course_folders_carry_the_label_in_the_name(tmp_path):
    write(tmp_path / "20_15_c0ffee00-1234-11ee-8c99-0242ac120002.jpg")
    hands = datasets.read_hands(tmp_path, "tip", (20, 15))
    np.testing.assert_allclose(hands.points[0, 0], (0.5, 0.5))


@pytest.mark.parametrize("table", ["image,x,y\na.png,far,3\n", "picture,x,y\na.png,1,1\n"])
def test_a_bad_row_names_its_line(tmp_path, table):
    (tmp_path / "hands.csv").write_text(table)
    with pytest.raises(DataError, match="line 2"):
        datasets.read_table(tmp_path / "hands.csv")


def test_missing_data_name_the_remedy(tmp_path):
    with pytest.raises(DataError, match="image,x,y"):
        datasets.read_table(tmp_path / "no.csv")
    with pytest.raises(DataError, match="class folders"):
        datasets.list_classes(tmp_path)
    with pytest.raises(DataError, match="JPEG"):
        datasets.list_pictures(tmp_path / "none")


def test_every_fifth_photo_is_held_back(tmp_path):
    for index in range(11):
        write(tmp_path / f"{index:02}.png")
    train, held = datasets.split_photos(tmp_path)
    assert [path.stem for path in held] == ["00", "05", "10"]
    assert len(train) == 8


def test_a_class_is_held_out_in_one_run():
    labelled = [(f"{label}{index}", label) for label in (0, 1) for index in range(10)]
    train, held = datasets.split_runs(labelled, 0.2)
    assert [name for name, _ in held] == ["08", "09", "18", "19"]
    assert len(train) == 16


def test_a_foreign_class_is_refused(tmp_path):
    write(tmp_path / "Teapot" / "a.png")
    with pytest.raises(DataError, match="Teapot"):
        datasets.list_labelled(tmp_path, ["Apple"])


def test_points_stay_on_what_they_mark(rng):
    """A bright dot is found where the moved label says it is."""
    worst = 0.0
    for _ in range(40):
        frame = np.zeros((156, 208, 3), np.uint8)
        place = rng.uniform(0.3, 0.7, 2)
        cv2.circle(frame, tuple((place * (208, 156)).astype(int).tolist()), 4, (255, 255, 255), -1)
        matrix = hand_views.draw_matrix(4 / 3, rng)
        moved = matrix[:, :2] @ place + matrix[:, 2]
        view = hand_views.warp(frame, matrix, (160, 120), rng)[..., 0].astype(float)
        if hand_views.inside(moved[None])[0]:
            view[view < 250] = 0
            view[:6] = view[-6:] = 0
            y, x = np.nonzero(cv2.erode(view, np.ones((2, 2))))
            if len(x) and len(x) < 100:
                worst = max(worst, np.hypot(x.mean() - moved[0] * 160, y.mean() - moved[1] * 120))
    assert worst < 4


def test_views_never_lose_the_finger(rng):
    points = np.array([(0.5, 0.4), (0.5, 0.45), (0.5, 0.7)])
    for _ in range(50):
        view, moved = hand_views.make_hand_view(np.full((156, 208, 3), 128, np.uint8), points, (160, 120), rng)
        assert view.shape == (120, 160, 3)
        assert view.dtype == np.uint8
        assert not np.isnan(moved[:2]).any()


def test_unlabelled_points_stay_unlabelled(rng):
    points = np.full((3, 2), np.nan)
    _, moved = hand_views.make_hand_view(BLACK, points, (160, 120), rng)
    assert np.isnan(moved).all()


def test_object_views_have_their_size_whatever_goes_in(rng):
    scenes = [np.full((50, 90, 3), 200, np.uint8)]
    for _ in range(40):
        view = views.make_view(np.full((70, 60, 3), 90, np.uint8), scenes, 48, rng)
        assert view.shape == (48, 48, 3)
        assert view.dtype == np.uint8


def test_mixing_keeps_shares_true(rng):
    pictures = np.stack([np.full((40, 40, 3), value, np.uint8) for value in (0, 250) for _ in range(8)])
    labels = np.repeat([0, 1], 8)
    mixed, second, shares = views.mix_batch(pictures, labels, rng)
    wanted = (labels * shares + second * (1 - shares)) * 250
    np.testing.assert_allclose(mixed.mean((1, 2, 3)), wanted, atol=3)


def make_sources():
    def hands(value, count, present):
        pictures = [np.full((39, 52, 3), value + index, np.uint8) for index in range(count)]
        points = np.full((count, 3, 2), 0.5 if present else np.nan, np.float32)
        return datasets.Hands(pictures, points, np.full(count, present))
    return sources.Sources([hands(100, 5, True)], np.ones(1), hands(10, 5, False), [])


def test_processes_that_share_a_batch_draw_what_one_would():
    keys = [(1, 0, 0, index) for index in range(8)]
    whole = sources.draw_batch(make_sources(), keys, 0.5, (40, 30))
    parts = [sources.draw_batch(make_sources(), keys[rank::2], 0.5, (40, 30)) for rank in (0, 1)]
    for rank in (0, 1):
        for mine, everything in zip(parts[rank], whole):
            np.testing.assert_array_equal(mine, everything[rank::2])
    assert 0 < whole.present.sum() < 8
    assert np.isnan(whole.points[~whole.present]).all()


def test_hand_free_frames_validate_whole_and_in_parts(rng):
    views_ = sources.cut_anew(make_sources().empty, 40, rng)
    assert len(views_.pictures) == len(views_.points) == len(views_.present) == 5 * 7
    assert not views_.present.any()


def test_frames_without_labels_stand_in_for_hand_free_ones():
    only = make_sources()._replace(empty=sources.pick_hands(make_sources().empty, np.arange(0)))
    assert only.lack_empty()
    borrowed = only.with_unlabelled()
    assert len(borrowed.empty.pictures) == 5
    assert np.isnan(borrowed.empty.points).all()
    assert not make_sources().lack_empty()


def test_every_folder_of_negatives_validates_with_its_last_photos(tmp_path):
    for value, folder in ((10, "a"), (20, "b")):
        for index in range(10):
            write(tmp_path / folder / f"{index}.png", BLACK + value + index)
    (tmp_path / "skip.txt").write_text("4.png\n")
    args = argparse.Namespace(negatives=[tmp_path / "a", tmp_path / "b"], skip=tmp_path / "skip.txt", hold_out=0.3)
    empty, held = sources.load_negatives(args, (8, 6))
    assert [int(pixels[0, 0, 0]) for pixels in held.pictures] == [18, 19, 28, 29]
    assert [int(pixels[0, 0, 0]) for pixels in empty.pictures] == [11, 12, 13, 16, 17, 21, 22, 23, 26, 27]


def test_shares_are_made_one():
    hands = make_sources().hands * 2
    np.testing.assert_allclose(sources.find_shares([3.0, 1.0], hands), [0.75, 0.25])
    np.testing.assert_allclose(sources.find_shares([], hands), [0.5, 0.5])
    with pytest.raises(DataError, match="--share"):
        sources.find_shares([1.0], hands)
