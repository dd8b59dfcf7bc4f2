"""Voices: text to speech, rendered ahead of time and played from a cache of clips."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence

import numpy

from ..core.errors import SoundError, VoiceError
from ..core.ports import Voice
from ..core.preferences import HIGH, LOW
from ..core.types import Clip
from ..environment import copy_environment
from .clipcache import ClipCache
from .clips import RATE, decode_wav, limit, resample
from .espeak_child import FAILED

SPEECH_RMS = 10 ** (-20 / 20)
"""How loud all speech is, -20 dBFS: leaves 19 dB for its peaks."""
QUIET = 10 ** (-46 / 20)
"""What lies this far below the peak is silence."""
REST_SECONDS = 0.01
"""The silence kept before and after speech: enough for a soft consonant, too short to wait for."""
VARIANTS = {LOW: "", HIGH: "+f3"}
"""What follows the language for each voice: espeak-ng's own, near 100 Hz, and a variant of it an octave higher. Where a
variant is not installed, espeak-ng takes its own."""
CHILD = (sys.executable, "-m", "fingerpost.devices.espeak_child")
START_SECONDS, TEXT_SECONDS = 20.0, 0.5
"""The time limit of a batch: to start, and for each text. A Jetson Nano needs about a tenth of it."""
_PREFIX = "fingerpost-render-"
_LEFT_SECONDS = 3600.0
"""A folder with this prefix that is older was left by a batch that was cut off."""


class Style(NamedTuple):
    """Who speaks, and how: fields as in CachedVoice."""

    language: str
    rate_wpm: int
    pitch: int
    online: bool
    voice: str

    @property
    def speaker(self) -> str:
        """The voice by espeak-ng's name."""
        return self.language + VARIANTS[self.voice]

    @property
    def name(self) -> str:
        """The style under which what espeak-ng renders so is cached."""
        return f"espeak-ng {self.speaker} {self.rate_wpm} {self.pitch}"

    @property
    def names(self) -> List[str]:
        """All under which a clip may be found, best first."""
        return ([online_style(self.language)] if self.online else []) + [self.name]

    @property
    def options(self) -> List[str]:
        """What the process that renders is told."""
        return ["--voice", self.speaker, "--rate", str(self.rate_wpm), "--pitch", str(self.pitch)]


