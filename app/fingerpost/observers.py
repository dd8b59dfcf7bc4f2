"""Watching a run: the transcript for people, JSON lines for programs."""

from __future__ import annotations

import json
from typing import Callable, List, Tuple

from .core.actions import Action
from .core.events import Event, Fault
from .core.loop import Observer, describe
from .core.phrases import PhraseBook
from .core.state import State
from .core.types import Press
from .core.visits import SECRET


class Faults(Observer):
    """The cause and remedy of faults, which are too long to be spoken."""

    def __init__(self, write: Callable[[str], None] = print, start: float = 0.0) -> None:
        """`start` is the clock's time at second 0."""
        self._write, self._start = write, start

    def on_event(self, event: Event, state: State) -> None:
        """Note faults."""
        if isinstance(event, Fault):
            self._write(f"{event.at - self._start:7.2f} s   {event.part:<6}   {event.reason}")


class Transcript(Faults):
    """Who did and said what, when: presses, earcons and words in the order in which they are heard."""

    def __init__(self, write: Callable[[str], None] = print, start: float = 0.0) -> None:
        super().__init__(write, start)
        self.heard: List[Tuple[float, str]] = []
        """(seconds, text) of every sound; an earcon's text is its name in brackets."""

    def on_event(self, event: Event, state: State) -> None:
        """Note presses and faults."""
        super().on_event(event, state)
        if isinstance(event, Press):
            who = "helper" if event.afar else "wearer"
            self._write(f"{event.at - self._start:7.2f} s   {who}   presses {event.button}, {event.kind}")

    def on_heard(self, at: float, text: str, phrase: str) -> None:
        """Note words and earcons, and that something secret was said."""
        text = "[the code]" if phrase in SECRET else text
        self.heard.append((at, text))
        self._write(f"{at - self._start:7.2f} s   device   {text}")


class JsonLines(Observer):
    """One line of JSON per action, as `replay --json` prints them."""

    def __init__(self, write: Callable[[str], None] = print) -> None:
        self._write = write
        self._book = PhraseBook({}, {})

    def on_ready(self, book: PhraseBook) -> None:
        """Take the words that actions will be printed with."""
        self._book = book

    def on_action(self, action: Action, at: float) -> None:
        """Print the action."""
        self._write(json.dumps(describe(action, at, self._book)))
