"""Webcams on USB, by OpenCV and V4L2."""

from __future__ import annotations

import glob
import os
from typing import Optional, Union

import cv2
import numpy

from ..core.errors import CameraError
from ..core.ports import Clock
from .cameras import Source
from .clocks import RealClock

READ_ATTEMPTS = 3
SILENT_SECONDS = 1.0
"""A damaged picture comes at once. Who waited for so long waits for a camera that sends none: OpenCV does for 10 s."""


class Webcam(Source):
    """A V4L2 camera by number (0 is /dev/video0) or by path: MJPG in the wanted size, or what it has instead.

    A path in /dev/v4l/by-id names the same camera whatever number it gets when it is plugged in again.
    """

    def __init__(self, device: Union[int, str] = 0, width: int = 640, height: int = 480,
                 clock: Optional[Clock] = None) -> None:
        """`width` and `height` are pixels asked of the camera."""
        self._device = device
        self._size = (width, height)
        self._clock = clock or RealClock()
        self._path = self.name = f"/dev/video{device}" if isinstance(device, int) else device
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
            begun = self._clock.now()
            ok, pixels = self._capture.read()
            if ok:
                return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
            if not os.path.exists(self._path) or self._clock.now() - begun > SILENT_SECONDS:
                return None
        return None

    def close(self) -> None:
        """Release the camera."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None


def _check_device(path: str) -> None:
    if not os.path.exists(path):
        others = ", ".join(sorted(glob.glob("/dev/video*")))
        remedy = f"plug it in, or choose one of {others}" if others else "plug one in"
        raise CameraError(f"there is no camera at {path}: {remedy}")
    if not os.access(path, os.R_OK | os.W_OK):
        raise CameraError(f"no permission to use {path}: run `sudo usermod -aG video $USER` and log in again")
