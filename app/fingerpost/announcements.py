"""Announcements: what must be heard before the device has a voice, or when it has none any more. They are clips that
ship, one for each language.

`python -m fingerpost.announcements` renders them anew, after a phrase or the voice has changed.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from .core.errors import SoundError
from .core.types import Clip, Utterance
from .devices.clips import decode_wav, encode_wav
from .devices.voices import CachedVoice
from .home import asset_home
from .settings import Settings, SpeechSettings
from .sounding import open_phrases
from .wholefile import write_whole

STARTING, PREPARING, STOPPED = ANNOUNCED = "starting", "preparing", "stopped"
"""Phrases of the phrase files."""


def announcement_home() -> Path:
    """The folder with a folder for each language."""
    return asset_home() / "assets" / "announcements"


def find_announcement(language: str, phrase: str) -> Path:
    """The WAV file of the phrase; there need not be one in every language."""
    return announcement_home() / language / f"{phrase}.wav"


def load_announcement(language: str, phrase: str) -> Clip:
    """The clip of the phrase; raises SoundError where there is none."""
    path = find_announcement(language, phrase)
    try:
        return decode_wav(path.read_bytes())
    except OSError as error:
        raise SoundError(f"{path} cannot be read ({error.strerror}): render it with "
                         "`python -m fingerpost.announcements`") from error


def write_announcements(folder: Path) -> None:
    """Render every announcement in every language that has a phrase file. Raises VoiceError."""
    for file in sorted((asset_home() / "assets" / "phrases").glob("*.toml")):
        language = file.stem
        speech = SpeechSettings(language=language)
        book = open_phrases(Settings(speech=speech))
        texts = {phrase: book.text(Utterance(phrase)) for phrase in ANNOUNCED}
        with tempfile.TemporaryDirectory() as cache:
            voice = CachedVoice(language, speech.words_per_minute, Path(cache))
            voice.render(list(texts.values()))
            for phrase, text in texts.items():
                clip = voice.cached(text)
                assert clip is not None, "what was rendered is there"
                write_whole(folder / language / f"{phrase}.wav", encode_wav(clip))


if __name__ == "__main__":
    write_announcements(Path(sys.argv[1]) if len(sys.argv) > 1 else announcement_home())
