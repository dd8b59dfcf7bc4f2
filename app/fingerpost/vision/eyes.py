"""The eyes: frames in, events out. Everything that touches pixels on behalf of the loop."""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import Optional, Tuple

from ..core.errors import StoreError
from ..core.events import (
    Action,
    Changed,
    Event,
    Fault,
    Forget,
    ForgetThing,
    Forgotten,
    Keep,
    Kept,
    Learn,
    Learned,
    Recognise,
    Recognised,
    RenameThing,
    Seen,
    UndoChange,
)
from ..core.ports import Sight
from ..core.timing import Stopwatch
from ..core.types import Box, Fingertip, Frame
from ..memory.learner import Learner
from .crop import crop_past
from .fingertip import FingertipFinder
from .preprocess import cut, judge, measure_detail
from .recognise import Recogniser
from .tracking import Tracker

log = logging.getLogger(__name__)

_REMEMBERED_FRAMES = 16
_PAUSE_SECONDS = 60.0
"""When the store cannot be written, it is tried again after so long."""


class Eyes(Sight):
    """Sees frames and does what the decision asks for. Synchronous; one thread uses it."""

    def __init__(self, finder: FingertipFinder, recogniser: Recogniser, learner: Learner, crop_share: float,
                 stopwatch: Optional[Stopwatch] = None) -> None:
        """`crop_share` is the side of the crop as a share of the frame's width."""
        self._finder, self._recogniser, self._learner = finder, recogniser, learner
        self._tracker = Tracker(finder.threshold)
        self._crop_share = crop_share
        self._recent: OrderedDict[int, Tuple[Frame, Optional[Fingertip]]] = OrderedDict()
        self._rest_after = float("-inf")
        self.stopwatch = stopwatch or Stopwatch()

    def see(self, frame: Frame) -> Seen:
        """Search one frame for the fingertip, follow it, and remember the frame for a later look."""
        with self.stopwatch.time("quality"):
            quality = judge(frame.pixels)
        with self.stopwatch.time("fingertip"):
            tip = self._tracker.update(self._finder.guess(frame.pixels), frame.at, quality.width)
        self._recent[frame.index] = (frame, tip)
        while len(self._recent) > _REMEMBERED_FRAMES:
            self._recent.popitem(last=False)
        if tip is None:
            self.rest(frame.at)
            return Seen(frame.index, frame.at, tip, quality)
        # Only a sample is judged by its detail; but that costs next to nothing, and the decision does not have to ask.
        return Seen(frame.index, frame.at, tip, quality, measure_detail(cut(frame.pixels, self.crop_box(tip, frame))))

    def rest(self, at: float) -> None:
        """Use a moment without a finger to bring what was taught up to the network of today."""
        if at < self._rest_after:
            return
        try:
            self._learner.renew()
        except StoreError as error:
            log.error("%s", error)
            self._rest_after = at + _PAUSE_SECONDS

    def do(self, request: Action, at: float) -> Event:
        """Carry out a look or a change of what is taught, and give the event that reports it."""
        try:
            if isinstance(request, Recognise):
                return self._recognise(request, at)
            if isinstance(request, Keep):
                return self._keep(request, at)
            if isinstance(request, Forget):
                return Forgotten(at, self._learner.undo_sample())
            if isinstance(request, Learn):
                thing = self._learner.learn(request.name, request.voice, request.object_id)
                return Learned(at, thing.object_id, thing.samples, self._learner.likeness(thing.object_id))
            return self._change(request, at)
        except StoreError as error:
            return Fault("memory", at, str(error))

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
        """Keep the crop with its own quality: how dark and sharp the thing is, not the whole frame."""
        frame, tip = self._recent.get(request.frame_index, (None, None))
        if frame is None or tip is None:
            return Fault("memory", at, "the frame of the sample is gone; press again")
        crop = cut(frame.pixels, self.crop_box(tip, frame))
        return Kept(at, *self._learner.keep(crop, judge(crop)))

    def _change(self, request: Action, at: float) -> Changed:
        if isinstance(request, ForgetThing):
            self._learner.forget(request.object_id)
            done = ("forgotten", request.object_id)
        elif isinstance(request, RenameThing):
            self._learner.rename(request.object_id, request.name)
            done = ("renamed", request.object_id)
        elif isinstance(request, UndoChange):
            done = self._learner.undo()
        else:
            raise TypeError(f"the eyes cannot do {request!r}")
        return Changed(at, *done, waiting=self._learner.waiting())
