"""Clips of sound: as WAV files, at other rates, and kept under full scale. All sound here is mono int16 at `RATE`."""

from __future__ import annotations

import io
import wave

import numpy

from ..core.errors import SoundError
from ..core.types import Clip

RATE = 22050
"""Samples per second: what espeak-ng renders."""
PEAK = 10 ** (-1 / 20)
"""The loudest sample that may be written, -1 dBFS: louder ones clip in cheap converters."""


def encode_wav(clip: Clip) -> bytes:
    """The clip as the bytes of a 16-bit mono WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, clip.rate, 0, "NONE", ""))
        file.writeframes(clip.samples.astype("<i2").tobytes())
    return buffer.getvalue()


def decode_wav(data: bytes) -> Clip:
    """The clip in a 16-bit mono WAV file; raises SoundError when it is anything else, or cut short."""
    try:
        with wave.open(io.BytesIO(data), "rb") as file:
            layout = (file.getnchannels(), file.getsampwidth())
            rate, count = file.getframerate(), file.getnframes()
            samples = numpy.frombuffer(file.readframes(count), dtype="<i2") if layout == (1, 2) else None
    except (wave.Error, EOFError, ValueError) as error:
        raise SoundError(f"not a WAV file ({error}): write it again") from error
    if samples is None or len(samples) != count or not rate:
        raise SoundError("not a whole 16-bit mono WAV file: write it again")
    return Clip(samples, rate)


def resample(samples: numpy.ndarray, rate: int, to_rate: int = RATE) -> numpy.ndarray:
    """`samples` (int16, any length) at another rate, by cutting or padding their spectrum."""
    if rate == to_rate or not len(samples):
        return samples
    count = max(1, round(len(samples) * to_rate / rate))
    spectrum = numpy.fft.rfft(samples.astype(numpy.float64))
    resampled = numpy.fft.irfft(spectrum, count) * count / len(samples)
    return numpy.clip(numpy.rint(resampled), -32768, 32767).astype(numpy.int16)


def limit(levels: numpy.ndarray, knee: float = 0.7) -> numpy.ndarray:
    """Levels (full scale is 1) bent smoothly under `PEAK`; those below `knee` pass unchanged."""
    size, room = numpy.abs(levels), PEAK - knee
    bent = knee + room * numpy.tanh((size - knee) / room)
    return numpy.where(size <= knee, levels, numpy.copysign(bent, levels))
