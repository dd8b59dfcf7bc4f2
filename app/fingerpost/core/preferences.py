"""What the wearer, or whoever helps them, may change while the device runs, and may say about it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Dict, Optional, Sequence, Tuple

from .errors import PreferenceError
from .types import Utterance

VERBOSITIES = BRIEF, NORMAL, FULL = 1, 2, 3
LIMITS: Dict[str, Tuple[int, int]] = {"volume": (0, 10), "words_per_minute": (80, 450), "verbosity": (BRIEF, FULL)}
"""The least and the most of what is a number; of the rate, what espeak-ng can speak."""
VOICES = LOW, HIGH = "low", "high"
"""Voices of every language."""
HANDS = RIGHT, LEFT = "right", "left"
FAINTEST = 0.03
"""How loud volume 0 is: faint, but no silence, for whoever mutes the device must still hear that it has a fault."""
SWITCHES = ("diary", "tick")
CHOICES = {"voice": VOICES, "hand": HANDS}
_VERBOSITY_PHRASES = {BRIEF: "verbosity_brief", NORMAL: "verbosity_normal", FULL: "verbosity_full"}


@dataclass(frozen=True)
class Preferences:
    """They go before the settings, and are kept over restarts."""

    volume: int = 10
    """0 (faint) to 10."""
    words_per_minute: int = 170
    """Speech rate, 80 to 450."""
    language: str = "en"
    """A phrase file of assets/phrases, without its ending."""
    verbosity: int = NORMAL
    """How much is said unasked while the wearer points: BRIEF leaves out the guidance and "Nothing there.", FULL tells
    the runner-up of a name, and why there is none."""
    diary: bool = True
    """Whether what is said is written down, for today and yesterday."""
    voice: str = LOW
    """One of VOICES."""
    hand: str = RIGHT
    """The hand that points: from its side of the thing, it hides the least."""
    tick: bool = False
    """Whether a faint tick is heard while an answer keeps the wearer waiting."""

    @property
    def style(self) -> Tuple[str, int, str]:
        """All that makes words sound another way: language, words a minute, voice."""
        return self.language, self.words_per_minute, self.voice

    @property
    def loudness(self) -> float:
        """The volume for a speaker, in [0, 1]."""
        return max(FAINTEST, self.volume / 10)


def change(preferences: Preferences, name: str, value: object,
           languages: Optional[Sequence[str]] = None) -> Preferences:
    """The preferences with another value of that name.

    `languages` are those that there are; without them it is not looked whether the language is one of them. Raises
    PreferenceError, which says what may be chosen.
    """
    known = [part.name for part in fields(Preferences)]
    if name not in known:
        raise PreferenceError(f"{name!r} is nothing to prefer: choose one of {', '.join(known)}")
    if name in LIMITS:
        least, most = LIMITS[name]
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise PreferenceError(f"{name} cannot be {value!r}: choose a whole number from {least} to {most}")
    elif name in SWITCHES and not isinstance(value, bool):
        raise PreferenceError(f"{name} cannot be {value!r}: choose true or false")
    elif name in CHOICES and value not in CHOICES[name]:
        raise PreferenceError(f"{name} cannot be {value!r}: choose one of {', '.join(CHOICES[name])}")
    elif name == "language" and not _is_language(value, languages):
        choice = "one of " + ", ".join(languages) if languages else "a language such as en"
        raise PreferenceError(f"language cannot be {value!r}: choose {choice}")
    return replace(preferences, **{name: value})  # type: ignore[arg-type]


def confirm(preferences: Preferences, name: str) -> Utterance:
    """What the wearer hears when that has changed, already in the new way. It cuts nothing off, for a helper may have
    changed it; of several changes in a row only the last is told."""
    phrases = {"verbosity": _VERBOSITY_PHRASES[preferences.verbosity], "language": "language_chosen",
               "diary": "diary_on" if preferences.diary else "diary_off", "words_per_minute": "rate_chosen",
               "tick": "tick_on" if preferences.tick else "tick_off", "voice": "voice_" + preferences.voice,
               "hand": "hand_" + preferences.hand, "volume": "volume_chosen"}
    number = (("number", str(getattr(preferences, name))),) if name in LIMITS and name != "verbosity" else ()
    return Utterance(phrases[name], number, priority=1, topic=name)


def _is_language(value: object, languages: Optional[Sequence[str]]) -> bool:
    """Whether it is, or could be, one. It becomes a file's name, so it must hold no more than letters and a hyphen."""
    if not isinstance(value, str):
        return False
    return value in languages if languages is not None else value.isascii() and value.replace("-", "").isalpha()
