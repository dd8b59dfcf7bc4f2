"""Running the loop over a recording: the recording is the clock, every frame is seen once, one thread."""

from __future__ import annotations

from collections import deque
from typing import Callable, Deque, Iterable

from .actions import Action, Pace, Sleep
from .events import Tick
from .loop import Loop
from .ports import Buttons, Clock, Sight
from .speech import Mouth
from .types import Frame

STEP_SECONDS = 0.02
TICK_SECONDS = 0.1
_LONGEST_TAIL_SECONDS = 20.0


class Playback:
    """Feeds a loop from recorded frames and presses in simulated time."""

    def __init__(self, eyes: Sight, buttons: Buttons, clock: Clock) -> None:
        self._eyes, self._buttons, self._clock = eyes, buttons, clock
        self._requests: Deque[Action] = deque()
        self._next_tick = clock.now() + TICK_SECONDS
        self._asleep = False

    def submit(self, action: Action) -> None:
        """Take a request of the loop; it is done before time moves on."""
        self._requests.append(action)

    def run(self, loop: Loop, mouth: Mouth, frames: Iterable[Frame],
            watch: Callable[[Frame], None] = lambda frame: None) -> None:
        """Play all frames, then let the last words be said. `watch` sees each frame after its decision."""
        self._pass_time(loop, mouth, self._clock.now())
        for frame in frames:
            self._pass_time(loop, mouth, frame.at)
            if not self._asleep:
                loop.feed(self._eyes.see(frame))
            self._work(loop)
            mouth.step()
            watch(frame)
        end = self._clock.now() + _LONGEST_TAIL_SECONDS
        while not mouth.idle() and self._clock.now() < end:
            self._pass_time(loop, mouth, self._clock.now() + STEP_SECONDS)

    def _pass_time(self, loop: Loop, mouth: Mouth, until: float) -> None:
        """Advance the clock in small steps, with the presses and ticks that fall due on the way."""
        while True:
            for press in self._buttons.presses():
                loop.feed(press)
                self._work(loop)
            loop.listen()
            self._work(loop)
            if self._clock.now() >= self._next_tick - 1e-9:
                loop.feed(Tick(self._clock.now()))
                self._next_tick += TICK_SECONDS
            mouth.step()
            left = until - self._clock.now()
            if left <= 1e-9:
                return
            self._clock.sleep(min(STEP_SECONDS, left))

    def _work(self, loop: Loop) -> None:
        """Carry out what the loop has asked for, and what follows from that."""
        while self._requests:
            request = self._requests.popleft()
            if isinstance(request, Sleep):
                self._asleep = request.asleep
            elif not isinstance(request, Pace):  # of a recording every frame is seen
                loop.feed(self._eyes.do(request, self._clock.now()))
