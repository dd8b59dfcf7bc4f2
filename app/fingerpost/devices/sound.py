"""A speaker that plays on a sound card, through pygame."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from typing import Any, Iterator, List, Optional

import numpy

from ..core.errors import SoundError
from ..core.ports import Speaker
from ..core.types import Clip
from .cards import playing_on
from .clips import RATE, resample


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
            sound.set_volume(max(self._volume, clip.least_volume))
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

    def set_volume(self, volume: float) -> None:
        """See `Speaker.set_volume`; what sounds already goes on as it began."""
        self._volume = volume

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
