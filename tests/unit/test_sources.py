"""From the settings to cameras."""

from __future__ import annotations

import atexit
import shutil
from dataclasses import replace

import cv2
import numpy
import pytest

from fingerpost.core.errors import CameraError, DataError, SettingsError
from fingerpost.devices import sources
from fingerpost.devices.sources import check_sources, find_sources, read_source
from fingerpost.settings import CameraSettings
from tests.jetcams import Camera, FakeCapture, put_captures, put_jetcam
from tests.launcher import put_launcher, read_orders

PLAIN = CameraSettings()


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """The devices of a machine without any; `add` plugs one in."""
    devices, system = tmp_path / "dev", tmp_path / "system"
    monkeypatch.setattr(sources, "DEVICES", devices)
    monkeypatch.setattr(sources, "SYSTEM", system)
    (devices / "v4l" / "by-id").mkdir(parents=True)

    def add(number, name, by_id=()):
        (devices / f"video{number}").touch()
        (system / f"video{number}").mkdir(parents=True)
        (system / f"video{number}" / "name").write_text(name + "\n")
        for link in by_id:
            (devices / "v4l" / "by-id" / link).symlink_to(devices / f"video{number}")

    return add


def names(text="auto", settings=PLAIN):
    """What the sources of a text are called, without folders."""
    return [source.name.rsplit("/", 1)[-1] for source in read_source(text, settings)]


def test_every_kind_has_its_words():
    assert [read_source(text, PLAIN)[0].name for text in ("0", "/dev/video2", "csi", "csi:1", "gst:videotestsrc")] == [
        "/dev/video0", "/dev/video2", "csi:0", "csi:1", "gst:videotestsrc"]
    assert names("jetcam") == ["jetcam:csi:0", "jetcam:usb:0"]
    assert names("jetcam:usb:2") == ["jetcam:usb:2"]
    assert names("walk.mp4") == ["walk.mp4"]


@pytest.mark.parametrize("text", ["csi:left", "jetcam:csi:x", "jetcam:firewire", "gst:", "gst:filesrc location='x"])
def test_words_that_name_no_camera_are_an_error_at_once(text):
    with pytest.raises(SettingsError, match=r"write|quote"):
        check_sources(replace(PLAIN, source=text))


def test_sizes_must_be_above_zero():
    with pytest.raises(SettingsError, match="1 or more"):
        check_sources(replace(PLAIN, source="0", width=0))


def test_a_recording_that_cannot_be_played_is_an_error_at_once(tmp_path):
    with pytest.raises(DataError, match="check the spelling"):
        check_sources(replace(PLAIN, source="0", fallback=(str(tmp_path / "none.mp4"),)))
    cv2.imwrite(str(tmp_path / "1.png"), numpy.zeros((4, 6, 3), numpy.uint8))
    check_sources(replace(PLAIN, source="0", fallback=(str(tmp_path),)))


def test_the_fallbacks_follow_the_source(machine):
    settings = replace(PLAIN, source="csi", fallback=("auto", "1"))
    assert [source.name for source in find_sources(settings)] == ["csi:0", "usb", "csi",
                                                                 str(sources.DEVICES / "video1")]


def test_without_cameras_it_is_said_what_was_looked_for(machine):
    assert names() == ["usb", "csi"]
    reasons = []
    for source in read_source("auto", PLAIN):
        with pytest.raises(CameraError) as raised:
            source.open()
        reasons.append(str(raised.value))
    assert "no webcam is plugged in" in reasons[0]
    assert "check the ribbon cable" in reasons[1]


def test_webcams_are_found_by_their_own_names(machine):
    machine(0, "HD Webcam", ["usb-HD_Webcam-video-index0"])
    machine(1, "HD Webcam", ["usb-HD_Webcam-video-index1"])  # gives no pictures, only data about them
    assert names() == ["usb-HD_Webcam-video-index0", "csi"]


def test_a_webcam_has_one_name_however_it_is_asked_for(machine):
    machine(0, "HD Webcam", ["usb-HD_Webcam-video-index0"])
    machine(1, "Old Webcam")
    assert names("0") == names()[:1]
    assert names("1") == ["video1"]


def test_webcams_without_such_names_are_found_by_number(machine):
    machine(1, "HD Webcam")
    machine(0, "Old Webcam")
    assert names() == ["video0", "video1", "csi"]


def test_the_node_of_a_csi_camera_is_no_webcam(machine):
    machine(0, "vi-output, imx219 7-0010")
    machine(1, "HD Webcam")
    assert names() == ["video1", "csi:0"]
    machine(2, "vi-output, imx219 8-0010")
    assert names() == ["video1", "csi:0", "csi:1"]


