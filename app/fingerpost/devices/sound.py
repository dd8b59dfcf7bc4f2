"""Speakers: where clips are played, a sound card through pygame or a WAV file on a time line."""

from __future__ import annotations

import os
import threading
import time
import wave
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, List, Optional, Tuple

import numpy

from ..core.errors import SoundError
from ..core.ports import Clock, Speaker
from ..core.types import Clip
from ..wholefile import replacing
from .cards import playing_on
from .clips import RATE, limit, resample


def describe_outputs() -> List[str]:
    """The names of the sound outputs that SDL sees; empty where there is none."""
    pygame = load_pygame()
    from pygame._sdl2 import audio, sdl2
    already_open = pygame.mixer.get_init()
    try:
        if not already_open:
            with _quiet_alsa():
                sdl2.init_subsystem(sdl2.INIT_AUDIO)
        return [str(name) for name in audio.get_audio_device_names(False)]
    except (pygame.error, sdl2.error):
        return []
    finally:
        if not already_open:
            pygame.mixer.quit()


class PygameSpeaker(Speaker):
    """Plays through SDL.

    `device` is one of `describe_outputs()`, None the system's own choice; `pcm`, where it is not empty, is an ALSA
    device such as `Card.pcm` and goes before it. `volume` lies in [0, 1].
    Two channels take turns as the voice, so that one can fade while the next clip has already begun.
    """

    VOICES, EARCONS = 2, 4
    BUFFER_SAMPLES = 512  # what SDL asks for at a time, 23 ms: the longest that a clip waits to begin
    BUFFERED_SECONDS = 0.1  # what a card may still have to play when SDL is done
    FADE_SECONDS = 0.015  # SDL fades in steps of one buffer: a hushed clip is gone after two
    STALL_SECONDS = 1.0  # a clip that sounds this long after its end shows that the output stands still
    LOOK_SECONDS = 2.0  # how often a named output is looked for: SDL says nothing when it is unplugged

    def __init__(self, device: Optional[str] = None, volume: float = 1.0, pcm: str = "") -> None:
        self._device, self._volume, self._pcm = device, volume, pcm
        self._mixer: Any = None
        self._turn, self._silent, self._looked = 0, True, 0.0
        self._ends = [0.0] * self.VOICES
        self._lock = threading.Lock()

    def open(self) -> None:
        """Take the output; raises SoundError when it does not exist or cannot be opened."""
        pygame = load_pygame()
        if self._device is not None:
            self._find_device()
        try:
            with _quiet_alsa(), playing_on(self._pcm):
                pygame.mixer.init(RATE, -16, 1, self.BUFFER_SAMPLES, self._device, allowedchanges=0)
        except pygame.error as error:
            what = f"no sound output {self._pcm}".rstrip()
            raise SoundError(f"{what} ({error}): plug in headphones or a sound card; without one, "
                             "sound can only be written to a WAV file") from error
        pygame.mixer.set_num_channels(self.VOICES + self.EARCONS)
        self._mixer, self._silent = pygame.mixer, True

    def close(self) -> None:
        """Give the output back; what still sounds is cut."""
        if self._mixer is not None:
            self._mixer.quit()
            self._mixer = None

    def play(self, clip: Clip, mix: bool = False) -> None:
        """See `Speaker.play`; raises SoundError when the output has gone or stands still."""
        self._check()
        if not len(clip.samples):  # SDL crashes on it
            clip = Clip(numpy.zeros(1, numpy.int16), RATE)
        try:
            sound = self._mixer.Sound(buffer=resample(clip.samples, clip.rate).tobytes())
            sound.set_volume(self._volume)
            if mix:
                self._earcon_channel().play(sound)
            else:
                self._speak(sound, clip.seconds)
        except load_pygame().error as error:
            raise SoundError(f"the sound output failed ({error}): plug it in again") from error

    def hush(self) -> None:
        """See `Speaker.hush`; harmless when nothing is open."""
        with self._lock:
            self._fade_out()

    def busy(self) -> bool:
        """See `Speaker.busy`."""
        return self._mixer is not None and not self._silent and self._mixer.Channel(self._turn).get_busy()

    def _speak(self, sound: Any, seconds: float) -> None:
        with self._lock:
            self._fade_out()
            self._turn = (self._turn + 1) % self.VOICES
            self._mixer.Channel(self._turn).play(sound)
            self._ends[self._turn] = time.monotonic() + seconds
            self._silent = False

    def _fade_out(self) -> None:
        if self._mixer is not None and not self._silent:
            self._mixer.Channel(self._turn).fadeout(int(self.FADE_SECONDS * 1000))
            self._ends[self._turn] = time.monotonic() + self.FADE_SECONDS
            self._silent = True

    def _earcon_channel(self) -> Any:
        channels = [self._mixer.Channel(self.VOICES + index) for index in range(self.EARCONS)]
        return next((channel for channel in channels if not channel.get_busy()), channels[0])

    def _check(self) -> None:
        if self._mixer is None:
            raise SoundError("the speaker is closed: open it before playing")
        now = time.monotonic()
        if self._device is not None and now - self._looked > self.LOOK_SECONDS:
            self._find_device()
            self._looked = now
        stuck = [index for index, end in enumerate(self._ends)
                 if now > end + self.STALL_SECONDS and self._mixer.Channel(index).get_busy()]
        if stuck:
            raise SoundError("the sound output stands still: plug it in again or choose another one")

    def _find_device(self) -> None:
        names = describe_outputs()
        if self._device not in names:
            known = ", ".join(repr(name) for name in names) or "no output at all"
            raise SoundError(f"no sound output named {self._device!r}, there is {known}: plug it in, "
                             "or name another one in the settings")


