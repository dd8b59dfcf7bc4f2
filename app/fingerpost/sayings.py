"""All that may be said, and having it rendered before it is."""

from __future__ import annotations

import logging
from typing import List, Sequence

from .body import Body
from .core.deciding.values import list_values
from .core.errors import VoiceError
from .core.phrases import ANSWER_PHRASES, CHANGING_PHRASES, LEARNING_PHRASES, NAMING_PHRASES, PhraseBook
from .core.ports import Voice
from .core.preferences import Preferences, change, confirm
from .core.rules import Rules
from .core.types import Utterance
from .installed import InstalledModels
from .memory.objects import TaughtObject
from .vision.detect import DETECTOR
from .vision.recognise import Recogniser

log = logging.getLogger(__name__)


def render_ahead(body: Body) -> None:
    """Have everything rendered that can be said, so that no one waits for it."""
    names = [body.book.text(Utterance("list_name", (("name", name),))) for name in body.learner.free_names()]
    body.render(names + sayable_texts(body.book, body.recogniser, body.learner.taught, list_detectable()))


def list_detectable() -> Sequence[str]:
    """The names of the things that the detector finds, where there is one."""
    models = InstalledModels()
    return models.generations(DETECTOR)[0].labels or () if DETECTOR in models.names() else ()


def sayable_texts(book: PhraseBook, recogniser: Recogniser, taught: Sequence[TaughtObject],
                  detectable: Sequence[str] = ()) -> List[str]:
    """Every fixed phrase, and every phrase that names a thing; what is said most comes first.

    The thousand names of the wider network get only what a pointing finger is answered with, 70 MB of clips. What a
    press asks for can wait to be rendered until then: it would be 250 MB.
    """
    texts = book.fixed_texts() + numbered_texts(book)
    of_taught = NAMING_PHRASES + LEARNING_PHRASES + CHANGING_PHRASES
    for names, phrases in (([thing.object_id for thing in taught], of_taught), (recogniser.names, NAMING_PHRASES),
                           (detectable, ANSWER_PHRASES), (recogniser.wider_names, ANSWER_PHRASES)):
        texts += [text for object_id in names for text in book.naming_texts(object_id, phrases)]
    return texts


def numbered_texts(book: PhraseBook) -> List[str]:
    """What a wearer hears who presses again and again: the volumes, and the looks of the first lesson. To wait at each
    press would be tiresome; another speech rate has to be rendered anew in any case."""
    volumes = [confirm(change(Preferences(), "volume", volume), "volume") for volume in list_values("volume", ())]
    looks = [Utterance("lesson_sample_next", (("count", str(count)),)) for count in range(1, Rules().enough_samples)]
    return [book.text(utterance) for utterance in volumes + looks]


def render_now(voice: Voice, texts: Sequence[str]) -> None:
    """Render what can be; a missing voice is announced where it is needed, not here."""
    try:
        voice.render(texts)
    except VoiceError as error:
        log.warning("%s", error)