def csi_order(folder, monkeypatch, **changes):
    """The command line of a CSI camera."""
    put_launcher(folder, monkeypatch)
    source = read_source("csi:1", replace(PLAIN, **changes))[0]
    source.open()
    picture = source.read()
    source.close()
    return " ".join(read_orders(folder)[-1][1]), picture


def test_the_csi_pipeline_has_the_size_the_rate_the_mode_and_the_turn(tmp_path, monkeypatch):
    order, picture = csi_order(tmp_path, monkeypatch, width=480, height=640, rate=21, sensor_mode=0, turn=90)
    assert order.startswith(
        "-q nvarguscamerasrc sensor-id=1 sensor-mode=0 ! "
        "video/x-raw(memory:NVMM),format=NV12,width=640,height=480,framerate=21/1 ! nvvidconv flip-method=3 ! "
        "video/x-raw,format=BGRx,width=480,height=640 ! ")
    assert picture.shape == (640, 480, 3)


def test_by_default_the_sensor_chooses_its_mode_and_nothing_is_turned(tmp_path, monkeypatch):
    order, _ = csi_order(tmp_path, monkeypatch)
    assert "sensor-mode=-1" in order
    assert "flip-method=0" in order


def test_the_real_gstreamer_scales_without_bending(tmp_path):
    if shutil.which("gst-launch-1.0") is None:
        pytest.skip("no gst-launch-1.0 here: run `sudo apt install gstreamer1.0-tools gstreamer1.0-plugins-base`")
    source = read_source("gst:videotestsrc is-live=true pattern=white ! video/x-raw,width=160,height=80",
                         CameraSettings(width=322, height=322))[0]
    source.open()
    picture = source.read()
    source.close()
    assert picture.shape == (322, 322, 3)  # its rows of 966 bytes are padded in the pipe
    bright = picture.min(axis=2) > 200
    assert bright[161].all()
    assert abs(int(bright[:, 161].sum()) - 161) <= 2  # twice as wide as high, with borders


def test_jetcam_is_asked_for_the_size_and_never_runs_by_itself(monkeypatch):
    put_jetcam(monkeypatch)
    small = replace(PLAIN, width=320, height=240)
    csi, usb = (read_source(text, small)[0] for text in ("jetcam:csi:1", "jetcam:usb:2"))
    for source in (csi, usb):
        source.open()
    assert usb.read().shape == (240, 320, 3)
    assert tuple(csi.read()[0, 0]) == (255, 0, 0)
    assert [capture.device for capture in FakeCapture.made] == [
        "nvarguscamerasrc sensor-id=1 width=320, height=240", "v4l2src device=/dev/video2"]
    assert all(capture.backend == cv2.CAP_GSTREAMER for capture in FakeCapture.made)
    assert Camera.threads == 0


def test_jetcam_is_let_go_of(monkeypatch):
    put_jetcam(monkeypatch)
    kept = []
    monkeypatch.setattr(atexit, "register", kept.append)
    monkeypatch.setattr(atexit, "unregister", kept.remove)
    source = read_source("jetcam:csi", PLAIN)[0]
    source.open()
    assert len(kept) == 1
    source.close()
    source.close()
    assert kept == []
    assert FakeCapture.made[0].released


def test_jetcam_that_loses_the_camera_says_so_and_shows_no_old_picture(monkeypatch):
    put_jetcam(monkeypatch)
    source = read_source("jetcam:csi", PLAIN)[0]
    source.open()
    source.read()
    monkeypatch.setattr(FakeCapture, "works", False)
    with pytest.raises(CameraError, match="has lost the csi camera"):
        source.read()


@pytest.mark.parametrize(("build", "remedy"), [("GStreamer:   NO", "this OpenCV has no GStreamer"),
                                               ("GStreamer:   YES (1.14.5)", "restart nvargus-daemon")])
def test_jetcam_that_does_not_start_names_the_remedy(build, remedy, monkeypatch):
    put_jetcam(monkeypatch)
    monkeypatch.setattr(FakeCapture, "works", False)
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: build)
    with pytest.raises(CameraError, match=remedy):
        read_source("jetcam:csi", PLAIN)[0].open()


def test_without_jetcam_the_remedy_pins_a_commit(monkeypatch):
    put_captures(monkeypatch)
    with pytest.raises(CameraError, match=r"pip install traitlets git\+https://github.com/NVIDIA-AI-IOT/jetcam@[0-9a-f]{40}`"):
        read_source("jetcam", PLAIN)[0].open()
