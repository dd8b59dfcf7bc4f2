"""A video in which a person sees what the device sees: fingertip, crop, guesses, mode and words."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Optional, Tuple

import cv2
import numpy as np

from .body import Body
from .core.errors import DataError
from .core.events import Event, Recognised, Seen
from .core.loop import Observer
from .core.ports import Part
from .core.state import State
from .core.types import Box, Frame, Press

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_WHITE, _GREEN, _YELLOW = (255, 255, 255), (60, 220, 90), (255, 210, 60)
_WORDS_SECONDS, _LETTER_SECONDS, _PRESS_SECONDS = 2.0, 0.06, 0.8
"""Words stand there for as long as it takes to say so many letters, but not for less than the first."""
_LETTER_PIXELS, _LINE_PIXELS = 15, 28
"""Of words: the width of a wide letter, and from line to line."""


class OverlayVideo(Observer, Part):
    """Writes an MP4 beside a replay, at the recording's own size and pace."""

    def __init__(self, path: Path, body: Body) -> None:
        self._file, self._body = VideoFile(path), body
        self._seen: Optional[Seen] = None
        self._state: Optional[State] = None
        self._guesses: Tuple[str, ...] = ()
        self._words, self._words_at = "", float("-inf")
        self._press, self._press_at = "", float("-inf")

    def on_event(self, event: Event, state: State) -> None:
        """Remember what the next frame shows."""
        self._state = state
        if isinstance(event, Seen):
            self._seen = event
            if state.dwell is None or (not state.dwell.sightings and not state.dwell.answered):
                self._guesses = ()
        elif isinstance(event, Recognised):
            self._guesses = tuple(f"{self._body.book.name(guess.object_id)} {guess.confidence:.0%}"
                                  for guess in event.guesses[:3])
        elif isinstance(event, Press):
            self._press, self._press_at = f"{event.button} ({event.kind})", event.at

    def on_heard(self, at: float, text: str, phrase: str) -> None:
        """Remember the words for as long as they can be read."""
        if not text.startswith("["):
            self._words, self._words_at = text, at

    def draw(self, frame: Frame) -> None:
        """Add one frame to the video."""
        picture = cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2BGR)
        tip = self._seen.fingertip if self._seen and self._seen.frame_index == frame.index else None
        if tip is not None:
            box = self._body.eyes.outline(tip, frame)
            draw_box(picture, box)
            cv2.circle(picture, (round(tip.x), round(tip.y)), 7, _GREEN[::-1], -1, cv2.LINE_AA)
            for row, guess in enumerate(self._guesses):
                write_text(picture, guess, (box.left + 4, box.top + 18 + 20 * row), 0.5)
        if self._state is not None:
            write_text(picture, self._state.mode, (10, 26), 0.7)
        if frame.at - self._press_at < _PRESS_SECONDS:
            write_text(picture, self._press, (picture.shape[1] // 2 - 60, 26), 0.7)
        if frame.at - self._words_at < max(_WORDS_SECONDS, _LETTER_SECONDS * len(self._words)):
            write_words(picture, f'"{self._words}"')
        self._file.add(picture, frame.at)

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


class VideoFile(Part):
    """An MP4 file of pictures, written at the size of the first and at the pace of the first two."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Optional[cv2.VideoWriter] = None
        self._waiting: Optional[np.ndarray] = None
        self._first_at = 0.0
        self._size = (0, 0)

    def add(self, picture: np.ndarray, at: float) -> None:
        """Add a BGR picture, taken at that second. Raises DataError when the file cannot be written."""
        if self._writer is None and self._waiting is None:
            self._waiting, self._first_at = picture, at
            return
        if self._writer is None:
            self._start(1.0 / max(at - self._first_at, 1e-3))
        assert self._writer is not None
        self._writer.write(cv2.resize(picture, self._size))

    def close(self) -> None:
        """Finish the file."""
        if self._writer is None and self._waiting is not None:
            self._start(10.0)
        if self._writer is not None:
            self._writer.release()
            self._writer = None

    def _start(self, fps: float) -> None:
        assert self._waiting is not None
        self._size = (self._waiting.shape[1], self._waiting.shape[0])
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = cv2.VideoWriter(str(self._path), cv2.VideoWriter.fourcc(*"mp4v"), fps, self._size)
        if not self._writer.isOpened():
            raise DataError(f"{self._path}: the video cannot be written; choose another folder, and a name "
                            "that ends in .mp4")
        self._writer.write(self._waiting)


def draw_box(picture: np.ndarray, box: Box) -> None:
    """The outline of a box. Draws into the BGR `picture`."""
    cv2.rectangle(picture, (box.left, box.top), (box.right, box.bottom), _YELLOW[::-1], 2)


def write_words(picture: np.ndarray, words: str) -> None:
    """At the bottom, in as many lines as it takes. Draws into the BGR `picture`."""
    height, width = picture.shape[:2]
    lines = textwrap.wrap(words, width // _LETTER_PIXELS)
    for row, line in enumerate(lines):
        write_text(picture, line, (10, height - 16 - _LINE_PIXELS * (len(lines) - 1 - row)), 0.8)


def write_text(picture: np.ndarray, text: str, place: Tuple[int, int], scale: float) -> None:
    """White text on a dark bar, its base line at `place`; OpenCV's font knows ASCII only. Draws into `picture`."""
    plain = text.encode("ascii", "replace").decode()
    (width, height), below = cv2.getTextSize(plain, _FONT, scale, 1)
    x, y = place
    bar = picture[max(0, y - height - 3):y + below, max(0, x - 3):x + width + 3]
    bar //= 4
    cv2.putText(picture, plain, place, _FONT, scale, _WHITE, 1, cv2.LINE_AA)
