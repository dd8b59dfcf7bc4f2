"""NVIDIA's jetcam, for those who have their camera running with it already.

It is not on PyPI, and it needs an OpenCV with GStreamer, such as JetPack's own.
"""

from __future__ import annotations

import atexit
import importlib
import re
from typing import Any, Optional

import cv2
import numpy

from ..core.errors import CameraError
from ..settings import CameraSettings
from .cameras import Source

COMMIT = "7bd9130a330bd6f39c68ee32ffbfee1ca64afad7"
INSTALL = f"run `pip install traitlets git+https://github.com/NVIDIA-AI-IOT/jetcam@{COMMIT}`"
CSI, USB = "csi", "usb"
CLASSES = {CSI: ("jetcam.csi_camera", "CSICamera"), USB: ("jetcam.usb_camera", "USBCamera")}


class Jetcam(Source):
    """A camera of jetcam: its CSICamera or USBCamera, by number.

    Only its `read` is used. Its own thread ends at the first read that fails, and leaves the last picture in place for
    ever.
    """

    patience_seconds = 10.0  # its constructor waits for the first picture

    def __init__(self, kind: str, device: int, settings: CameraSettings) -> None:
        """`kind` is CSI or USB."""
        self.name = f"jetcam:{kind}:{device}"
        self._kind, self._device, self._settings = kind, device, settings
        self._camera: Any = None

    def open(self) -> None:
        """Start the camera. Raises CameraError with its remedy."""
        module, name = CLASSES[self._kind]
        try:
            make = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise CameraError(f"jetcam is not installed ({error}): {INSTALL}") from error
        wanted = self._settings
        try:
            self._camera = make(width=wanted.width, height=wanted.height, capture_width=wanted.width,
                                capture_height=wanted.height, capture_fps=wanted.rate, capture_device=self._device)
        except RuntimeError as error:
            raise CameraError(f"jetcam cannot start the {self._kind} camera ({error}): {self._remedy()}") from error

    def read(self) -> Optional[numpy.ndarray]:
        """The next picture. Raises CameraError when jetcam has lost the camera."""
        if self._camera is None:
            return None
        try:
            return cv2.cvtColor(self._camera.read(), cv2.COLOR_BGR2RGB)
        except RuntimeError as error:
            raise CameraError(f"jetcam has lost the {self._kind} camera ({error}): check its cable") from error

    def close(self) -> None:
        """Release the camera, and have it released at the end of the program no more: it would be kept until then."""
        camera, self._camera = self._camera, None
        if camera is not None:
            atexit.unregister(camera.cap.release)
            camera.cap.release()

    def _remedy(self) -> str:
        if re.search(r"GStreamer:\s+NO", cv2.getBuildInformation()):
            return "this OpenCV has no GStreamer: use JetPack's, or `--camera auto`, which needs none"
        if self._kind == USB:
            return "unplug it and plug it in again"
        return "check its ribbon cable, then run `sudo systemctl restart nvargus-daemon`"
