"""Live cameras: a thread of its own reads the source, and only the newest frame is kept.

A new kind of camera is one small `Source`; losing it, finding it again, going over to another and staleness are alike
for all.
"""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from typing import Callable, Dict, List, Optional, Sequence

import numpy

from ..core.errors import CameraError, FingerpostError, StaleFrame
from ..core.heartbeat import Heartbeat
from ..core.ports import Camera, Clock
from ..core.types import Frame
from .clocks import RealClock

log = logging.getLogger(__name__)

FIRST_RETRY_SECONDS = 0.1
LONGEST_RETRY_SECONDS = 0.5  # a camera that returns is noticed within this time
CHECK_SECONDS = 0.1
JOIN_SECONDS = 0.5
LOOK_PATIENCE_SECONDS = 30.0
"""To look for the cameras that there are may take so long; one that hangs is left behind sooner than that."""
GONE = "the camera has gone: plug it in again"
HANGS = "the camera hangs: unplug it and plug it in again"


class Source(ABC):
    """Where pictures come from. A thread of its own calls all its methods."""

    name = "camera"
    """What it is called in messages. Two sources of one name are the same device."""
    patience_seconds = 5.0
    """After so long in `open` or `read` it is given up as hung."""
    ending_seconds = 0.0
    """So long `close` may take to leave the device in order; the end of the program waits for it."""

    @abstractmethod
    def open(self) -> None:
        """Acquire the source; raises an error of the tree with its remedy."""

    @abstractmethod
    def read(self) -> Optional[numpy.ndarray]:
        """Wait for the next picture: RGB uint8 (height, width, 3), a new array each time. None: gone."""

    @abstractmethod
    def close(self) -> None:
        """Release the source; harmless when it is not open."""


class Capture(threading.Thread):
    """One go at a source: it is opened and read until it is lost, or until `deliver` wants no more pictures.

    `trouble` says why it ended. It is a thread of its own, and a daemon, since a driver that hangs in native code can
    only be left behind.
    """

    def __init__(self, source: Source, clock: Clock, deliver: Callable[[Capture, numpy.ndarray], bool]) -> None:
        super().__init__(name="capture", daemon=True)
        self.source = source
        self.trouble = GONE
        self._clock = clock
        self._deliver = deliver
        self._progress_at = clock.now()

    def is_hung(self) -> bool:
        """Whether the source has held it up for longer than is usual for that source."""
        return self.is_alive() and self._clock.now() - self._progress_at > self.source.patience_seconds

    def run(self) -> None:
        """Deliver pictures until the source is lost or no more are wanted."""
        try:
            self.source.open()
            wanted = True
            while wanted:
                self._progress_at = self._clock.now()
                pixels = self.source.read()
                wanted = pixels is not None and self._deliver(self, pixels)
        except FingerpostError as error:
            self.trouble = str(error)
        except Exception as error:  # a capture thread that died without a word would be the worst failure
            self.trouble = f"the camera fails ({error!r}): unplug it and plug it in again"
        self._release()

    def _release(self) -> None:
        try:
            self.source.close()
        except Exception as error:  # the next attempt may still succeed
            self.trouble = f"the camera cannot be closed ({error!r}): unplug it and plug it in again"


