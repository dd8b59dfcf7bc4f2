"""From an utterance to words, in the wearer's language."""

from __future__ import annotations

import string
from typing import Callable, List, Mapping, Tuple

from .errors import SettingsError
from .types import Utterance

_OBJECT_SLOTS = ("thing", "other")
_LIST_SLOT = "things"
NAMING_PHRASES = ("named", "maybe", "runner_up", "learned", "learned_more")
"""The phrases that hold one object's name and are rendered when it is learned."""


class PhraseBook:
    """The phrases of one language and the names of the objects in it."""

    def __init__(self, phrases: Mapping[str, str], names: Mapping[str, str], source: str = "phrase file") -> None:
        self._phrases = phrases
        self._names = names
        self._source = source
        self.taught_name: Callable[[str], str] = lambda object_id: ""
        """Gives the wearer's own name of an object, or an empty string."""

    def name(self, object_id: str) -> str:
        """The spoken name: the wearer's own, the language's, or the id made readable."""
        return self.taught_name(object_id) or self._names.get(object_id) or object_id.replace("-", " ")

    def text(self, utterance: Utterance) -> str:
        """The words of an utterance. Raises SettingsError for a phrase or slot that the file lacks."""
        template = self._template(utterance.phrase)
        slots = {key: self._fill(key, value) for key, value in utterance.slots}
        try:
            return template.format(**slots)
        except KeyError as error:
            raise SettingsError(f"{self._source}: phrase '{utterance.phrase}' asks for the unknown slot {error}; "
                                "use the slots of en.toml") from error

    def fixed_texts(self) -> List[str]:
        """All phrases without slots: they are rendered before anyone waits for them."""
        return [text for text in self._phrases.values() if not slots_of(text)]

    def naming_texts(self, object_id: str) -> List[str]:
        """Everything that is said with this object's name alone."""
        return [self.text(Utterance(phrase, (("thing", object_id),))) for phrase in NAMING_PHRASES]

    def _template(self, phrase: str) -> str:
        try:
            return self._phrases[phrase]
        except KeyError:
            raise SettingsError(f"{self._source}: the phrase '{phrase}' is missing; "
                                "copy it from en.toml and translate it") from None

    def _fill(self, key: str, value: str) -> str:
        if key in _OBJECT_SLOTS:
            return self.name(value)
        if key == _LIST_SLOT:
            return ", ".join(self.name(object_id) for object_id in value.split(", "))
        return value


def slots_of(template: str) -> Tuple[str, ...]:
    """The names of the slots in a phrase, sorted."""
    return tuple(sorted({field for _, field, _, _ in string.Formatter().parse(template) if field}))
