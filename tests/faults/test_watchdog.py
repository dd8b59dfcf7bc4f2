"""systemd's watchdog: a fault that the wearer hears of is fed on, a loop that hangs is not. Over a real socket."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, nullcontext
from types import SimpleNamespace

import pytest

from fingerpost import sayings, wiring
from fingerpost.body import Body
from fingerpost.core import live, speech
from fingerpost.core.actions import ChangeWay
from fingerpost.core.events import WayChanged
from fingerpost.core.heartbeat import Heartbeat
from fingerpost.core.loop import Observer
from fingerpost.core.speech import Mouth
from fingerpost.core.state import PAST_FINGER
from fingerpost.devices.clocks import RealClock
from fingerpost.home import asset_home
from fingerpost.life import Life, Start
from fingerpost.settings import Settings
from fingerpost.upkeep.service import Manager
from tests.listener import Listener
from tests.parts import (
    EARCONS,
    PressedButtons,
    ScriptedCamera,
    ScriptedEyes,
    SilentSpeaker,
    TonguelessVoice,
    english,
)
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


@pytest.fixture
def change(device, monkeypatch):
    """Has the wearer choose another way to look, for which a network is loaded until the event is set; what happens
    meanwhile is up to `wait`, which takes the event and whoever hears of it."""
    free, do = threading.Event(), device.eyes.do

    def change(wait):
        def look(request, at):
            if not isinstance(request, ChangeWay):
                return do(request, at)
            device.eyes.preparing(False)
            wait(free, device.eyes.preparing)
            return WayChanged(at, "detector")

        device.hears("kiwi")
        device.eyes.do = look
        device.perception.submit(ChangeWay())
        return free

    yield change
    free.set()


def count(device, words):
    return sum(words in text for _, text in device.heard)


def test_a_network_that_is_compiled_for_another_way_to_look_is_waited_for(device, listener, change, monkeypatch):
    monkeypatch.setattr(live, "CHANGE_HUNG_SECONDS", 0.3)
    monkeypatch.setattr(live, "CHANGE_PATIENCE_SECONDS", 0.5)

    def compile_first(free, tell):
        while not free.wait(0.05):
            tell(True)

    free = change(compile_first)
    device.hears("Preparing. This takes some minutes.")
    time.sleep(1.0)  # longer than the eyes are waited for
    before = listener.catch_up()
    listener.hears("WATCHDOG=1")
    free.set()
    device.hears("I look at whole things.")
    assert not any("Hangs" in line or "Does not work" in line for line in before)
    assert [count(device, words) for words in ("One moment", "Preparing", "has stopped")] == [1, 1, 0]


def test_a_network_that_is_slow_to_load_for_another_way_to_look_is_no_fault(device, listener, change):
    free = change(lambda free, tell: free.wait())
    device.hears("One moment.")
    time.sleep(1.0)
    device.perception.submit(ChangeWay())  # did it not take?
    device.hears("One moment.")
    free.set()
    device.hears("I look at whole things.")
    assert not any("Hangs" in line or "Does not work" in line for line in listener.catch_up())
    assert [count(device, words) for words in ("Preparing", "has stopped", "whole things")] == [0, 0, 1]


def test_another_way_to_look_that_hangs_is_told_and_then_no_longer_fed(device, listener, change, monkeypatch):
    monkeypatch.setattr(live, "CHANGE_HUNG_SECONDS", 0.6)
    monkeypatch.setattr(live, "CHANGE_PATIENCE_SECONDS", 1.2)
    free = change(lambda free, tell: free.wait())
    device.hears("the recogniser has stopped")
    listener.hears("STATUS=Hangs: perception.")
    assert_no_sign_of_life(listener)
    free.set()
    device.hears("I can see again")


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


@pytest.fixture
def hearts(listener, monkeypatch):
    """The heartbeats of a device as `fingerpost run` puts it together, of simulated parts, by the names of their loops;
    the device runs."""
    hearts = {name: Heartbeat(name, 0.2) for name in ("sound cards", "camera", "rendering")}
    clock, stop = RealClock(), threading.Event()
    camera, eyes, speaker = ScriptedCamera(clock), ScriptedEyes(), SilentSpeaker(clock)
    camera.heartbeat, speaker.heartbeat = hearts["camera"], hearts["sound cards"]
    eyes.news, eyes.way = "", PAST_FINGER
    mouth = Mouth(speaker, TonguelessVoice(), english(), EARCONS, clock)
    learner, attendant = SimpleNamespace(waiting=lambda: 0, taught=()), Observer()
    attendant.go_to_door = None
    body = Body(eyes, mouth, english(), None, None, learner, Settings(), None, [mouth.heartbeat, hearts["rendering"]])
    parts = {"assemble": body, "open_microphone": None, "open_camera": camera, "open_buttons": PressedButtons(),
             "open_keeper": nullcontext(Observer()), "open_window": (Observer(), attendant)}
    for name, part in parts.items():
        monkeypatch.setattr(wiring, name, lambda *given, part=part, **options: part)
    monkeypatch.setattr(sayings, "render_ahead", lambda body: None)
    monkeypatch.setenv("NOTIFY_SOCKET", listener.address)
    monkeypatch.setenv("WATCHDOG_USEC", "300000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    with ExitStack() as stack:
        life = Life(stack, Start(Settings(), clock, speaker, with_lesson=False))
        thread = threading.Thread(target=life.run, args=(stop,))
        thread.start()
        yield hearts
        stop.set()
        thread.join(10)


@pytest.mark.parametrize("loop", ["sound cards", "camera", "rendering"])
def test_whichever_loop_hangs_the_device_is_no_longer_fed(hearts, listener, loop):
    listener.hears("STATUS=Works.")
    listener.hears("WATCHDOG=1")
    hearts[loop].beat()  # the beginning of a turn that does not end
    listener.hears(f"STATUS=Hangs: {loop}.")
    assert_no_sign_of_life(listener)
    hearts[loop].rest()
    listener.hears("WATCHDOG=1")


def test_the_device_itself_says_that_it_starts_is_ready_lives_and_ends_in_order(listener, tmp_path):
    walk = asset_home() / "assets" / "walks" / "teaching" / "walk.mp4"
    environment = {**os.environ, "NOTIFY_SOCKET": listener.address, "WATCHDOG_USEC": "600000",
                   "SDL_AUDIODRIVER": "dummy", "FINGERPOST_STATE": str(tmp_path / "state"), "PYTHONUNBUFFERED": "1"}
    environment.pop("WATCHDOG_PID", None)
    transcript = tmp_path / "transcript"
    with transcript.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", "fingerpost", "run", "--no-lesson", "--camera", str(walk)],
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
