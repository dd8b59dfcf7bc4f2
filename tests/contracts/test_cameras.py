"""What every camera does, live or recorded."""

from __future__ import annotations

import os
import shutil
import time
from typing import Callable, NamedTuple

import cv2
import numpy
import pytest

from fingerpost.core.errors import CameraError, DataError, StaleFrame
from fingerpost.core.ports import Camera
from fingerpost.devices import webcam
from fingerpost.devices.cameras import LiveCamera
from fingerpost.devices.replay import RealClock, RecordedCamera, Recording, SimulatedClock
from fingerpost.devices.sources import Missing, Playback, read_source
from fingerpost.devices.webcam import Webcam
from fingerpost.settings import CameraSettings
from tests.jetcams import RED, FakeCapture, put_captures, put_jetcam
from tests.launcher import put_launcher

RED_PIPELINE = "gst:videotestsrc is-live=true pattern=red ! video/x-raw,format=RGB,framerate=30/1"


class Rig(NamedTuple):
    """A camera and the way its time passes."""

    camera: Camera
    wait: Callable[[float], None]


@pytest.fixture
def folder(tmp_path):
    """20 red images."""
    for index in range(20):
        cv2.imwrite(str(tmp_path / f"{index}.png"), numpy.full((480, 640, 3), RED[::-1], numpy.uint8))
    return tmp_path


@pytest.fixture
def webcam_there(tmp_path, monkeypatch):
    """A path at which a camera seems to be plugged in."""
    put_captures(monkeypatch)
    device = tmp_path / "video0"
    device.touch()
    return device


def live(text):
    """What the settings call so, as a camera."""
    return Rig(LiveCamera(lambda: read_source(text, CameraSettings())), time.sleep)


def make_webcam(folder, monkeypatch):
    put_captures(monkeypatch)
    return Rig(LiveCamera(lambda: [Webcam(str(folder))]), time.sleep)


def make_playback(folder, monkeypatch):
    return Rig(LiveCamera(lambda: [Playback(Recording(folder, fps=50))]), time.sleep)


def make_recorded(folder, monkeypatch):
    clock = SimulatedClock()
    return Rig(RecordedCamera(Recording(folder, fps=50), clock), clock.sleep)


def make_standin_pipeline(folder, monkeypatch):
    put_launcher(folder, monkeypatch)
    return live(RED_PIPELINE)


def make_real_pipeline(folder, monkeypatch):
    if shutil.which("gst-launch-1.0") is None:
        pytest.skip("no gst-launch-1.0 here: run `sudo apt install gstreamer1.0-tools gstreamer1.0-plugins-base`")
    return live(RED_PIPELINE)


def make_csi(folder, monkeypatch):
    put_launcher(folder, monkeypatch)
    return live("csi")


def make_jetcam_csi(folder, monkeypatch):
    put_jetcam(monkeypatch)
    return live("jetcam:csi")


def make_jetcam_usb(folder, monkeypatch):
    put_jetcam(monkeypatch)
    return live("jetcam:usb:1")


def make_chain(folder, monkeypatch):
    put_captures(monkeypatch)
    return Rig(LiveCamera(lambda: [Missing("usb", "none"), Webcam(str(folder / "none")), Webcam(str(folder))]),
               time.sleep)


def make_real_webcam(folder, monkeypatch):
    if not os.access("/dev/video0", os.R_OK | os.W_OK):
        pytest.skip("no camera at /dev/video0 here: plug one in")
    return live("0")


@pytest.fixture(params=[make_webcam, make_playback, make_recorded, make_standin_pipeline, make_real_pipeline, make_csi,
                        make_jetcam_csi, make_jetcam_usb, make_chain],
                ids=lambda make: make.__name__[len("make_"):])
def rig(request, folder, monkeypatch):
    return request.param(folder, monkeypatch)


def first_frame(rig, seconds=20.0):
    """The first frame, waited for in steps of 10 ms."""
    for _ in range(int(seconds / 0.01)):
        try:
            return rig.camera.latest(0.5)
        except StaleFrame:
            rig.wait(0.01)
    raise AssertionError("no frame came")


def test_gives_rgb_frames(rig):
    with rig.camera:
        frame = first_frame(rig)
    assert frame.pixels.shape == (480, 640, 3)
    assert frame.pixels.dtype == numpy.uint8
    assert tuple(frame.pixels[240, 320]) == RED


def test_newest_frame_wins(rig):
    with rig.camera:
        first = first_frame(rig)
        rig.wait(0.2)
        later = rig.camera.latest(0.5)
    assert later.index >= first.index + 3
    assert later.at > first.at


def test_is_closed_before_and_after_use(rig):
    with pytest.raises(CameraError, match="not open"):
        rig.camera.latest(1.0)
    with rig.camera:
        first_frame(rig)
    rig.camera.close()
    with pytest.raises(CameraError, match="not open"):
        rig.camera.latest(1.0)


