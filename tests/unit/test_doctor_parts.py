"""The doctor and the parts of the device: each is opened, used once, and found well or not."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fingerpost.core.errors import CameraError, MicrophoneError, SoundError, StaleFrame, VoiceError
from fingerpost.core.ports import Camera, Microphone, Speaker
from fingerpost.core.types import Frame
from fingerpost.devices.buttons import KeyboardButtons
from fingerpost.devices.clocks import SimulatedClock
from fingerpost.devices.gpio import GpioButtons
from fingerpost.devices.pins import Pins
from fingerpost.doctor import parts
from fingerpost.doctor.finding import ABSENT, FAIL, OK, WARN, Finding
from fingerpost.doctor.rounds import Check, examine
from fingerpost.settings import Settings
from tests.board import Board, have_library
from tests.machines import NANO, make_machine
from tests.parts import TonguelessVoice


class OnePicture(Camera):
    """Gives nothing at first, then one picture for ever."""

    def __init__(self, clock, brightness=128, after=1.0) -> None:
        self._clock, self._brightness, self._after = clock, brightness, after

    def latest(self, max_age):
        if self._clock.now() < self._after:
            raise StaleFrame("no frame yet")
        return Frame(0, self._clock.now(), np.full((480, 640, 3), self._brightness, np.uint8))


class NoPicture(Camera):
    """Says why there is none."""

    def latest(self, max_age):
        raise CameraError("there is no camera at /dev/video0: plug one in")


def test_the_camera_shows_a_picture_is_black_or_says_nothing():
    clock = SimulatedClock()
    assert parts.look_through(OnePicture(clock), clock) == Finding(OK, "640 x 480, first picture after 1.0 s")
    assert "cap" in parts.look_through(OnePicture(clock, brightness=0), clock).remedy
    assert parts.look_through(OnePicture(clock, after=1e6), clock).state == FAIL


def test_why_there_is_no_picture_comes_with_its_remedy():
    found = examine(Check("camera", partial(parts.look_through, NoPicture(), SimulatedClock())))
    assert found == Finding(FAIL, "there is no camera at /dev/video0", "plug one in")


class Card(Speaker):
    """A speaker that can be opened, or not."""

    def __init__(self, works) -> None:
        self._works = works

    def open(self):
        if not self._works:
            raise SoundError("no sound output (ALSA: it is busy): plug it in again")

    def play(self, clip, mix=False):
        raise AssertionError("the doctor looks, and makes no noise")

    def hush(self):
        pass

    def busy(self):
        return False


def outputs(*work, card=None):
    return SimpleNamespace(find_card=lambda: card, make=lambda card: [Card(works) for works in work])


def test_the_sound_card_opens_another_one_does_or_none():
    usb = SimpleNamespace(name="USB Audio", id="Device")
    assert parts.find_output(outputs(True, True, card=usb)) == Finding(OK, "USB Audio (Device)")
    assert parts.find_output(outputs(False, True, card=usb)) == Finding(
        WARN, "no sound output (ALSA: it is busy)", "plug it in again")
    with pytest.raises(SoundError):
        parts.find_output(outputs(False))


class NoMicrophone(Microphone):
    def open(self):
        raise MicrophoneError("there is no microphone: plug one in, or choose names: [teaching] naming = \"list\"")

    def start(self):
        pass

    read = stop = start


def test_without_a_microphone_it_goes_on_less_well():
    found = parts.listen(NoMicrophone())
    assert found.state == WARN
    assert found.remedy == 'plug one in, or choose names: [teaching] naming = "list"'


class BrokenVoice(TonguelessVoice):
    def render(self, texts):
        raise VoiceError("espeak-ng failed (no message): run `fingerpost doctor`")


def test_the_voice_speaks_or_its_remedy_is_not_the_doctor_again():
    assert parts.render("one", TonguelessVoice()).state == OK
    broken = parts.render("one", BrokenVoice())
    assert broken == Finding(FAIL, "espeak-ng failed (no message)", "run `sudo apt install espeak-ng`")


def test_the_keyboard_stands_in_for_buttons():
    assert parts.feel(KeyboardButtons(), SimulatedClock()).state == ABSENT


@pytest.mark.skipif(have_library() is not None, reason=have_library() or "")
@pytest.mark.parametrize(("low", "state"), [((), OK), ((29,), FAIL)])
def test_buttons_on_the_header(monkeypatch, low, state):
    chip = Board()
    chip.low.update(low)
    chip.install(monkeypatch)
    clock = SimpleNamespace(now=time.monotonic, sleep=time.sleep)
    found = parts.feel(GpioButtons(Pins(29, 31, "jetson-nano"), clock), clock)
    assert found.state == state
    assert not low or "resistors" in found.remedy


def test_tensorrt_is_looked_for_where_there_is_a_gpu(tmp_path):
    assert parts.probe(None, make_machine(tmp_path)).state == ABSENT
    nano = make_machine(tmp_path, {**NANO, "dev/nvhost-gpu": ""})
    assert "nvidia-jetpack" in parts.probe(None, nano).remedy
    assert parts.probe(str(tmp_path / "no-python"), nano).state == WARN


def test_models_that_ship_are_whole():
    assert parts.check_models(Settings()).state == OK


def test_a_missing_model_is_named_with_its_remedy(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    real = Path(__file__).resolve().parents[2] / "models" / "manifest.json"
    (tmp_path / "models" / "manifest.json").write_bytes(real.read_bytes())
    monkeypatch.setenv("FINGERPOST_HOME", str(tmp_path))
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "state"))
    found = parts.check_models(Settings())
    assert found.state in (WARN, FAIL)
    assert found.remedy
