"""The eyes: frames in, events out. Everything that touches pixels on behalf of the loop."""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import Callable, Dict, Optional, Tuple, Union

import numpy as np

from ..core.actions import Action, ChangeWay, Forget, ForgetThing, Keep, Learn, Recognise, RenameThing, UndoChange
from ..core.errors import ModelError, StoreError
from ..core.events import Changed, Event, Fault, Forgotten, Kept, Learned, Recognised, Seen, WayChanged
from ..core.ports import Sight
from ..core.state import PAST_FINGER, WHOLE_THINGS
from ..core.timing import Stopwatch
from ..core.types import Box, Fingertip, Frame
from ..memory.learner import Learner
from .crop import crop_around
from .detect import Detector
from .fingertip import FingertipFinder
from .lens import Optics
from .look import BoxLooker, CropLooker, Looker
from .preprocess import judge
from .recognise import Recogniser
from .requests import PageRequest, Reread, TeachThing
from .tracking import Tracker

log = logging.getLogger(__name__)

WAY_MISSING = "way_missing"
"""The phrase for a wearer who wants to look at whole things where that cannot be."""
_REMEMBERED_FRAMES = 16
_MANY_PICTURES = 10
"""To learn so many takes up to two seconds, at a fifth of a second each."""
_PAUSE_SECONDS = 60.0
"""When the store cannot be written, or a network that is to take over fails, it is tried again after so long."""


