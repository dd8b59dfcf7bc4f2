"""A speaker that may be pulled and plugged in again while the device runs."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import List, Optional

import numpy

from ..core.errors import SoundError
from ..core.heartbeat import Heartbeat
from ..core.ports import Clock, Speaker
from ..core.types import Clip
from .cards import ASOUND, NODES, Card, find_card, list_cards
from .clips import RATE, resample
from .sound import PygameSpeaker
from .wavspeaker import WavSpeaker

log = logging.getLogger(__name__)

CARDS_PATIENCE_SECONDS = 30.0
"""To open or close an output takes some seconds at most; a driver that holds it up for longer hangs, and sound with it
(docs/decisions/016-when-the-watchdog-bites.md)."""


class Outputs:
    """Where sound can go: the card or output called `device`; where that is empty the first USB card, else what the
    system chooses. `volume` lies in [0, 1].
    """

    def __init__(self, device: str = "", volume: float = 1.0, asound: Path = ASOUND, nodes: Path = NODES) -> None:
        self._device, self._volume = device, volume
        self._asound, self._nodes = asound, nodes

    def find_card(self) -> Optional[Card]:
        """The wanted card, if it is plugged in now."""
        return find_card(list_cards(self._asound, self._nodes), self._device)

    def make(self, card: Optional[Card]) -> List[Speaker]:
        """Speakers, not open yet, best first: on that card or the output of this name; last the system's choice."""
        default: List[Speaker] = [PygameSpeaker(volume=self._volume)]
        if card is not None:
            return [PygameSpeaker(volume=self._volume, pcm=card.pcm)] + default
        return [PygameSpeaker(self._device, self._volume)] + default if self._device else default


