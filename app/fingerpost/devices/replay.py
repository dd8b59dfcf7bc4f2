"""Recordings and the simulated parts that play them: clock, camera and buttons without hardware."""

from __future__ import annotations

import json
import math
import os
import re
from pathlib import Path
from typing import Any, Iterator, List, Optional, Tuple, Union

import cv2
import numpy

from ..core.errors import CameraError, DataError, StaleFrame
from ..core.ports import Buttons, Camera, Clock
from ..core.types import ACTION, BOTH, LONG, MODE, SHORT, Frame, Press
from .clocks import RealClock as RealClock
from .clocks import SimulatedClock as SimulatedClock

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")
FOLDER_FPS = 10.0  # a folder does not say how fast its frames were taken
FFMPEG_QUIET = "-8"
VIDEO_FPS = 30.0  # for the rare video whose file does not say


class Recording:
    """A video file, a folder of jpg and png images in natural order, or one image, as frames from 0 s on.

    `fps` (frames per second, folders only, default 10) spaces the images of a folder; with `hold_seconds`
    each image is repeated for that long, as if the wearer had held still. Frames keep their size.
    Each iteration starts anew and sees every frame once. Images that cannot be read are skipped and named in
    `warnings`. Iterating raises DataError when there is nothing to play.
    """

    def __init__(self, path: Union[str, Path], fps: float = FOLDER_FPS,
                 hold_seconds: Optional[float] = None) -> None:
        for what, number in (("frames per second", fps), ("seconds per image", hold_seconds)):
            if number is not None and not 0 < number < math.inf:
                raise DataError(f"{number:g} {what} cannot be played: give a number above 0")
        self.path = Path(path)
        self.warnings: List[str] = []
        self._fps = fps
        self._repeats = 1 if hold_seconds is None else max(1, round(hold_seconds * fps))

    def __iter__(self) -> Iterator[Frame]:
        self.warnings.clear()
        if not self.path.exists():
            raise DataError(f"there is no file or folder {self.path}: check the spelling")
        if self.path.is_dir():
            return self._image_frames(list_images(self.path))
        if self.path.suffix.lower() in IMAGE_SUFFIXES:
            # Left to OpenCV, `frame_001.jpg` would play all images that are numbered like it.
            return self._image_frames([self.path])
        return self._video_frames()

    def _image_frames(self, paths: List[Path]) -> Iterator[Frame]:
        index = 0
        for path in paths:
            pixels = _read_image(path)
            if pixels is None:
                self.warnings.append(f"{path} is no readable image: skipped")
                continue
            for _ in range(self._repeats):
                # A copy each, since some who look at a frame also draw on it.
                yield Frame(index, index / self._fps, pixels.copy())
                index += 1
        if index == 0:
            raise DataError(f"{self.path} holds no image that can be read: give jpg or png files")

    def _video_frames(self) -> Iterator[Frame]:
        # FFmpeg would add lines of its own to the one-line error for a damaged file.
        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", FFMPEG_QUIET)
        capture = cv2.VideoCapture(str(self.path))
        try:
            index, at, start = 0, 0.0, 0.0
            while True:
                ok, pixels = capture.read()
                if not ok:
                    break
                stamp = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                if index == 0:
                    start = stamp
                elif stamp - start > at:
                    at = stamp - start
                else:
                    at += 1 / _video_fps(capture)  # some files have no usable time stamps
                yield Frame(index, at, cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))
                index += 1
        finally:
            capture.release()
        if index == 0:
            raise DataError(f"{self.path} holds no frame that can be read: give an mp4 video, or images")


