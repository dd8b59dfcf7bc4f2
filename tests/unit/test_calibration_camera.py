"""How the lens is fitted to pictures of a board, and what is refused."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

from fingerpost.calibrating.boards import BoardView, find_board, fit_lens, is_useful
from fingerpost.calibrating.frames import watch
from fingerpost.calibrating.sheets import CAMERA_BOARD
from fingerpost.cli import main
from fingerpost.commands.calibrate_camera import collect
from fingerpost.commands.calibrate_page import draw_sheet
from fingerpost.core.errors import CameraError, DataError, StaleFrame
from fingerpost.core.types import Frame
from fingerpost.devices.clocks import SimulatedClock
from fingerpost.vision.lens import read_lens
from tests.paper import Camera, photograph, pose, print_page

SIZE, FRAME = (CAMERA_BOARD.width, CAMERA_BOARD.height), (640, 480)
WIDE = Camera(focal=340.0, wide=True)
"""A lens that sees 108 degrees from left to right, and bends lines as much as such lenses do."""


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


def test_pictures_are_of_one_camera():
    frames = [Frame(number, 0.0, np.zeros((480, 640, 3), np.uint8), camera)
              for number, camera in enumerate(("one", "one", "two"))]
    assert collect(frames[:2]) == ([], FRAME, "one")
    with pytest.raises(DataError, match="from one and of 640 x 480 pixels from two"):
        collect(frames)


class FrameByFrame:
    """A camera that gives each of its frames twice, then none."""

    def __init__(self, count):
        self.frames = [Frame(index // 2, 0.0, np.zeros((2, 2, 3), np.uint8)) for index in range(2 * count)]

    def latest(self, max_age):
        if not self.frames:
            raise CameraError("the camera has gone: plug it in again")
        return self.frames.pop(0)


class LateCamera:
    """A camera whose first picture comes after so many seconds, then ten a second."""

    def __init__(self, clock, seconds, fault=None):
        self._clock, self._seconds, self._fault = clock, seconds, fault or StaleFrame("no frame yet")

    def latest(self, max_age):
        since = self._clock.now() - self._seconds
        if since < 0.0:
            raise self._fault
        return Frame(int(since * 10), self._clock.now(), np.zeros((2, 2, 3), np.uint8))


def test_a_pipeline_may_take_its_time_to_the_first_picture_and_then_gives_all_that_were_asked_for():
    clock = SimulatedClock()
    frames = list(watch(LateCamera(clock, 15.0), 3.0, clock))
    assert len(frames) in (30, 31)
    assert clock.now() == pytest.approx(18.0, abs=0.1)


@pytest.mark.parametrize(("fault", "seconds"), [(StaleFrame("no frame yet"), 20.0), (CameraError("it is gone"), 5.0)])
def test_a_camera_that_never_begins_is_not_waited_for_for_ever(fault, seconds):
    clock = SimulatedClock()
    with pytest.raises(type(fault)):
        next(watch(LateCamera(clock, 1000.0, fault), 60.0, clock))
    assert clock.now() == pytest.approx(seconds, abs=0.1)


def test_each_frame_of_a_camera_is_taken_once_and_a_lost_camera_ends_it():
    frames = watch(FrameByFrame(3), 60.0, SimulatedClock())
    assert [next(frames).index for _ in range(3)] == [0, 1, 2]
    with pytest.raises(CameraError, match="plug it in"):
        next(frames)
    assert len(list(watch(FrameByFrame(300), 0.1, SimulatedClock()))) < 30, "after its time it ends"
