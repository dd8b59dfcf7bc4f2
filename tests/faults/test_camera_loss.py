"""A camera that is pulled, hangs, or fails in ways of its own: told at once, and picked up again."""

from __future__ import annotations

import logging
import os
import threading
import time

import numpy
import pytest

from fingerpost.core.errors import CameraError, StaleFrame
from fingerpost.devices.cameras import CHECK_SECONDS, JOIN_SECONDS, LiveCamera, Source
from fingerpost.devices.gstreamer import ENDING_SECONDS, Pipeline


class Plug(Source):
    """A camera at 100 pictures a second that a test pulls, plugs in, and makes hang or fail."""

    def __init__(self, plugged=True, name="plug", patience_seconds=5.0):
        self.name, self.patience_seconds = name, patience_seconds
        self.plugged = plugged
        self.hold = threading.Event()  # a hung read waits for it
        self.hold.set()
        self.failure = None
        self.opened = self.closed = 0

    def open(self):
        if not self.plugged:
            raise CameraError("there is no camera: plug one in")
        self.opened += 1

    def read(self):
        time.sleep(0.01)
        self.hold.wait()
        if self.failure is not None:
            raise self.failure
        return numpy.full((4, 6, 3), len(self.name), numpy.uint8) if self.plugged else None

    def close(self):
        self.closed += 1


def wait_until(condition, seconds=3.0):
    """How long it took until the condition held."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, "it never happened"
        time.sleep(0.002)
    return time.monotonic() - start


def works(camera):
    """Whether a fresh frame can be had."""
    try:
        return camera.latest(0.5) is not None
    except CameraError:
        return False


def trouble(camera):
    """The error that the camera reports now, if any."""
    try:
        camera.latest(0.5)
    except CameraError as error:
        return error
    return None


def test_pulling_is_told_at_once_and_return_is_noticed():
    plug = Plug()
    with LiveCamera(lambda: [plug]) as camera:
        wait_until(lambda: works(camera))
        before = camera.latest(0.5).index
        plug.plugged = False
        assert wait_until(lambda: not works(camera)) < 0.2
        error = trouble(camera)
        assert not isinstance(error, StaleFrame)
        assert "plug" in str(error)
        time.sleep(1.2)  # the back-off has reached its longest pause
        assert not works(camera)
        plug.plugged = True
        assert wait_until(lambda: works(camera)) < 1.0
        assert camera.latest(0.5).index > before
    assert plug.closed >= plug.opened


def test_a_camera_may_come_later():
    plug = Plug(plugged=False)
    with LiveCamera(lambda: [plug]) as camera:
        wait_until(lambda: type(trouble(camera)) is CameraError)
        assert str(trouble(camera)) == "there is no camera: plug one in"
        plug.plugged = True
        assert wait_until(lambda: works(camera)) < 1.0


def test_a_lost_camera_never_shows_its_last_frame_again():
    plug = Plug()
    with LiveCamera(lambda: [plug]) as camera:
        wait_until(lambda: works(camera))
        plug.plugged = False
        wait_until(lambda: not works(camera))
        with pytest.raises(CameraError):
            camera.latest(1e9)


def test_a_hang_is_stale_and_holds_up_nobody():
    plug = Plug()
    camera = LiveCamera(lambda: [plug])
    with camera:
        wait_until(lambda: works(camera))
        plug.hold.clear()
        time.sleep(0.15)
        with pytest.raises(StaleFrame, match="sent nothing for"):
            camera.latest(0.1)
        start = time.monotonic()
    assert time.monotonic() - start < 1.0
    with camera:
        wait_until(lambda: "the camera hangs" in str(trouble(camera)))
        assert plug.opened == 1
        plug.hold.set()
        wait_until(lambda: works(camera))
    assert plug.opened == 2


def test_a_hang_that_ends_is_over():
    plug = Plug()
    with LiveCamera(lambda: [plug]) as camera:
        wait_until(lambda: works(camera))
        plug.hold.clear()
        wait_until(lambda: isinstance(trouble(camera), StaleFrame))
        plug.hold.set()
        assert wait_until(lambda: works(camera)) < 0.2


def test_unexpected_failures_are_told_and_mended():
    plug = Plug()
    with LiveCamera(lambda: [plug]) as camera:
        wait_until(lambda: works(camera))
        plug.failure = RuntimeError("the driver is upset")
        wait_until(lambda: not works(camera))
        assert "the driver is upset" in str(trouble(camera))
        plug.failure = None
        assert wait_until(lambda: works(camera)) < 1.0


def test_a_failing_close_does_not_end_the_capture(monkeypatch):
    plug = Plug()
    with LiveCamera(lambda: [plug]) as camera:
        wait_until(lambda: works(camera))
        monkeypatch.setattr(plug, "close", lambda: 1 / 0)
        plug.plugged = False
        wait_until(lambda: not works(camera))
        plug.plugged = True
        assert wait_until(lambda: works(camera)) < 1.0
        monkeypatch.undo()


def test_opening_twice_captures_once():
    plug = Plug()
    with LiveCamera(lambda: [plug]) as camera:
        camera.open()
        wait_until(lambda: works(camera))
        assert plug.opened == 1


def test_closing_waits_for_a_source_that_takes_longer_to_end_in_order():
    plug, ended = Plug(), []
    plug.ending_seconds = 20.0

    def end_in_order():
        time.sleep(CHECK_SECONDS + JOIN_SECONDS + 0.3)
        ended.append(True)

    plug.close = end_in_order
    with LiveCamera(lambda: [plug]) as camera:
        wait_until(lambda: works(camera))
    assert ended
    assert Pipeline.ending_seconds >= ENDING_SECONDS


class Pipe(Source):
    """A FIFO as a camera: opening it waits in the system, as a driver that hangs does, until somebody writes."""

    name, patience_seconds = "pipe", 0.2

    def __init__(self, path):
        self.path = path
        self.file = None

    def open(self):
        self.file = os.open(self.path, os.O_RDONLY)

    def read(self):
        return numpy.frombuffer(os.read(self.file, 72), numpy.uint8).reshape(4, 6, 3)

    def close(self):
        if self.file is not None:
            os.close(self.file)
            self.file = None


def shows(camera, plug):
    """Whether the newest frame is from that plug."""
    return works(camera) and camera.latest(0.5).camera == plug.name


@pytest.fixture
def pair():
    """The better of two cameras, and the one to fall back on."""
    return Plug(name="csi", patience_seconds=0.3), Plug(name="other")


@pytest.fixture
def fifo(tmp_path):
    """The path of a FIFO that nobody writes to."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


