"""The eyes: frames in, events out. Everything that touches pixels on behalf of the loop."""

from __future__ import annotations

from collections import OrderedDict
from typing import Optional, Tuple

from ..core.errors import StoreError
from ..core.events import (
    Action,
    Event,
    Fault,
    Forget,
    Forgotten,
    Keep,
    Kept,
    Learn,
    Learned,
    Recognise,
    Recognised,
    Seen,
)
from ..core.ports import Sight
from ..core.timing import Stopwatch
from ..core.types import Box, Fingertip, Frame
from ..memory.learner import Learner
from .crop import crop_past
from .fingertip import FingertipFinder
from .preprocess import cut, judge
from .recognise import Recogniser
from .tracking import Tracker

_REMEMBERED_FRAMES = 16


class Eyes(Sight):
    """Sees frames and does what the decision asks for. Synchronous; one thread uses it."""

    def __init__(self, finder: FingertipFinder, recogniser: Recogniser, learner: Learner, crop_share: float,
                 stopwatch: Optional[Stopwatch] = None) -> None:
        """`crop_share` is the side of the crop as a share of the frame's width."""
        self._finder, self._recogniser, self._learner = finder, recogniser, learner
        self._tracker = Tracker(finder.threshold)
        self._crop_share = crop_share
        self._recent: OrderedDict[int, Tuple[Frame, Optional[Fingertip]]] = OrderedDict()
        self.stopwatch = stopwatch or Stopwatch()

    @property
    def names(self) -> Tuple[str, ...]:
        """The object ids that are known without being taught."""
        return self._recogniser.names

    def see(self, frame: Frame) -> Seen:
        """Search one frame for the fingertip, follow it, and remember the frame for a later look."""
        with self.stopwatch.time("quality"):
            quality = judge(frame.pixels)
        with self.stopwatch.time("fingertip"):
            tip = self._tracker.update(self._finder.guess(frame.pixels), frame.at, quality.width)
        self._recent[frame.index] = (frame, tip)
        while len(self._recent) > _REMEMBERED_FRAMES:
            self._recent.popitem(last=False)
        return Seen(frame.index, frame.at, tip, quality)

    def do(self, request: Action, at: float) -> Event:
        """Carry out Recognise, Keep, Forget or Learn and give the event that reports it."""
        try:
            if isinstance(request, Recognise):
                return self._recognise(request, at)
            if isinstance(request, Keep):
                return self._keep(request, at)
            if isinstance(request, Forget):
                return Forgotten(at, self._learner.undo())
            if isinstance(request, Learn):
                thing = self._learner.learn()
                return Learned(at, thing.object_id, thing.samples)
        except StoreError as error:
            return Fault("memory", at, str(error))
        raise TypeError(f"the eyes cannot do {request!r}")

    def crop_box(self, tip: Fingertip, frame: Frame) -> Box:
        """Where the crop past the finger lies in that frame."""
        height, width = frame.pixels.shape[:2]
        return crop_past(tip, width, height, self._crop_share)

    def _recognise(self, request: Recognise, at: float) -> Recognised:
        frame, tip = self._recent.get(request.frame_index, (None, None))
        if frame is None or tip is None:
            return Recognised(request.frame_index, at, ())
        with self.stopwatch.time("recognise"):
            guesses = self._recogniser.guess(cut(frame.pixels, self.crop_box(tip, frame)))
        return Recognised(request.frame_index, frame.at, guesses)

    def _keep(self, request: Keep, at: float) -> Event:
        frame, tip = self._recent.get(request.frame_index, (None, None))
        if frame is None or tip is None:
            return Fault("memory", at, "the frame of the sample is gone; press again")
        return Kept(at, self._learner.keep(cut(frame.pixels, self.crop_box(tip, frame))))