class LiveCamera(Camera):
    """The first of some sources that gives pictures, as a camera.

    `find_sources` is asked for them anew whenever the one in use is lost, and so the best one is found again. While
    none gives pictures, `latest` says why, and all are tried over and over; so `open` succeeds without one. A source
    that hangs in native code makes frames stale and holds up nobody; it is passed over until it wakes.
    """

    def __init__(self, find_sources: Callable[[], Sequence[Source]], clock: Optional[Clock] = None) -> None:
        self._find_sources = find_sources
        self._clock = clock or RealClock()
        self._stopping = threading.Event()
        self._thread: Optional[threading.Thread] = None
        self._stuck: Dict[str, Capture] = {}
        self._passed_over: List[str] = []
        self._lock = threading.Lock()  # keeps what follows in step
        self._capture: Optional[Capture] = None
        self._frame: Optional[Frame] = None
        self._trouble: Optional[str] = None
        self._index = 0
        self._in_use = ""
        self.heartbeat = Heartbeat("capture", LOOK_PATIENCE_SECONDS)

    def open(self) -> None:
        """Start capturing; harmless when that was done already."""
        if self._thread is not None and self._thread.is_alive() and not self._stopping.is_set():
            return
        self._stopping = threading.Event()  # a new one: what it stopped may still be on its way out
        self._frame, self._trouble, self._in_use = None, None, ""
        self._thread = threading.Thread(target=self._keep_capturing, args=(self._stopping,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop capturing. Returns within a second even when the source hangs, unless that takes longer to end in order;
        its thread ends when it wakes."""
        with self._lock:
            ending_seconds = self._capture.source.ending_seconds if self._capture is not None else 0.0
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(CHECK_SECONDS + JOIN_SECONDS + ending_seconds)
        with self._lock:
            self._capture, self._frame = None, None

    def latest(self, max_age: float) -> Frame:
        """The newest frame, at most `max_age` seconds old.

        Raises StaleFrame when there is none that young (yet), CameraError as long as no camera gives pictures.
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

    def _keep_capturing(self, stopping: threading.Event) -> None:
        """Go through the sources, at growing intervals while none gives pictures, until close()."""
        pause = FIRST_RETRY_SECONDS
        while not stopping.is_set():
            self.heartbeat.beat()
            before = self._index
            try:
                self._try_sources(stopping)
            except Exception as error:  # as for a capture: never a silent death
                self._lose(f"no camera can be looked for ({error!r}): start the device anew")
            pause = FIRST_RETRY_SECONDS if self._index > before else min(2 * pause, LONGEST_RETRY_SECONDS)
            stopping.wait(pause)

    def _try_sources(self, stopping: threading.Event) -> None:
        """From the first source on, until one has given pictures and was lost, or none is left."""
        before, sources = self._index, self._find_sources()
        self._passed_over = []
        for source in sources:
            trouble = self._follow(source, stopping)
            if stopping.is_set():
                return
            if self._index > before:
                self._lose(trouble)
                return
            self._passed_over.append(trouble if len(sources) == 1 else f"{source.name}: {trouble}")
        self._lose("; ".join(self._passed_over))

    def _follow(self, source: Source, stopping: threading.Event) -> str:
        """Capture from a source; returns what ended it."""
        stuck = self._stuck.get(source.name)
        if stuck is not None and stuck.is_alive():
            return HANGS
        capture = Capture(source, self._clock, self._deliver)
        with self._lock:
            self._capture = capture
        capture.start()
        while capture.is_alive() and not capture.is_hung() and not stopping.is_set():
            self.heartbeat.beat()
            capture.join(CHECK_SECONDS)
        with self._lock:
            if self._capture is capture:
                self._capture = None
        if stopping.is_set():
            capture.join(JOIN_SECONDS + source.ending_seconds)
        if not capture.is_alive():
            return capture.trouble
        self._stuck[source.name] = capture
        return HANGS

    def _deliver(self, capture: Capture, pixels: numpy.ndarray) -> bool:
        """Take a picture; returns whether more are wanted of this capture."""
        with self._lock:
            if capture is not self._capture:
                return False
            self._frame, self._trouble = Frame(self._index, self._clock.now(), pixels, capture.source.name), None
            self._index += 1
            news = capture.source.name != self._in_use
            self._in_use = capture.source.name
        if news and self._passed_over:
            log.warning("%s. Until then, the camera is %s.", "; ".join(self._passed_over), self._in_use)
        return True

    def _lose(self, trouble: str) -> None:
        with self._lock:
            self._frame, self._trouble = None, trouble
