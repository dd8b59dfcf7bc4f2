"""The live loop with parts that fail: unplugged, hung, broken. It always speaks, and recovers by itself."""

from __future__ import annotations

import threading
import time

import numpy as np

from fingerpost.core import live
from fingerpost.core.errors import MicrophoneError
from fingerpost.core.events import Fault
from fingerpost.core.ports import Microphone
from fingerpost.core.types import Clip
from fingerpost.devices.clips import RATE
from fingerpost.devices.clocks import RealClock
from fingerpost.devices.gstreamer import FIRST_SECONDS
from fingerpost.devices.microphone import WavMicrophone
from fingerpost.devices.replay import SimulatedClock
from tests.desk import speak
from tests.parts import ScriptedCamera, ScriptedEyes
from tests.wearable import Device


class SilentMicrophone(Microphone):
    """Gives silence until it is unplugged."""

    def __init__(self):
        self.unplugged, self.recording = False, False

    def start(self):
        self.recording = True

    def read(self):
        if self.unplugged:
            raise MicrophoneError("the microphone has gone; plug it in again")
        return Clip(np.zeros(RATE // 100, np.int16), RATE)

    def stop(self):
        self.recording = False


def test_an_unplugged_camera_is_announced_recovered_and_leaves_no_stale_name():
    with Device() as device:
        device.hears("kiwi")
        device.camera.unplugged = True
        device.hears("the camera is gone")
        mark = len(device.heard)
        time.sleep(0.5)
        assert [text for _, text in device.heard[mark:]] == []
        device.eyes.thing = "Lime"
        device.camera.unplugged = False
        device.hears("The camera is back")
        device.hears("lime")
        assert not any(text == "kiwi" for _, text in device.heard[mark:])


def test_without_a_camera_at_the_start_the_wearer_hears_why_and_can_switch_it_off():
    device = Device()
    device.camera.unplugged = True
    with device:
        device.hears("the camera is gone")
        device.buttons.press("action")
        device.hears("the camera is gone")
        for words in ("Menu.", "Hold both buttons again", "Goodbye."):
            device.buttons.press("both", "long")
            device.hears(words)
        device.thread.join(10.0)
        assert device.loop.switched_off


def test_a_camera_that_comes_late_is_ready_in_the_menu_too():
    device = Device()
    device.camera.unplugged = True
    with device:
        device.hears("the camera is gone")
        device.buttons.press("both", "long")
        device.hears("Menu.")
        device.camera.unplugged = False
        device.hears("Ready.")
        device.buttons.press("mode")
        device.hears("Pointing.")


def test_a_camera_that_freezes_is_a_fault_too():
    with Device() as device:
        device.hears("kiwi")
        device.camera.frozen = True
        device.hears("the camera is gone")
        device.camera.frozen = False
        device.hears("The camera is back")


def test_a_button_that_goes_down_silences_before_it_is_let_go():
    with Device() as device:
        device.hears("kiwi")
        hushed, device.speaker.hush = threading.Event(), lambda: hushed.set()
        device.buttons.goes_down = True
        assert hushed.wait(8.0)


def lose(camera, clock, eyes):
    """After how many seconds perception takes the camera for lost; it is asked in simulated time."""
    perception, start = live.PerceptionThread(eyes, camera, clock), clock.now()
    while not any(isinstance(event, Fault) for event in drain(perception.events)):
        perception._turn()
    return clock.now() - start


def drain(events):
    return [events.get_nowait() for _ in range(events.qsize())]


def test_a_camera_that_is_slow_to_its_first_picture_is_not_said_to_be_gone():
    clock = SimulatedClock()
    camera, eyes = ScriptedCamera(clock), ScriptedEyes()
    camera.frozen = True
    assert live.FIRST_FRAME_SECONDS - 0.1 < lose(camera, clock, eyes) < live.FIRST_FRAME_SECONDS + 0.1
    assert live.FIRST_FRAME_SECONDS > FIRST_SECONDS, "a pipeline gives up by itself, and says why"
    camera.unplugged = True
    assert lose(camera, clock, eyes) < live.CAMERA_GRACE_SECONDS + 0.1, "this one is known to be gone"


def test_a_camera_that_freezes_after_its_first_picture_is_missed_soon():
    clock = SimulatedClock()
    camera, eyes = ScriptedCamera(clock), ScriptedEyes()
    eyes.see = lambda frame: setattr(camera, "frozen", True)
    assert lose(camera, clock, eyes) < live.CAMERA_GRACE_SECONDS + 0.1


def test_eyes_that_hang_in_native_code_do_not_mute_the_device(monkeypatch):
    monkeypatch.setattr(live, "HUNG_SECONDS", 0.5)
    with Device() as device:
        device.hears("kiwi")
        device.eyes.block = threading.Event()
        device.hears("the recogniser has stopped")
        device.buttons.press("mode")
        device.hears("Teaching")
        device.eyes.block.set()
        device.hears("I can see again")


def test_a_processor_on_which_a_look_takes_longer_than_a_finger_may_be_lost_still_names_things():
    """Four runs of the network at 120 ms each."""
    with Device() as device:
        device.eyes.look_seconds = 4 * 0.12
        device.hears("kiwi")


def test_a_look_that_never_comes_back_is_announced_and_afterwards_things_are_named_again(monkeypatch):
    monkeypatch.setattr(live, "HUNG_SECONDS", 0.5)
    with Device() as device:
        device.eyes.look_seconds = 1.0
        device.hears("the recogniser has stopped")
        assert device.loop.state.dwell is None
        device.eyes.look_seconds = 0.0
        device.hears("I can see again")
        device.hears("kiwi")


def test_an_error_in_the_eyes_is_announced_and_survived():
    with Device() as device:
        device.hears("kiwi")
        device.eyes.error = RuntimeError("out of memory")
        device.hears("the recogniser has stopped")
        device.eyes.error = None
        device.hears("I can see again")


def ask_for_a_name(device):
    """To teaching, one sample, done."""
    device.hears("kiwi")
    device.buttons.press("mode")
    device.hears("Teaching")
    device.buttons.press("action")
    device.hears("[recorded]")
    time.sleep(0.3)
    device.buttons.press("action", "long")
    device.hears("[listen]")


def test_while_the_wearer_speaks_the_eyes_go_on_and_the_name_is_learned(tmp_path):
    with WavMicrophone([speak(tmp_path / "name.wav", 0.5)], RealClock()) as microphone, Device(microphone) as device:
        ask_for_a_name(device)
        seen, mark = len(device.eyes.seen), len(device.heard)
        device.hears("Learned lime")
        assert len(device.eyes.seen) > seen + 10
        assert [text for _, text in device.heard[mark:] if not text.startswith("[")] == [
            "Learned lime. One more look from another side would help."]


def test_a_microphone_unplugged_during_the_recording_leaves_the_list():
    microphone = SilentMicrophone()
    with Device(microphone) as device:
        ask_for_a_name(device)
        microphone.unplugged = True
        device.hears("the microphone does not answer")
        device.hears("cup")
        device.buttons.press("action", "long")
        device.hears("Learned lime")
        assert not microphone.recording


def test_a_press_during_the_recording_is_answered_at_once():
    microphone = SilentMicrophone()
    with Device(microphone) as device:
        ask_for_a_name(device)
        device.buttons.press("mode")
        device.hears("Cancelled")
        assert not microphone.recording


def test_power_off_says_goodbye_and_ends_the_run():
    with Device() as device:
        device.hears("kiwi")
        for _ in range(3):
            device.buttons.press("both", "long", time.monotonic())
            time.sleep(0.3)
        device.thread.join(6)
        assert not device.thread.is_alive()
        assert device.heard[-1][1] == "Goodbye."