def test_opening_that_hangs_is_told_and_over_when_it_wakes(fifo):
    with LiveCamera(lambda: [Pipe(fifo)]) as camera:
        assert isinstance(trouble(camera), StaleFrame)
        wait_until(lambda: "the camera hangs: unplug it" in str(trouble(camera)))
        assert not isinstance(trouble(camera), StaleFrame)
        end = os.open(fifo, os.O_RDWR)  # wakes it; what it gives then is too late, but it can be opened anew
        wait_until(lambda: os.write(end, b"x" * 72) and works(camera))
    os.close(end)


def test_opening_that_hangs_is_left_behind_for_the_next(fifo):
    other = Plug()
    with LiveCamera(lambda: [Pipe(fifo), other]) as camera:
        wait_until(lambda: shows(camera, other))
        other.plugged = False  # now the hung one comes first again, and is passed over at once
        wait_until(lambda: not works(camera))
        other.plugged = True
        wait_until(lambda: shows(camera, other))
    os.close(os.open(fifo, os.O_RDWR))


def test_reading_that_hangs_goes_over_to_the_next_and_back_when_that_is_lost(pair):
    best, other = pair
    with LiveCamera(lambda: pair) as camera:
        wait_until(lambda: shows(camera, best))
        best.hold.clear()
        wait_until(lambda: shows(camera, other))
        other.plugged = False
        wait_until(lambda: type(trouble(camera)) is CameraError)
        assert best.opened == 1
        best.hold.set()
        wait_until(lambda: shows(camera, best))
        assert best.opened == 2


def test_pictures_of_a_camera_that_was_left_behind_are_not_shown(pair):
    best, other = pair
    with LiveCamera(lambda: pair) as camera:
        wait_until(lambda: shows(camera, best))
        best.hold.clear()
        wait_until(lambda: shows(camera, other))
        best.hold.set()
        wait_until(lambda: best.closed == 1)
        assert shows(camera, other)
        assert best.opened == 1


def test_it_falls_back_and_says_what_was_tried(pair, caplog):
    best, other = pair
    best.plugged = False
    with LiveCamera(lambda: pair) as camera, caplog.at_level(logging.WARNING):
        wait_until(lambda: shows(camera, other))
        time.sleep(0.1)
        assert caplog.messages == ["csi: there is no camera: plug one in. Until then, the camera is other."]


def test_when_none_works_each_is_listed_with_its_reason(pair):
    best, other = pair
    best.plugged, other.failure = False, RuntimeError("upset")
    with LiveCamera(lambda: pair) as camera:
        wait_until(lambda: type(trouble(camera)) is CameraError)
        assert str(trouble(camera)) == ("csi: there is no camera: plug one in; other: the camera fails "
                                        "(RuntimeError('upset')): unplug it and plug it in again")


def test_a_camera_that_opens_and_gives_nothing_is_passed_over(pair):
    best, other = pair
    best.failure = CameraError("no picture")
    with LiveCamera(lambda: pair) as camera:
        wait_until(lambda: shows(camera, other))


def test_after_every_loss_the_best_is_tried_first(pair):
    best, other = pair
    best.plugged = False
    with LiveCamera(lambda: pair) as camera:
        wait_until(lambda: shows(camera, other))
        best.plugged = True
        time.sleep(0.1)
        assert shows(camera, other)  # what works is kept
        other.plugged = False
        wait_until(lambda: shows(camera, best))


def test_one_that_only_stumbles_is_taken_up_again(pair, monkeypatch):
    best, other = pair
    with LiveCamera(lambda: pair) as camera:
        wait_until(lambda: shows(camera, best))
        monkeypatch.setattr(best, "close", lambda: setattr(best, "failure", None))
        best.failure = CameraError("a moment, please")
        wait_until(lambda: best.opened == 2 and shows(camera, best))
    assert other.opened == 0


def test_what_is_plugged_in_later_is_found():
    found, late = [Plug(plugged=False)], Plug(name="late")
    with LiveCamera(lambda: list(found)) as camera:
        wait_until(lambda: type(trouble(camera)) is CameraError)
        found.append(late)
        wait_until(lambda: shows(camera, late))


def test_a_search_that_fails_is_told_and_goes_on():
    finds, plug = [], Plug()

    def find():
        finds.append(1)
        if len(finds) == 1:
            raise OSError("the system is upset")
        return [plug]

    with LiveCamera(find) as camera:
        wait_until(lambda: finds and (works(camera) or "the system is upset" in str(trouble(camera))))
        wait_until(lambda: works(camera))
