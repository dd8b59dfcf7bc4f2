"""A life of the device: all its parts are opened, run until it ends, and are closed in turn.

Loading this takes seconds, for it loads all parts; commands/run.py has said before that the device is starting.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Callable, List, Mapping, Optional, Sequence

from . import sayings, wiring
from .body import Body
from .core.live import PerceptionThread, run_live
from .core.loop import Loop, Observer
from .core.ports import Clock
from .core.preferences import Preferences
from .devices.pluggable import PluggableSpeaker
from .devices.sensors import Files, Sensors
from .home import state_home
from .runtimes import hear_of_builds, hear_of_trouble
from .settings import Settings
from .upkeep import reset
from .upkeep.errands import Errands, Result
from .upkeep.journal import Journal
from .upkeep.keeper import Duty
from .upkeep.laststop import RunningNote, greet
from .upkeep.lessonnote import LessonNote
from .upkeep.preparation import Preparation
from .upkeep.releases.trial import Trial
from .upkeep.service import Manager, Service
from .upkeep.vitals import VitalSigns


@dataclass(frozen=True)
class Start:
    """What there is before the parts are."""

    settings: Settings
    clock: Clock
    speaker: PluggableSpeaker
    observers: Sequence[Observer] = ()
    journal: Journal = field(default_factory=Journal)
    """A companion may read it."""
    announced: bool = True
    """Whether the wearer knows of the start."""
    say_preparing: Callable[[], object] = lambda: None
    """Tells the wearer that the start takes some minutes."""
    preferences: Optional[Preferences] = None
    companion_options: Sequence[str] = ()
    """Those that a companion gets which the device starts."""
    with_lesson: bool = True
    """Whether the first lesson may begin by itself."""
    errands: Mapping[str, Callable[[], Result]] = field(default_factory=dict)
    """What does each errand of the menu."""


class Life:
    """The parts of one life; `stack` closes them. Raises an error of the tree when one cannot be opened."""

    def __init__(self, stack: ExitStack, start: Start) -> None:
        self._stack, self._start, self._manager = stack, start, Manager.find()
        self._running = stack.enter_context(RunningNote(state_home()))
        self._listeners: List[Observer] = [*start.observers]
        """They hear what is said."""
        self._body = self._wake()
        self._camera = stack.enter_context(wiring.open_camera(start.settings))
        self._buttons = wiring.open_buttons(start.settings, stack)
        self._perception = PerceptionThread(self._body.eyes, self._camera, start.clock)
        self._tell = self._perception.events.put
        hear_of_trouble(start.settings, start.clock, self._tell)

    def run(self, stop: threading.Event) -> bool:
        """Live until `stop` is set, or the wearer wants an end. Returns whether the device is to start anew."""
        loop = self._begin()
        run_live(loop, self._body.mouth, self._perception, self._buttons, self._start.clock, stop)
        return loop.restarts

    def _wake(self) -> Body:
        """The body, with all that is said unasked being rendered."""
        start = self._start
        preparation = Preparation(start.say_preparing, self._manager, start.clock)
        with hear_of_builds(start.settings, preparation.go_on):
            body = wiring.assemble(self._stack, start.settings, start.clock, start.speaker,
                                   state_home() / "objects.sqlite", self._listeners,
                                   wiring.open_microphone(start.settings, self._stack), live=True,
                                   preferences=start.preferences)
        sayings.render_ahead(body)
        return body

    def _begin(self) -> Loop:
        """The loop, and beside it whatever looks after the device."""
        start, body, enter = self._start, self._body, self._stack.enter_context
        view, attendant = wiring.open_window(self._stack, start.settings, body, self._perception, start.clock,
                                             start.journal, start.companion_options)
        self._listeners.append(view)  # from now on
        hearts = [*body.heartbeats, self._perception.heartbeat, self._camera.heartbeat, start.speaker.heartbeat]
        trial, note = Trial(hearts, self._tell), LessonNote(state_home(), bool(body.learner.taught), start.with_lesson)
        duties: List[Duty] = [VitalSigns(Sensors(Files()), self._tell), trial, note]
        keeper = enter(wiring.open_keeper(start.settings, body, start.clock, self._tell, attendant, duties))
        errands = enter(Errands(start.errands, start.clock, self._tell))
        service = Service(self._manager, hearts)
        self._stack.callback(service.stop)
        return body.loop(self._perception.submit, [*self._listeners, keeper, service, attendant, *duties],
                         start.announced, attendant.go_to_door, errands.start, note.lesson,
                         [*greet(self._running.last_stop, body.damaged), *trial.greetings,
                          *reset.greet(state_home())])