class WavSpeaker(Speaker):
    """A simulated speaker: lays clips on the time line of `clock` and, when closed, writes it to `path`."""

    FADE_SECONDS = 0.005
    LONGEST_SECONDS = 4 * 3600.0  # the file grows by 160 MB an hour; at this length it is full
    BLOCK_SAMPLES = 1 << 18  # how much is mixed at a time: keeps the memory flat

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock
        self._start: Optional[float] = None
        self._laid: List[Tuple[int, numpy.ndarray]] = []
        self._voice: Optional[int] = None
        self._lock = threading.Lock()

    def open(self) -> None:
        """Start the time line."""
        self._laid, self._voice, self._start = [], None, self._clock.now()

    def close(self) -> None:
        """Write the file up to now or to the last sample, whichever is later; raises SoundError."""
        with self._lock:
            if self._start is None:
                return
            length = max([self._now()] + [at + len(samples) for at, samples in self._laid])
            self._start = None
            try:
                self._write(length)
            except OSError as error:
                raise SoundError(f"cannot write {self._path} ({error.strerror}): free some space or name "
                                 "another file") from error

    def play(self, clip: Clip, mix: bool = False) -> None:
        """See `Speaker.play`; raises SoundError when the file is full or closed."""
        with self._lock:
            if self._start is None:
                raise SoundError("the speaker is closed: open it before playing")
            now = self._now()
            if now > self.LONGEST_SECONDS * RATE:
                raise SoundError(f"{self._path} is full after {self.LONGEST_SECONDS / 3600:.0f} hours: "
                                 "start again, or plug in a sound card")
            if not mix:
                self._cut(now)
                self._voice = len(self._laid)
            self._laid.append((now, resample(clip.samples, clip.rate)))

    def hush(self) -> None:
        """See `Speaker.hush`."""
        with self._lock:
            if self._start is not None:
                self._cut(self._now())

    def busy(self) -> bool:
        """See `Speaker.busy`; the clock decides."""
        with self._lock:
            if self._start is None or self._voice is None:
                return False
            at, samples = self._laid[self._voice]
            return self._now() < at + len(samples)

    def _now(self) -> int:
        assert self._start is not None
        return max(0, round((self._clock.now() - self._start) * RATE))

    def _cut(self, now: int) -> None:
        if self._voice is not None:
            at, samples = self._laid[self._voice]
            fade = numpy.linspace(1.0, 0.0, round(self.FADE_SECONDS * RATE))
            kept = samples[:now - at + len(fade)].astype(numpy.float64)
            if now < at + len(samples):
                tail = kept[now - at:]
                tail *= fade[:len(tail)]
                self._laid[self._voice] = at, numpy.rint(kept).astype(numpy.int16)
            self._voice = None

    def _write(self, length: int) -> None:
        with replacing(self._path, sync=False) as raw, wave.open(raw, "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            for start in range(0, length, self.BLOCK_SAMPLES):
                block = self._mix(start, min(length, start + self.BLOCK_SAMPLES))
                file.writeframes(numpy.rint(limit(block / 32768) * 32767).astype("<i2").tobytes())

    def _mix(self, start: int, stop: int) -> numpy.ndarray:
        block = numpy.zeros(stop - start)
        for at, samples in self._laid:
            if at < stop and at + len(samples) > start:
                part = samples[max(0, start - at):stop - at]
                offset = max(0, at - start)
                block[offset:offset + len(part)] += part
        return block


def load_pygame() -> Any:
    """pygame, loaded when first needed (it is slow to load) and without its greeting; raises SoundError."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        import pygame
    except ImportError as error:
        raise SoundError("pygame is not installed: run `pip install pygame`") from error
    return pygame


@contextmanager
def _quiet_alsa() -> Iterator[None]:
    """Keep ALSA's own complaints, a page of them where there is no sound card, off the terminal."""
    stderr = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(nowhere)
        os.close(stderr)
