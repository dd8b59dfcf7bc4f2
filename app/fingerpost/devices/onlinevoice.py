"""The online voice: clips that are fetched once, and then said offline like all others."""

from __future__ import annotations

import io
from typing import Any, Iterable

import numpy

from ..core.errors import VoiceError
from ..core.types import Clip
from ..environment import changed_environment
from .clipcache import ClipCache
from .clips import RATE
from .sound import load_pygame
from .voices import online_style, shape_speech


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
