"""Running the loop on the device: capture, perception and speech in threads of their own, and a main loop
that waits for none of them, so that a camera or a runtime that hangs in native code cannot mute the device."""

from __future__ import annotations

import logging
import queue
import threading
from dataclasses import replace
from typing import Optional, Union

from .actions import Action, ChangeWay, Pace, Sleep
from .errors import CameraError, StaleFrame
from .events import Event, Fault, Preparing, Recovered, Tick, Touched
from .heartbeat import Heartbeat
from .loop import Loop
from .ports import Buttons, Camera, Clock, Sight
from .speech import FINISH_SECONDS, Mouth, SpeechThread

log = logging.getLogger(__name__)

POLL_SECONDS = 0.01
TICK_SECONDS = 0.1
MAX_FRAME_AGE_SECONDS = 0.5
CAMERA_GRACE_SECONDS = 1.5
"""A camera may be silent for so long before its loss is announced; an unplugged one is heard of within 3 s."""
FIRST_FRAME_SECONDS = 20.0
"""To its first frame a camera that is there may take so long: a pipeline takes up to 15 s, and then says why."""
HUNG_SECONDS = 3.0
"""After so long in one turn the wearer is told that the eyes have stopped."""
PERCEPTION_PATIENCE_SECONDS = 30.0
"""After so long they are given up (docs/decisions/016-when-the-watchdog-bites.md)."""
CHANGE_HUNG_SECONDS, CHANGE_PATIENCE_SECONDS = 90.0, 120.0
"""The same two while a network is loaded for another way to look. A process for it may take 60 s to start, and the
network 25 s to load (inference/process.py); while it is compiled it is heard of again and again."""


class PerceptionThread(threading.Thread):
    """Looks at the newest frame again and again, does what the loop asks for, and reports by events."""

    def __init__(self, eyes: Sight, camera: Camera, clock: Clock) -> None:
        super().__init__(name="perception", daemon=True)
        self._eyes, self._camera, self._clock = eyes, camera, clock
        self._requests: queue.SimpleQueue[Action] = queue.SimpleQueue()
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.heartbeat = Heartbeat("perception", PERCEPTION_PATIENCE_SECONDS)
        eyes.preparing = self._prepare
        self._doing: Optional[Action] = None
        self._changing: Optional[Preparing] = None
        """What the wearer was told last, while the eyes do what takes long."""
        self._good_at = clock.now()
        self._last_index: Optional[int] = None
        self._camera_lost = False
        self._asleep = False
        self._pace = Pace(None)
        self._looked_at = float("-inf")
        self._stopping = False

    @property
    def hangs(self) -> bool:
        """Whether it makes no progress for longer than the wearer should wait without hearing of it."""
        changing = self._changing is not None
        return self.heartbeat.silent_seconds > (CHANGE_HUNG_SECONDS if changing else HUNG_SECONDS)

    def submit(self, action: Action) -> None:
        """Take a request of the loop; it goes before the next frame. Who chooses another way to look once more, since
        it takes long, is told again to wait."""
        changing = self._changing
        if isinstance(action, ChangeWay) and isinstance(self._doing, ChangeWay) and changing is not None:
            self.events.put(replace(changing, at=self._clock.now()))
        else:
            self._requests.put(action)

    def stop(self) -> None:
        """End the thread; one that hangs in native code is left behind."""
        self._stopping = True
        self.join(1.0)

    def run(self) -> None:
        """Work until stopped. An unexpected error becomes an announced fault, never a silent death."""
        broken = False
        while not self._stopping:
            self.heartbeat.beat()
            try:
                self._turn()
                if broken:
                    self.events.put(Recovered("eyes", self._clock.now()))
                broken = False
            except Exception as error:
                log.exception("perception failed")
                self.events.put(Fault("eyes", self._clock.now(), str(error)))
                broken = True
                self._clock.sleep(0.5)

    def _turn(self) -> None:
        """One request if there is one, else one frame."""
        try:
            self._do(self._requests.get_nowait())
        except queue.Empty:
            self._look()

    def _do(self, request: Action) -> None:
        if isinstance(request, Sleep):
            self._asleep = request.asleep
            return
        if isinstance(request, Pace):
            self._pace = request
            return
        self._doing = request
        try:
            self.events.put(self._eyes.do(request, self._clock.now()))
        finally:
            self.heartbeat.beat()
            self._doing = self._changing = None

    def _prepare(self, minutes: bool) -> None:
        """The eyes are alive, and load a network for another way to look: that is said, once."""
        self.heartbeat.beat(CHANGE_PATIENCE_SECONDS)
        if self._changing is None or minutes > self._changing.minutes:
            self._changing = Preparing(self._clock.now(), minutes)
            self.events.put(self._changing)

    def _look(self) -> None:
        try:
            frame = self._camera.latest(MAX_FRAME_AGE_SECONDS)
        except CameraError as error:
            self._miss(error)
            return
        self._good_at = self._clock.now()
        if self._camera_lost:
            self._camera_lost = False
            self.events.put(Recovered("camera", self._clock.now()))
        rests = self._asleep or self._pace.per_second == 0
        if rests:
            self._eyes.rest(self._clock.now())
        if rests or frame.index == self._last_index or not self._is_time():
            self._clock.sleep(POLL_SECONDS / 2)
            return
        self._last_index, self._looked_at = frame.index, self._clock.now()
        self.events.put(self._eyes.see(frame))

    def _is_time(self) -> bool:
        """Whether another picture may be looked at, at this pace."""
        per_second = self._pace.per_second
        return not per_second or self._clock.now() - self._looked_at >= 1.0 / per_second

    def _miss(self, error: Union[CameraError, StaleFrame]) -> None:
        """No frame: a short gap is waited for, a longer one is a fault."""
        now = self._clock.now()
        begins = self._last_index is None and isinstance(error, StaleFrame)
        grace_seconds = FIRST_FRAME_SECONDS if begins else CAMERA_GRACE_SECONDS
        if not self._camera_lost and now - self._good_at > grace_seconds:
            self._camera_lost = True
            self.events.put(Fault("camera", now, str(error)))
        self._clock.sleep(POLL_SECONDS)


