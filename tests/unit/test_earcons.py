"""The earcons keep what is promised: short, in the band, equally loud, distinct in rhythm and timbre."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import List

import numpy
import pytest

from fingerpost.core.errors import SoundError
from fingerpost.devices.clips import RATE
from fingerpost.devices.earcons import EARCONS, FAINT, read_earcons, synthesise, write_earcons
from fingerpost.devices.voices import speech_rms

ASSETS = Path(__file__).resolve().parents[2] / "assets" / "earcons"
PAIRS = list(combinations(EARCONS, 2))


def levels(name: str) -> numpy.ndarray:
    return synthesise(name).samples / 32768


def decibels(ratio: float) -> float:
    return 20 * float(numpy.log10(ratio))


def spectrum(name: str) -> numpy.ndarray:
    """Energy in thirds of an octave from 150 Hz to 5 kHz, as a unit vector of amplitudes."""
    power = numpy.abs(numpy.fft.rfft(levels(name), RATE)) ** 2
    edges = numpy.rint(150 * 2 ** (numpy.arange(17) / 3)).astype(int)
    bands = numpy.add.reduceat(power, edges)[:-1]
    return numpy.sqrt(bands / bands.sum())


def onsets_ms(name: str) -> List[float]:
    """When the envelope (5 ms) rises above a quarter of its maximum, having been below a tenth."""
    envelope = numpy.convolve(numpy.abs(levels(name)), numpy.ones(RATE // 200), "same")
    found, armed = [], True
    for index, level in enumerate(envelope / envelope.max()):
        if armed and level > 0.25:
            found.append(index * 1000 / RATE)
        armed = (armed or level < 0.1) and level <= 0.25
    return found


def rhythm(name: str) -> List[float]:
    """The milliseconds between onsets, and from the last one to the end."""
    return list(numpy.diff(onsets_ms(name) + [synthesise(name).seconds * 1000]))


def test_there_are_eight():
    assert set(EARCONS) == {"ready", "finger", "unsure", "recorded", "listen", "fault", "watched", "tick"}


@pytest.mark.parametrize("name", EARCONS)
def test_shorter_than_a_fifth_of_a_second(name):
    assert 0.03 < synthesise(name).seconds < 0.2


@pytest.mark.parametrize("name", EARCONS)
def test_energy_lies_in_the_band_that_earphones_carry(name):
    power = numpy.abs(numpy.fft.rfft(levels(name), RATE)) ** 2
    assert power[150:5001].sum() >= 0.95 * power.sum()


def test_equally_loud_as_a_whole_and_where_they_sound():
    whole = [decibels(numpy.sqrt((levels(name) ** 2).mean())) for name in EARCONS if name not in FAINT]
    sounding = [decibels(speech_rms(levels(name))) for name in EARCONS if name not in FAINT]
    assert max(whole) - min(whole) < 0.1
    assert max(sounding) - min(sounding) < 1.5


def test_what_is_heard_again_and_again_is_faint():
    others = [speech_rms(levels(name)) for name in EARCONS if name not in FAINT]
    watched, tick = (decibels(speech_rms(levels(name)) / min(others)) for name in ("watched", "tick"))
    assert watched < -9
    assert -20 < tick < -15


@pytest.mark.parametrize("name", EARCONS)
def test_no_click_at_either_end_and_room_above_the_peak(name):
    loudness = numpy.abs(levels(name))
    assert max(loudness[0], loudness[-1]) < 0.002
    assert decibels(loudness.max()) < -3


def test_each_has_the_pulses_it_describes():
    assert {name: len(onsets_ms(name)) for name in EARCONS} == {
        "ready": 2, "finger": 1, "unsure": 2, "recorded": 2, "listen": 1, "fault": 3, "watched": 4, "tick": 1}


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_each_pair_differs_in_rhythm(one, other):
    first, second = rhythm(one), rhythm(other)
    assert len(first) != len(second) or numpy.abs(numpy.subtract(first, second)).max() > 20


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_each_pair_differs_in_timbre(one, other):
    assert spectrum(one) @ spectrum(other) < 0.6


def test_ready_rises_and_fault_falls():
    def pitch(part: numpy.ndarray) -> int:
        return int(numpy.abs(numpy.fft.rfft(part, RATE)).argmax())

    ready, fault = levels("ready"), levels("fault")
    assert pitch(ready[len(ready) // 2:]) > 1.4 * pitch(ready[:len(ready) // 4])
    assert pitch(fault[-len(fault) // 4:]) < pitch(fault[:len(fault) // 4]) / 1.4


def test_the_files_are_what_the_code_synthesises():
    """Within one step: the last bit of a sine differs between processors."""
    for name, clip in read_earcons(ASSETS).items():
        assert clip.rate == RATE
        assert numpy.abs(clip.samples.astype(int) - synthesise(name).samples).max() <= 1


def test_who_looks_on_is_heard_however_low_the_volume():
    found = read_earcons(ASSETS)
    assert found["watched"].least_volume >= 0.1
    assert not any(clip.least_volume for name, clip in found.items() if name != "watched")


def test_written_earcons_read_back_and_a_missing_one_is_one_clear_line(tmp_path):
    write_earcons(tmp_path)
    assert set(read_earcons(tmp_path)) == set(EARCONS)
    (tmp_path / "fault.wav").write_bytes(b"RIFF")
    with pytest.raises(SoundError, match="python -m fingerpost.devices.earcons"):
        read_earcons(tmp_path)
