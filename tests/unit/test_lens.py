"""The lens: pixels and directions, crops that it does not bend, lenses that are refused, whose lens it is."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace

import cv2
import numpy as np
import pytest

from fingerpost import wiring
from fingerpost.core.actions import Keep, Recognise
from fingerpost.core.errors import DataError
from fingerpost.core.types import Box, Fingertip, Frame
from fingerpost.settings import Settings
from fingerpost.vision.crop import crop_past
from fingerpost.vision.eyes import Eyes
from fingerpost.vision.lens import Lens, Optics, View, read_lens, write_lens
from fingerpost.vision.offset import TipOffset, write_offset
from fingerpost.vision.preprocess import cut
from tests.desk import DotFinder
from tests.paper import Camera, photograph, pose

FRAME = (640, 480)
BLANK = Frame(0, 0.0, np.zeros((480, 640, 3), np.uint8))
WIDE = Camera(focal=340.0, wide=True)
"""A lens that sees 108 degrees from left to right, and bends lines as much as such lenses do."""
LENS = Lens(640, 480, (340.0, 340.0), (320.0, 240.0), (0.0, 0.0, 0.0, 0.0), 0.1, "/dev/v4l/by-id/usb-Wide-video-index0")
"""The same, as one who knows it would write it down."""


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
    crop = Optics(LENS).cut(Frame(0, 0.0, frame), Box(430, 20, 630, 220))[..., 0] < 128
    rows, columns = crop.any(axis=1).sum(), crop.any(axis=0).sum()
    assert abs(rows - columns) <= 2
    assert crop.sum() / (rows * columns) > 0.97
    plain = frame[20:220, 430:630, 0] < 128
    assert plain.sum() / (plain.any(axis=1).sum() * plain.any(axis=0).sum()) < 0.93


def test_a_crop_shows_the_same_place_as_the_frame_in_about_the_same_size():
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[100:140, 480:520] = 255
    crop = Optics(LENS).cut(Frame(0, 0.0, frame), Box(400, 20, 600, 220))
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

    assert miss(Optics(LENS).crop_past(finger, BLANK, 0.2)) <= 1.0
    assert miss(crop_past(finger, 640, 480, 0.2)) > 4.0


def test_a_finger_of_unknown_length_and_one_at_the_rim_get_a_crop_inside_the_frame():
    for x, y in ((0.0, 0.0), (639.0, 479.0), (320.0, 2.0)):
        box = Optics(LENS).crop_past(Fingertip(x, y, (0.6, -0.8), 0.9), BLANK, 0.35)
        assert 0 <= box.left < box.right <= 640
        assert 0 <= box.top < box.bottom <= 480
        assert box.right - box.left == 224


def test_without_a_lens_all_is_as_it_was():
    frame = np.random.default_rng(0).integers(0, 255, (480, 640, 3)).astype(np.uint8)
    tip = Fingertip(300.0, 300.0, (0.0, -1.0), 0.9)
    box = Optics().crop_past(tip, BLANK, 0.35)
    assert box == crop_past(tip, 640, 480, 0.35)
    assert (Optics().cut(Frame(0, 0.0, frame), box) == cut(frame, box)).all()


def test_a_lens_is_scaled_to_frames_of_another_size_and_refused_for_another_shape(caplog):
    half = LENS.scaled(320, 240)
    assert np.abs(half.bend(LENS.rays(np.array([(500.0, 100.0)]))) - (250.0, 50.0)).max() < 1e-9
    with pytest.raises(DataError, match="640 x 480 pixels, and gives 1280 x 720"):
        LENS.scaled(1280, 720)
    optics, frame = Optics(LENS), Frame(0, 0.0, np.zeros((720, 1280, 3), np.uint8))
    for _ in range(2):
        assert optics.cut(frame, Box(0, 0, 100, 100)).shape == (100, 100, 3)
    assert len(caplog.messages) == 1
    assert "calibrate camera" in caplog.text
    assert optics.cut(BLANK, Box(0, 0, 100, 100)).shape == (100, 100, 3)


def test_a_lens_is_kept_and_a_spoilt_file_is_refused(tmp_path):
    path = tmp_path / "state" / "camera.json"
    assert read_lens(path) is None
    write_lens(path, LENS)
    assert read_lens(path) == LENS
    record = json.loads(path.read_text())
    for spoilt in ({"size": [0, 480]}, {"distortion": [0.1]}, {"matrix": [[1, 2], [3, 4]]}, {"size": "640"},
                   {"size": [10 ** 400, 480]}):
        path.write_text(json.dumps({**record, **spoilt}))
        with pytest.raises(DataError, match="calibrate camera"):
            read_lens(path)


@pytest.mark.parametrize("spoilt", [
    {"distortion": (1e6, 0.0, 0.0, 0.0)}, {"distortion": (1e12, 0.0, 0.0, 0.0)}, {"distortion": (-1e6, 0.0, 0.0, 0.0)},
    {"distortion": (-0.5, 0.0, 0.0, 0.0)}, {"distortion": (0.0, 0.0, 0.0, -0.2)}, {"focal": (1e-6, 340.0)},
    {"focal": (340.0, 1e9)}, {"centre": (-1e5, 240.0)}])
def test_a_lens_that_cannot_be_is_refused_and_the_device_does_without(spoilt, monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path))
    write_lens(tmp_path / "camera.json", replace(LENS, **spoilt))
    assert wiring.find_record(read_lens, "camera.json") is None
    assert "no camera has such a lens" in caplog.text
    assert "run `fingerpost calibrate camera` again" in caplog.text


@pytest.mark.parametrize("real", [
    {"focal": (230.0, 230.0)}, {"focal": (1900.0, 1900.0)}, {"distortion": (1 / 3, 2 / 15, 17 / 315, 62 / 2835)},
    {"distortion": (-1 / 24, 1 / 1920, 0.0, 0.0)}], ids=["fisheye", "long", "straight lines", "equal areas"])
def test_lenses_that_can_be_are_taken(real):
    assert replace(LENS, **real).is_plausible()


def test_another_cameras_lens_is_not_used_and_that_is_said_once(caplog):
    frame = np.random.default_rng(0).integers(0, 255, (480, 640, 3)).astype(np.uint8)
    optics, box = Optics(replace(LENS, camera="wide")), Box(400, 20, 600, 220)

    def is_straightened(camera):
        return bool((optics.cut(Frame(0, 0.0, frame, camera), box) != cut(frame, box)).any())

    assert is_straightened("wide")
    assert is_straightened(""), "a recording may be of the same camera"
    assert not is_straightened("webcam")
    assert not is_straightened("webcam")
    assert len(caplog.messages) == 1
    assert "the lens of wide was calibrated, and the pictures are of webcam" in caplog.text
    assert is_straightened("wide"), "it is back"


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
