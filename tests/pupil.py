"""A wearer in the first lesson, for the tests of it."""

from __future__ import annotations

from fingerpost.core.actions import Keep, UndoChange
from fingerpost.core.events import Changed, Kept, Learned, Status, Tick
from fingerpost.core.state import LESSON, POINTING, STARTING, State
from fingerpost.core.steps import PRACTICE, STEPS, Lesson, Progress
from tests.story import Story

LANGUAGES = ("de", "en")
THING = "taught:1"
SETUP = [step for step in STEPS if step not in PRACTICE]


class Pupil(Story):
    """A wearer in the lesson; samples and things are kept as the store would keep them."""

    def __init__(self, step="language", mode=STARTING, **changes):
        super().__init__(mode, announced=True, languages=LANGUAGES, lesson=Lesson(step), **changes)

    def begins(self):
        """The first frame; what follows from there is heard."""
        self.frame()
        self.said()
        return self

    def waits(self, seconds):
        """Time passes without a frame."""
        for _ in range(round(seconds * 10)):
            self.at = round(self.at + 0.1, 6)
            self.happen(Tick(self.at))
        return self

    def press(self, button, kind="short"):
        """A press, and what the store answers to it."""
        mark = len(self.actions)
        super().press(button, kind)
        for action in self.actions[mark:]:
            if isinstance(action, Keep):
                self.happen(Kept(self.at, self.state.waiting_samples + 1))
            if isinstance(action, UndoChange):
                self.happen(Changed(self.at, "unlearned", THING))
        if self.state.question:
            self.happen(Status(self.at, "12:00", None, (), ("cup", "mug")))
        return self

    def hears(self, button, kind="short"):
        """What a press is answered with."""
        self.said()
        return self.press(button, kind).said()

    def teaches(self, samples=4):
        """So many looks at a thing, and "done"."""
        for _ in range(samples):
            self.frame((300.0, 200.0)).press("action")
        self.press("action", "long")
        self.happen(Learned(self.at, THING, samples))
        return self


def at_step(step):
    """A pupil who has just heard the prompt of that step, with a thing learned before it."""
    pupil = Pupil()
    progress = Progress(prompts=1, prompted_at=0.0, quiet_since=0.0)
    pupil.state = State(mode=LESSON if step in SETUP else POINTING, languages=LANGUAGES, announced=True,
                        lesson=Lesson(step, thing=THING, progress=progress), just_learned=THING)
    return pupil
