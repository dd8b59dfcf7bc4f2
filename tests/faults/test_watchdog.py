"""systemd's watchdog: a fault that the wearer hears of is fed on, a loop that hangs is not. Over a real socket."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from fingerpost.core import live, speech
from fingerpost.core.events import ChangeWay, Recovered
from fingerpost.home import asset_home
from fingerpost.upkeep.service import Manager
from tests.listener import Listener
from tests.wearable import Device


@pytest.fixture
def listener(tmp_path):
    with Listener(tmp_path / "notify") as listener:
        yield listener


@pytest.fixture
def device(listener, monkeypatch):
    """A device that gives up its loops after half a second, and shows three signs of life in three tenths of one."""
    monkeypatch.setattr(live, "HUNG_SECONDS", 0.3)
    monkeypatch.setattr(live, "PERCEPTION_PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(speech, "SPEECH_PATIENCE_SECONDS", 0.5)
    with Device(manager=Manager(listener.address, watchdog_seconds=0.3)) as device:
        yield device


def assert_no_sign_of_life(listener):
    before = listener.catch_up()
    time.sleep(0.6)
    assert "WATCHDOG=1" not in listener.catch_up()[len(before):]


def test_an_unplugged_camera_is_told_fed_on_and_recovers(device, listener):
    listener.hears("STATUS=Works.")
    assert listener.lines[0] == "READY=1"
    device.camera.unplugged = True
    device.hears("the camera is gone")
    listener.hears("STATUS=Does not work: camera.")
    for _ in range(5):
        listener.hears("WATCHDOG=1")
    device.camera.unplugged = False
    device.hears("The camera is back")
    listener.hears("STATUS=Works.")
    listener.hears("WATCHDOG=1")


def test_an_error_in_the_eyes_is_fed_on(device, listener):
    device.hears("kiwi")
    device.eyes.error = RuntimeError("out of memory")
    listener.hears("STATUS=Does not work: eyes.")
    for _ in range(5):
        listener.hears("WATCHDOG=1")


def test_eyes_that_hang_are_told_first_and_then_no_longer_fed(device, listener):
    device.hears("kiwi")
    device.eyes.block = threading.Event()
    device.hears("the recogniser has stopped")
    listener.hears("STATUS=Hangs: perception.")
    assert_no_sign_of_life(listener)
    device.eyes.block.set()
    listener.hears("WATCHDOG=1")


def test_a_network_that_is_compiled_for_another_way_to_look_is_waited_for(device, listener):
    device.hears("kiwi")
    reached, free, do = threading.Event(), threading.Event(), device.eyes.do

    def compile_first(request, at):
        if isinstance(request, ChangeWay):
            reached.set()
            free.wait()
            return Recovered("gpu", at)
        return do(request, at)

    device.eyes.do = compile_first
    device.perception.submit(ChangeWay())
    try:
        assert reached.wait(10)
        time.sleep(1.0)  # longer than the eyes are waited for
        before = listener.catch_up()
        listener.hears("WATCHDOG=1")
        assert not any("Hangs" in line for line in before)
    finally:
        free.set()


@pytest.mark.parametrize("part", ["the sound driver", "the main loop"])
def test_neither_a_sound_driver_nor_a_main_loop_that_hangs_is_fed(device, listener, part):
    listener.hears("STATUS=Works.")
    reached, free = threading.Event(), threading.Event()

    def hang():
        reached.set()
        free.wait()
        return []

    if part == "the sound driver":
        device.speaker.busy = hang
    else:
        device.buttons.presses = hang
    try:
        assert reached.wait(10)
        time.sleep(1.0)  # longer than the speech thread is waited for
        assert_no_sign_of_life(listener)
    finally:
        free.set()
    listener.hears("WATCHDOG=1")


def test_the_device_itself_says_that_it_starts_is_ready_lives_and_ends_in_order(listener, tmp_path):
    walk = asset_home() / "assets" / "walks" / "teaching" / "walk.mp4"
    environment = {**os.environ, "NOTIFY_SOCKET": listener.address, "WATCHDOG_USEC": "600000",
                   "SDL_AUDIODRIVER": "dummy", "FINGERPOST_STATE": str(tmp_path / "state"), "PYTHONUNBUFFERED": "1"}
    environment.pop("WATCHDOG_PID", None)
    transcript = tmp_path / "transcript"
    with transcript.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", "fingerpost", "run", "--camera", str(walk)],
                                   env=environment, stdout=output, stderr=subprocess.DEVNULL)
    try:
        listener.hears("READY=1", seconds=120)
        assert "Fingerpost is starting." in transcript.read_text(), "it is said before the device is ready"
        listener.hears("STATUS=Works.", seconds=60)
        for _ in range(3):
            listener.hears("WATCHDOG=1", seconds=60)
        process.send_signal(signal.SIGTERM)
        listener.hears("STOPPING=1", seconds=60)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
    assert transcript.read_text().count("Fingerpost is starting.") == 1
