"""The mouth: a queue of utterances, one voice, and earcons. It never keeps the decision waiting."""

from __future__ import annotations

import logging
import os
import queue
import threading
from typing import Callable, List, Mapping, Sequence, Tuple

from .errors import SoundError, VoiceError
from .heartbeat import Heartbeat
from .phrases import PhraseBook, Piece
from .ports import Clock, Speaker, Voice
from .types import URGENT, Clip, Utterance

log = logging.getLogger(__name__)
BATCH_TEXTS = 50
"""Texts that are rendered in one go: enough to start a process rarely, few enough to go on soon."""
_NICENESS = 10
SPEECH_PATIENCE_SECONDS = 30.0
"""A turn of the mouth may have to render one text, for which the voice takes 20.5 s at most before it gives up."""
RENDERING_PATIENCE_SECONDS = 60.0
"""A batch takes the voice 45 s at most."""
FINISH_SECONDS = 30.0
"""One sentence and the time to render it. Who still speaks then does so on an output that stands still."""
Heard = Callable[[float, str, str], None]
"""Called with (seconds, text, phrase) when words begin to sound; for an earcon the text is its name in brackets."""


class Mouth:
    """Says utterances in turn, each piece by piece. `say`, `chime` and `hush` return at once, from any thread.

    `step` does the work: the speech thread calls it again and again, a replay between two frames. Rendering
    happens outside the lock, so that a slow voice cannot delay a hush.
    """

    def __init__(self, speaker: Speaker, voice: Voice, book: PhraseBook, earcons: Mapping[str, Clip],
                 clock: Clock, heard: Heard = lambda at, text, phrase: None) -> None:
        self._speaker, self._voice, self._book = speaker, voice, book
        self._earcons, self._clock, self._heard = earcons, clock, heard
        self._lock = threading.Lock()
        self._queue: List[Utterance] = []
        self._rest: List[Clip] = []
        self._generation = 0
        self._priority = 0  # of the utterance whose turn it was last
        self._chime_until = float("-inf")
        self._rendering = False
        self._complaint = ""
        self.something_to_say = threading.Event()
        self.heartbeat = Heartbeat("speech", SPEECH_PATIENCE_SECONDS)

    def say(self, utterance: Utterance) -> None:
        """Queue the utterance by priority; one that interrupts takes the place of everything else that is not urgent.

        What waits already is not said twice: the news of a loose plug would grow without end. Of one topic, only the
        last waits.
        """
        with self._lock:
            self._queue = [waiting for waiting in self._queue
                           if waiting != utterance and not utterance.topic == waiting.topic != ""]
            if utterance.interrupts:
                self._make_way()
            place = sum(1 for waiting in self._queue if waiting.priority >= utterance.priority)
            self._queue.insert(place, utterance)
        self.something_to_say.set()

    def chime(self, name: str) -> None:
        """Sound an earcon at once; speech that has not begun waits until it is over."""
        clip = self._earcons[name]
        with self._lock:
            self._attempt(clip, mix=True)
            self._chime_until = self._clock.now() + clip.seconds
        self._heard(self._clock.now(), f"[{name}]", name)

    def hush(self, spares_urgent: bool = False) -> None:
        """Silence speech and drop what waits; where it `spares_urgent` words, all but those."""
        with self._lock:
            if spares_urgent:
                self._make_way()
            else:
                self._silence()

    def idle(self) -> bool:
        """Whether nothing sounds and nothing waits."""
        with self._lock:
            return not (self._queue or self._rest or self._rendering or self._speaker.busy()
                        or self._clock.now() < self._chime_until)

    def step(self) -> None:
        """Go on with what is being said, or start the next utterance if its turn has come."""
        self.heartbeat.beat()
        with self._lock:
            self.something_to_say.clear()
            if self._speaker.busy() or self._clock.now() < self._chime_until:
                return
            if self._rest:
                self._attempt(self._rest.pop(0))
                return
            if not self._queue:
                return
            utterance = self._queue.pop(0)
            generation, self._rendering, self._priority = self._generation, True, utterance.priority
        clips: List[Clip] = []
        try:
            text = self._book.text(utterance)
            clips = [self._clip(piece) for piece in self._book.pieces(utterance)]
        finally:
            with self._lock:  # until it sounds it is being rendered, so that nobody takes the mouth for idle
                started = bool(clips) and generation == self._generation and self._attempt(clips[0])
                self._rest, self._rendering = clips[1:] if started else [], False
        if started:
            self._heard(self._clock.now(), text, utterance.phrase)

    def _clip(self, piece: Piece) -> Clip:
        """The clip for a piece, rendered now if it must be; the fault earcon stands in when no voice can."""
        if isinstance(piece, Clip):
            return piece
        clip = self._voice.cached(piece)
        if clip is not None:
            return clip
        try:
            self._voice.render([piece])
        except VoiceError as error:
            if str(error) != self._complaint:  # a full card is no news at every word
                log.error("%s", error)
            self._complaint = str(error)
        return self._voice.cached(piece) or self._earcons["fault"]

    def _attempt(self, clip: Clip, mix: bool = False) -> bool:
        try:
            self._speaker.play(clip, mix=mix)
        except SoundError as error:
            log.error("%s", error)
            return False
        return True

    def _make_way(self) -> None:
        """Drop what sounds and what waits, unless it is urgent."""
        urgent = [waiting for waiting in self._queue if waiting.priority >= URGENT]
        sounds = self._rendering or bool(self._rest) or self._speaker.busy()
        if not sounds or self._priority < URGENT:
            self._silence()
        self._queue = urgent

    def _silence(self) -> None:
        self._generation += 1
        self._queue.clear()
        self._rest.clear()
        self._speaker.hush()


