"""Rendered scenes: boxes are exact, what is hidden is marked so, and the same seed gives the same folder."""

from __future__ import annotations

from types import SimpleNamespace
from unittest.mock import ANY

import pytest

cv2 = pytest.importorskip("cv2")
pytest.importorskip("numba", reason="rendering needs the [train] extra")
np = pytest.importorskip("numpy")

from fingerpost.core.errors import DataError  # noqa: E402
from fingerpost.learning.boxes.check import find_faults  # noqa: E402
from fingerpost.learning.boxes.pictures import Labelled, Picture  # noqa: E402
from fingerpost.learning.boxes.voc import list_annotations, read_labels, read_voc  # noqa: E402
from fingerpost.learning.rendering import household, prints, scenes  # noqa: E402
from fingerpost.learning.rendering.hand import OVERSAMPLING  # noqa: E402
from fingerpost.learning.rendering.light import Light  # noqa: E402
from fingerpost.learning.rendering.places import Place, random_shelf, random_table  # noqa: E402
from fingerpost.learning.rendering.pose import rotation  # noqa: E402
from fingerpost.learning.rendering.raster import Camera  # noqa: E402
from fingerpost.learning.rendering.textured import REGIONS, Thing, crate, empty_picture, linear, paste  # noqa: E402
from fingerpost.learning.rendering.viewpoint import Viewpoint  # noqa: E402
from tests.meshes import need_mesh  # noqa: E402

SIZE = (160, 120)
ABOVE = np.array([0.0, 1.0, 0.0])


def view_of(tilt=40.0, distance=0.8):
    """A camera that looks at the origin."""
    away = np.array([0.0, np.sin(np.radians(tilt)), np.cos(np.radians(tilt))])
    return Viewpoint(Camera(*SIZE, 150.0), distance * away, rotation(np.array([1.0, 0.0, 0.0]), tilt))


def place_of(view):
    """A grey table without end, lit from above."""
    white = np.ones(3)
    light = Light(view.turn @ ABOVE, 0.8 * white, 0.3 * white, 0.2 * white, 0.0, 0 * white)
    ground = np.full((SIZE[1], SIZE[0], 3), 0.5, np.float32)
    return Place(view, 2.0, -2.0, 2.0, ground, np.ones(SIZE[::-1], np.float32), light, ABOVE, [])


def block(name, size=(0.1, 0.1, 0.1), shade=(0.8, 0.1, 0.1)):
    return Thing(name, crate(*size), linear(empty_picture(np.array(shade), np.array(shade))))


def boxes_of(things, view=None):
    view = view or view_of()
    _, parts = scenes.draw_place(place_of(view), things, np.random.default_rng(0))
    return scenes.box_things(parts, things, view)


@pytest.mark.parametrize(("x", "z"), [(0.0, 0.0), (0.2, -0.2), (-0.25, 0.1)])
def test_a_box_is_tight_around_its_thing(x, z):
    view, thing = view_of(), block("box").placed(x, z)
    box, = boxes_of([thing], view)
    corners = view.camera.project(view.to_camera(thing.points()))[:, :2]
    assert np.abs(np.array(box[1:5]) - [*corners.min(0), *corners.max(0)]).max() <= 1
    assert not box.difficult


def test_what_is_hidden_has_no_box_and_what_is_nearly_hidden_is_difficult():
    wall = block("box", (0.3, 0.3, 0.02)).placed(0, 0.2)
    assert [box.name for box in boxes_of([block("ball"), wall], view_of(20))] == ["box"]
    peeping = boxes_of([block("ball").placed(0.16, 0), wall], view_of(20))
    assert [(box.name, box.difficult) for box in peeping] == [("ball", True), ("box", False)]


def test_what_the_edge_cuts_off_is_difficult_and_boxed_up_to_the_edge():
    box, = boxes_of([block("box").placed(0.46, 0)])
    assert box.difficult
    assert box.right == SIZE[0]


def test_the_very_small_is_difficult():
    assert boxes_of([block("box", (0.02, 0.02, 0.02))])[0].difficult


