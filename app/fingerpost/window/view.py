"""What a companion sees of the device: taken from the loop as it goes by, and by reference; copied only for a look."""

from __future__ import annotations

import time
from collections import deque
from typing import Any, Callable, Deque, Dict, List, Optional

import cv2
import numpy as np

from ..core.actions import Action
from ..core.events import Changed, Event, Fault, Learned, Recognised, Recovered, Seen
from ..core.loop import Observer
from ..core.phrases import PhraseBook
from ..core.ports import Clock
from ..core.state import ASLEEP, State
from ..core.types import Fingertip
from ..core.visits import SECRET, DoorChanged, OpenDoor, TellCode
from ..memory.learner import Learner
from ..upkeep.journal import Journal
from ..vision.eyes import Eyes
from .messages import Message, pack_pictures

MOST_AGE_SECONDS = 2.0
"""An older frame is not shown: the camera has gone, or the device sleeps."""
MOST_PIXELS, MOST_CROP_PIXELS = 1280, 640
"""The longest sides of a frame and of a crop that are shown: together 6 MB at most, and enough for
every network and every browser."""
_MOST_GUESSES = 5
_PACE_FRAMES = 30
"""The frame rate is that of so many frames."""
Tell = Callable[..., None]


class View(Observer):
    """Watches the loop for the glass. While nobody looks in, it only remembers where to look."""

    def __init__(self, eyes: Eyes, learner: Learner, book: PhraseBook, journal: Journal, clock: Clock) -> None:
        self._eyes, self._learner, self._book, self._journal, self._clock = eyes, learner, book, journal, clock
        self._state = State()
        self._tell: Optional[Tell] = None
        self._offer: Callable[[], None] = lambda: None
        self._told: Dict[str, Any] = {}
        self._door_wanted = False
        """Whether the wearer has had the door opened, and has not heard yet what has come of that."""
        self._seen_at: Deque[float] = deque(maxlen=_PACE_FRAMES)

    @property
    def language(self) -> str:
        """What the device speaks."""
        return self._state.preferences.language

    @property
    def is_watched(self) -> bool:
        """Whether somebody looks in."""
        return self._tell is not None

    # For the glass, from its thread

    def begin(self, tell: Tell, offer: Callable[[], None]) -> None:
        """Somebody looks in: `tell(kind, **fields)` takes what they are to know, `offer` hears of each new frame."""
        self._told, self._offer = {}, offer
        self._seen_at.clear()
        self._tell = tell
        self._tell_state(tell)
        if self._door_wanted:
            tell("door", open=True)

    def end(self) -> None:
        """Nobody looks in any more."""
        self._tell = None

    def look(self, after: int) -> Optional[Message]:
        """The newest frame and what the device makes of it, as a message; None where it is that of the index `after`,
        too old, or seen before the device fell asleep."""
        newest, mode = self._eyes.newest, self._state.mode
        if newest is None or mode == ASLEEP:
            return None
        frame, seen = newest
        age_seconds = self._clock.now() - frame.at
        if frame.index == after or age_seconds > MOST_AGE_SECONDS:
            return None
        fields: Dict[str, Any] = {
            "index": frame.index, "age_seconds": round(age_seconds, 3), "tip": describe_tip(seen.fingertip),
            "outline": None, "mode": mode, "brightness": round(seen.quality.brightness, 4),
            "sharpness": round(seen.quality.sharpness, 2)}
        pictures = [frame.pixels]
        if seen.fingertip is not None:
            box, crop = self._eyes.show(frame, seen.fingertip)
            fields["outline"] = [box.left, box.top, box.right, box.bottom]
            pictures.append(crop)
        (size, *crops), payload = pack_pictures(shrink(pictures, fields))
        return Message("look", {**fields, "size": size, "crop": crops[0] if crops else None}, payload)

    def timings(self) -> Dict[str, Any]:
        """The frame rate and how long each stage takes (core/timing.py)."""
        seen_at = list(self._seen_at)
        seconds = seen_at[-1] - seen_at[0] if seen_at else 0.0
        return {"frames_per_second": round((len(seen_at) - 1) / seconds, 2) if seconds > 0.0 else 0.0,
                "stages": self._eyes.stopwatch.summary()}

    def logs(self, after: int) -> List[Dict[str, Any]]:
        """The records of the log after that number, the oldest first, and not all if there are many."""
        return self._journal.read(after)

    # For the loop, from its threads

    def on_event(self, event: Event, state: State) -> None:
        """Pass on what a companion is to know of it."""
        self._state = state
        tell = self._tell
        if isinstance(event, DoorChanged) or (isinstance(event, Fault) and event.part == "companion"):
            self._door_wanted = False
        if tell is None:
            return
        if isinstance(event, Seen):
            self._seen_at.append(event.at)
            self._offer()
        elif isinstance(event, Recognised):
            tell("guesses", index=event.frame_index, guesses=[
                {"id": guess.object_id, "name": self._book.name(guess.object_id),
                 "confidence": round(guess.confidence, 4)} for guess in event.guesses[:_MOST_GUESSES]])
        elif isinstance(event, Fault):
            tell("fault", part=event.part, reason=event.reason)
        elif isinstance(event, Recovered):
            tell("recovered", part=event.part)
        elif isinstance(event, Learned) or (isinstance(event, Changed) and event.change != "nothing"):
            tell("changed")
        self._tell_state(tell)

    def on_action(self, action: Action, at: float) -> None:
        """Pass on what the wearer wants of the companion. One that comes later hears that the door is to be opened, for
        as long as the wearer waits for that."""
        tell = self._tell
        if isinstance(action, OpenDoor):
            self._door_wanted = action.open
            if tell is not None:
                tell("door", open=action.open)
        elif isinstance(action, TellCode) and tell is not None:
            tell("code")

    def on_heard(self, at: float, text: str, phrase: str) -> None:
        """Pass on what is heard, but for what is secret."""
        tell = self._tell
        if tell is not None and phrase not in SECRET:
            tell("heard", at=round(time.time(), 2), text=text, phrase=phrase)

    def _tell_state(self, tell: Tell) -> None:
        """Tell how the device is, if that is news."""
        summary = summarise(self._state, len(self._learner.taught))
        if summary != self._told:
            self._told = summary
            tell("state", **summary)


