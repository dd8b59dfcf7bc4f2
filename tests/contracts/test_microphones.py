"""What all microphones do, ALSA's through a recorder that a script imitates, and the simulated one."""

from __future__ import annotations

import os
import time
from typing import Callable, NamedTuple

import numpy as np
import pytest

from fingerpost.core.errors import DataError, MicrophoneError
from fingerpost.core.ports import Microphone
from fingerpost.core.types import Clip
from fingerpost.devices.clips import RATE, encode_wav
from fingerpost.devices.microphone import AlsaMicrophone, WavMicrophone
from fingerpost.devices.replay import RealClock, SimulatedClock

ONE_SECOND = np.arange(1, RATE + 1, dtype=np.int16)
RECORDER = """#!/bin/sh
if [ "$1" = --list-devices ]; then echo "$CARDS"; exit 0; fi
echo "$@" >> {folder}/orders
cat {folder}/sound.raw
echo "arecord: main:831: audio open error: No such device" >&2
$THEN
"""


class Rig(NamedTuple):
    """A microphone before which `ONE_SECOND` is said in each recording, and a way to wait for a while."""

    microphone: Microphone
    wait: Callable[[float], None]


@pytest.fixture
def recorder(tmp_path, monkeypatch):
    """A recorder on the path that gives a second of sound and then waits."""
    script = tmp_path / "arecord"
    script.write_text(RECORDER.format(folder=tmp_path))
    script.chmod(0o755)
    (tmp_path / "sound.raw").write_bytes(ONE_SECOND.tobytes())
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("CARDS", "card 1: Device [USB Audio Device], device 0: USB Audio [USB Audio]")
    monkeypatch.setenv("THEN", "exec sleep 20")
    return tmp_path


@pytest.fixture(params=["alsa", "wav"])
def rig(request, tmp_path, recorder):
    if request.param == "alsa":
        return Rig(AlsaMicrophone(), RealClock().sleep)
    clock = SimulatedClock()
    (tmp_path / "said.wav").write_bytes(encode_wav(Clip(ONE_SECOND, RATE)))
    return Rig(WavMicrophone([tmp_path / "said.wav"] * 2, clock), clock.sleep)


def listen(rig, until=RATE):
    """All that is heard in a recording, until it is that many samples that are not silence."""
    heard, deadline = np.zeros(0, np.int16), time.monotonic() + 10
    while np.count_nonzero(heard) < until and time.monotonic() < deadline:
        rig.wait(0.05)
        clip = rig.microphone.read()
        assert clip.rate == RATE
        heard = np.concatenate([heard, clip.samples])
    return heard


def test_what_is_said_is_heard_once_and_whole(rig):
    with rig.microphone as microphone:
        microphone.start()
        heard = listen(rig)
        np.testing.assert_array_equal(heard[heard != 0], ONE_SECOND)
        assert not np.any(microphone.read().samples)


def test_reading_never_blocks(rig):
    with rig.microphone as microphone:
        microphone.start()
        listen(rig)
        for _ in range(100):
            assert len(microphone.read().samples) == 0


def test_every_recording_starts_anew(rig):
    with rig.microphone as microphone:
        for _ in range(2):
            microphone.start()
            heard = listen(rig)
            assert heard[heard != 0][0] == 1
            rig.wait(1.0)
            if isinstance(microphone, WavMicrophone):
                microphone.read()
            microphone.stop()


def test_outside_a_recording_nothing_is_heard(rig):
    with pytest.raises(MicrophoneError, match="start the microphone"):
        rig.microphone.read()
    with rig.microphone as microphone:
        microphone.stop()
        microphone.start()
        microphone.stop()
        microphone.stop()
        with pytest.raises(MicrophoneError, match="start the microphone"):
            microphone.read()
    rig.microphone.close()
    rig.microphone.close()


def test_the_recorder_is_told_the_format_and_the_device(recorder):
    assert {"--format=S16_LE", "--channels=1", f"--rate={RATE}", "--period-time=20000",
            "--device=plughw:1"} <= order_of("plughw:1", recorder)


def order_of(device, recorder):
    """How the recorder is called for the device."""
    with AlsaMicrophone(device) as microphone:
        microphone.start()
        listen(Rig(microphone, RealClock().sleep), until=1)
    return set((recorder / "orders").read_text().split())


def test_a_bare_device_is_opened_through_the_converter(recorder):
    assert "--device=plughw:2,0" in order_of("hw:2,0", recorder)


@pytest.mark.parametrize(("cards", "device"), [
    ("card 0: tegra [tegra-hda], device 3: HDMI\ncard 2: Mic [USB Mic], device 0: USB Audio [USB Audio]",
     {"--device=plughw:2,0"}),
    ("card 0: PCH [HDA Intel PCH], device 0: ALC [ALC]", set()),
])
def test_a_usb_microphone_goes_before_the_choice_of_alsa(recorder, monkeypatch, cards, device):
    monkeypatch.setenv("CARDS", cards)
    assert {word for word in order_of("", recorder) if word.startswith("--device")} == device


def test_without_a_recorder_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MicrophoneError, match="apt install alsa-utils"):
        AlsaMicrophone().open()


def test_without_a_microphone_the_remedy_is_named(recorder, monkeypatch):
    monkeypatch.setenv("CARDS", "")
    with pytest.raises(MicrophoneError, match=r"plug in a USB microphone, or choose names from a list"):
        AlsaMicrophone().open()


def test_a_microphone_that_is_unplugged_says_why_it_failed(recorder, monkeypatch):
    monkeypatch.setenv("THEN", "exit 1")
    with AlsaMicrophone() as microphone:
        microphone.start()
        with pytest.raises(MicrophoneError, match="No such device.*plug in") as raised:
            listen(Rig(microphone, RealClock().sleep), until=RATE + 1)
    assert "\n" not in str(raised.value)


def test_a_recorder_that_has_gone_since_is_an_error_too(recorder, monkeypatch):
    microphone = AlsaMicrophone()
    microphone.open()
    monkeypatch.setenv("PATH", str(recorder / "none"))
    with pytest.raises(MicrophoneError, match="does not start"):
        microphone.start()


def test_what_was_not_heard_is_said_next_time(tmp_path):
    clock = SimulatedClock()
    (tmp_path / "said.wav").write_bytes(encode_wav(Clip(ONE_SECOND, RATE)))
    with WavMicrophone([tmp_path / "said.wav"], clock) as microphone:
        microphone.start()
        clock.sleep(WavMicrophone.REACTION_SECONDS + 0.5)
        assert microphone.read().samples[-1] == RATE // 2
        microphone.stop()
        microphone.start()
        clock.sleep(WavMicrophone.REACTION_SECONDS + 0.5)
        assert microphone.read().samples[-1] == RATE


def test_a_file_that_is_no_recording_gets_one_line(tmp_path):
    (tmp_path / "said.wav").write_bytes(b"RIFF")
    for name in ("said.wav", "none.wav"):
        with pytest.raises(DataError, match=f"{name} cannot be heard .*: give a 16-bit mono WAV file"):
            WavMicrophone([tmp_path / name], SimulatedClock()).open()
