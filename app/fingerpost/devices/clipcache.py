"""The clips that a voice has made, on disk: a folder for each way of speaking, and no more of those than are in use."""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import zlib
from pathlib import Path
from typing import Optional

from ..core.errors import SoundError, VoiceError
from ..core.types import Clip
from ..wholefile import write_whole
from .clips import decode_wav, encode_wav

KEPT_STYLES = 3
"""So many of the last ways of speaking keep their clips: whoever tries out rates would fill the card, at some 100 MB
each."""


class ClipCache:
    """Clips in a folder, found by their style (who speaks, and how) and their text.

    Each is a WAV file followed by its CRC-32, so that one that a power cut has damaged is never played.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, style: str, text: str) -> Path:
        """Where the clip lies, if it is there."""
        return self._folder_of(style) / (hashlib.sha256(f"{style}\n{text}".encode()).hexdigest() + ".wav")

    def load(self, style: str, text: str) -> Optional[Clip]:
        """The clip, or None when it is missing or damaged."""
        try:
            data = self._read(self.path(style, text))
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

    def use(self, style: str) -> None:
        """That style is spoken in now: of all that begin with the same word, as "espeak-ng", only the `KEPT_STYLES`
        used last keep their clips. To remove thousands of them takes a second."""
        folder, voice = self._folder_of(style), style.split()[0]
        others = [path for path in self._folder.glob(f"{voice}-*") if path.is_dir() and path != folder]
        try:
            for other in sorted(others, key=lambda path: path.stat().st_mtime)[:1 - KEPT_STYLES]:
                shutil.rmtree(str(other), ignore_errors=True)
            folder.mkdir(parents=True, exist_ok=True)
            os.utime(str(folder))
        except OSError:
            pass  # whoever stores a clip hears why

    def _folder_of(self, style: str) -> Path:
        return self._folder / style.replace("/", " ").replace(" ", "-")

    def _read(self, path: Path) -> bytes:
        """The bytes at that path. In an older Fingerpost all styles shared one folder: a clip from there moves to its
        place. Raises OSError where there is none."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            old = self._folder / path.name
            data = old.read_bytes()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(str(old), str(path))
        except OSError:
            pass  # it does as well where it lies
        return data
