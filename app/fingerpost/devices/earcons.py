"""Earcons: the eight short sounds that say what a word would say too slowly, synthesised here.

Each is told from the others by its rhythm as well as by its timbre, so that it survives cheap earphones and
a noisy street: one soft tick (a finger is seen), two rising chimes, short then long (ready), two even low
buzzes (unsure), a quick double hiss like a shutter (recorded), one steady beep as of an answering machine
(listen), three falling reedy pulses (fault), and, faint, the four chirps of a cricket (watched) and, fainter
still, a low knock on wood (tick: an answer keeps the wearer waiting).

`python -m fingerpost.devices.earcons FOLDER` writes them anew.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Callable, Dict, Sequence, Tuple

import numpy

from ..core.errors import SoundError
from ..core.types import Clip
from ..wholefile import write_whole
from .clips import RATE, decode_wav, encode_wav

EARCON_RMS = 10 ** (-20 / 20)
"""The root mean square of an earcon over its whole length, -20 dBFS: as loud as speech."""
FAINT = {"watched": 10 ** (-12 / 20), "tick": 10 ** (-18 / 20)}
"""What is heard again and again is fainter: by 12 dB, and what tells no more than that it goes on, by 18 dB."""
LEAST_VOLUMES = {"watched": 0.15}
"""What nobody may turn down until it cannot be heard, as a helper might who wants to look on unnoticed."""
LOWEST_HZ, HIGHEST_HZ = 150.0, 5000.0
"""The band that small earphones and bone conductors carry, and ears past fifty hear."""


def ready() -> numpy.ndarray:
    """Two chimes, short then long, a fifth up."""
    return in_a_row([(chime(660.0, 0.045), 0.02), (chime(990.0, 0.11), 0.0)])


def finger() -> numpy.ndarray:
    """One soft wooden tick."""
    return fade(decay(tones(1250.0, [1.0, 0.0, 0.12], 0.05), 0.012))


def unsure() -> numpy.ndarray:
    """Two low buzzes of the same length, the second a little lower: a shrug."""
    first, second = (fade(tones(pitch, [1 / n for n in range(1, 9)], 0.075)) for pitch in (208.0, 196.0))
    return in_a_row([(first, 0.035), (second, 0.0)])


def recorded() -> numpy.ndarray:
    """Two hisses close together, like the two curtains of a shutter."""
    first, second = decay(hiss(0.025, seed=1), 0.012), decay(hiss(0.04, seed=2), 0.012)
    return in_a_row([(fade(first, 0.001), 0.02), (fade(second, 0.001), 0.0)])


def listen() -> numpy.ndarray:
    """One steady beep: speak now."""
    return fade(tones(1680.0, [1.0], 0.15), 0.01)


def fault() -> numpy.ndarray:
    """Three reedy pulses, falling."""
    falling = [fade(tones(pitch, [1.0, 0.0, 0.7, 0.0, 0.5], 0.046)) for pitch in (784.0, 622.0, 466.0)]
    return in_a_row(list(zip(falling, (0.022, 0.022, 0.0))))


def watched() -> numpy.ndarray:
    """Four quick chirps, like a cricket's: somebody looks on."""
    return in_a_row([(fade(tones(2150.0, [1.0], 0.02)), rest) for rest in (0.024, 0.024, 0.024, 0.0)])


def tick() -> numpy.ndarray:
    """One knock, low and dull: it goes on."""
    return fade(decay(tones(420.0, [1.0, 0.1], 0.09), 0.025))


EARCONS: Dict[str, Callable[[], numpy.ndarray]] = {
    "ready": ready, "finger": finger, "unsure": unsure, "recorded": recorded,
    "listen": listen, "fault": fault, "watched": watched, "tick": tick}


def synthesise(name: str) -> Clip:
    """The earcon of that name, one of `EARCONS`, as loud as it shall be; the same on every run."""
    levels = EARCONS[name]()
    levels = levels * (EARCON_RMS * FAINT.get(name, 1.0) / numpy.sqrt((levels ** 2).mean()))
    return Clip(numpy.rint(levels * 32767).astype(numpy.int16), RATE)


def read_earcons(folder: Path) -> Dict[str, Clip]:
    """All earcons from their WAV files by name; raises SoundError when one is missing or damaged."""
    try:
        return {name: replace(decode_wav((folder / f"{name}.wav").read_bytes()),
                              least_volume=LEAST_VOLUMES.get(name, 0.0)) for name in EARCONS}
    except (OSError, SoundError) as error:
        raise SoundError(f"the earcons in {folder} cannot be read ({error}): run "
                         f"`python -m fingerpost.devices.earcons {folder}`") from error


def write_earcons(folder: Path) -> None:
    """Write all earcons as WAV files into the folder."""
    for name in EARCONS:
        write_whole(folder / f"{name}.wav", encode_wav(synthesise(name)))


def seconds(length: float) -> numpy.ndarray:
    """The instants of that many seconds of sound."""
    return numpy.arange(round(length * RATE)) / RATE


def tones(pitch_hz: float, partials: Sequence[float], length: float) -> numpy.ndarray:
    """A steady tone; `partials` are the amplitudes of its harmonics, the fundamental first."""
    phase = 2 * numpy.pi * pitch_hz * seconds(length)
    harmonics = numpy.arange(1, len(partials) + 1)
    return numpy.asarray(partials) @ numpy.sin(harmonics[:, None] * phase)


def chime(pitch_hz: float, length: float) -> numpy.ndarray:
    """A clear tone that dies away."""
    return fade(decay(tones(pitch_hz, [1.0, 0.25], length), 0.07))


def hiss(length: float, seed: int) -> numpy.ndarray:
    """Noise around 3 kHz; numpy promises this generator's numbers for all time."""
    noise = numpy.random.RandomState(seed).standard_normal(round(length * RATE))
    return in_band(noise, 1800.0, 4500.0)


def decay(levels: numpy.ndarray, fall_seconds: float) -> numpy.ndarray:
    """`levels`, falling to 37 % in each `fall_seconds`."""
    return levels * numpy.exp(-seconds(len(levels) / RATE) / fall_seconds)


def fade(levels: numpy.ndarray, edge_seconds: float = 0.005) -> numpy.ndarray:
    """`levels` with soft edges, so that nothing clicks."""
    steps = round(edge_seconds * RATE)
    ramp = 0.5 - 0.5 * numpy.cos(numpy.pi * numpy.minimum(1.0, numpy.arange(len(levels)) / steps))
    return levels * ramp * ramp[::-1]


def in_band(levels: numpy.ndarray, low_hz: float = LOWEST_HZ, high_hz: float = HIGHEST_HZ) -> numpy.ndarray:
    """What of `levels` lies between two frequencies."""
    spectrum = numpy.fft.rfft(levels)
    pitches = numpy.fft.rfftfreq(len(levels), 1 / RATE)
    spectrum[(pitches < low_hz) | (pitches > high_hz)] = 0.0
    return numpy.fft.irfft(spectrum, len(levels))


def in_a_row(pulses: Sequence[Tuple[numpy.ndarray, float]]) -> numpy.ndarray:
    """Pulses of the same loudness one after the other, each followed by so many seconds of silence."""
    level = [pulse / numpy.sqrt((pulse ** 2).mean()) for pulse, _ in pulses]
    rests = [numpy.zeros(round(rest * RATE)) for _, rest in pulses]
    return numpy.concatenate([part for pair in zip(level, rests) for part in pair])


if __name__ == "__main__":
    write_earcons(Path(sys.argv[1] if len(sys.argv) > 1 else "assets/earcons"))