class Eyes(Sight):
    """Sees frames and does what the decision asks for. Synchronous; one thread uses it."""

    def __init__(self, finder: FingertipFinder, recogniser: Recogniser, learner: Learner, crop_share: float,
                 stopwatch: Optional[Stopwatch] = None,
                 open_whole: Optional[Callable[[CropLooker], Looker]] = None,
                 remember_way: Callable[[str], None] = lambda way: None, optics: Optional[Optics] = None) -> None:
        """`crop_share` is the side of the crop as a share of the frame's width. `open_whole` opens what looks at whole
        things, or raises ModelError; without it there is only the one way to look, past the finger. `remember_way` is
        told what the wearer changes it to. `optics` know the camera's lens."""
        self.finder, self._learner = finder, learner
        self._tracker = Tracker(finder.threshold)
        self._past = CropLooker(recogniser, crop_share, optics)
        self._open_whole, self._remember_way = open_whole, remember_way
        self._lookers: Dict[str, Looker] = {PAST_FINGER: self._past}
        self._way = PAST_FINGER
        self._recent: OrderedDict[int, Tuple[Frame, Optional[Fingertip]]] = OrderedDict()
        self._rest_after = float("-inf")
        self.stopwatch = stopwatch or Stopwatch()
        self.news = ""
        """A phrase that the wearer is to hear once they can listen; empty for none."""
        self.newest: Optional[Tuple[Frame, Seen]] = None
        """The frame that was searched last, and what was found; for other threads too, which must not change it."""

    def see(self, frame: Frame) -> Seen:
        """Search one frame for the fingertip, follow it, and remember the frame for a later look."""
        self._go_over()
        with self.stopwatch.time("quality"):
            quality = judge(frame.pixels)
        with self.stopwatch.time("fingertip"):
            tip = self._tracker.update(self.finder.guess(frame.pixels), frame.at, quality.width)
        self._recent[frame.index] = (frame, tip)
        while len(self._recent) > _REMEMBERED_FRAMES:
            self._recent.popitem(last=False)
        # Only a sample is judged by its detail; but that costs little, and the decision does not have to ask.
        detail = 1.0 if tip is None else self._looker.measure_detail(frame, tip)
        seen = Seen(frame.index, frame.at, tip, quality, detail)
        self.newest = frame, seen
        if tip is None:
            self.rest(frame.at)
        return seen

    @property
    def way(self) -> str:
        """How things are looked at now, one of state.WAYS."""
        return self._way

    def look_by(self, way: str) -> None:
        """Look at things in this way, one of state.WAYS, from now on. Raises ModelError where that cannot be."""
        if way not in self._lookers:
            if self._open_whole is None:
                raise ModelError("there is only one way to look")
            self.preparing(False)
            self._lookers[way] = self._open_whole(self._past)
        self._way = way

    def begin_by(self, way: str) -> None:
        """Look at things in this way from the start; where that cannot be, past the finger, which is logged and news.
        """
        try:
            self.look_by(way)
        except ModelError as error:
            log.warning("%s. Until then things are looked at past the finger.", error)
            self.news = WAY_MISSING

    def rest(self, at: float) -> None:
        """Use a moment without a finger to bring what was taught up to the network of today."""
        self._go_over()
        if at < self._rest_after:
            return
        try:
            self._learner.renew()
        except (StoreError, ModelError) as error:
            log.error("%s", error)
            self._rest_after = at + _PAUSE_SECONDS

    def do(self, request: Union[Action, PageRequest], at: float) -> Event:
        """Carry out a look or a change of what is taught, and give the event that reports it."""
        try:
            if isinstance(request, Recognise):
                return self._recognise(request, at)
            if isinstance(request, Keep):
                return self._keep(request, at)
            if isinstance(request, ChangeWay):
                return self._change_way(at)
            if isinstance(request, Forget):
                return Forgotten(at, self._learner.undo_sample())
            if isinstance(request, Learn):
                thing = self._learner.learn(request.name, request.voice, request.object_id)
                return Learned(at, thing.object_id, thing.samples, self._learner.likeness(thing.object_id))
            if isinstance(request, (TeachThing, Reread)):
                return self._take_in(request, at)
            return self._change(request, at)
        except StoreError as error:
            return Fault("memory", at, str(error))

    def outline(self, tip: Fingertip, frame: Frame) -> Box:
        """What is looked at in that frame, to be drawn."""
        return self._looker.outline(frame, tip)

    def show(self, frame: Frame, tip: Fingertip) -> Tuple[Box, np.ndarray]:
        """What is looked at in that frame, and the picture of it that a sample would hold; from any thread.

        No detector is asked for it: where that chooses, it is the thing that was chosen last.
        """
        outline = self.outline(tip, frame)
        height, width = frame.pixels.shape[:2]
        is_square = outline.right - outline.left == outline.bottom - outline.top
        return outline, self._past.optics.cut(frame, outline if is_square else crop_around(outline, width, height))

    @property
    def detector(self) -> Optional[Detector]:
        """What finds whole things, once that was wanted; None before."""
        looker = self._lookers.get(WHOLE_THINGS)
        return looker.detector if isinstance(looker, BoxLooker) else None

    def _go_over(self) -> None:
        """Between two frames, go over to other networks that wait for it."""
        if self.finder.go_over():
            self._tracker = Tracker(self.finder.threshold)
        if self.detector is not None:
            self.detector.go_over()

    @property
    def _looker(self) -> Looker:
        return self._lookers[self._way]

    def _recognise(self, request: Recognise, at: float) -> Recognised:
        frame, tip = self._recent.get(request.frame_index, (None, None))
        if frame is None or tip is None:
            return Recognised(request.frame_index, at, ())
        with self.stopwatch.time("recognise"):
            guesses = self._looker.look(frame, tip)
        return Recognised(request.frame_index, frame.at, guesses)

    def _keep(self, request: Keep, at: float) -> Event:
        """Keep the crop with its own quality: how dark and sharp the thing is, not the whole frame."""
        frame, tip = self._recent.get(request.frame_index, (None, None))
        if frame is None or tip is None:
            return Fault("memory", at, "the frame of the sample is gone; press again")
        crop = self._past.optics.cut(frame, self._looker.aim(frame, tip))
        return Kept(at, *self._learner.keep(crop, judge(crop)))

    def _change_way(self, at: float) -> WayChanged:
        try:
            self.look_by(WHOLE_THINGS if self._way == PAST_FINGER else PAST_FINGER)
        except ModelError as error:
            log.warning("%s", error)
            return WayChanged(at, "")
        self._remember_way(self._way)
        return WayChanged(at, self._way)

    def _take_in(self, request: PageRequest, at: float) -> Changed:
        """Learn what the companion page has taught, here or by itself."""
        if isinstance(request, TeachThing):
            if len(request.pictures) > _MANY_PICTURES:
                self.preparing(False)  # it may take longer than the eyes should be silent
            done = ("taught", self._learner.teach(request.name, request.pictures).object_id)
        else:
            self._learner.reread()
            done = ("elsewhere", "")
        return Changed(at, *done, waiting=self._learner.waiting())

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
