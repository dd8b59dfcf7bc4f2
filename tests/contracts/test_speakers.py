"""What every speaker keeps to: what is heard when it plays, mixes, hushes and replaces.

A speaker is put through a script of steps and judged by the samples that come out. The pygame speaker runs in
a process of its own (SDL keeps global state), with SDL's disk driver in the place of a sound card; the WAV
speaker runs here, on a simulated clock.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import wave
from dataclasses import replace
from pathlib import Path
from typing import List, Tuple

import numpy
import pytest

import fingerpost
from fingerpost.core.errors import SoundError
from fingerpost.core.ports import Clock, Speaker
from fingerpost.core.types import Clip
from fingerpost.devices.clips import PEAK, RATE, limit, resample
from fingerpost.devices.pluggable import PluggableSpeaker
from fingerpost.devices.sound import PygameSpeaker
from fingerpost.devices.wavspeaker import WavSpeaker
from tests.sockets import Sockets

LOW, HIGH = 441.0, 1764.0
BUFFERS_SECONDS = 0.06


def tone(pitch_hz: float, seconds: float, rate: int = RATE, size: float = 0.25) -> Clip:
    instants = numpy.arange(round(seconds * rate)) / rate
    return Clip((size * 32767 * numpy.sin(2 * numpy.pi * pitch_hz * instants)).astype(numpy.int16), rate)


CLIPS = {"low": tone(LOW, 0.5), "high": tone(HIGH, 0.3), "slow high": tone(HIGH, 0.3, rate=16000),
         "insistent": replace(tone(HIGH, 0.3), least_volume=0.2), "silence": Clip(numpy.zeros(0, numpy.int16), RATE)}


class StepClock(Clock):
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self._now = 100.0

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds


class WallClock(Clock):
    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def perform(speaker: Speaker, clock: Clock, steps: List[str]) -> List[object]:
    """Carry out steps such as "play low", "mix high", "wait 0.2", "hush", "busy"; returns the answers."""
    answers: List[object] = []
    with speaker:
        for step in steps:
            verb, _, what = step.partition(" ")
            if verb == "wait":
                clock.sleep(float(what))
            elif verb == "volume":
                speaker.set_volume(float(what))
            elif verb == "busy":
                answers.append(bool(speaker.busy()))
            elif verb == "hush":
                speaker.hush()
            elif verb == "close":
                speaker.close()
            elif verb == "exit":
                print(json.dumps(answers), flush=True)
                os._exit(0)
            else:
                try:
                    speaker.play(CLIPS[what], mix=verb == "mix")
                except SoundError as error:
                    answers.append(str(error))
    speaker.close()
    return answers


def in_child(steps: List[str], folder: Path, device: str = "",
             **environment: str) -> subprocess.CompletedProcess:
    roots = [Path(fingerpost.__file__).parents[1], Path(__file__).parents[2], os.environ.get("PYTHONPATH", "")]
    search = os.pathsep.join(map(str, roots))
    environ = {**os.environ, "PYTHONPATH": search, "SDL_AUDIODRIVER": "disk",
               "SDL_DISKAUDIOFILE": str(folder / "out.raw"), **environment}
    return subprocess.run([sys.executable, __file__, json.dumps(steps), device], env=environ, timeout=60,
                          capture_output=True)


def through_pygame(steps: List[str], folder: Path) -> Tuple[numpy.ndarray, List[object]]:
    done = in_child(steps, folder)
    assert done.returncode == 0, done.stderr.decode()
    return numpy.fromfile(str(folder / "out.raw"), "<i2"), json.loads(done.stdout)


def through_wav(steps: List[str], folder: Path) -> Tuple[numpy.ndarray, List[object]]:
    clock = StepClock()
    answers = perform(WavSpeaker(folder / "out.wav", clock), clock, steps)
    return read(folder / "out.wav"), answers


def through_pluggable(steps: List[str], folder: Path) -> Tuple[numpy.ndarray, List[object]]:
    clock = StepClock()
    sockets = Sockets(lambda: WavSpeaker(folder / "card.wav", clock))
    answers = perform(PluggableSpeaker(sockets, folder / "out.wav", clock), clock, steps)
    return read(folder / "card.wav"), answers


def read(path: Path) -> numpy.ndarray:
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        return numpy.frombuffer(file.readframes(file.getnframes()), "<i2")


@pytest.fixture(params=[through_pygame, through_wav, through_pluggable])
def heard(request, tmp_path):
    return lambda steps: request.param(steps, tmp_path)


def span(samples: numpy.ndarray, pitch_hz: float) -> Tuple[float, float]:
    """From when until when a pitch sounds, in seconds; windows of 10 ms."""
    size = RATE // 100
    windows = samples[:len(samples) // size * size].reshape(-1, size) / 32768
    wave_of_pitch = numpy.exp(-2j * numpy.pi * pitch_hz * numpy.arange(size) / RATE)
    loud = numpy.flatnonzero(numpy.abs(windows @ wave_of_pitch) * 2 / size > 0.1)
    return (loud[0] * 0.01, (loud[-1] + 1) * 0.01) if len(loud) else (0.0, 0.0)


def length(of_span: Tuple[float, float]) -> float:
    return of_span[1] - of_span[0]


def test_what_begins_after_a_change_of_the_volume_is_as_loud_as_that_says(tmp_path):
    samples, _ = through_pygame(["play low", "volume 0.5", "wait 0.7", "play low", "wait 0.7", "mix high", "wait 0.5"],
                                tmp_path)
    peaks = [numpy.abs(samples[round(start * RATE):round((start + 0.2) * RATE)]).max() for start in (0.2, 0.9, 1.45)]
    assert peaks == pytest.approx([0.25 * 32767, 0.125 * 32767, 0.125 * 32767], rel=0.05)


def test_a_clip_that_must_be_heard_is_never_fainter_than_it_may_be(tmp_path):
    samples, _ = through_pygame(["volume 0.0", "play low", "wait 0.7", "mix insistent", "wait 0.5"], tmp_path)
    peaks = [numpy.abs(samples[round(start * RATE):round((start + 0.2) * RATE)]).max() for start in (0.2, 0.75)]
    assert peaks == pytest.approx([0.0, 0.2 * 0.25 * 32767], abs=100)


def test_a_clip_is_heard_whole_and_as_loud_as_it_is(heard):
    samples, _ = heard(["play low", "wait 0.7"])
    assert length(span(samples, LOW)) == pytest.approx(0.5, abs=0.02)
    assert numpy.abs(samples).max() == pytest.approx(0.25 * 32767, rel=0.02)


def test_a_clip_of_another_rate_keeps_pitch_and_length(heard):
    samples, _ = heard(["play slow high", "wait 0.5"])
    assert length(span(samples, HIGH)) == pytest.approx(0.3, abs=0.02)


def test_a_new_clip_replaces_the_old_one_at_once(heard):
    samples, _ = heard(["play low", "wait 0.2", "play high", "wait 0.5"])
    low, high = span(samples, LOW), span(samples, HIGH)
    assert low[0] + 0.1 < high[0] < low[0] + 0.3
    assert low[1] <= high[0] + BUFFERS_SECONDS
    assert length(high) == pytest.approx(0.3, abs=0.02)


def test_a_mixed_clip_sounds_together_with_the_voice(heard):
    samples, _ = heard(["play low", "wait 0.1", "mix high", "wait 0.6"])
    low, high = span(samples, LOW), span(samples, HIGH)
    assert length(low) == pytest.approx(0.5, abs=0.02)
    assert low[0] < high[0] < high[1] < low[1]


def test_hush_stops_the_voice_and_lets_earcons_run_out(heard):
    samples, answers = heard(["play low", "mix high", "wait 0.1", "hush", "busy", "wait 0.4", "busy"])
    assert length(span(samples, LOW)) < 0.1 + 2 * BUFFERS_SECONDS
    assert length(span(samples, HIGH)) == pytest.approx(0.3, abs=0.02)
    assert answers == [False, False]


def test_the_voice_is_heard_again_right_after_a_hush(heard):
    samples, answers = heard(["play low", "wait 0.1", "hush", "play high", "busy", "wait 0.5"])
    assert length(span(samples, HIGH)) == pytest.approx(0.3, abs=0.02)
    assert answers == [True]


def test_busy_while_the_voice_sounds_and_only_then(heard):
    _, answers = heard(["busy", "mix high", "busy", "play low", "busy", "wait 0.8", "busy"])
    assert answers == [False, False, True, False]


def test_an_empty_clip_is_harmless_and_ends_what_was_said(heard):
    samples, answers = heard(["play low", "wait 0.1", "play silence", "mix silence", "wait 0.4", "busy"])
    assert length(span(samples, LOW)) < 0.1 + 2 * BUFFERS_SECONDS
    assert answers == [False]


def test_a_closed_speaker_refuses_to_play_and_forgives_the_rest(heard):
    _, answers = heard(["play low", "close", "hush", "busy", "play low", "close"])
    assert answers[0] is False
    assert "open it" in answers[1]


def test_an_unknown_output_is_answered_with_the_known_ones(tmp_path):
    done = in_child([], tmp_path, device="The Moon")
    assert done.returncode != 0
    assert b"SoundError: no sound output named 'The Moon'" in done.stderr
    assert b"'System audio output device'" in done.stderr


def test_without_a_sound_card_the_error_says_what_to_do(tmp_path):
    done = in_child([], tmp_path, SDL_AUDIODRIVER="none-such")
    assert done.returncode != 0
    assert b"SoundError: no sound output" in done.stderr
    assert b"plug in headphones" in done.stderr


def test_an_output_that_stands_still_is_reported(tmp_path):
    done = in_child(["play high", "wait 1.5", "play low", "exit"], tmp_path, SDL_DISKAUDIODELAY="4000")
    assert b"stands still" in done.stdout


def test_an_output_that_is_unplugged_is_reported(tmp_path, monkeypatch):
    names = ["Headset"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SDL_AUDIODRIVER", "disk")
    monkeypatch.setattr("fingerpost.devices.sound.describe_outputs", lambda: names)
    monkeypatch.setattr(PygameSpeaker, "LOOK_SECONDS", 0.0)
    with PygameSpeaker(device="Headset") as speaker:
        speaker.play(CLIPS["low"])
        names.clear()
        with pytest.raises(SoundError, match="no sound output named 'Headset', there is no output at all"):
            speaker.play(CLIPS["low"])


def test_the_wav_lasts_until_now_or_until_the_last_sample(tmp_path):
    assert len(through_wav([], tmp_path)[0]) == 0
    assert len(through_wav(["wait 2"], tmp_path)[0]) == 2 * RATE
    assert len(through_wav(["wait 1", "play low"], tmp_path)[0]) == round(1.5 * RATE)


def test_the_wav_is_exact_to_the_sample_and_cut_in_five_milliseconds(tmp_path):
    samples, _ = through_wav(["wait 0.3", "play low", "wait 0.2", "hush", "wait 1"], tmp_path)
    start, cut, end = round(0.3 * RATE), round(0.5 * RATE), round(0.505 * RATE)
    assert not samples[:start].any()
    assert not samples[end:].any()
    assert numpy.abs(samples[start:cut].astype(int) - CLIPS["low"].samples[:cut - start]).max() <= 1
    assert samples[cut:end].any()


def test_a_long_time_line_is_mixed_in_blocks_without_seams(tmp_path, monkeypatch):
    monkeypatch.setattr(WavSpeaker, "BLOCK_SAMPLES", 1000)
    steps = ["play low", "mix high", "wait 0.1", "mix high", "wait 0.5"]
    in_small_blocks, _ = through_wav(steps, tmp_path)
    monkeypatch.undo()
    assert numpy.array_equal(in_small_blocks, through_wav(steps, tmp_path)[0])


def test_what_would_clip_is_limited_and_what_is_soft_stays(tmp_path):
    clock = StepClock()
    with WavSpeaker(tmp_path / "loud.wav", clock) as speaker:
        speaker.play(tone(LOW, 0.2, size=0.9))
        speaker.play(tone(LOW, 0.2, size=0.9), mix=True)
        clock.sleep(0.3)
        speaker.play(tone(LOW, 0.2, size=0.5))
    samples = read(tmp_path / "loud.wav") / 32767
    assert 0.85 < numpy.abs(samples).max() <= PEAK
    assert numpy.abs(samples[round(0.3 * RATE):]).max() == pytest.approx(0.5, abs=0.001)


def test_the_limiter_is_smooth_odd_and_never_reaches_the_peak():
    levels = numpy.linspace(-4, 4, 8001)
    limited = limit(levels)
    assert numpy.all(numpy.diff(limited) >= 0)
    assert numpy.allclose(limited, -limited[::-1])
    assert numpy.abs(limited).max() <= PEAK
    assert numpy.abs(numpy.diff(limited)).max() <= 0.00101


def test_resampling_keeps_tones():
    at_16k = tone(1000.0, 0.5, rate=16000)
    expected = tone(1000.0, 0.5).samples.astype(int)
    assert numpy.abs(resample(at_16k.samples, 16000) - expected)[200:-200].max() < 40


def test_a_wav_that_cannot_be_written_is_one_clear_line_and_leaves_nothing(tmp_path):
    (tmp_path / "taken").mkdir()
    clock = StepClock()
    speaker = WavSpeaker(tmp_path / "taken", clock)
    speaker.open()
    with pytest.raises(SoundError, match="cannot write .*name another file"):
        speaker.close()
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_wav_of_the_last_seconds_is_never_full_and_forgets_what_came_before(tmp_path):
    clock = StepClock()
    with WavSpeaker(tmp_path / "out.wav", clock, last_seconds=2.0) as speaker:
        speaker.play(CLIPS["low"])
        clock.sleep(5 * 3600.0)
        speaker.play(CLIPS["low"], mix=True)
        assert (len(speaker._laid), speaker.busy()) == (1, False)
        clock.sleep(1.8)
        speaker.play(CLIPS["high"])
        assert (len(speaker._laid), speaker.busy()) == (2, True)
        clock.sleep(0.7)
    samples = read(tmp_path / "out.wav")
    assert len(samples) == 2 * RATE
    assert span(samples, HIGH) == (pytest.approx(1.3, abs=0.02), pytest.approx(1.6, abs=0.02))
    assert not samples[:RATE].any()


def test_a_full_wav_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(WavSpeaker, "LONGEST_SECONDS", 3600.0)
    clock = StepClock()
    speaker = WavSpeaker(tmp_path / "out.wav", clock)
    speaker.open()
    clock.sleep(3601.0)
    with pytest.raises(SoundError, match="is full after 1 hours: start again"):
        speaker.play(CLIPS["low"])


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    spoken = perform(PygameSpeaker(sys.argv[2] or None, volume=1.0), WallClock(), asked)
    print(json.dumps(spoken))