class CachedVoice(Voice):
    """espeak-ng through a cache; with `online`, clips that `fill_online` (onlinevoice.py) has fetched come first.

    `language` is one of espeak-ng's such as "de", `rate_wpm` words per minute (80 to 450), `pitch` 0 to 99, `voice`
    low or high; what was fetched sounds as it is.
    The `memory_clips` clips used last stay in memory, and so does what cannot be cached: a card that is full must not
    mute the device. Any thread may use it at any time: renderings share nothing, and a clip that two of them make is
    put in place by both, whole.
    """

    def __init__(self, language: str, rate_wpm: int, cache_dir: Path, pitch: int = 50, online: bool = False,
                 memory_clips: int = 512, voice: str = LOW) -> None:
        self._cache = ClipCache(cache_dir)
        self._pitch, self._online = pitch, online
        self._style = Style(language, rate_wpm, pitch, online, voice)
        self._memory: OrderedDict[str, Clip] = OrderedDict()
        self._memory_clips = memory_clips
        self._lock = threading.Lock()

    @property
    def style(self) -> str:
        """See `Voice.style`."""
        return self._style.name

    def set_style(self, language: str, words_per_minute: int, voice: str = LOW) -> None:
        """See `Voice.set_style`; what is being rendered already is kept as what it is."""
        with self._lock:
            self._style = Style(language, words_per_minute, self._pitch, self._online, voice)
            self._memory.clear()

    def cached(self, text: str) -> Optional[Clip]:
        """See `Voice.cached`."""
        with self._lock:
            clip = self._memory.pop(text, None) or self._load(text, self._style)
            if clip is not None:
                self._remember(text, clip)
            return clip

    def render(self, texts: Sequence[str]) -> None:
        """See `Voice.render`: one short-lived process for all missing texts; what succeeds is always kept."""
        style = self._style
        if len(texts) > 1:  # one alone is waited for
            self._cache.use(style.name)
        missing = [text for text in OrderedDict.fromkeys(texts) if self._load(text, style) is None]
        if not missing:
            return
        clear_leftovers()
        try:
            with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
                paths = {text: Path(folder) / f"{index}.wav" for index, text in enumerate(missing)}
                complaints = [self._run_child(paths, style)]
                complaints += [self._keep(text, path, style) for text, path in paths.items()]
        except OSError as error:
            raise VoiceError(f"cannot render speech ({error}): free some space in "
                             f"{tempfile.gettempdir()}") from error
        if any(complaints):
            raise VoiceError(next(filter(None, complaints)))

    def _remember(self, text: str, clip: Clip) -> None:
        """Keep a clip of the present style in memory; the caller holds the lock."""
        self._memory[text] = clip
        while len(self._memory) > self._memory_clips:
            self._memory.popitem(last=False)

    def _load(self, text: str, style: Style) -> Optional[Clip]:
        clips = (self._cache.load(name, text) for name in style.names)
        return next((clip for clip in clips if clip is not None), None)

    def _run_child(self, paths: Dict[str, Path], style: Style) -> str:
        """Have all texts rendered to their paths; returns what went wrong, empty when all went well."""
        orders = "".join(json.dumps({"text": text, "path": str(path)}) + "\n" for text, path in paths.items())
        package_parent = str(Path(__file__).resolve().parents[2])
        search = os.pathsep.join(filter(None, [package_parent, os.environ.get("PYTHONPATH")]))
        seconds = START_SECONDS + TEXT_SECONDS * len(paths)
        try:
            done = subprocess.run([*CHILD, *style.options], input=orders.encode(), timeout=seconds,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  env=copy_environment(PYTHONPATH=search))
        except subprocess.TimeoutExpired:
            return f"espeak-ng hung for {seconds:.0f} s and was stopped: run `fingerpost doctor`"
        if done.returncode == 0:
            return ""
        reason = (done.stderr.decode(errors="replace").strip().splitlines() or ["no message"])[-1]
        if done.returncode == FAILED:
            return reason
        return f"espeak-ng failed ({reason}): run `fingerpost doctor`"

    def _keep(self, text: str, path: Path, style: Style) -> str:
        """Shape and cache what the process has written; returns what went wrong, empty when all went well."""
        try:
            clip = shape_speech(decode_wav(path.read_bytes()))
        except (FileNotFoundError, SoundError):
            clip = Clip(numpy.zeros(0, numpy.int16), RATE)
        if not len(clip.samples):
            return f"espeak-ng made no sound of {text!r}: word it differently"
        try:
            self._cache.store(style.name, text, clip)
        except VoiceError as error:
            with self._lock:
                if style == self._style:
                    self._remember(text, clip)
            return str(error)
        return ""


def clear_leftovers() -> None:
    """Remove what batches that were cut off, as at the end of a run, have left in the folder for temporary files."""
    for folder in Path(tempfile.gettempdir()).glob(_PREFIX + "*"):
        try:
            if time.time() - folder.stat().st_mtime > _LEFT_SECONDS:
                shutil.rmtree(str(folder), ignore_errors=True)
        except OSError:
            pass  # another has just removed it


def shape_speech(clip: Clip) -> Clip:
    """The speech in a clip, at `RATE` and `SPEECH_RMS`, without silence around it; perhaps empty."""
    levels = resample(clip.samples, clip.rate) / 32768
    loud = numpy.flatnonzero(numpy.abs(levels) > QUIET * numpy.abs(levels).max(initial=0.0))
    if not len(loud):
        return Clip(numpy.zeros(0, numpy.int16), RATE)
    rest = round(REST_SECONDS * RATE)
    levels = levels[max(0, loud[0] - rest):loud[-1] + rest]
    edge = numpy.minimum(1.0, numpy.arange(len(levels)) / rest)
    levels = limit(levels * (SPEECH_RMS / speech_rms(levels))) * edge * edge[::-1]
    return Clip(numpy.rint(levels * 32767).astype(numpy.int16), RATE)


def speech_rms(levels: numpy.ndarray) -> float:
    """The root mean square of what sounds: of the 20 ms pieces at most 30 dB below the loudest one."""
    piece = RATE // 50
    padded = numpy.pad(levels, (0, -len(levels) % piece)).reshape(-1, piece)
    powers = (padded ** 2).mean(axis=1)
    return float(numpy.sqrt(powers[powers >= powers.max() * 1e-3].mean()))


def online_style(language: str) -> str:
    """The style under which the clips of gTTS are cached."""
    return f"gtts {language}"
