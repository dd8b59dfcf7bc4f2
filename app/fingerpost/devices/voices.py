"""Voices: text to speech, rendered ahead of time and played from a cache of clips."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections import OrderedDict
from pathlib import Path
from typing import Any, Dict, Iterable, Optional, Sequence

import numpy

from ..core.errors import SoundError, VoiceError
from ..core.ports import Voice
from ..core.types import Clip
from ..environment import changed_environment, copy_environment
from ..wholefile import write_whole
from .clips import RATE, decode_wav, encode_wav, limit, resample
from .espeak_child import FAILED
from .sound import load_pygame

SPEECH_RMS = 10 ** (-20 / 20)
"""How loud all speech is, -20 dBFS: leaves 19 dB for its peaks."""
QUIET = 10 ** (-46 / 20)
"""What lies this far below the peak is silence."""
REST_SECONDS = 0.01
"""The silence kept before and after speech: enough for a soft consonant, too short to wait for."""
CHILD = (sys.executable, "-m", "fingerpost.devices.espeak_child")
START_SECONDS, TEXT_SECONDS = 20.0, 0.5
"""The time limit of a batch: to start, and for each text. A Jetson Nano needs about a tenth of it."""
_PREFIX = "fingerpost-render-"
_LEFT_SECONDS = 3600.0
"""A folder with this prefix that is older was left by a batch that was cut off."""


class ClipCache:
    """Clips in a folder, found by their style (who speaks, and how) and their text.

    Each is a WAV file followed by its CRC-32, so that one that a power cut has damaged is never played.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, style: str, text: str) -> Path:
        """Where the clip lies, if it is there."""
        return self._folder / (hashlib.sha256(f"{style}\n{text}".encode()).hexdigest() + ".wav")

    def load(self, style: str, text: str) -> Optional[Clip]:
        """The clip, or None when it is missing or damaged."""
        try:
            data = self.path(style, text).read_bytes()
            if struct.pack("<I", zlib.crc32(data[:-4])) != data[-4:]:
                return None
            return decode_wav(data[:-4])
        except (OSError, SoundError):
            return None

    def store(self, style: str, text: str, clip: Clip) -> None:
        """Keep the clip; raises VoiceError when the folder cannot be written."""
        data = encode_wav(clip)
        try:
            write_whole(self.path(style, text), data + struct.pack("<I", zlib.crc32(data)), sync=False)
        except OSError as error:
            raise VoiceError(f"cannot keep speech in {self._folder} ({error.strerror}): free some space or "
                             "make the folder writable") from error