class PluggableSpeaker(Speaker):
    """Plays on the best of `outputs`, and on a better one as soon as that is plugged in.

    A card that was pulled is waited for: what the system chooses in its place may be a screen without a loudspeaker.
    One that could not be opened yet is tried again and again, and the system's choice is a makeshift until it can.
    While there is no output, sound goes to a WAV file; once there is one again, a greeting sounds and the last words
    that nobody has heard to their end are said.
    """

    LOOK_SECONDS = 0.5
    LONGEST_SECONDS = 30.0  # between two attempts to open an output; the pauses grow to this
    KEPT_SECONDS = 8.0  # so many of the last words are said later
    FILE_SECONDS = 300.0  # so much of the end is in the file: 13 MB, which an SD card of class 10 takes in 1.3 s

    def __init__(self, outputs: Outputs, path: Path, clock: Clock, greeting: Optional[Clip] = None) -> None:
        """`path` is the WAV file."""
        self._outputs, self._path, self._greeting = outputs, path, greeting
        self._stand_in = WavSpeaker(path, clock, self.FILE_SECONDS)
        self._speaker: Speaker = self._stand_in
        self._card: Optional[Card] = None
        self._volume: Optional[float] = None  # that of the outputs
        self._had_best = False  # a better output than the system's choice has played
        self._makeshift = False  # the system's choice plays, and a better one could not be opened
        self._lost = False
        self._gone: List[Speaker] = []
        self._missed: List[Clip] = []
        self._latest: Optional[Clip] = None
        self._pause = self._due = 0.0  # seconds between two attempts, and to the next one
        self._complaint = ""
        self._lock = threading.Lock()
        self.heartbeat = Heartbeat("sound cards", CARDS_PATIENCE_SECONDS)
        self._stopping = threading.Event()
        self._thread: Optional[threading.Thread] = None

    def open(self) -> None:
        """Take the best output there is; where there is none, look for one from now on."""
        if self._thread is not None:
            return
        self._card, self._had_best = self._outputs.find_card(), False
        speaker = self._open_best()
        if speaker is None:
            self._go_without()
        else:
            self._take(speaker)
        self._stopping.clear()
        self._thread = threading.Thread(target=self._watch, name="sound cards", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Give the output back; an output that hangs while it is opened is left behind."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stopping.set()
        thread.join(2.0)
        self._close_gone()
        self._speaker.close()
        self._speaker = self._stand_in

    def play(self, clip: Clip, mix: bool = False) -> None:
        """See `Speaker.play`; raises SoundError when there is neither an output nor room for the file."""
        with self._lock:
            if not self._lost:
                try:
                    self._speaker.play(clip, mix)
                    self._latest = self._latest if mix else clip
                    return
                except SoundError as error:
                    if self._thread is None:
                        raise
                    log.error("%s", error)
                    self._latest = None
                    self._go_without()
            if not mix:
                self._remember(clip)
            self._speaker.play(clip, mix)

    def hush(self) -> None:
        """See `Speaker.hush`; what was hushed is not said later either."""
        with self._lock:
            self._missed.clear()
            self._speaker.hush()

    def busy(self) -> bool:
        """See `Speaker.busy`."""
        return self._speaker.busy()

    def set_volume(self, volume: float) -> None:
        """See `Speaker.set_volume`; it holds for every output, also for one that is plugged in later."""
        with self._lock:
            self._volume = volume
            self._speaker.set_volume(volume)

    def _watch(self) -> None:
        """Follow what is plugged in, in a thread of its own: to open an output may take long.

        No error ends it, for a card that is pulled afterwards would be lost for good; each is logged once.
        """
        while not self._stopping.wait(self.LOOK_SECONDS):
            self.heartbeat.beat()
            try:
                self._look()
            except Exception as error:
                if str(error) != self._complaint:
                    log.exception("sound cards cannot be looked for")
                self._complaint = str(error)
        self.heartbeat.rest()

    def _look(self) -> None:
        """Once: go over to another card, or try to be heard again where nothing is."""
        card = self._outputs.find_card()
        if card != self._card:
            with self._lock:
                if not self._lost:
                    log.warning("sound card: %s", f"{card.id} is plugged in" if card else "it was pulled")
                    self._go_without()
            self._card, self._pause, self._due = card, 0.0, 0.0
        self._close_gone()
        if not (self._lost or self._makeshift):
            self._pause = self._due = 0.0
        elif self._due > self.LOOK_SECONDS or (self._makeshift and self._speaker.busy()):
            self._due -= self.LOOK_SECONDS
        else:
            self._due = self._pause = min(max(2 * self._pause, self.LOOK_SECONDS), self.LONGEST_SECONDS)
            self._look_for_better()

    def _look_for_better(self) -> None:
        """Go over to the best output that can be opened. A makeshift is closed for that, since SDL plays on one output
        at a time, and opened again where there is still no better one."""
        before = self._makeshift
        if before:
            with self._lock:
                self._let_go()
            self._close_gone()
        speaker = self._open_best()
        if speaker is None:
            return
        as_before = before and self._makeshift
        log.log(logging.INFO if as_before else logging.WARNING, "there is sound again")
        with self._lock:
            self._take(speaker)
            self._say_missed(greet=not as_before)
        try:
            self._stand_in.close()
        except SoundError as error:
            log.warning("%s", error)

    def _open_best(self) -> Optional[Speaker]:
        """The best output that can be opened now; None where there is none. The system's choice is none any more once a
        better one has played."""
        speakers = self._outputs.make(self._card)
        for speaker in speakers[:-1] if self._had_best else speakers:
            try:
                speaker.open()
            except SoundError as error:
                log.log(logging.WARNING if self._thread is None else logging.INFO, "%s", error)
            else:
                self._makeshift = speaker is not speakers[0]
                self._had_best = self._had_best or speaker is not speakers[-1]
                return speaker
        return None

    def _take(self, speaker: Speaker) -> None:
        """Go over to this speaker, which is open."""
        if self._volume is not None:
            speaker.set_volume(self._volume)
        self._speaker, self._lost = speaker, False

    def _go_without(self) -> None:
        """Let the file stand in, until there is an output again."""
        self._let_go()
        log.warning("Sound is looked for again and again. Until there is some, what is said goes to %s.", self._path)

    def _let_go(self) -> None:
        """Let the file stand in; the output that was in use is closed by the thread, for that may take long."""
        if self._speaker is not self._stand_in:
            self._missed += [self._latest] if self._latest is not None and self._speaker.busy() else []
            self._gone.append(self._speaker)
        self._lost, self._makeshift, self._latest = True, False, None
        self._stand_in.open()
        self._speaker = self._stand_in

    def _close_gone(self) -> None:
        while self._gone:
            self._gone.pop().close()

    def _remember(self, clip: Clip) -> None:
        if self._speaker.busy() and self._missed:
            self._missed.pop()  # this clip takes its place
        self._missed.append(clip)
        while len(self._missed) > 1 and sum(clip.seconds for clip in self._missed) > self.KEPT_SECONDS:
            self._missed.pop(0)

    def _say_missed(self, greet: bool) -> None:
        clips, self._missed = ([self._greeting] if greet and self._greeting else []) + self._missed, []
        if clips:
            samples = numpy.concatenate([resample(clip.samples, clip.rate) for clip in clips])
            try:
                self._speaker.play(Clip(samples, RATE))
            except SoundError as error:
                log.error("%s", error)
                self._go_without()
