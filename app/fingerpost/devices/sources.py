"""From what the settings call a camera to the sources behind it.

    auto                     the webcams that are plugged in, then the cameras at the CSI ports
    0, 1, ..., /dev/...      a webcam (V4L2)
    csi, csi:1               a camera at a CSI port of a Jetson, by GStreamer
    gst:PIPELINE             any GStreamer pipeline without its end, as in gst:videotestsrc is-live=true
    jetcam, jetcam:csi:1, jetcam:usb:0     NVIDIA's jetcam
    PATH                     a video or a folder of frames, at its own pace, over and over
"""

from __future__ import annotations

import math
import shlex
from pathlib import Path
from typing import Iterator, List, Optional, Set

import numpy

from ..core.errors import CameraError, SettingsError
from ..core.ports import Clock
from ..core.types import Frame
from ..settings import CameraSettings
from .cameras import Source
from .clocks import RealClock
from .gstreamer import Pipeline, make_csi
from .jetcam import CLASSES, CSI, Jetcam
from .replay import Recording
from .webcam import Webcam

AUTO = "auto"
DEVICES = Path("/dev")
SYSTEM = Path("/sys/class/video4linux")
CSI_NODE = "vi-output"
"""How the name of the node begins that the kernel of a Jetson makes for a camera at a CSI port ("vi-output, imx219
8-0010"). It gives raw sensor data, which no webcam does."""
REWIND_SECONDS = 1 / 30  # how long the last frame lasts; a recording of one image would spin without it


class Playback(Source):
    """A recording at its own pace, over and over, as if it were a camera."""

    patience_seconds = math.inf  # a slow recording is no fault

    def __init__(self, recording: Recording, clock: Optional[Clock] = None) -> None:
        self.name = str(recording.path)
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


class Missing(Source):
    """A kind of camera that was looked for in vain; `reason` is told with what else was tried."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self._reason = reason

    def open(self) -> None:
        """Raises CameraError."""
        raise CameraError(self._reason)

    def read(self) -> Optional[numpy.ndarray]:
        """None."""
        return None

    def close(self) -> None:
        """Nothing is open."""


def find_sources(settings: CameraSettings) -> List[Source]:
    """All that the settings name and that may be there now, the best first. Raises SettingsError."""
    return [source for text in (settings.source, *settings.fallback) for source in read_source(text, settings)]


def check_sources(settings: CameraSettings) -> None:
    """See that the settings name cameras, there or not, and recordings that can be played.

    Raises SettingsError and DataError: what will never work is said at the start, and not as a lost camera later.
    """
    if min(settings.width, settings.height, settings.rate) < 1:
        raise SettingsError("[camera] width, height and rate must be 1 or more")
    for source in find_sources(settings):
        if isinstance(source, Playback):
            source.open()
            source.read()
            source.close()


def read_source(text: str, settings: CameraSettings) -> List[Source]:
    """The sources behind one text, in the order in which to try them. Raises SettingsError."""
    kind, _, rest = text.partition(":")
    if text == AUTO:
        return find_webcams(settings) + find_csi(settings)
    if text.isdigit() or text.startswith("/dev/"):
        device = str(DEVICES / f"video{text}") if text.isdigit() else text
        return [Webcam(_find_link(device), settings.width, settings.height)]
    if kind == CSI:
        return [make_csi(_read_number(text, rest), settings)]
    if kind == "gst":
        return [_read_pipeline(rest, settings)]
    if kind == "jetcam":
        return _read_jetcam(text, rest, settings)
    return [Playback(Recording(Path(text)))]


def find_webcams(settings: CameraSettings) -> List[Source]:
    """The webcams that are plugged in, those by their own name first."""
    csi = _list_csi_nodes()
    nodes = _list_links() or sorted(node for node in DEVICES.glob("video[0-9]*") if node.name not in csi)
    if not nodes:
        return [Missing("usb", "no webcam is plugged in")]
    return [Webcam(str(node), settings.width, settings.height) for node in nodes]


def _list_links() -> List[Path]:
    """The webcams by their own names, which stay the same wherever they are plugged in."""
    return sorted((DEVICES / "v4l" / "by-id").glob("*-video-index0"))  # the other indices give no pictures


def _find_link(device: str) -> str:
    """The own name of a webcam, so that it has one name however it was asked for; the device where there is none."""
    return next((str(link) for link in _list_links() if link.resolve() == Path(device).resolve()), device)


def find_csi(settings: CameraSettings) -> List[Source]:
    """The cameras that the system has found at the CSI ports when it started."""
    count = len(_list_csi_nodes())
    if not count:
        return [Missing(CSI, "there was no camera at a CSI port when the system started: plug in a webcam, or switch "
                             "off, check the ribbon cable and switch on")]
    return [make_csi(sensor, settings) for sensor in range(count)]


def _list_csi_nodes() -> Set[str]:
    """The names, such as video0, of the nodes that belong to cameras at CSI ports."""
    found = set()
    for folder in SYSTEM.glob("video*"):
        try:
            name = (folder / "name").read_text(encoding="ascii", errors="replace")
        except OSError:
            continue  # it was pulled just now
        if name.startswith(CSI_NODE):
            found.add(folder.name)
    return found


def _read_number(text: str, number: str) -> int:
    if number and not number.isdigit():
        raise SettingsError(f"'{text}' names no camera: write a number after the colon, as in csi:1 or jetcam:usb:0")
    return int(number or 0)


def _read_pipeline(pipeline: str, settings: CameraSettings) -> Pipeline:
    try:
        elements = shlex.split(pipeline)
    except ValueError as error:
        raise SettingsError(f"'gst:{pipeline}' is no pipeline ({error}): quote it as for a shell") from error
    if not elements:
        raise SettingsError("there is no pipeline after 'gst:': write one, as in 'gst:videotestsrc is-live=true'")
    return Pipeline(f"gst:{pipeline}", elements, settings.width, settings.height,
                    "try it in a terminal, between `gst-launch-1.0` and `! fakesink`")


def _read_jetcam(text: str, rest: str, settings: CameraSettings) -> List[Source]:
    """One camera of jetcam, or where no kind is named, one of each."""
    kind, _, number = rest.partition(":")
    if kind and kind not in CLASSES:
        raise SettingsError(f"'{text}' names no camera: write jetcam, jetcam:csi, jetcam:csi:1 or jetcam:usb:0")
    kinds = [kind] if kind else list(CLASSES)
    return [Jetcam(name, _read_number(text, number), settings) for name in kinds]