def shrink(pictures: List[np.ndarray], fields: Dict[str, Any]) -> List[np.ndarray]:
    """The frame, no larger than `MOST_PIXELS`, and the crop from it if there is one, no larger than `MOST_CROP_PIXELS`:
    larger ones would not fit through the window. The tip and the outline in `fields` move with the frame."""
    share = find_share(pictures[0], MOST_PIXELS)
    if share < 1.0:
        if fields["tip"] is not None:
            fields["tip"].update(x=round(share * fields["tip"]["x"], 2), y=round(share * fields["tip"]["y"], 2))
        if fields["outline"] is not None:
            fields["outline"] = [round(share * edge) for edge in fields["outline"]]
    shares = [share] + [find_share(crop, MOST_CROP_PIXELS) for crop in pictures[1:]]
    return [cv2.resize(pixels, None, fx=part, fy=part, interpolation=cv2.INTER_AREA) if part < 1.0 else pixels
            for pixels, part in zip(pictures, shares)]


def find_share(pixels: np.ndarray, most: int) -> float:
    """To what share of its size a picture must shrink for its longer side to have no more pixels than that."""
    return min(1.0, most / max(pixels.shape[:2]))


def summarise(state: State, taught: int) -> Dict[str, Any]:
    """How the device is, with so many taught things, as a companion is told."""
    return {"mode": state.mode, "faults": sorted(state.faults | state.slept_through), "waiting": state.waiting_samples,
            "taught": taught, "news": state.news, "preferences": vars(state.preferences).copy(),
            "languages": list(state.languages), "door": state.door}


def describe_tip(tip: Optional[Fingertip]) -> Optional[Dict[str, float]]:
    """A fingertip as a companion is told of it."""
    if tip is None:
        return None
    return {"x": round(tip.x, 2), "y": round(tip.y, 2), "dx": round(tip.direction[0], 4),
            "dy": round(tip.direction[1], 4), "confidence": round(tip.confidence, 4)}
