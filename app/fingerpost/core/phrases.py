"""From an utterance to words, in the wearer's language."""

from __future__ import annotations

import re
import string
from typing import Callable, Iterator, List, Mapping, Optional, Tuple, Union

from .errors import SettingsError
from .types import Clip, Utterance

_OBJECT_SLOTS = ("thing", "other")
_LIST_SLOT = "things"
_SPELLED_SLOTS = ("address", "code", "fingerprint")
_SIGNS = {".": "sign_dot", ":": "sign_colon", "/": "sign_slash"}
ANSWER_PHRASES = ("named", "maybe")
"""What a pointing finger is answered with, whatever the object."""
NAMING_PHRASES = ANSWER_PHRASES + ("runner_up", "why_resembles", "see_named", "see_maybe")
"""The phrases that hold one object's name, whatever it is."""
LEARNING_PHRASES = ("learned", "learned_more")
"""What is said when it is learned."""
CHANGING_PHRASES = ("sample_like", "sample_more", "list_thing", "change_forgotten", "change_renamed",
                    "change_returned", "change_unlearned", "change_undone", "change_taught")
"""What is said of it when something about it changes."""
Piece = Union[str, Clip]
"""Part of what is said: words for the voice, or a recording."""


class PhraseBook:
    """The phrases of one language and the names of the objects in it."""

    def __init__(self, phrases: Mapping[str, str], names: Mapping[str, str], source: str = "phrase file") -> None:
        self._phrases, self._names, self._source = phrases, names, source
        self.taught_name: Callable[[str], str] = lambda object_id: ""
        """Gives the wearer's own name of an object, or an empty string."""
        self.taught_label: Callable[[str], Optional[Clip]] = lambda object_id: None
        """Gives the name of an object in the wearer's own voice, or None."""

    def become(self, other: PhraseBook) -> None:
        """Take the other's language; what the wearer has named keeps its names."""
        self._phrases, self._names, self._source = other._phrases, other._names, other._source

    def name(self, object_id: str) -> str:
        """The spoken name: the wearer's own, the language's, or the id made readable."""
        return self.taught_name(object_id) or self._names.get(object_id) or object_id.replace("-", " ")

    def text(self, utterance: Utterance) -> str:
        """The words of an utterance. Raises SettingsError for a phrase or slot that the file lacks."""
        return "".join(piece for piece in self._parts(utterance, lambda object_id: None) if isinstance(piece, str))

    def pieces(self, utterance: Utterance) -> List[Piece]:
        """What sounds one after the other: names in the wearer's own voice where it has recorded them, and words.

        An utterance without a recording is one piece: whole sentences sound better. Raises SettingsError as `text`.
        """
        pieces: List[Piece] = [""]
        for part in self._parts(utterance, self.taught_label):
            if isinstance(part, str) and isinstance(pieces[-1], str):
                pieces[-1] += part
            else:
                pieces.append(part)
        if len(pieces) == 1:
            return pieces
        # What stands between two recordings may be no more than a comma.
        return [piece.strip(" ,.:") if isinstance(piece, str) else piece for piece in pieces
                if not isinstance(piece, str) or any(map(str.isalnum, piece))]

    def free_names(self) -> Tuple[str, ...]:
        """Names for things taught by button, where the settings have none of their own."""
        return tuple(self._template("free_names").split(", "))

    def numbered_name(self, number: int) -> str:
        """A name for one more of them, once there are so many."""
        return self._template("free_name").format(number=number)

    def fixed_texts(self) -> List[str]:
        """All phrases without slots: they are rendered before anyone waits for them."""
        return [text for key, text in self._phrases.items() if not slots_of(text) and key != "free_names"]

    def naming_texts(self, object_id: str, phrases: Tuple[str, ...] = NAMING_PHRASES) -> List[str]:
        """Everything that the voice says with this object's name alone."""
        pieces = [piece for phrase in phrases for piece in self.pieces(Utterance(phrase, (("thing", object_id),)))]
        return [piece for piece in pieces if isinstance(piece, str)]

    def _parts(self, utterance: Utterance, label: Callable[[str], Optional[Clip]]) -> Iterator[Piece]:
        """The phrase from slot to slot, with each name as its label or, without one, as text."""
        slots = dict(utterance.slots)
        for words, slot, _, _ in string.Formatter().parse(self._template(utterance.phrase)):
            yield words
            if slot is None:
                continue
            if slot not in slots:
                raise SettingsError(f"{self._source}: phrase '{utterance.phrase}' asks for the unknown slot '{slot}'; "
                                    "use the slots of en.toml")
            if slot not in _OBJECT_SLOTS + (_LIST_SLOT,):
                yield self._spell(slots[slot]) if slot in _SPELLED_SLOTS else slots[slot]
                continue
            object_ids = slots[slot].split(", ") if slot == _LIST_SLOT else [slots[slot]]
            for number, object_id in enumerate(object_ids):
                yield ", " if number else ""
                yield label(object_id) or self.name(object_id)

    def _spell(self, text: str) -> str:
        """What is to be typed or compared: figures and capital letters one by one, signs by their names, with pauses.

        Every capital letter needs one, or espeak-ng takes A for the article.
        """
        parts = re.findall(r"[a-z-]+|[0-9]+|\S", text)
        return ", ".join(self._template(_SIGNS[part]) if part in _SIGNS else " ".join(part) if part.isdigit() else part
                         for part in parts)

    def _template(self, phrase: str) -> str:
        try:
            return self._phrases[phrase]
        except KeyError:
            raise SettingsError(f"{self._source}: the phrase '{phrase}' is missing; "
                                "copy it from en.toml and translate it") from None


def slots_of(template: str) -> Tuple[str, ...]:
    """The names of the slots in a phrase, sorted."""
    return tuple(sorted({field for _, field, _, _ in string.Formatter().parse(template) if field}))