def test_things_without_a_name_hide_but_are_not_boxed():
    cover = block("", (0.3, 0.3, 0.02)).placed(0, 0.2)
    assert boxes_of([block("ball"), cover], view_of(20)) == []


def test_a_thing_shows_its_own_print():
    view, thing = view_of(60), block("box", (0.2, 0.1, 0.2), (0.1, 0.8, 0.1))
    other = block("box", (0.1, 0.1, 0.1), (0.1, 0.1, 0.8)).placed(0.3, 0)
    picture = empty_picture(np.array([0.1, 0.8, 0.1]), np.zeros(3))
    paste(picture, "top", np.full((20, 20, 3), (0.9, 0.1, 0.1), np.float32))
    pixels, parts = scenes.draw_place(place_of(view), [Thing("box", thing.solids, linear(picture)), other],
                                      np.random.default_rng(0))
    x, y, _ = np.round(view.camera.project(view.to_camera(np.array([[0.0, 0.1, 0.0]])))[0]).astype(int)
    assert pixels[y, x].argmax() == 0
    assert pixels[parts == 2].mean(0).argmax() == 2
    assert set(REGIONS) == {"front", "back", "right", "left", "top"}


def test_a_viewpoint_knows_the_way_back():
    view, points = view_of(), np.random.default_rng(0).normal(0, 1, (10, 3))
    assert np.allclose(view.to_world(view.to_camera(points)), points)
    places = view.table_points()
    assert np.allclose(places[-1, :, 1], 0, atol=1e-6)
    seen = view.camera.project(view.to_camera(places[100]))[:, :2]
    assert np.allclose(seen, np.stack([np.arange(SIZE[0]) + 0.5, np.full(SIZE[0], 100.5)], axis=1), atol=1e-3)


@pytest.mark.parametrize("name", household.NAMED)
def test_things_stand_on_the_table_and_no_two_are_alike(name):
    first, second = (household.NAMED[name](np.random.default_rng(seed), ()) for seed in (1, 2))
    assert first.name == name
    for thing in (first, second):
        points = thing.points()
        assert np.isfinite(points).all()
        assert -1e-9 < points[:, 1].min() < 0.002
        assert 0.03 < (points.max(0) - points.min(0)).max() < 0.6
        for solid in thing.solids:
            assert (solid.albedo > -1e-9).all()
            assert (solid.albedo[:, :2] < thing.picture.shape[1::-1]).all()
    assert not np.array_equal(first.picture, second.picture)
    assert first.points().shape != second.points().shape or not np.allclose(first.points(), second.points())


def test_prints_have_the_size_asked_for(tmp_path):
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8))
    for seed in range(12):
        pixels = prints.random_print((60, 33), np.random.default_rng(seed), [path] if seed % 2 else [])
        assert pixels.shape == (33, 60, 3)
        assert 0 <= pixels.min() <= pixels.max() <= 1


@pytest.mark.parametrize("seed", range(2))
def test_things_are_set_out_on_their_place(seed):
    for place in (random_shelf(SIZE, np.random.default_rng(seed)), random_table(SIZE, np.random.default_rng(seed), ())):
        for thing in scenes.set_out(place, np.random.default_rng(seed), ()):
            z = thing.points()[:, 2]
            assert place.far <= z.min() <= z.max() <= place.near
            assert -place.view.to_camera(thing.points())[:, 2].max() > 0.1


def test_the_same_seed_gives_the_same_folder_in_voc_format(tmp_path):
    splits = [scenes.make_scenes(3, scenes.Recipe(tmp_path / name, 4, hands=False), 1 / 3) for name in ("one", "two")]
    files = [sorted(path for path in (tmp_path / name).rglob("*") if path.is_file()) for name in ("one", "two")]
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]
    folder = tmp_path / "one"
    assert {split: len(read_voc(folder, split)) for split in ("train", "val")} == {"train": 2, "val": 1}
    assert read_labels(folder) == list(household.NAMED)
    assert read_voc(folder, "val") == splits[0]["val"]
    faults = [finding for finding in find_faults(folder, list_annotations(folder)) if finding.kind != "class"]
    assert faults == []
    assert cv2.imread(str(folder / "JPEGImages" / "000000.jpg")).shape == (360, 480, 3)


