"""`fingerpost sound test`: which sound card is which?"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Optional

from ..core.errors import SoundError, VoiceError
from ..core.phrases import PhraseBook
from ..core.ports import Clock, Speaker, Voice
from ..core.types import Clip, Utterance
from ..devices.cards import Card, find_card, list_cards
from ..devices.clocks import RealClock
from ..devices.sound import PygameSpeaker, describe_outputs
from ..sounding import load_earcons, open_phrases
from ..upkeep.preferences import load_preferred
from ..wiring import open_voice

log = logging.getLogger(__name__)
LOOK_SECONDS = 0.05
STALL_SECONDS = 3.0
"""An output that still plays so long after the end of a clip stands still."""


def add_arguments_test(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost sound test`."""
    parser.add_argument("--settings", type=Path, help="a settings file")


def main_test(args: argparse.Namespace) -> int:
    """Have each card, and then what the system chooses, say what it is; print what to write into the settings."""
    settings = load_preferred(args.settings)
    book, volume = open_phrases(settings), settings.speech.volume
    played = 0
    with open_voice(settings) as voice:
        cards = list_cards()
        for card in cards:
            said = render(voice, book, "this_is_card", number=str(card.number), name=card.name)
            played += report(describe(card), PygameSpeaker(volume=volume, pcm=card.pcm), said)
        said = render(voice, book, "this_is_system")
        played += report('what the system chooses: device = ""', PygameSpeaker(volume=volume), said)
    if not played:
        raise SoundError("nothing can be heard: plug in a USB sound card, and see that you are in the group audio: "
                         "sudo usermod -aG audio $USER")
    chosen = find_card(cards, settings.speech.device)
    print(f"These settings use {describe_choice(chosen, settings.speech.device)}.")
    named = describe_outputs()
    if named:
        print("Outputs that the settings may name, too: " + ", ".join(map(repr, named)))
    return 0


def describe(card: Card) -> str:
    """A card, and how the settings choose it."""
    return f"card {card.number}, {card.name}{' (USB)' if card.usb else ''}: device = \"{card.id}\""


def describe_choice(card: Optional[Card], device: str) -> str:
    """What the settings lead to."""
    if card is not None:
        return f"card {card.number}, {card.name}"
    return f"the output {device!r}, if there is one" if device else "what the system chooses: there is no USB card"


def render(voice: Voice, book: PhraseBook, phrase: str, **slots: str) -> Clip:
    """The spoken phrase; where there is no voice, the earcon that the device begins with."""
    text = book.text(Utterance(phrase, tuple(slots.items())))
    try:
        voice.render([text])
    except VoiceError as error:
        log.warning("%s", error)
    return voice.cached(text) or load_earcons()["ready"]


def report(what: str, speaker: Speaker, said: Clip) -> bool:
    """Play the clip to its end and print how that went."""
    print(f"{what} ... ", end="", flush=True)
    try:
        with speaker:
            sound(speaker, said, RealClock())
    except SoundError as error:
        print(f"cannot be played on: {error}")
        return False
    print("played")
    return True


def sound(speaker: Speaker, clip: Clip, clock: Clock) -> None:
    """Play the clip to its end; raises SoundError when it cannot be, or never ends."""
    speaker.play(clip)
    give_up = clock.now() + clip.seconds + STALL_SECONDS
    while speaker.busy():
        if clock.now() > give_up:
            raise SoundError("it stands still: plug it in again")
        clock.sleep(LOOK_SECONDS)
    clock.sleep(PygameSpeaker.BUFFERED_SECONDS)
