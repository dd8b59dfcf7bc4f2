"""Microphones: ALSA's recorder in a process of its own, and WAV files that stand for a wearer who answers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import List, Optional, Sequence

import numpy

from ..core.errors import DataError, MicrophoneError, SoundError
from ..core.ports import Clock, Microphone
from ..core.types import Clip
from ..environment import copy_environment
from .clips import RATE, decode_wav, resample

COMMAND = "arecord"
PERIOD_MICROSECONDS = 20000
"""How often the recorder hands on what it has; its own choice is an eighth of a second."""
REMEDY = "plug in a USB microphone, or choose names from a list: [teaching] naming = \"list\""


class AlsaMicrophone(Microphone):
    """Records through `arecord` (alsa-utils), which lives for one recording.

    A driver that hangs or crashes does so in that process. `device` is a name that `arecord -L` lists; empty for the
    first USB microphone, or ALSA's own choice where there is none. A bare device (`hw:`) is opened through ALSA's
    converter (`plughw:`), for few can record at this rate in mono.
    """

    LISTING_SECONDS = 5.0
    ENDING_SECONDS = 0.2

    def __init__(self, device: str = "") -> None:
        self._device = "plug" + device if device.startswith("hw:") else device
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._half = b""

    def open(self) -> None:
        """See that there is a recorder and something to record from; raises MicrophoneError."""
        if shutil.which(COMMAND) is None:
            raise MicrophoneError(f"there is no `{COMMAND}`: run `sudo apt install alsa-utils`")
        try:
            listed = subprocess.run([COMMAND, "--list-devices"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                    env=copy_environment(LC_ALL="C"), timeout=self.LISTING_SECONDS).stdout
        except (OSError, subprocess.TimeoutExpired) as error:
            raise MicrophoneError(f"`{COMMAND}` does not work ({error}): {REMEDY}") from error
        cards = [line for line in listed.decode(errors="replace").splitlines() if line.startswith("card ")]
        if not self._device and not cards:
            raise MicrophoneError(f"there is no microphone: {REMEDY}")
        self._device = self._device or find_usb(cards)

    def close(self) -> None:
        """End a recording."""
        self.stop()

    def start(self) -> None:
        """See `Microphone.start`."""
        self.stop()
        order = [COMMAND, "--quiet", "--file-type=raw", "--format=S16_LE", "--channels=1", f"--rate={RATE}"]
        order += [f"--period-time={PERIOD_MICROSECONDS}"]
        order += [f"--device={self._device}"] if self._device else []
        try:
            self._process = subprocess.Popen(order, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                             stderr=subprocess.PIPE, bufsize=0)
        except OSError as error:
            raise MicrophoneError(f"`{COMMAND}` does not start ({error.strerror}): {REMEDY}") from error
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)

    def read(self) -> Clip:
        """See `Microphone.read`."""
        if self._process is None or self._process.stdout is None:
            raise MicrophoneError("nothing is being recorded: start the microphone first")
        data = self._half
        while True:
            try:
                heard = os.read(self._process.stdout.fileno(), 1 << 16)
            except BlockingIOError:
                break
            if not heard:
                raise MicrophoneError(f"the microphone failed ({self._complaint()}): {REMEDY}")
            data += heard
        self._half = data[len(data) // 2 * 2:]
        return Clip(numpy.frombuffer(data, "<i2", len(data) // 2), RATE)

    def stop(self) -> None:
        """See `Microphone.stop`."""
        process, self._process, self._half = self._process, None, b""
        if process is None:
            return
        process.kill()
        try:
            process.wait(self.ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            pass  # it hangs in its driver; nobody waits for it
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()

    def _complaint(self) -> str:
        """The last line of what the recorder, which has ended, had to say."""
        assert self._process is not None
        assert self._process.stderr is not None
        lines = self._process.stderr.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "no message")


def find_usb(cards: Sequence[str]) -> str:
    """The ALSA name of the first USB device among the lines "card 1: ..., device 0: ..."; empty where there is none.

    ALSA's own choice is card 0, which on a Jetson Nano is HDMI or the board's own codec, with nothing plugged in.
    """
    for line in cards:
        found = re.match(r"card (\d+): .*USB.*, device (\d+):", line)
        if found:
            return f"plughw:{found.group(1)},{found.group(2)}"
    return ""


class WavMicrophone(Microphone):
    """A simulated microphone: a wearer who says, after each beep, what comes next in these WAV files.

    They begin half a second after the start of a recording; when all is said they are silent. `clock` tells how
    much of it has been heard.
    """

    REACTION_SECONDS = 0.5
    PAUSE_SECONDS = 1.0  # between two files: longer than the silence that ends a recording

    def __init__(self, paths: Sequence[Path], clock: Clock) -> None:
        self._paths, self._clock = list(paths), clock
        self._unsaid = self._saying = numpy.zeros(0, numpy.int16)
        self._started: Optional[float] = None
        self._given = 0

    def open(self) -> None:
        """Read the files, 16-bit mono; raises DataError for one that is anything else."""
        pause = numpy.zeros(round(self.PAUSE_SECONDS * RATE), numpy.int16)
        parts: List[numpy.ndarray] = [part for path in self._paths for part in (_read_wav(path), pause)]
        self._unsaid = numpy.concatenate(parts) if parts else pause

    def close(self) -> None:
        """Fall silent."""
        self.stop()
        self._unsaid = self._unsaid[:0]

    def start(self) -> None:
        """See `Microphone.start`."""
        self.stop()
        self._saying = numpy.concatenate([numpy.zeros(round(self.REACTION_SECONDS * RATE), numpy.int16), self._unsaid])
        self._started, self._given = self._clock.now(), 0

    def read(self) -> Clip:
        """See `Microphone.read`."""
        if self._started is None:
            raise MicrophoneError("nothing is being recorded: start the microphone first")
        until = round((self._clock.now() - self._started) * RATE)
        heard = self._saying[self._given:until]
        silence = numpy.zeros(until - self._given - len(heard), numpy.int16)
        self._given = until
        return Clip(numpy.concatenate([heard, silence]), RATE)

    def stop(self) -> None:
        """See `Microphone.stop`; what was not heard is said next time."""
        if self._started is not None:
            said = max(0, self._given - round(self.REACTION_SECONDS * RATE))
            self._unsaid, self._started = self._unsaid[said:], None


def _read_wav(path: Path) -> numpy.ndarray:
    try:
        clip = decode_wav(path.read_bytes())
    except (OSError, SoundError) as error:
        raise DataError(f"{path} cannot be heard ({error}): give a 16-bit mono WAV file") from error
    return resample(clip.samples, clip.rate)
