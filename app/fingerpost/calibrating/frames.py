"""The frames that a calibration is made from: of a recording, or of a camera for some seconds."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Iterable, Iterator

from ..core.errors import CameraError
from ..core.ports import Camera, Clock
from ..core.types import Frame
from ..devices.clocks import RealClock
from ..devices.replay import Recording
from ..settings import Settings
from ..wiring import open_camera

MAX_AGE_SECONDS = 0.5
START_SECONDS = 5.0
"""A camera may take so long to give its first picture."""
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


def watch(camera: Camera, seconds: float, clock: Clock) -> Iterator[Frame]:
    """The frames of an open camera for so long, each once. Raises CameraError where it gives none for a while."""
    end = clock.now() + seconds
    patient_until, last = clock.now() + min(START_SECONDS, seconds), -1
    while clock.now() < end:
        try:
            frame = camera.latest(MAX_AGE_SECONDS)
        except CameraError:
            clock.sleep(_POLL_SECONDS)
            if clock.now() >= patient_until:
                raise
            continue
        if frame.index == last:
            clock.sleep(_POLL_SECONDS)
            continue
        last, patient_until = frame.index, clock.now() + START_SECONDS
        yield frame
