"""The lens: how it is fitted to pictures of a board, what is refused, and crops that it does not bend."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack

import cv2
import numpy as np
import pytest

from fingerpost import wiring
from fingerpost.calibrating.boards import BoardView, find_board, fit_lens, is_useful
from fingerpost.calibrating.frames import watch
from fingerpost.calibrating.sheets import CAMERA_BOARD
from fingerpost.cli import main
from fingerpost.commands.calibrate_page import draw_sheet
from fingerpost.core.errors import CameraError, DataError
from fingerpost.core.events import Keep, Recognise
from fingerpost.core.types import Box, Fingertip, Frame
from fingerpost.devices.clocks import SimulatedClock
from fingerpost.settings import Settings
from fingerpost.vision.crop import crop_past
from fingerpost.vision.eyes import Eyes
from fingerpost.vision.lens import Lens, Optics, View, read_lens, write_lens
from fingerpost.vision.offset import TipOffset, write_offset
from fingerpost.vision.preprocess import cut
from tests.desk import DotFinder
from tests.paper import Camera, photograph, pose, print_page

SIZE, FRAME = (CAMERA_BOARD.width, CAMERA_BOARD.height), (640, 480)
WIDE = Camera(focal=340.0, wide=True)
"""A lens that sees 108 degrees from left to right, and bends lines as much as such lenses do."""
LENS = Lens(640, 480, (340.0, 340.0), (320.0, 240.0), (0.0, 0.0, 0.0, 0.0), 0.1)
"""The same, as one who knows it would write it down."""


@pytest.fixture(scope="module")
def board():
    return print_page(draw_sheet(CAMERA_BOARD))


def pose_at(camera, across, down, distance=230.0, **turns):
    """The board with its middle at that share of the picture, from -1 to 1 each way, so many millimetres away."""
    ray = camera.rays(np.array((320 + 320 * across, 240 + 240 * down)))
    return pose(SIZE, tuple(ray / np.linalg.norm(ray) * distance), **turns)


def poses(camera, tilt=30.0):
    """The board everywhere in the picture, tilted one way and the other."""
    laid = []
    for number, (across, down) in enumerate((x, y) for y in (-0.75, 0.0, 0.75) for x in (-0.8, -0.3, 0.3, 0.8)):
        laid.append(pose_at(camera, across, down, tilt=tilt * (-1) ** number, swing=tilt * (1 - number % 3),
                            spin=90.0 * (number % 2)))
    return laid


def on_the_left(laid):
    return [page for number, page in enumerate(laid) if number % 4 < 2]


def views_of(camera, laid, shake_px=0.1):
    """What a search for the board would give, without the search: its corners that are in the picture."""
    rng, views = np.random.default_rng(2), []
    for page in laid:
        pixels = camera.project(page.place(np.array(CAMERA_BOARD.points)))
        inside = ((pixels > 4) & (pixels < np.array(FRAME) - 4)).all(axis=1)
        views.append(BoardView(np.flatnonzero(inside), pixels[inside] + rng.normal(0, shake_px, (inside.sum(), 2))))
    return views


def angles_between(lens, camera):
    """By how many degrees the lens is wrong about the direction of pixels all over the frame."""
    pixels = np.stack(np.meshgrid(np.linspace(20, 620, 13), np.linspace(20, 460, 10)), axis=-1).reshape(-1, 2)
    mine, true = lens.rays(pixels), camera.rays(pixels)
    cosines = (mine * true).sum(axis=1) / np.linalg.norm(mine, axis=1) / np.linalg.norm(true, axis=1)
    return np.degrees(np.arccos(np.clip(cosines, -1, 1)))


@pytest.mark.parametrize("camera", [Camera(), WIDE], ids=["narrow", "wide"])
def test_corners_of_the_board_are_found_also_where_part_of_it_is_outside(board, camera):
    laid = pose_at(camera, 0.6, 0.4, 280.0, tilt=20.0, swing=-15.0)
    view = find_board(cv2.cvtColor(photograph(board, laid, camera), cv2.COLOR_RGB2GRAY))
    truth = camera.project(laid.place(np.array(CAMERA_BOARD.points)))[view.numbers]
    assert 12 <= len(view.numbers) < 35
    assert np.abs(view.pixels - truth).max() < 0.5


def test_a_picture_without_a_board_has_no_corners():
    assert len(find_board(np.full((480, 640), 128, np.uint8)).numbers) == 0


@pytest.mark.parametrize("camera", [Camera(), WIDE], ids=["narrow", "wide"])
def test_the_lens_is_found(camera):
    fitted = fit_lens(views_of(camera, poses(camera)), FRAME)
    assert angles_between(fitted.lens, camera).max() < 0.5
    assert fitted.lens.error_px < 0.25
    assert fitted.dropped == 0


def test_a_view_that_does_not_fit_is_dropped():
    views = views_of(WIDE, poses(WIDE))
    moved = views[5].pixels + np.random.default_rng(4).normal(0, 6, views[5].pixels.shape)
    views[5] = BoardView(views[5].numbers, moved)
    fitted = fit_lens(views, FRAME)
    assert fitted.dropped == 1
    assert angles_between(fitted.lens, WIDE).max() < 0.5


@pytest.mark.parametrize(("views", "words"), [
    (lambda: views_of(WIDE, poses(WIDE)[:6]), "6 different views"),
    (lambda: views_of(WIDE, poses(WIDE), shake_px=4.0), "misses the board"),
    (lambda: views_of(WIDE, on_the_left(poses(WIDE) + poses(WIDE, tilt=-20.0))), "never seen at the top right"),
    (lambda: views_of(Camera(), poses(Camera(), tilt=0.0)), "tilt it"),
], ids=["few", "shaken", "not everywhere", "never tilted"])
def test_views_that_do_not_tell_the_lens_are_refused(views, words):
    with pytest.raises(DataError, match=words):
        fit_lens(views(), FRAME)


def test_a_view_that_shows_nothing_new_is_of_no_use():
    one, two = views_of(WIDE, [pose_at(WIDE, 0.0, 0.0), pose_at(WIDE, 0.01, 0.0)])
    other, = views_of(WIDE, [pose_at(WIDE, 0.4, 0.0)])
    assert is_useful(one, [], 640)
    assert not is_useful(two, [one], 640)
    assert is_useful(other, [one], 640)
    assert not is_useful(BoardView(one.numbers[:5], one.pixels[:5]), [], 640)


def test_the_command_fits_pictures_and_keeps_the_lens(board, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "state"))
    (tmp_path / "pictures").mkdir()
    for number, laid in enumerate(poses(WIDE, tilt=22.0)):
        pixels = photograph(board, laid, WIDE, np.random.default_rng(number))
        cv2.imwrite(str(tmp_path / "pictures" / f"{number}.png"), pixels)
    assert main(["calibrate", "camera", str(tmp_path / "pictures")]) == 0
    assert re.search("1[0-2] views of 640 x 480", capsys.readouterr().out)
    kept = read_lens(tmp_path / "state" / "camera.json")
    assert angles_between(kept, WIDE).max() < 0.5
    before = (tmp_path / "state" / "camera.json").read_text()
    for number in range(6, 12):
        (tmp_path / "pictures" / f"{number}.png").unlink()
    assert main(["calibrate", "camera", str(tmp_path / "pictures")]) == 1
    assert "10 are needed" in capsys.readouterr().err
    assert (tmp_path / "state" / "camera.json").read_text() == before


def test_pictures_of_two_sizes_are_refused(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "state"))
    for number, size in enumerate(((48, 64), (64, 48))):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.zeros(size, np.uint8))
    assert main(["calibrate", "camera", str(tmp_path)]) == 1
    assert "in one size" in capsys.readouterr().err


@pytest.mark.parametrize("lens", [LENS, Lens(640, 480, (520.0, 515.0), (310.0, 250.0), (0.34, 0.06, 0.2, -0.3), 0.1)],
                         ids=["wide", "narrow"])
def test_a_pixel_and_its_ray_lead_to_each_other(lens):
    pixels = np.random.default_rng(0).uniform((0, 0), FRAME, (100, 2))
    assert np.abs(lens.bend(lens.rays(pixels)) - pixels).max() < 1e-6
    assert np.abs(lens.curve(lens.straighten(pixels)) - pixels).max() < 1e-6


def bow_of(points):
    """By how much points of a line leave a straight one, in pixels."""
    centred = points - points.mean(axis=0)
    across = centred @ np.linalg.svd(centred)[2][1]
    return across.max() - across.min()


def test_lines_are_straight_in_a_crop_of_a_wide_lens():
    bent, straight = [], []
    for middle in ((130, 130), (320, 130), (520, 350)):
        view = View(LENS, middle)
        for angle in np.radians(range(0, 180, 30)):
            along = np.array([np.cos(angle), np.sin(angle)])
            start = np.array(middle) + 70 * np.array([-along[1], along[0]])
            ends = WIDE.rays(np.stack([start - 90 * along, start + 90 * along]))
            shares = np.linspace(0, 1, 21)[:, None]
            line = WIDE.project(ends[0] * (1 - shares) + ends[1] * shares)  # straight in the world
            bent.append(bow_of(line))
            straight.append(bow_of(np.array([view.see(tuple(point)) for point in line])))
    assert max(bent) > 4.0
    assert max(straight) < 0.01


def test_a_square_that_faces_the_camera_is_square_in_its_crop():
    """A black square of 60 mm at the rim of the picture, seen from where it faces."""
    page = np.full((200 * 6, 200 * 6), 255, np.uint8)
    page[70 * 6:130 * 6, 70 * 6:130 * 6] = 0
    pixel = (530.0, 120.0)
    ray = WIDE.rays(np.array(pixel))
    ray /= np.linalg.norm(ray)
    view = View(LENS, pixel)
    laid = pose((194.0, 194.0), tuple(ray * 200.0))
    laid = type(laid)(laid.size, laid.middle, view.turn.T)
    frame = photograph(page, laid, WIDE)
    corners = laid.place(np.array([(67.0, 67.0), (127.0, 67.0), (127.0, 127.0), (67.0, 127.0)]))
    sides = [np.hypot(*(np.array(view.see(tuple(a))) - view.see(tuple(b))))
             for a, b in zip(WIDE.project(corners), np.roll(WIDE.project(corners), 1, axis=0))]
    assert max(sides) / min(sides) < 1.01
    crop = Optics(LENS).cut(frame, Box(430, 20, 630, 220))[..., 0] < 128
    rows, columns = crop.any(axis=1).sum(), crop.any(axis=0).sum()
    assert abs(rows - columns) <= 2
    assert crop.sum() / (rows * columns) > 0.97
    plain = frame[20:220, 430:630, 0] < 128
    assert plain.sum() / (plain.any(axis=1).sum() * plain.any(axis=0).sum()) < 0.93


def test_a_crop_shows_the_same_place_as_the_frame_in_about_the_same_size():
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[100:140, 480:520] = 255
    crop = Optics(LENS).cut(frame, Box(400, 20, 600, 220))
    assert crop.shape == (200, 200, 3)
    rows, columns = np.nonzero(crop[..., 0] > 128)
    assert (columns.mean(), rows.mean()) == pytest.approx((99.5, 99.5), abs=1.5)
    assert len(rows) == pytest.approx(1600, rel=0.1)


def test_the_crop_lies_along_the_finger_as_it_really_is():
    """A straight finger that the lens bends: its far end lies where the real line goes on."""
    ends = WIDE.rays(np.array([(110.0, 330.0), (110.0, 240.0)]))
    knuckle, tip = WIDE.project(ends)
    way = tip - knuckle
    length = float(np.hypot(*way))
    finger = Fingertip(float(tip[0]), float(tip[1]), tuple((way / length).tolist()), 0.9, length)
    ends /= np.linalg.norm(ends, axis=1)[:, None]
    line = WIDE.project(ends[1] + np.linspace(0, 4, 400)[:, None] * (ends[1] - ends[0]))

    def miss(box):
        return np.hypot(*(line - ((box.left + box.right) / 2, (box.top + box.bottom) / 2)).T).min()

    assert miss(Optics(LENS).crop_past(finger, 640, 480, 0.2)) <= 1.0
    assert miss(crop_past(finger, 640, 480, 0.2)) > 4.0


def test_a_finger_of_unknown_length_and_one_at_the_rim_get_a_crop_inside_the_frame():
    for x, y in ((0.0, 0.0), (639.0, 479.0), (320.0, 2.0)):
        box = Optics(LENS).crop_past(Fingertip(x, y, (0.6, -0.8), 0.9), 640, 480, 0.35)
        assert 0 <= box.left < box.right <= 640
        assert 0 <= box.top < box.bottom <= 480
        assert box.right - box.left == 224


def test_without_a_lens_all_is_as_it_was():
    frame = np.random.default_rng(0).integers(0, 255, (480, 640, 3)).astype(np.uint8)
    tip = Fingertip(300.0, 300.0, (0.0, -1.0), 0.9)
    box = Optics().crop_past(tip, 640, 480, 0.35)
    assert box == crop_past(tip, 640, 480, 0.35)
    assert (Optics().cut(frame, box) == cut(frame, box)).all()


def test_a_lens_is_scaled_to_frames_of_another_size_and_refused_for_another_shape(caplog):
    half = LENS.scaled(320, 240)
    assert np.abs(half.bend(LENS.rays(np.array([(500.0, 100.0)]))) - (250.0, 50.0)).max() < 1e-9
    with pytest.raises(DataError, match="640 x 480 pixels, and gives 1280 x 720"):
        LENS.scaled(1280, 720)
    optics, frame = Optics(LENS), np.zeros((720, 1280, 3), np.uint8)
    for _ in range(2):
        assert optics.cut(frame, Box(0, 0, 100, 100)).shape == (100, 100, 3)
    assert len(caplog.messages) == 1
    assert "calibrate camera" in caplog.text
    assert optics.cut(np.zeros((480, 640, 3), np.uint8), Box(0, 0, 100, 100)).shape == (100, 100, 3)


def test_a_lens_is_kept_and_a_spoilt_file_is_refused(tmp_path):
    path = tmp_path / "state" / "camera.json"
    assert read_lens(path) is None
    write_lens(path, LENS)
    assert read_lens(path) == LENS
    record = json.loads(path.read_text())
    for spoilt in ({"size": [0, 480]}, {"distortion": [0.1]}, {"matrix": [[1, 2], [3, 4]]}, {"size": "640"}):
        path.write_text(json.dumps({**record, **spoilt}))
        with pytest.raises(DataError, match="calibrate camera"):
            read_lens(path)


class Looked:
    """A recogniser that keeps what it is shown."""

    wider_names = names = ()

    def __init__(self):
        self.crops = []

    def guess(self, crop):
        self.crops.append(crop)
        return ()


def look(eyes, recogniser):
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[::20], frame[:, ::20] = 90, 90
    cv2.circle(frame, (500, 400), 4, (255, 255, 255), -1)
    eyes.see(Frame(0, 0.0, frame))
    eyes.do(Recognise(0), 0.0)
    return recogniser.crops[-1]


def test_the_eyes_look_at_and_keep_straight_crops():
    class Learner:
        def keep(self, crop, quality):
            self.crop = crop
            return 1, ""

    learner, recogniser = Learner(), Looked()
    eyes = Eyes(DotFinder(), recogniser, learner, 0.35, optics=Optics(LENS))
    seen = look(eyes, recogniser)
    bent = look(Eyes(DotFinder(), recogniser, learner, 0.35), recogniser)
    assert seen.shape == bent.shape
    assert (seen != bent).any()
    eyes.do(Keep(0), 0.0)
    assert (learner.crop == seen).all()


def test_only_the_wearers_own_eyes_are_calibrated(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path))
    write_lens(tmp_path / "camera.json", LENS)
    write_offset(tmp_path / "fingertip.json", TipOffset(0.1, 0.0), 9.0, 1.0)
    finders = []

    def open_finder(stack, settings):
        finders.append(DotFinder())
        return finders[-1]

    monkeypatch.setattr(wiring, "open_finder", open_finder)
    recogniser = Looked()
    crops = [look(wiring.make_eyes(ExitStack(), Settings(), recogniser, None, own=own), recogniser)
             for own in (True, False)]
    assert finders[0].offset == TipOffset(0.1, 0.0)
    assert not hasattr(finders[1], "offset"), "the camera of a recording may be another"
    assert (crops[0] != crops[1]).any()
    (tmp_path / "camera.json").write_text("{")
    wiring.make_eyes(ExitStack(), Settings(), recogniser, None, own=True)
    assert "delete the file" in caplog.text


class FrameByFrame:
    """A camera that gives each of its frames twice, then none."""

    def __init__(self, count):
        self.frames = [Frame(index // 2, 0.0, np.zeros((2, 2, 3), np.uint8)) for index in range(2 * count)]

    def latest(self, max_age):
        if not self.frames:
            raise CameraError("the camera has gone: plug it in again")
        return self.frames.pop(0)


def test_each_frame_of_a_camera_is_taken_once_and_a_lost_camera_ends_it():
    frames = watch(FrameByFrame(3), 60.0, SimulatedClock())
    assert [next(frames).index for _ in range(3)] == [0, 1, 2]
    with pytest.raises(CameraError, match="plug it in"):
        next(frames)
    assert len(list(watch(FrameByFrame(300), 0.1, SimulatedClock()))) < 30, "after its time it ends"