class CachedVoice(Voice):
    """espeak-ng through a cache; with `online`, clips that `fill_online` has fetched come first.

    `language` is an espeak-ng voice such as "de", `rate_wpm` words per minute (80 to 450), `pitch` 0 to 99.
    The `memory_clips` clips used last stay in memory. Any thread may use it at any time: renderings share nothing, and
    a clip that two of them make is put in place by both, whole.
    """

    def __init__(self, language: str, rate_wpm: int, cache_dir: Path, pitch: int = 50, online: bool = False,
                 memory_clips: int = 512) -> None:
        self._options = ["--language", language, "--rate", str(rate_wpm), "--pitch", str(pitch)]
        self._cache = ClipCache(cache_dir)
        self._style = f"espeak-ng {language} {rate_wpm} {pitch}"
        self._styles = ([online_style(language)] if online else []) + [self._style]
        self._memory: OrderedDict[str, Clip] = OrderedDict()
        self._memory_clips = memory_clips
        self._lock = threading.Lock()

    def cached(self, text: str) -> Optional[Clip]:
        """See `Voice.cached`."""
        with self._lock:
            clip = self._memory.pop(text, None) or self._load(text)
            if clip is not None:
                self._memory[text] = clip
                while len(self._memory) > self._memory_clips:
                    self._memory.popitem(last=False)
            return clip

    def render(self, texts: Sequence[str]) -> None:
        """See `Voice.render`: one short-lived process for all missing texts; what succeeds is always kept."""
        missing = [text for text in OrderedDict.fromkeys(texts) if self._load(text) is None]
        if not missing:
            return
        clear_leftovers()
        try:
            with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
                paths = {text: Path(folder) / f"{index}.wav" for index, text in enumerate(missing)}
                complaint = self._run_child(paths)
                silent = [text for text in missing if not self._keep(text, paths[text])]
        except OSError as error:
            raise VoiceError(f"cannot render speech ({error}): free some space in "
                             f"{tempfile.gettempdir()}") from error
        if complaint or silent:
            raise VoiceError(complaint or f"espeak-ng made no sound of {silent[0]!r}: word it differently")

    def _load(self, text: str) -> Optional[Clip]:
        clips = (self._cache.load(style, text) for style in self._styles)
        return next((clip for clip in clips if clip is not None), None)

    def _run_child(self, paths: Dict[str, Path]) -> str:
        """Have all texts rendered to their paths; returns what went wrong, empty when all went well."""
        orders = "".join(json.dumps({"text": text, "path": str(path)}) + "\n" for text, path in paths.items())
        package_parent = str(Path(__file__).resolve().parents[2])
        search = os.pathsep.join(filter(None, [package_parent, os.environ.get("PYTHONPATH")]))
        seconds = START_SECONDS + TEXT_SECONDS * len(paths)
        try:
            done = subprocess.run([*CHILD, *self._options], input=orders.encode(), timeout=seconds,
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

    def _keep(self, text: str, path: Path) -> bool:
        """Shape and cache what the process has written; False when there is nothing to be heard."""
        try:
            clip = shape_speech(decode_wav(path.read_bytes()))
        except (FileNotFoundError, SoundError):
            return False
        if len(clip.samples):
            self._cache.store(self._style, text, clip)
        return len(clip.samples) > 0


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


def fill_online(texts: Iterable[str], language: str, cache: ClipCache) -> int:
    """Fetch the texts that are missing through gTTS, which sends them to Google; returns how many came.

    Nothing else here goes online. `texts` is read one by one as the work proceeds. Raises VoiceError when gTTS
    or the network fails; what was fetched until then is kept.
    """
    try:
        import gtts
    except ImportError as error:
        raise VoiceError("gTTS is not installed: run `pip install gtts`") from error
    style, fetched = online_style(language), 0
    for text in texts:
        if cache.load(style, text) is None:
            mp3 = io.BytesIO()
            try:
                gtts.gTTS(text=text, lang=language, timeout=20).write_to_fp(mp3)
            except (gtts.gTTSError, OSError, ValueError, AssertionError) as error:
                reason = " ".join(str(error).split())
                raise VoiceError(f"the online voice failed ({reason}), {fetched} texts fetched before are "
                                 "kept: check the network and run `fingerpost voices fill --online` "
                                 "again") from error
            clip = shape_speech(decode_compressed(mp3.getvalue()))
            if len(clip.samples):
                cache.store(style, text, clip)
                fetched += 1
    return fetched


def decode_compressed(data: bytes) -> Clip:
    """The clip in an MP3, Ogg or WAV file, decoded by pygame; raises VoiceError."""
    pygame = load_pygame()
    opened = pygame.mixer.get_init()
    if not opened:
        _open_silent_mixer(pygame)
    try:
        rate, _, channels = pygame.mixer.get_init()
        raw = pygame.mixer.Sound(file=io.BytesIO(data)).get_raw()
    except pygame.error as error:
        raise VoiceError(f"the online voice sent no sound ({error}): try again later") from error
    finally:
        if not opened:
            pygame.mixer.quit()
    samples = numpy.frombuffer(raw, dtype=numpy.int16).reshape(-1, channels).mean(axis=1)
    return Clip(numpy.rint(samples).astype(numpy.int16), rate)


def _open_silent_mixer(pygame: Any) -> None:
    """Decoding needs an open mixer, not a sound card."""
    with changed_environment(SDL_AUDIODRIVER="dummy"):
        pygame.mixer.init(RATE, -16, 1, allowedchanges=0)
