"""The frames that a calibration is made from: of a recording, or of a camera for some seconds."""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Iterable, Iterator

from ..core.errors import CameraError, StaleFrame
from ..core.live import FIRST_FRAME_SECONDS
from ..core.ports import Camera, Clock
from ..core.types import Frame
from ..devices.clocks import RealClock
from ..devices.replay import Recording
from ..settings import Settings
from ..wiring import open_camera

MAX_AGE_SECONDS = 0.5
GAP_SECONDS = 5.0
"""A camera may give no picture for so long, or have a fault at the start."""
_POLL_SECONDS = 0.01


def is_recording(source: str) -> bool:
    """Whether a source is a file or a folder, rather than a camera."""
    return Path(source).exists() and not source.startswith("/dev/")


def read_frames(stack: ExitStack, source: str, settings: Settings, seconds: float) -> Iterable[Frame]:
    """All frames of a recording, each once, or those of a camera for so long; `stack` closes it. Raises DataError,
    SettingsError, and CameraError once the camera gives no pictures."""
    if is_recording(source):
        return Recording(source)
    camera = stack.enter_context(open_camera(choose_camera(settings, source)))
    return watch(camera, seconds, RealClock())


def choose_camera(settings: Settings, source: str) -> Settings:
    """The settings with another camera, and none to fall back on."""
    return replace(settings, camera=replace(settings.camera, source=source, fallback=()))


def watch(camera: Camera, seconds: float, clock: Clock, first_seconds: float = FIRST_FRAME_SECONDS) -> Iterator[Frame]:
    """The frames of an open camera for so long from the first one on, each once.

    Raises CameraError where it gives none for a while; the first one may take it `first_seconds`, if it has no fault.
    """
    last, good_at, end = -1, clock.now(), math.inf
    while clock.now() < end:
        try:
            frame = camera.latest(MAX_AGE_SECONDS)
        except CameraError as error:
            begins = end == math.inf and isinstance(error, StaleFrame)
            if clock.now() - good_at >= (first_seconds if begins else min(GAP_SECONDS, first_seconds)):
                raise
            clock.sleep(_POLL_SECONDS)
            continue
        if frame.index == last:
            clock.sleep(_POLL_SECONDS)
            continue
        last, good_at, end = frame.index, clock.now(), min(end, clock.now() + seconds)
        yield frame
