"""A GStreamer pipeline that ends, stops half-way, says nothing or hangs: told, ended and started anew."""

from __future__ import annotations

import os
import shutil
import signal
import time

import numpy
import pytest

from fingerpost.core.errors import CameraError
from fingerpost.devices import gstreamer
from fingerpost.devices.cameras import LiveCamera
from fingerpost.devices.sources import read_source
from fingerpost.settings import CameraSettings
from tests.kills import Victim
from tests.launcher import CHATTY, DIES, FREEZES, HALF, HANGS, WELL, put_launcher, read_orders

SMALL = CameraSettings(width=34, height=20)  # a row of 102 bytes, which GStreamer makes 104


def make_source(text="gst:videotestsrc ! video/x-raw,framerate=100/1"):
    """The one source of that name."""
    return read_source(text, SMALL)[0]


def wait_until(condition, seconds=30.0):
    """Wait until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


def index_of(camera):
    """The number of the newest frame; -1 while there is none."""
    try:
        return camera.latest(1.0).index
    except CameraError:
        return -1


def trouble_of(camera):
    """What the camera says is wrong, if anything."""
    try:
        camera.latest(1.0)
    except CameraError as error:
        return str(error)
    return ""


def is_running(process):
    """Whether there is a process of that number that has not ended."""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def read_until_lost(source):
    """All pictures of a source, and why they ended."""
    pictures = []
    try:
        source.open()
        while True:
            pictures.append(source.read())
    except CameraError as error:
        return pictures, str(error)
    finally:
        source.close()


def test_every_picture_is_whole_and_comes_once(tmp_path, monkeypatch):
    put_launcher(tmp_path, monkeypatch, DIES)
    pictures, _ = read_until_lost(make_source())
    assert [picture[0, 0, 0] for picture in pictures] == [0, 1, 2, 3, 4]
    for picture in pictures:
        assert picture.flags["C_CONTIGUOUS"]
        picture[0, 0, 0] = 255
        assert numpy.array_equal(picture, numpy.broadcast_to(numpy.uint8([255, 0, 0]), (20, 34, 3)))


def test_why_it_ended_is_told_in_one_line_with_what_to_try(tmp_path, monkeypatch):
    put_launcher(tmp_path, monkeypatch, DIES)
    _, reason = read_until_lost(make_source())
    assert "Internal data stream error" in reason
    assert reason.startswith("the pipeline of gst:videotestsrc ! video/x-raw,framerate=100/1 has ended (ERROR: ")
    assert "try it in a terminal" in reason
    assert "\n" not in reason


def test_half_a_picture_is_no_picture(tmp_path, monkeypatch):
    put_launcher(tmp_path, monkeypatch, HALF)
    pictures, reason = read_until_lost(make_source())
    assert len(pictures) == 5
    assert "has ended" in reason


def test_an_element_that_is_not_there_is_named(tmp_path, monkeypatch):
    put_launcher(tmp_path, monkeypatch)
    pictures, reason = read_until_lost(make_source("gst:nosuchsrc"))
    assert pictures == []
    assert 'no element "nosuchsrc"' in reason


def test_what_it_prints_spoils_no_picture_and_stops_nothing(tmp_path, monkeypatch):
    put_launcher(tmp_path, monkeypatch, CHATTY)
    source = make_source()
    source.open()
    pictures = [source.read() for _ in range(20)]
    source.close()
    assert [picture[0, 0, 0] for picture in pictures] == list(range(20))
    assert all(tuple(picture[-1, -1]) == (255, 0, 0) for picture in pictures)


def test_closing_ends_it_in_order_and_may_be_done_twice(tmp_path, monkeypatch):
    put_launcher(tmp_path, monkeypatch)
    source = make_source()
    source.open()
    source.read()
    source.close()
    source.close()
    assert (tmp_path / "ended in order").exists()
    assert not is_running(read_orders(tmp_path)[0][0])
    assert source.read() is None


@pytest.mark.parametrize(("behaviour", "count", "limit"), [(HANGS, 0, "1 s"), (FREEZES, 5, "0.3 s")])
def test_one_that_says_nothing_is_given_up_and_killed(behaviour, count, limit, tmp_path, monkeypatch):
    put_launcher(tmp_path, monkeypatch, behaviour)
    monkeypatch.setattr(gstreamer, "FIRST_SECONDS", 1.0)
    monkeypatch.setattr(gstreamer, "SILENCE_SECONDS", 0.3)
    monkeypatch.setattr(gstreamer, "ENDING_SECONDS", 0.2)
    pictures, reason = read_until_lost(make_source())
    assert len(pictures) == count
    assert f"has sent nothing for {limit} " in reason
    assert not is_running(read_orders(tmp_path)[0][0])


def test_without_gstreamer_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CameraError, match="sudo apt install gstreamer1.0-tools"):
        make_source().open()


def test_one_that_ends_again_and_again_is_started_again_and_again(tmp_path, monkeypatch):
    put_launcher(tmp_path, monkeypatch, DIES)
    with LiveCamera(lambda: [make_source()]) as camera:
        wait_until(lambda: index_of(camera) >= 6)
        wait_until(lambda: "has ended" in trouble_of(camera))
        (tmp_path / "behaviour").write_text(WELL)
        wait_until(lambda: index_of(camera) >= 30)
    assert len({process for process, _ in read_orders(tmp_path)}) >= 3


@pytest.mark.parametrize("real", [False, True], ids=["stand-in", "real"])
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_a_pipeline_that_is_struck_comes_back(real, blow, tmp_path, monkeypatch):
    if not real:
        put_launcher(tmp_path, monkeypatch)
    elif shutil.which("gst-launch-1.0") is None:
        pytest.skip("no gst-launch-1.0 here: run `sudo apt install gstreamer1.0-tools gstreamer1.0-plugins-base`")
    monkeypatch.setattr(gstreamer, "SILENCE_SECONDS", 0.5)
    monkeypatch.setattr(gstreamer, "ENDING_SECONDS", 0.1)
    sources = []

    def find():
        sources.append(make_source("gst:videotestsrc is-live=true"))
        return sources[-1:]

    with LiveCamera(find) as camera:
        wait_until(lambda: index_of(camera) >= 3)
        process = sources[0]._process.pid
        os.kill(process, blow)
        wait_until(lambda: len(sources) == 2)
        last = camera._index
        wait_until(lambda: index_of(camera) > last + 3)
        assert not is_running(process)


@pytest.mark.parametrize("behaviour", [WELL, FREEZES])
def test_no_pipeline_outlives_a_device_that_is_killed(behaviour, tmp_path, monkeypatch):
    put_launcher(tmp_path, monkeypatch, behaviour)

    def run_device(acknowledge):
        camera = LiveCamera(lambda: [make_source()])
        camera.open()
        wait_until(lambda: index_of(camera) >= 3)
        acknowledge()

    victim = Victim(run_device)
    victim.wait()
    process = read_orders(tmp_path)[0][0]
    assert is_running(process)
    assert victim.kill() == 1
    assert os.WTERMSIG(os.waitpid(process, 0)[1]) == signal.SIGKILL