class Watch:
    """Turns a perception thread that makes no progress into a fault, and its return into a recovery."""

    def __init__(self) -> None:
        self._hung = False

    def check(self, perception: PerceptionThread, now: float) -> Union[Fault, Recovered, None]:
        """The event that is due, if any."""
        if perception.hangs == self._hung:
            return None
        self._hung = not self._hung
        return Fault("eyes", now, "no progress") if self._hung else Recovered("eyes", now)


def run_live(loop: Loop, mouth: Mouth, perception: PerceptionThread, buttons: Buttons, clock: Clock,
             stop: threading.Event) -> None:
    """Run until switched off, until it is to start anew, or until `stop` is set; the last words are said before it
    returns."""
    speech = SpeechThread(mouth)
    speech.start()
    perception.start()
    try:
        _turn_until_done(loop, perception, buttons, clock, stop)
        _say_last_words(loop, mouth, clock, stop)
    finally:
        perception.stop()
        speech.stop()


def _turn_until_done(loop: Loop, perception: PerceptionThread, buttons: Buttons, clock: Clock,
                     stop: threading.Event) -> None:
    watch, next_tick = Watch(), clock.now()
    while not (stop.is_set() or loop.switched_off or loop.restarts):
        if buttons.touched():
            loop.feed(Touched(clock.now()))
        for press in buttons.presses():
            loop.feed(press)
        for fault in buttons.faults():
            loop.feed(fault)
        loop.listen()
        try:
            loop.feed(perception.events.get(timeout=POLL_SECONDS))
        except queue.Empty:
            pass
        if clock.now() >= next_tick:
            next_tick = clock.now() + TICK_SECONDS
            loop.feed(Tick(clock.now()))
            event = watch.check(perception, clock.now())
            if event is not None:
                loop.feed(event)


def _say_last_words(loop: Loop, mouth: Mouth, clock: Clock, stop: threading.Event) -> None:
    """Wait until all is said, for FINISH_SECONDS at most: what a new start brings may take 10 s, spoken slowly. The
    ticks change nothing any more, but show the watchdog that the device is alive. Who is told to stop by others, which
    systemd gives 10 s for, does so at once."""
    give_up = clock.now() + FINISH_SECONDS
    while not mouth.idle() and clock.now() < give_up and not stop.is_set():
        loop.feed(Tick(clock.now()))
        clock.sleep(TICK_SECONDS)
