"""A camera that is pulled, hangs, or fails in ways of its own: told at once, and picked up again."""

from __future__ import annotations

import threading
import time

import numpy
import pytest

from fingerpost.core.errors import CameraError, StaleFrame
from fingerpost.devices.cameras import LiveCamera, Source


class Plug(Source):
    """A camera at 100 pictures a second that a test pulls, plugs in, and makes hang or fail."""

    def __init__(self, plugged=True):
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
        return numpy.zeros((4, 6, 3), numpy.uint8) if self.plugged else None

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
    with LiveCamera(plug) as camera:
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
    with LiveCamera(plug) as camera:
        wait_until(lambda: type(trouble(camera)) is CameraError)
        assert str(trouble(camera)) == "there is no camera: plug one in"
        plug.plugged = True
        assert wait_until(lambda: works(camera)) < 1.0


def test_a_lost_camera_never_shows_its_last_frame_again():
    plug = Plug()
    with LiveCamera(plug) as camera:
        wait_until(lambda: works(camera))
        plug.plugged = False
        wait_until(lambda: not works(camera))
        with pytest.raises(CameraError):
            camera.latest(1e9)


def test_a_hang_is_stale_and_holds_up_nobody():
    plug = Plug()
    camera = LiveCamera(plug)
    with camera:
        wait_until(lambda: works(camera))
        plug.hold.clear()
        time.sleep(0.15)
        with pytest.raises(StaleFrame, match="sent nothing for"):
            camera.latest(0.1)
        start = time.monotonic()
    assert time.monotonic() - start < 1.0
    with pytest.raises(CameraError, match="still hangs"):
        camera.open()
    plug.hold.set()
    wait_until(lambda: plug.closed == 1)
    with camera:
        wait_until(lambda: works(camera))


def test_a_hang_that_ends_is_over():
    plug = Plug()
    with LiveCamera(plug) as camera:
        wait_until(lambda: works(camera))
        plug.hold.clear()
        wait_until(lambda: isinstance(trouble(camera), StaleFrame))
        plug.hold.set()
        assert wait_until(lambda: works(camera)) < 0.2


def test_unexpected_failures_are_told_and_mended():
    plug = Plug()
    with LiveCamera(plug) as camera:
        wait_until(lambda: works(camera))
        plug.failure = RuntimeError("the driver is upset")
        wait_until(lambda: not works(camera))
        assert "the driver is upset" in str(trouble(camera))
        plug.failure = None
        assert wait_until(lambda: works(camera)) < 1.0


def test_a_failing_close_does_not_end_the_capture(monkeypatch):
    plug = Plug()
    with LiveCamera(plug) as camera:
        wait_until(lambda: works(camera))
        monkeypatch.setattr(plug, "close", lambda: 1 / 0)
        plug.plugged = False
        wait_until(lambda: not works(camera))
        plug.plugged = True
        assert wait_until(lambda: works(camera)) < 1.0
        monkeypatch.undo()


def test_opening_twice_captures_once():
    plug = Plug()
    with LiveCamera(plug) as camera:
        camera.open()
        wait_until(lambda: works(camera))
        assert plug.opened == 1