def test_a_folder_of_other_classes_is_left_alone(tmp_path):
    (tmp_path / "labels.txt").write_text("king\nace\n", encoding="utf-8")
    with pytest.raises(DataError, match="other classes"):
        scenes.make_scenes(1, scenes.Recipe(tmp_path, 0, hands=False))


class Sure(np.random.Generator):
    """Draws a hand into every scene."""

    def random(self, *args, **words):
        return super().random(*args, **words) if args or words else 0.0


BROAD = block("box", (0.3, 0.1, 0.3))


def render_boxes(monkeypatch, covered):
    """The boxes of a scene with one broad box, when a hand covers those columns."""
    view = view_of()
    part = np.zeros([side * OVERSAMPLING for side in SIZE[::-1]], np.uint8)
    part[:, slice(*(OVERSAMPLING * column for column in covered))] = 1
    monkeypatch.setattr(scenes, "random_place", lambda *_: place_of(view))
    monkeypatch.setattr(scenes, "set_out", lambda *_: [BROAD])
    monkeypatch.setattr(scenes, "pointing_hand", lambda *_: SimpleNamespace(buffers=SimpleNamespace(part=part)))
    monkeypatch.setattr(scenes, "with_hand", lambda pixels, *_: pixels)
    return scenes.render_scene(Sure(np.random.PCG64(0)))[1]


def test_what_a_hand_covers_is_not_boxed_and_what_it_nearly_covers_is_difficult(monkeypatch):
    whole, = boxes_of([BROAD])
    left, right = whole.left, whole.right
    quarter = (right - left) // 4
    assert not whole.difficult
    assert quarter > scenes.SMALLEST_PIXELS
    assert render_boxes(monkeypatch, (0, left)) == [whole]
    assert render_boxes(monkeypatch, (right - quarter, SIZE[0])) == [
        Labelled("box", left, ANY, right - quarter, ANY, difficult=False)]
    assert render_boxes(monkeypatch, (0, right - quarter)) == [
        Labelled("box", right - quarter, ANY, right, ANY, difficult=True)]
    assert render_boxes(monkeypatch, (0, SIZE[0])) == []


def test_a_hand_points_at_a_thing_and_is_seen():
    need_mesh()
    rng = np.random.default_rng(3)
    hand = scenes.pointing_hand(Camera(*SIZE, 150.0), [Labelled("ball", 60, 30, 90, 60)], rng)
    assert 0 < hand.tip[0] < SIZE[0]
    assert (scenes.at_frame_size(hand.buffers.part) > 0).any()
    before = np.full((SIZE[1], SIZE[0], 3), 0.5, np.float32)
    assert np.abs(scenes.with_hand(before, hand, rng) - before).max() > 0.05


def test_the_finger_rests_before_the_box():
    box = Labelled("ball", 100, 50, 140, 90)
    x, y = scenes.tip_before(box, 0.0, np.random.default_rng(0))
    assert x == pytest.approx(120)
    assert 90 - 8 <= y <= 90 + 30


def test_the_table_counts_things_by_class_and_split(tmp_path):
    ball, far = Labelled("ball", 0, 0, 20, 20), Labelled("mug", 0, 0, 5, 5, difficult=True)
    picture = Picture(tmp_path / "a.jpg", *SIZE, (ball, ball, far))
    lines = scenes.count_table({"train": [picture], "val": []}).splitlines()
    assert lines[0].split() == ["train", "val"]
    rows = {line.split()[0]: line for line in lines[1:]}
    assert list(rows) == list(household.NAMED)
    assert rows["ball"].replace("(", " ").replace(")", " ").split()[1:] == ["2", "0", "0", "0"]
    assert rows["mug"].replace("(", " ").replace(")", " ").split()[1:] == ["0", "1", "0", "0"]
