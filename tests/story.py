"""Telling the decision a story: a wearer who points, rests, presses, and a device that answers."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, List, Optional, Tuple, Type, TypeVar

from fingerpost.core.actions import Action, Chime, Recognise, Report, Say
from fingerpost.core.decide import decide
from fingerpost.core.events import Event, Recognised, Seen, Status
from fingerpost.core.rules import Rules
from fingerpost.core.state import POINTING, State
from fingerpost.core.types import Fingertip, Guess, Press, Quality

CLEAR = Quality(640, 480, 0.5, 200.0)
ActionT = TypeVar("ActionT")


class Story:
    """A day in events. Time moves on by a tenth of a second with each frame."""

    def __init__(self, mode: str = POINTING, rules: Optional[Rules] = None, **changes: Any) -> None:
        """`changes` are further fields of the state in which it begins."""
        self.state = State(rules=rules or Rules(), mode=mode, **changes)
        self.at = 0.0
        self.index = 0
        self.actions: List[Action] = []
        self.thing: Tuple[Guess, ...] = ()
        self.place: Optional[Tuple[float, float]] = None
        self.status = Status(0.0, "12:30", None, ())

    def happen(self, event: Event) -> Story:
        """One event. The menu is answered by `status` amidst the actions, as the loop does it; what a Status is
        asked for by name, a test answers. The looks asked for are answered after them, by the thing pointed at."""
        self.state, actions = decide(self.state, event)
        for action in actions:
            self.actions.append(action)
            if isinstance(action, Report) and not self.state.question:
                self.happen(replace(self.status, at=self.at))
        for action in actions:
            if isinstance(action, Recognise):
                self.happen(Recognised(action.frame_index, self.at, self.thing))
        return self

    def frame(self, tip: Optional[Tuple[float, float]] = None, quality: Quality = CLEAR, **finger: Any) -> Story:
        """A frame with the fingertip at that place, or without one. `finger` says more about it, as its direction."""
        self.at = round(self.at + 0.1, 6)
        self.index += 1
        seen = None
        if tip is not None:
            speed = math.dist(self.place, tip) / 0.1 if self.place else 0.0
            seen = Fingertip(*tip, **{"direction": (0.0, -1.0), "confidence": 0.9, "speed": speed, **finger})
        self.place = tip
        return self.happen(Seen(self.index, self.at, seen, quality))

    def rest(self, thing: str = "", confidence: float = 0.99, seconds: float = 1.0,
             at: Tuple[float, float] = (300.0, 200.0), **finger: Any) -> Story:
        """The finger rests on a thing; an empty name stands for something that looks like nothing known."""
        self.thing = (Guess(thing, confidence),) if thing else ()
        for _ in range(int(seconds * 10)):
            self.frame(at, **finger)
        return self

    def move(self, start: Tuple[float, float], end: Tuple[float, float], speed: float) -> Story:
        """The finger moves in a straight line, at so many pixels a second."""
        steps = int(math.dist(start, end) / speed * 10)
        for step in range(steps + 1):
            share = step / steps
            self.frame((start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])))
        return self

    def away(self, seconds: float = 2.0) -> Story:
        """No hand in view."""
        for _ in range(int(seconds * 10)):
            self.frame()
        return self

    def press(self, button: str, kind: str = "short") -> Story:
        """A press, a moment after the last frame."""
        self.at = round(self.at + 0.05, 6)
        return self.happen(Press(button, kind, self.at))

    def said(self) -> List[str]:
        """Phrases (with the thing, if any) since the last call."""
        words = []
        for action in self.actions:
            if isinstance(action, Say):
                thing = dict(action.utterance.slots).get("thing")
                words.append(action.utterance.phrase + (f":{thing}" if thing else ""))
        self.actions = []
        return words

    def asked(self, kind: Type[ActionT]) -> List[ActionT]:
        """The actions of that kind that `said` has not fetched yet."""
        return [action for action in self.actions if isinstance(action, kind)]

    def chimed(self) -> List[str]:
        """Earcons among the actions that `said` has not fetched yet."""
        return [action.name for action in self.actions if isinstance(action, Chime)]
