"""What it costs the wearable that somebody looks on, or attacks the page: a part of `fingerpost bench`.

The wearable runs as fast as it can on one core, in this process; the companion's server, its visitors and its attackers
run on the others. In turn, within one run, nobody is there, then a viewer, then attackers.
"""

from __future__ import annotations

import os
import queue
import statistics
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set

from ..core.actions import Action
from ..core.errors import DataError
from ..core.events import Event, Seen
from ..core.live import PerceptionThread
from ..core.ports import Camera, Sight
from ..core.state import POINTING, State
from ..core.types import Frame
from ..devices.clocks import RealClock
from ..home import state_home
from ..memory.learner import Learner
from ..memory.objects import ObjectStore
from ..networks import open_recogniser
from ..settings import RecognitionSettings, Settings
from ..sounding import open_phrases
from ..upkeep.journal import Journal
from ..window.glass import Glass
from ..window.hands import Hands
from ..window.place import find_window
from ..window.view import View
from ..wiring import make_eyes
from .visitors import Visitor, attack, companion, look_on, pair

ROUNDS, SECONDS, ARRIVAL_SECONDS = 5, 4.0, 1.5


class Pace(NamedTuple):
    """How the wearable went along for some seconds."""

    frames_per_second: float
    p95_ms: float
    """Of the time that a frame takes in the eyes."""
    served_per_second: float
    """The pictures that the viewer has seen, or the answers that attackers were given."""


class Endless(Camera):
    """The same few frames for ever, each as soon as it is asked for."""

    def __init__(self, frames: Sequence[Frame], clock: RealClock) -> None:
        self._frames, self._clock, self._index = frames, clock, 0

    def latest(self, max_age: float) -> Frame:
        """The next frame, taken now."""
        self._index += 1
        return Frame(self._index, self._clock.now(), self._frames[self._index % len(self._frames)].pixels)


class TimedSight(Sight):
    """Eyes whose time for each frame is noted, in milliseconds."""

    def __init__(self, eyes: Sight) -> None:
        self._eyes = eyes
        self.times_ms: List[float] = []

    def see(self, frame: Frame) -> Event:
        """Note how long it takes."""
        start = time.perf_counter()
        try:
            return self._eyes.see(frame)
        finally:
            self.times_ms.append((time.perf_counter() - start) * 1000.0)

    def do(self, request: Action, at: float) -> Event:
        """Hand it on."""
        return self._eyes.do(request, at)


def measure_watching(pointed_frames: Callable[..., Sequence[Frame]]) -> Dict[str, object]:
    """The wearable's frame rate with a viewer over that without, and the 95th percentile of its time for a frame under
    attack over that without; medians of five rounds in turn. Raises DataError on a machine with one core.

    `pointed_frames(eyes)` gives the frames that it walks through.
    """
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise DataError("what a companion costs is measured with it on a core of its own: this machine has but one")
    others = set(cores[1:])
    with ExitStack() as stack:
        stack.enter_context(pinned({cores[0]}))
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-", dir=str(make_folder()))))
        walk = stack.enter_context(Walk.begin(folder, pointed_frames))
        address, code = stack.enter_context(companion(folder, others))
        cookie = pair(address, code)
        visits: List[Callable[[], Optional[Visitor]]] = [
            lambda: None, partial(Visitor, look_on, (address, cookie), others),
            partial(Visitor, attack, (address,), others)]
        rounds = [[walk.measure(begin) for begin in visits] for _ in range(ROUNDS)]
    alone, watched, attacked = zip(*rounds)
    return {"frames_per_second_alone": round(statistics.median(pace.frames_per_second for pace in alone), 1),
            "watched_frame_rate_ratio": ratio(watched, alone, 0), "attacked_p95_ratio": ratio(attacked, alone, 1),
            "pictures_per_second_seen": served(watched), "attacks_per_second": served(attacked)}


def ratio(these: Sequence[Pace], those: Sequence[Pace], field: int) -> float:
    """The median over the rounds of one figure over the other."""
    return round(statistics.median(this[field] / that[field] for this, that in zip(these, those)), 3)


def served(paces: Sequence[Pace]) -> float:
    """The median over the rounds of what visitors were given, a second."""
    return round(statistics.median(pace.served_per_second for pace in paces), 1)


class Walk:
    """The wearable, walking on as fast as it can, with its window open."""

    def __init__(self, perception: PerceptionThread, view: View, sight: TimedSight) -> None:
        self._perception, self._view, self._sight = perception, view, sight

    @classmethod
    @contextmanager
    def begin(cls, folder: Path, pointed_frames: Callable[..., Sequence[Frame]]) -> Iterator[Walk]:
        """Set out; the window lies in that folder."""
        settings = Settings(recognition=RecognitionSettings(threads=1))
        with ExitStack() as stack:
            memory = stack.enter_context(ObjectStore(Path(":memory:")))
            recogniser = open_recogniser(stack, settings)
            learner, clock = Learner(memory, recogniser, ()), RealClock()
            eyes = make_eyes(stack, settings, recogniser, learner)
            sight = TimedSight(eyes)
            perception = PerceptionThread(sight, Endless(pointed_frames(eyes), clock), clock)
            view = View(eyes, learner, open_phrases(settings), Journal(), clock)
            stack.enter_context(Glass(folder / find_window().name, view,
                                      Hands(clock, perception.events.put, lambda request: None)))
            perception.start()
            stack.callback(perception.stop)
            yield cls(perception, view, sight)

    def measure(self, begin: Callable[[], Optional[Visitor]]) -> Pace:
        """Its pace while visitors do what they do; they are there before it is measured, and gone afterwards."""
        visitor = begin()
        self._go_on(ARRIVAL_SECONDS)
        before = visitor.served if visitor is not None else 0
        self._sight.times_ms.clear()
        frames = self._go_on(SECONDS)
        times_ms = sorted(self._sight.times_ms)
        served = visitor.served - before if visitor is not None else 0
        if visitor is not None:
            visitor.go()
        self._go_on(ARRIVAL_SECONDS)
        return Pace(frames / SECONDS, times_ms[int(0.95 * len(times_ms))], served / SECONDS)

    def _go_on(self, seconds: float) -> int:
        """Let the window see what happens for so long; the number of frames."""
        end, frames, state = time.monotonic() + seconds, 0, State(mode=POINTING)
        while time.monotonic() < end:
            try:
                event = self._perception.events.get(timeout=0.05)
            except queue.Empty:
                continue
            frames += isinstance(event, Seen)
            self._view.on_event(event, state)
        return frames


@contextmanager
def pinned(cores: Set[int]) -> Iterator[None]:
    """This process on these cores alone, with all that it starts meanwhile."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def make_folder() -> Path:
    """The state folder, which is there afterwards."""
    state_home().mkdir(parents=True, exist_ok=True)
    return state_home()
