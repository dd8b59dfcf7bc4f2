"""The ear: when it begins, where it finds the voice, when it stops, and what it makes of trouble."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from fingerpost.core.errors import MicrophoneError
from fingerpost.core.events import Fault, Listened
from fingerpost.core.ports import Microphone
from fingerpost.core.speech import Mouth
from fingerpost.core.types import Clip, Utterance
from fingerpost.devices.clips import RATE
from fingerpost.devices.ear import BLOCK_SECONDS, Ear, find_voice
from fingerpost.devices.microphone import WavMicrophone
from fingerpost.devices.replay import SimulatedClock
from fingerpost.devices.voices import SPEECH_RMS, speech_rms
from tests.desk import speak
from tests.parts import EARCONS, SilentSpeaker, TonguelessVoice, english


class Bench:
    """An ear and a mouth on a simulated clock."""

    def __init__(self, *sayings, microphone=None):
        self.clock, self.heard = SimulatedClock(), []
        self.mouth = Mouth(SilentSpeaker(self.clock), TonguelessVoice(), english(), EARCONS, self.clock,
                           lambda at, text, phrase: self.heard.append(text))
        self.microphone = microphone or WavMicrophone(sayings, self.clock)
        self.microphone.open()
        self.ear = Ear(self.microphone, self.mouth, self.clock)

    def wait(self, seconds=12.0):
        """Until something comes of the recording, or that long."""
        for _ in range(round(seconds / 0.02)):
            event = self.ear.step()
            if event is not None:
                return event
            self.mouth.step()
            self.clock.sleep(0.02)
        return None


class DumbMicrophone(Microphone):
    """Gives no sound at all, or fails."""

    def __init__(self, error=None):
        self.error, self.stopped = error, 0

    def start(self):
        pass

    def read(self):
        if self.error:
            raise self.error
        return Clip(np.zeros(0, np.int16), RATE)

    def stop(self):
        self.stopped += 1


def test_it_beeps_once_all_is_said_and_records_until_the_wearer_falls_silent(tmp_path):
    bench = Bench(speak(tmp_path / "said.wav", 0.6, 0.6))
    bench.mouth.say(Utterance("say_name"))
    bench.ear.listen()
    event = bench.wait()
    assert bench.heard == ["Say its name.", "[listen]"]
    assert isinstance(event, Listened)
    assert 0.6 <= event.seconds == bench.ear.clip.seconds <= 0.9
    assert event.at < 3.0


def test_the_voice_is_as_loud_as_all_speech(tmp_path):
    bench = Bench(speak(tmp_path / "said.wav", 0.6))
    bench.ear.listen()
    bench.wait()
    assert speech_rms(bench.ear.clip.samples / 32768) == pytest.approx(SPEECH_RMS, rel=0.05)


def test_each_recording_takes_the_next_utterance(tmp_path):
    bench, lengths = Bench(speak(tmp_path / "a.wav", 0.4, 0.8), speak(tmp_path / "b.wav", 1.2)), []
    for _ in range(4):
        bench.ear.listen()
        lengths.append(bench.wait().seconds)
    assert lengths[:3] == pytest.approx([0.4, 0.8, 1.2], abs=0.3)
    assert lengths[3] == 0


def test_a_recording_of_nothing_leaves_the_last_voice_alone(tmp_path):
    bench = Bench(speak(tmp_path / "said.wav", 0.6))
    bench.ear.listen()
    bench.wait()
    voice = bench.ear.clip
    bench.ear.listen()
    assert bench.wait().seconds == 0
    assert bench.ear.clip is voice


def test_it_does_not_beep_before_the_microphone_gives_sound():
    bench = Bench(microphone=DumbMicrophone())
    bench.ear.listen()
    assert isinstance(bench.wait(), Fault)
    assert bench.heard == []


def test_nothing_heard_ends_too_and_lasts_no_time(tmp_path):
    bench = Bench(speak(tmp_path / "said.wav"))
    bench.ear.listen()
    event = bench.wait()
    assert event.seconds == 0
    assert 3.0 <= event.at <= 3.5


def test_someone_who_does_not_stop_is_cut_off(tmp_path):
    bench = Bench(speak(tmp_path / "said.wav", 9.0))
    bench.ear.listen()
    assert 2.9 <= bench.wait().seconds <= 3.3


def test_a_recording_that_is_broken_off_reports_nothing(tmp_path):
    bench = Bench(speak(tmp_path / "said.wav", 0.6))
    bench.ear.listen()
    assert bench.wait(0.8) is None
    bench.ear.stop()
    assert bench.wait() is None
    assert bench.ear.clip is None


@pytest.mark.parametrize("error", [MicrophoneError("unplugged: plug it in again"), None], ids=str)
def test_a_microphone_that_fails_or_gives_nothing_is_a_fault_and_is_released(error):
    bench = Bench(microphone=DumbMicrophone(error))
    bench.ear.listen()
    event = bench.wait()
    assert isinstance(event, Fault)
    assert event.part == "microphone"
    assert "plug it in" in event.reason
    assert bench.microphone.stopped == 2
    assert bench.wait() is None


def blocks(*parts):
    """Levels of blocks from (seconds, level) parts."""
    return [level for seconds, level in parts for _ in range(round(seconds / BLOCK_SECONDS))]


@pytest.mark.parametrize("noise", [0.0, 0.0005, 0.01])
@pytest.mark.parametrize("before", [0.0, 0.2, 2.0])
def test_a_voice_is_found_in_silence_and_in_noise_even_without_a_pause_before_it(noise, before):
    levels = blocks((before, noise), (0.5, 0.1), (0.2, 0.03), (0.7, noise))
    first, last = (end * BLOCK_SECONDS for end in find_voice(levels))
    assert first == pytest.approx(before)
    assert before + 0.5 <= last <= before + 0.7 + 1e-9


def test_noise_a_click_and_nothing_at_all_are_no_voice():
    assert find_voice([]) is None
    assert find_voice(blocks((3.0, 0.02))) is None
    assert find_voice(blocks((1.0, 0.001), (0.04, 0.5), (1.0, 0.001))) is None
    assert find_voice(blocks((3.0, 0.0005))) is None


@settings(max_examples=100, deadline=None)
@given(some.lists(some.floats(0.0, 1.0), max_size=200))
def test_what_is_found_lies_within_what_was_heard(levels):
    found = find_voice(levels)
    assert found is None or 0 <= found[0] < found[1] <= len(levels)