def test_opens_again_after_closing(rig):
    for _ in range(2):
        with rig.camera:
            assert first_frame(rig).pixels.any()


def test_a_real_webcam_gives_pictures(folder, monkeypatch):
    rig = make_real_webcam(folder, monkeypatch)
    with rig.camera:
        assert first_frame(rig).pixels.any()


def test_an_old_frame_is_an_error(folder):
    clock = SimulatedClock()
    with RecordedCamera(Recording(folder, fps=1), clock) as camera:
        assert camera.latest(0.5).index == 0
        clock.sleep(0.9)
        with pytest.raises(StaleFrame):
            camera.latest(0.5)


def test_recorded_camera_shows_every_frame_once_and_ends(folder):
    clock, seen = SimulatedClock(), []
    with RecordedCamera(Recording(folder), clock) as camera:
        while camera.next_at() is not None:
            clock.advance_to(camera.next_at())
            seen.append(camera.latest(0.0).index)
        clock.sleep(1.0)
        with pytest.raises(CameraError, match="has ended") as raised:
            camera.latest(0.5)
    assert seen == list(range(20))
    assert not isinstance(raised.value, StaleFrame)


def test_recorded_camera_does_not_open_without_frames(tmp_path):
    with pytest.raises(DataError), RecordedCamera(Recording(tmp_path), SimulatedClock()):
        pass


def test_playback_keeps_the_pace_and_starts_over(folder):
    with LiveCamera(lambda: [Playback(Recording(folder, fps=50))]) as camera:
        first = first_frame(Rig(camera, time.sleep))
        start = time.monotonic()
        while camera.latest(0.5).index < first.index + 25:  # more than the recording has
            time.sleep(0.005)
    assert 0.45 < time.monotonic() - start < 1.5


def test_webcam_asks_for_small_fresh_pictures(webcam_there):
    camera = LiveCamera(lambda: [Webcam(str(webcam_there))])
    with camera:
        first_frame(Rig(camera, time.sleep))
    capture = FakeCapture.made[0]
    assert capture.backend == cv2.CAP_V4L2
    assert list(capture.wishes.items()) == [
        (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")), (cv2.CAP_PROP_FRAME_WIDTH, 640),
        (cv2.CAP_PROP_FRAME_HEIGHT, 480), (cv2.CAP_PROP_BUFFERSIZE, 1)]


def test_webcam_passes_over_a_damaged_picture(webcam_there, monkeypatch):
    source = Webcam(str(webcam_there))
    source.open()
    answers = [(False, None), (True, numpy.zeros((4, 6, 3), numpy.uint8))]
    monkeypatch.setattr(FakeCapture, "read", lambda self: answers.pop(0))
    assert source.read().shape == (4, 6, 3)


def test_webcam_that_is_silent_is_not_waited_for_again(webcam_there, monkeypatch):
    clock, reads = SimulatedClock(), []

    def wait(self):
        reads.append(1)
        clock.sleep(10.0)  # as long as OpenCV waits for a picture
        return False, None

    source = Webcam(str(webcam_there), clock=clock)
    source.open()
    monkeypatch.setattr(FakeCapture, "read", wait)
    assert source.read() is None
    assert len(reads) == 1


def test_webcam_that_is_missing_names_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(webcam.glob, "glob", lambda pattern: ["/dev/video2"])
    with pytest.raises(CameraError, match="plug it in, or choose one of /dev/video2"):
        Webcam(str(tmp_path / "video0")).open()


def test_webcam_without_permission_names_the_remedy(webcam_there, monkeypatch):
    monkeypatch.setattr(webcam.os, "access", lambda path, mode: False)
    with pytest.raises(CameraError, match="usermod -aG video"):
        Webcam(str(webcam_there)).open()


def test_webcam_in_use_names_the_remedy(webcam_there, monkeypatch):
    monkeypatch.setattr(FakeCapture, "opens", False)
    with pytest.raises(CameraError, match="close the program that uses it"):
        Webcam(str(webcam_there)).open()


def test_webcam_numbers_are_devices(monkeypatch):
    monkeypatch.setattr(webcam.os.path, "exists", lambda path: False)
    with pytest.raises(CameraError, match="/dev/video7"):
        Webcam(7).open()


def test_clocks():
    clock = SimulatedClock(5.0)
    clock.sleep(1.0)
    clock.sleep(-1.0)
    clock.advance_to(3.0)
    assert clock.now() == 6.0
    clock.advance_to(7.5)
    assert clock.now() == 7.5
    real = RealClock()
    start = real.now()
    real.sleep(-1.0)
    real.sleep(0.01)
    assert 0.01 <= real.now() - start < 1.0
