"""The parts that a loop runs with, whoever has chosen them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional, Sequence

from . import __version__
from .core.actions import Action
from .core.events import Status
from .core.heartbeat import Heartbeat
from .core.loop import Loop, Observer
from .core.phrases import PhraseBook
from .core.preferences import Preferences
from .core.speech import Mouth
from .core.state import BY_LIST, BY_VOICE, Lesson, State
from .core.types import URGENT, Utterance
from .devices.ear import Ear
from .devices.power import has_mains, read_battery
from .devices.sensors import Files, find_hottest
from .home import list_languages
from .memory.learner import Learner
from .settings import Settings
from .vision.eyes import Eyes
from .vision.recognise import Recogniser


@dataclass
class Body:
    """All of them, opened and ready."""

    eyes: Eyes
    mouth: Mouth
    book: PhraseBook
    recogniser: Recogniser
    render: Callable[[Sequence[str]], None]
    """Has texts rendered before they are said."""
    learner: Learner
    settings: Settings
    ear: Optional[Ear] = None
    heartbeats: Sequence[Heartbeat] = ()
    """Of the mouth, and of what renders for it."""
    preferences: Preferences = Preferences()
    """Those of the start."""
    prefer: Callable[[Preferences], None] = lambda preferences: None
    """Has the device sound as is preferred."""
    damaged: bool = False
    """Whether the store of taught things was damaged when it was opened."""
    find_stick: Callable[[], Optional[Path]] = lambda: None
    """Where the USB stick is; None without one."""

    def loop(self, submit: Callable[[Action], None], observers: Sequence[Observer] = (),
             announced: bool = False, door: Optional[Callable[[Action], None]] = None,
             run_errand: Optional[Callable[[str], None]] = None, lesson: Optional[Lesson] = None,
             greetings: Sequence[str] = ()) -> Loop:
        """A fresh loop over these parts; `submit` takes what the eyes are asked to do.

        `announced` says whether the wearer knows already that the device is starting; `door` and `run_errand` see
        Loop; `lesson` is how far the first lesson is, `greetings` are phrases to begin with.
        """
        naming = self.settings.teaching.naming
        state = State(rules=self.settings.decision, announced=announced, waiting_samples=self.learner.waiting(),
                      news=self.eyes.news, way=self.eyes.way,
                      naming_by=BY_LIST if naming == BY_VOICE and self.ear is None else naming,
                      preferences=self.preferences, languages=list_languages(), lesson=lesson or Lesson(),
                      untold=tuple(Utterance(phrase, priority=URGENT) for phrase in greetings))
        return Loop(state, self.mouth, submit, self.report, observers, self.ear, self.prefer, door, run_errand)

    def report(self, at: float) -> Status:
        """What the device knows of itself: local time, battery, taught things, names that are free.

        What it reads of the kernel it reads at once, on the caller's time, for an answer that is true now: a few small
        files, 0.3 ms in all for those of a made-up Nano on a desktop. The power monitor is not among them.
        """
        heat = find_hottest(Files())
        return Status(at, time.strftime("%H:%M"), read_battery(),
                      tuple(thing.object_id for thing in self.learner.taught), self.learner.free_names(),
                      self.learner.is_relearning, celsius=heat.celsius if heat else None, version=__version__,
                      stick=self.find_stick() is not None, charging=has_mains())
