"""Pictures of a video, each held still for a while: a long story told with few pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterator, NamedTuple, Sequence

import numpy

from ..core.errors import DataError
from ..core.types import Frame
from .replay import Recording


class Still(NamedTuple):
    """The picture at that second of the video, and for how long it is seen."""

    second: float
    seconds: float


class Stills(Recording):
    """They follow each other without a gap, `fps` frames a second. Iterating raises DataError as a Recording does, and
    where the video ends before a picture."""

    def __init__(self, video: Path, stills: Sequence[Still], fps: float) -> None:
        super().__init__(video, fps)
        self._stills, self._fps = stills, fps

    def __iter__(self) -> Iterator[Frame]:
        pictures = self._find_pictures()
        end, index = 0.0, 0
        for still in self._stills:
            end += still.seconds
            while index < round(end * self._fps):
                # A copy each, since some who look at a frame also draw on it.
                yield Frame(index, index / self._fps, pictures[still.second].copy())
                index += 1

    def _find_pictures(self) -> Dict[float, numpy.ndarray]:
        """The pictures by their seconds."""
        missing, found = sorted({still.second for still in self._stills}), {}
        for frame in super().__iter__():
            while missing and frame.at >= missing[0] - 1e-6:
                found[missing.pop(0)] = frame.pixels
            if not missing:
                return found
        raise DataError(f"{self.path} ends before {missing[0]:g} s: name an earlier picture")
