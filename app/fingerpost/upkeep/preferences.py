"""What was preferred, over restarts: it goes before the settings, which people write, as far as anything was."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from pathlib import Path
from typing import Callable, Optional

from ..core.errors import PreferenceError
from ..core.preferences import FAINTEST, Preferences, change
from ..home import list_languages, state_home
from ..settings import Settings, SpeechSettings, load_settings
from .notes import read_note, write_note

log = logging.getLogger(__name__)

PREFERENCES = "preferences.json"
"""The file in the state folder: an object with what was ever preferred, and nothing else."""


def default_preferences(speech: SpeechSettings) -> Preferences:
    """What the settings say, for as long as nothing else is preferred."""
    return Preferences(round(10 * speech.volume), speech.words_per_minute, speech.language,
                       voice=speech.timbre)


def load_preferences(speech: SpeechSettings, home: Path) -> Preferences:
    """What is preferred according to the state folder `home`, and to the settings where that says nothing. What makes
    no sense there is left out, which the log says."""
    preferences, note = default_preferences(speech), read_note(home / PREFERENCES)
    for name, value in note.items() if isinstance(note, dict) else ():
        try:
            preferences = change(preferences, name, value, list_languages())
        except PreferenceError as error:
            log.warning("%s: %s", home / PREFERENCES, error)
    return preferences


def keep_preferences(before: Preferences, after: Preferences, home: Path) -> None:
    """Put down in the state folder `home` what is preferred anew; what was before stays. A failure is logged."""
    note = read_note(home / PREFERENCES)
    chosen = dict(note) if isinstance(note, dict) else {}
    old, new = asdict(before), asdict(after)
    chosen.update({name: new[name] for name in new if new[name] != old[name]})
    write_note(home / PREFERENCES, chosen, "after a restart it is as it was before")


def prefer(settings: Settings, preferences: Preferences) -> Settings:
    """The settings with what is preferred in their place. A volume of the settings that lies between two steps stays as
    it is until another one is preferred; faint it may be, but not silent."""
    speech = settings.speech
    as_set = preferences.volume == default_preferences(speech).volume
    return replace(settings, speech=replace(
        speech, volume=max(FAINTEST, speech.volume) if as_set else preferences.loudness,
        words_per_minute=preferences.words_per_minute, language=preferences.language, timbre=preferences.voice))


def load_preferred(path: Optional[Path]) -> Settings:
    """The settings of a file, or the defaults for None, with what is preferred on this device in their place: for what
    speaks to its wearer. Raises SettingsError."""
    settings = load_settings(path)
    return prefer(settings, load_preferences(settings.speech, state_home()))


class Wishes:
    """Preferences on their way into the state folder, and the voice on its way to another style.

    The loop only hands them in: a card may take long to write, and all that may be said takes long to collect.
    """

    def __init__(self, preferences: Preferences, home: Path, render_ahead: Callable[[], None]) -> None:
        """`preferences` are those of the start; `render_ahead` has all rendered that may be said."""
        self._wanted = self._kept = self._rendered = preferences
        self._home, self._render_ahead = home, render_ahead

    def take(self, preferences: Preferences) -> bool:
        """These hold now; returns whether there is something to be done about it."""
        self._wanted = preferences
        return preferences != self._kept

    def keep(self) -> None:
        """Put down what has changed."""
        wanted = self._wanted
        if wanted != self._kept:
            keep_preferences(self._kept, wanted, self._home)
            self._kept = wanted

    def step(self) -> None:
        """Put down what has changed; where that is how the voice sounds, have everything rendered anew."""
        self.keep()
        before, after = self._rendered, self._kept
        if before.style != after.style:
            self._rendered = after
            self._render_ahead()
