"""Live cameras: a thread of its own reads the source, and only the newest frame is kept.

A new kind of camera is one small `Source`; losing it, finding it again and staleness are alike for all.
"""

from __future__ import annotations

import glob
import os
import threading
from abc import ABC, abstractmethod
from typing import Iterator, Optional, Union

import cv2
import numpy

from ..core.errors import CameraError, FingerpostError, StaleFrame
from ..core.ports import Camera, Clock
from ..core.types import Frame
from .replay import RealClock, Recording

FIRST_RETRY_SECONDS = 0.1
LONGEST_RETRY_SECONDS = 0.5  # a camera that returns is noticed within this time
JOIN_SECONDS = 0.5
READ_ATTEMPTS = 3
REWIND_SECONDS = 1 / 30  # how long the last frame lasts; a recording of one image would spin without it


class Source(ABC):
    """Where pictures come from. All its methods are called from the capture thread only."""

    @abstractmethod
    def open(self) -> None:
        """Acquire the source; raises an error of the tree with its remedy."""

    @abstractmethod
    def read(self) -> Optional[numpy.ndarray]:
        """Wait for the next picture: RGB uint8 (height, width, 3), a new array each time. None: gone."""

    @abstractmethod
    def close(self) -> None:
        """Release the source; harmless when it is not open."""


class LiveCamera(Camera):
    """Any source as a camera.

    A source that is missing or lost is reported by `latest` and tried again until it is back, so `open`
    succeeds without one. A source that hangs in native code makes frames stale, and holds up nobody.
    """

    def __init__(self, source: Source, clock: Optional[Clock] = None) -> None:
        self._source = source
        self._clock = clock or RealClock()
        self._stopping = threading.Event()
        self._thread: Optional[threading.Thread] = None
        self._lock = threading.Lock()  # keeps frame and trouble in step
        self._frame: Optional[Frame] = None
        self._trouble: Optional[str] = None
        self._index = 0

    def open(self) -> None:
        """Start capturing. Raises CameraError when an earlier capture still hangs in the source."""
        if self._thread is not None and self._thread.is_alive():
            if not self._stopping.is_set():
                return
            raise CameraError("the camera still hangs: unplug it and plug it in again")
        self._stopping.clear()
        self._frame, self._trouble = None, None
        # A daemon, since a thread that hangs in a driver must not keep the program from ending.
        self._thread = threading.Thread(target=self._keep_capturing, name="capture", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop capturing. Returns after 0.5 s even when the source hangs; its thread ends when it wakes."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(JOIN_SECONDS)
        with self._lock:
            self._frame = None

    def latest(self, max_age: float) -> Frame:
        """The newest frame, at most `max_age` seconds old.

        Raises StaleFrame when there is none that young (yet), CameraError as long as the camera has gone.
        """
        with self._lock:
            frame, trouble = self._frame, self._trouble
        if self._thread is None or self._stopping.is_set():
            raise CameraError("the camera is not open: use it in a `with` block")
        if trouble is not None:
            raise CameraError(trouble)
        if frame is None:
            raise StaleFrame("no frame yet: if this lasts, unplug the camera and plug it in again")
        age = self._clock.now() - frame.at
        if age > max_age:
            raise StaleFrame(f"the camera has sent nothing for {age:.1f} s: if this lasts, "
                             "unplug it and plug it in again")
        return frame

    def _keep_capturing(self) -> None:
        """Capture until close(), opening the source again, at growing intervals, whenever it is lost."""
        pause = FIRST_RETRY_SECONDS
        while not self._stopping.is_set():
            before = self._index
            self._capture()
            pause = FIRST_RETRY_SECONDS if self._index > before else min(2 * pause, LONGEST_RETRY_SECONDS)
            self._stopping.wait(pause)

    def _capture(self) -> None:
        """Deliver frames until the source is lost or close() was called."""
        try:
            self._source.open()
            while not self._stopping.is_set():
                pixels = self._source.read()
                if pixels is None:
                    self._lose("the camera has gone: plug it in again")
                    break
                self._deliver(pixels)
        except FingerpostError as error:
            self._lose(str(error))
        except Exception as error:  # a capture thread that died without a word would be the worst failure
            self._lose(f"the camera fails ({error!r}): unplug it and plug it in again")
        self._release()

    def _deliver(self, pixels: numpy.ndarray) -> None:
        frame = Frame(self._index, self._clock.now(), pixels)
        with self._lock:
            self._frame, self._trouble = frame, None
        self._index += 1

    def _lose(self, trouble: str) -> None:
        with self._lock:
            self._frame, self._trouble = None, trouble

    def _release(self) -> None:
        try:
            self._source.close()
        except Exception as error:  # the trouble stands, and the next attempt may still succeed
            self._lose(f"the camera cannot be closed ({error!r}): unplug it and plug it in again")


class Webcam(Source):
    """A V4L2 camera by number (0 is /dev/video0) or by path: MJPG in the wanted size, or what it has instead.

    A path in /dev/v4l/by-id names the same camera whatever number it gets when it is plugged in again.
    """

    def __init__(self, device: Union[int, str] = 0, width: int = 640, height: int = 480) -> None:
        """`width` and `height` are pixels asked of the camera."""
        self._device = device
        self._size = (width, height)
        self._path = f"/dev/video{device}" if isinstance(device, int) else device
        self._capture: Optional[cv2.VideoCapture] = None

    def open(self) -> None:
        """Open the camera. Raises CameraError with its remedy."""
        _check_device(self._path)
        self._capture = cv2.VideoCapture(self._device, cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise CameraError(f"{self._path} does not open as a camera: close the program that uses it "
                              f"(`fuser {self._path}` shows which), or choose another with --camera")
        # The pixel format comes first: many cameras offer their sizes and rates per format.
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._size[0])
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._size[1])
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    def read(self) -> Optional[numpy.ndarray]:
        """The next picture; a few damaged ones in a row are passed over while the camera is plugged in."""
        if self._capture is None:
            return None
        for _ in range(READ_ATTEMPTS):
            ok, pixels = self._capture.read()
            if ok:
                return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
            if not os.path.exists(self._path):
                return None
        return None

    def close(self) -> None:
        """Release the camera."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None


class Playback(Source):
    """A recording at its own pace, over and over, as if it were a camera."""

    def __init__(self, recording: Recording, clock: Optional[Clock] = None) -> None:
        self._recording = recording
        self._clock = clock or RealClock()
        self._frames: Iterator[Frame] = iter(())
        self._started_at = 0.0

    def open(self) -> None:
        """Start at the first frame. Raises DataError when the recording cannot be played."""
        self._frames = iter(self._recording)
        self._started_at = self._clock.now()

    def read(self) -> Optional[numpy.ndarray]:
        """The next picture when it is due; after the last one the first again."""
        frame = next(self._frames, None)
        if frame is None:
            self._clock.sleep(REWIND_SECONDS)
            self.open()
            frame = next(self._frames)
        self._clock.sleep(self._started_at + frame.at - self._clock.now())
        return frame.pixels

    def close(self) -> None:
        """Let go of the recording."""
        self._frames = iter(())


def _check_device(path: str) -> None:
    if not os.path.exists(path):
        others = ", ".join(sorted(glob.glob("/dev/video*")))
        remedy = f"plug it in, or choose one of {others}" if others else "plug one in"
        raise CameraError(f"there is no camera at {path}: {remedy}")
    if not os.access(path, os.R_OK | os.W_OK):
        raise CameraError(f"no permission to use {path}: run `sudo usermod -aG video $USER` and log in again")
