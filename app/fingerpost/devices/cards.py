"""The sound cards of this machine, as ALSA lists them in /proc/asound, and how SDL is told to play on one."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List, NamedTuple, Optional, Sequence

from ..environment import changed_environment

ASOUND = Path("/proc/asound")
NODES = Path("/dev/snd")
_CARD = re.compile(r" *(\d+) \[(\S+) *\]: (\S+) - (.*)")
"""As in " 2 [Device         ]: USB-Audio - USB Audio Device": number, id, driver, name."""


class Card(NamedTuple):
    """A sound card that can play."""

    number: int
    """Its place, which changes with the order of plugging in."""
    id: str
    """Its name for ALSA, which stays."""
    name: str
    usb: bool
    device: int
    """The first of its outputs."""
    made: int
    """When its node in /dev was made, in nanoseconds: a card that was pulled and is back is not the same."""

    @property
    def pcm(self) -> str:
        """What ALSA opens, with its converter, for few cards play mono at this rate."""
        return f"plughw:CARD={self.id},DEV={self.device}"


def list_cards(asound: Path = ASOUND, nodes: Path = NODES) -> List[Card]:
    """The cards that can play, by number; empty where there is no ALSA."""
    try:
        lines = (asound / "cards").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    cards = []
    for number, card_id, driver, name in (found.groups() for found in map(_CARD.match, lines) if found):
        outputs = sorted(int(path.name[3:-1]) for path in (asound / f"card{number}").glob("pcm*p"))
        if outputs:
            made = _made_at(nodes / f"controlC{number}")
            cards.append(Card(int(number), card_id, name.strip(), driver == "USB-Audio", outputs[0], made))
    return cards


def find_card(cards: Sequence[Card], wanted: str) -> Optional[Card]:
    """The card with that ALSA id; the first on USB where `wanted` is empty; None where there is none."""
    return next((card for card in cards if (card.id == wanted if wanted else card.usb)), None)


@contextmanager
def playing_on(pcm: str) -> Iterator[None]:
    """Have SDL open this ALSA device; an empty one leaves the choice to SDL.

    SDL's own names for outputs are descriptions, which several cards may share and drivers word anew; what its ALSA
    part opens by default is told it by AUDIODEV (SDL 2, SDL_alsa_audio.c). A driver that the user chose stays.
    """
    if not pcm:
        yield
        return
    with changed_environment(SDL_AUDIODRIVER=os.environ.get("SDL_AUDIODRIVER", "alsa"), AUDIODEV=pcm):
        yield


def _made_at(node: Path) -> int:
    try:
        return node.stat().st_ctime_ns
    except OSError:
        return 0