def finish(mouth: Mouth, clock: Clock) -> bool:
    """Step until all is said, for commands that have nothing else to do; False if that took longer than FINISH_SECONDS,
    of which the log tells."""
    give_up = clock.now() + FINISH_SECONDS
    while not mouth.idle():
        if clock.now() > give_up:
            log.warning("the sound output stands still: plug it in again, or choose another one in the settings")
            return False
        mouth.step()
        clock.sleep(0.02)
    return True


class SpeechThread(threading.Thread):
    """Keeps a mouth talking in the background."""

    def __init__(self, mouth: Mouth) -> None:
        super().__init__(name="speech", daemon=True)
        self._mouth, self._stopping = mouth, False

    def run(self) -> None:
        """Step until stopped; wakes at once when something is to be said. No error ends it: that would be silence."""
        while not self._stopping:
            self._mouth.something_to_say.wait(0.02)
            try:
                self._mouth.step()
            except Exception:
                log.exception("something could not be said")

    def stop(self) -> None:
        """End the thread; waits half a second at most, for a hung sound driver must not hold up the exit."""
        self._stopping = True
        self.join(0.5)


class RenderingThread(threading.Thread):
    """Renders in the background what may be said later: nothing waits for it, and everything else goes first."""

    def __init__(self, voice: Voice) -> None:
        super().__init__(name="rendering", daemon=True)
        self._voice, self._stopping = voice, False
        # The last in is the first out: a name just learned goes before a thousand that may never be said.
        self._waiting: queue.LifoQueue[Tuple[str, Sequence[str]]] = queue.LifoQueue()
        self._complaint = ""
        self.heartbeat = Heartbeat("rendering", RENDERING_PATIENCE_SECONDS)

    def submit(self, texts: Sequence[str]) -> None:
        """Take texts, which go before those that still wait; returns at once. In another style they are not wanted."""
        self._waiting.put((self._voice.style, texts))

    def run(self) -> None:
        """Render batch after batch until stopped."""
        os.nice(_NICENESS)  # on Linux this is about this thread alone, and about the processes that it starts
        while True:
            self.heartbeat.rest()
            style, texts = self._waiting.get()
            self.heartbeat.beat()
            if self._stopping:
                return
            if style != self._voice.style:
                continue
            if len(texts) > BATCH_TEXTS:
                self._waiting.put((style, texts[BATCH_TEXTS:]))
            self._render(texts[:BATCH_TEXTS])

    def stop(self) -> None:
        """End the thread; waits a second at most, for the voice may take many over a batch, which nobody needs now."""
        self._stopping = True
        self._waiting.put(("", ()))
        self.join(1.0)

    def _render(self, texts: Sequence[str]) -> None:
        """Render what can be. What cannot be is tried again when it is to be said; a complaint is logged only once.

        No error ends the thread, or every new name would have to be waited for.
        """
        try:
            self._voice.render(texts)
        except Exception as error:
            if str(error) != self._complaint:
                log.warning("%s", error, exc_info=not isinstance(error, VoiceError))
            self._complaint = str(error)