class RecordedCamera(Camera):
    """Plays a recording by a simulated clock.

    For every frame to be seen once, advance the clock to `next_at()`, ask for `latest()`, and so on until
    `next_at()` is None.
    """

    def __init__(self, recording: Recording, clock: Clock) -> None:
        self._recording = recording
        self._clock = clock
        self._frames: Optional[Iterator[Frame]] = None
        self._newest: Optional[Frame] = None
        self._coming: Optional[Frame] = None

    def open(self) -> None:
        """Start at the first frame. Raises DataError when there is none."""
        self._frames = iter(self._recording)
        self._newest = None
        self._coming = next(self._frames, None)

    def close(self) -> None:
        """Let go of the recording."""
        self._frames = self._newest = self._coming = None

    def next_at(self) -> Optional[float]:
        """When the next frame is due, in seconds of the clock; None after the last one."""
        return None if self._coming is None else self._coming.at

    def latest(self, max_age: float) -> Frame:
        """The newest frame that the clock has reached.

        Raises StaleFrame when it is older than `max_age` seconds, CameraError once the recording has ended
        and its last frame is too old, or when the camera is not open.
        """
        if self._frames is None:
            raise CameraError("the recording is not open: use the camera in a `with` block")
        while self._coming is not None and self._coming.at <= self._clock.now():
            self._newest, self._coming = self._coming, next(self._frames, None)
        if self._newest is not None and self._clock.now() - self._newest.at <= max_age:
            return self._newest
        if self._coming is None:
            raise CameraError(f"the recording {self._recording.path} has ended: play it again")
        raise StaleFrame("no frame of the recording is young enough: wait for the next one")


class RecordedButtons(Buttons):
    """Presses from a file with one JSON object per line, `{"at": seconds, "button": ..., "kind": ...}`.

    `button` is mode, action or both, `kind` is short or long. Each press comes when the clock has reached it.
    """

    def __init__(self, path: Union[str, Path], clock: Clock) -> None:
        self._path = Path(path)
        self._clock = clock
        self._waiting: List[Press] = []

    def open(self) -> None:
        """Read the file. Raises DataError that names file, line and remedy."""
        self._waiting = _read_presses(self._path)

    def close(self) -> None:
        """Drop the presses that have not come yet."""
        self._waiting = []

    def next_at(self) -> Optional[float]:
        """When the next press is due, in seconds of the clock; None after the last one."""
        return self._waiting[0].at if self._waiting else None

    def presses(self) -> List[Press]:
        """The presses that the clock has reached since the last call, oldest first."""
        now = self._clock.now()
        due = [press for press in self._waiting if press.at <= now]
        self._waiting = self._waiting[len(due):]
        return due


def list_images(folder: Path) -> List[Path]:
    """The jpg and png images of a folder in natural order. Raises DataError where it cannot be read."""
    try:
        paths = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES]
    except OSError as error:
        raise DataError(f"{folder} cannot be listed ({error.strerror}): check its permissions") from error
    return sorted(paths, key=lambda path: _natural(path.name))


def _natural(name: str) -> Tuple[List[Union[int, str]], str]:
    """A key that sorts frame2 before frame10; the name itself settles what is left (frame2, frame02)."""
    parts = re.split(r"([0-9]+)", name.lower())
    return [int(part) if position % 2 else part for position, part in enumerate(parts)], name


def _read_image(path: Path) -> Optional[numpy.ndarray]:
    """RGB pixels as stored, without the turn that EXIF may ask for; None when it is no image."""
    try:
        encoded = numpy.frombuffer(path.read_bytes(), numpy.uint8)
        pixels = cv2.imdecode(encoded, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except (OSError, cv2.error):
        return None
    return None if pixels is None else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def _video_fps(capture: cv2.VideoCapture) -> float:
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    return fps if 0 < fps <= 1000 else VIDEO_FPS


def _read_presses(path: Path) -> List[Press]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"the presses in {path} cannot be read ({error}): give a JSON-lines file") from error
    presses = [_parse_press(line, f"{path}, line {number}")
               for number, line in enumerate(lines, 1) if line.strip()]
    return sorted(presses, key=lambda press: press.at)


def _parse_press(line: str, place: str) -> Press:
    try:
        entry: Any = json.loads(line)
        at, button, kind = entry["at"], entry["button"], entry["kind"]
    except (ValueError, KeyError, TypeError) as error:
        example = '{"at": 1.5, "button": "mode", "kind": "short"}'
        raise DataError(f"{place}: not a press; write a line like {example}") from error
    if isinstance(at, bool) or not isinstance(at, (int, float)) or not 0 <= at < math.inf:
        raise DataError(f'{place}: "at" is {json.dumps(at)}; give seconds from the start, 0 or more')
    for key, value, known in (("button", button, (MODE, ACTION, BOTH)), ("kind", kind, (SHORT, LONG))):
        if value not in known:
            raise DataError(f'{place}: "{key}" is {json.dumps(value)}; use one of {", ".join(known)}')
    return Press(button, kind, float(at))
