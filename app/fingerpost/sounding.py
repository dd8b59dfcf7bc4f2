"""What is needed to be heard at all. It stands apart from the wiring, for it is loaded in a third of the time: the
wearer hears that the device is starting before the rest is there."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import replace
from typing import Dict

from .core.errors import SettingsError
from .core.phrases import PhraseBook
from .core.ports import Speaker, Voice
from .core.preferences import Preferences
from .core.types import Clip
from .devices.clocks import RealClock
from .devices.earcons import read_earcons
from .devices.pluggable import Outputs, PluggableSpeaker
from .home import asset_home, list_languages, state_home
from .settings import Settings
from .tomlfile import read_toml

log = logging.getLogger(__name__)


def open_speaker(settings: Settings, stack: ExitStack) -> PluggableSpeaker:
    """The sound card, or what the system plays on; without any, a WAV file in the state folder until there is one."""
    outputs = Outputs(settings.speech.device, settings.speech.volume)
    return stack.enter_context(PluggableSpeaker(outputs, state_home() / "narration.wav", RealClock(),
                                                load_earcons()["ready"]))


def open_phrases(settings: Settings) -> PhraseBook:
    """The phrase book of the chosen language. Raises SettingsError naming the languages there are."""
    return read_phrases(settings.speech.language)


def read_phrases(language: str) -> PhraseBook:
    """The phrase book of that language. Raises SettingsError naming the languages there are."""
    path = asset_home() / "assets" / "phrases" / f"{language}.toml"
    if not path.is_file():
        raise SettingsError(f"there are no phrases for '{language}'; the languages are {', '.join(list_languages())}")
    tables = read_toml(path)
    return PhraseBook(tables.get("phrases", {}), tables.get("names", {}), str(path))


class Sound:
    """How the device sounds, which may change while it runs."""

    def __init__(self, preferences: Preferences, speaker: Speaker, voice: Voice, book: PhraseBook) -> None:
        """The parts sound as these preferences say already."""
        self._now, self._speaker, self._voice, self._book = preferences, speaker, voice, book

    def become(self, preferences: Preferences) -> None:
        """Be as loud, and speak, as is preferred: from the next word on. Without usable phrases the language stays.
        What does not change is left alone, for the loop waits for this."""
        before, self._now = self._now, preferences
        if preferences.volume != before.volume:
            self._speaker.set_volume(preferences.loudness)
        try:
            if preferences.language != before.language:
                self._book.become(read_phrases(preferences.language))
        except SettingsError as error:
            log.error("%s", error)
            self._now = replace(preferences, language=before.language)
        if self._now.style != before.style:
            self._voice.set_style(*self._now.style)


def load_earcons() -> Dict[str, Clip]:
    """The earcons by name."""
    return read_earcons(asset_home() / "assets" / "earcons")
