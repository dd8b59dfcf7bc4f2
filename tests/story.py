"""Telling the decision a story: a wearer who points, rests, presses, and a device that answers."""

from __future__ import annotations

from typing import List, Optional, Tuple

from fingerpost.core.decide import decide
from fingerpost.core.events import Action, Chime, Event, Recognise, Recognised, Say, Seen
from fingerpost.core.state import POINTING, Rules, State
from fingerpost.core.types import Fingertip, Guess, Press, Quality

CLEAR = Quality(640, 480, 0.5, 200.0)


class Story:
    """A day in events. Time moves on by a tenth of a second with each frame."""

    def __init__(self, mode: str = POINTING, rules: Optional[Rules] = None) -> None:
        self.state = State(rules=rules or Rules(), mode=mode)
        self.at = 0.0
        self.index = 0
        self.actions: List[Action] = []
        self.thing: Tuple[Guess, ...] = ()

    def happen(self, event: Event) -> Story:
        """One event; looks that it asks for are answered at once by the thing pointed at."""
        self.state, actions = decide(self.state, event)
        self.actions += actions
        for action in actions:
            if isinstance(action, Recognise):
                self.happen(Recognised(action.frame_index, self.at, self.thing))
        return self

    def frame(self, tip: Optional[Tuple[float, float]] = None, quality: Quality = CLEAR) -> Story:
        """A frame with the fingertip at that place, or without one."""
        self.at = round(self.at + 0.1, 6)
        self.index += 1
        finger = None if tip is None else Fingertip(tip[0], tip[1], (0.0, -1.0), 0.9)
        return self.happen(Seen(self.index, self.at, finger, quality))

    def rest(self, thing: str = "", confidence: float = 0.9, seconds: float = 1.0,
             at: Tuple[float, float] = (300.0, 200.0)) -> Story:
        """The finger rests on a thing; an empty name stands for something that looks like nothing known."""
        self.thing = (Guess(thing, confidence),) if thing else ()
        for _ in range(int(seconds * 10)):
            self.frame(at)
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

    def chimed(self) -> List[str]:
        """Earcons among the actions that `said` has not fetched yet."""
        return [action.name for action in self.actions if isinstance(action, Chime)]
