"""How far the wearer is in the first lesson, over restarts and power cuts."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Optional

from ..core.events import Event
from ..core.state import State
from ..core.steps import STEPS, Lesson, Progress
from .keeper import Duty
from .notes import read_note, write_note
from .preferences import PREFERENCES

LESSON = "lesson.json"
"""The file in the state folder: {"step": ..., "left": ..., "thing": ...}, as core.steps.Lesson has them."""


class LessonNote(Duty):
    """The lesson on its way into the state folder; the loop only hands it in, for a card may take long to write."""

    def __init__(self, home: Path, taught: bool, wanted: bool = True) -> None:
        """`taught` says whether any thing was taught before; unless `wanted`, no lesson begins by itself."""
        self._home = home
        self._writing = threading.Lock()
        noted = read_lesson(home)
        self._kept = noted if noted is not None else Lesson()
        self.lesson = self._kept
        """As far as the wearer is now."""
        if not wanted:
            self.lesson = replace(self._kept, left=bool(self._kept.step))
        elif noted is None and is_new(home, taught):
            self.lesson = Lesson(STEPS[0])

    def on_event(self, event: Event, state: State) -> None:
        """Hear how far the wearer is."""
        self.lesson = replace(state.lesson, progress=Progress())

    def step(self, now: float) -> None:
        """Put down what has changed."""
        with self._writing:  # at the end this may be asked for while a slow card still takes what came before
            lesson = self.lesson
            if lesson != self._kept:
                note = {"step": lesson.step, "left": lesson.left, "thing": lesson.thing}
                write_note(self._home / LESSON, note, "after a restart the lesson goes on elsewhere")
                self._kept = lesson

    def close(self) -> None:
        """Put down what has changed last."""
        self.step(0.0)


def is_new(home: Path, taught: bool) -> bool:
    """Whether nobody has used this device before, as far as its state folder `home` can tell."""
    return not taught and not (home / PREFERENCES).exists()


def read_lesson(home: Path) -> Optional[Lesson]:
    """What was noted in the state folder `home`; None where there is nothing, or nothing that makes sense."""
    note = read_note(home / LESSON)
    if not isinstance(note, dict) or note.get("step") not in ("", *STEPS):
        return None
    thing = note.get("thing")
    return Lesson(note["step"], note.get("left") is True, thing if isinstance(thing, str) else "")
