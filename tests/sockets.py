"""Sound cards without a machine: what /proc/asound says of them, and sockets that they are plugged into."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, List, Optional, Tuple

from fingerpost.core.errors import SoundError
from fingerpost.core.ports import Speaker
from fingerpost.core.types import Clip
from fingerpost.devices.cards import Card

HEADSET = Card(2, "Device", "USB Audio Device", True, 0, 1)
NANO = " {} [tegrahda       ]: tegra-hda - tegra-hda\n                      tegra-hda at 0x70038000 irq 83\n"
USB = (" {} [{:<15}]: USB-Audio - USB Audio Device\n"
       "                      C-Media Electronics Inc. USB Audio Device at usb-70090000.xusb-2.1, full speed\n")


def plug(asound: Path, *cards: str) -> Path:
    """Write /proc/asound anew: in the order of their numbers "hdmi", a USB card's id, or "mute ID", which cannot play.

    The texts are those of a Jetson Nano with JetPack 4.
    """
    asound.mkdir(exist_ok=True)
    lines = []
    for number, card in enumerate(cards):
        lines.append(NANO.format(number) if card == "hdmi" else USB.format(number, card.split()[-1]))
        outputs = {"hdmi": ["pcm3p", "pcm7p"]}.get(card, ["pcm0c"] if card.startswith("mute") else ["pcm0p", "pcm0c"])
        for folder in (asound / f"card{number}").glob("pcm*"):
            folder.rmdir()
        for output in outputs:
            (asound / f"card{number}" / output).mkdir(parents=True)
    (asound / "cards").write_text("".join(lines) or "--- no soundcards ---\n")
    return asound


class Sockets:
    """Outputs (devices/pluggable.py) whose cards a test plugs in and pulls; what is played on each is kept."""

    def __init__(self, make: Optional[Callable[[], Speaker]] = None) -> None:
        self.card: Optional[Card] = HEADSET
        self.card_works = True
        """Whether the card that is plugged in can be opened."""
        self.default_works = False
        self.opens = 0
        self.volumes: List[Tuple[Optional[Card], float]] = []
        self._make = make

    def find_card(self) -> Optional[Card]:
        return self.card

    def make(self, card: Optional[Card]) -> List[Speaker]:
        if self._make is not None:
            return [self._make()]
        return [PulledSpeaker(self, card)] + ([PulledSpeaker(self, None)] if card else [])


class PulledSpeaker(Speaker):
    """Plays for ever, on a card that may be pulled, or on what the system chooses."""

    played: List[Clip] = []

    def __init__(self, sockets: Sockets, card: Optional[Card]) -> None:
        self.card, self._sockets, self._busy = card, sockets, False

    def open(self):
        self._sockets.opens += 1
        self._check()

    def play(self, clip, mix=False):
        self._check()
        self._busy = True
        PulledSpeaker.played.append((self.card, clip))

    def hush(self):
        self._busy = False

    def busy(self):
        return self._busy

    def set_volume(self, volume):
        self._sockets.volumes.append((self.card, volume))

    def _check(self):
        plugged = self.card == self._sockets.card and self._sockets.card_works
        if not (plugged if self.card else self._sockets.default_works):
            raise SoundError("no sound output: plug it in")
