"""A stand-in for NVIDIA's jetcam, which is not on PyPI, and for the cv2.VideoCapture below it and below webcams.

It does what the classes of https://github.com/NVIDIA-AI-IOT/jetcam do at commit
7bd9130a330bd6f39c68ee32ffbfee1ca64afad7, in its own words; each says which file it stands for.
"""

import atexit
import sys
import threading
import time
import types

import cv2
import numpy

RED = (255, 0, 0)


class FakeCapture:
    """Stands in for cv2.VideoCapture: red pictures of 640 by 480 pixels, 100 a second."""

    opens = works = True
    made = []

    def __init__(self, device, backend):
        self.device, self.backend, self.wishes, self.released = device, backend, {}, False
        self.made.append(self)

    def isOpened(self):
        return self.opens

    def set(self, key, value):
        self.wishes[key] = value

    def read(self):
        time.sleep(0.01)
        if not self.works:
            return False, None
        return True, numpy.full((480, 640, 3), RED[::-1], numpy.uint8)

    def release(self):
        self.released = True


class Camera:
    """jetcam/camera.py: traits that are given by keyword, one picture at a time, or a thread of its own."""

    numbers = {"width": 224, "height": 224}  # traitlets.Integer, and their defaults
    threads = 0

    def __init__(self, **traits):
        for name, default in self.numbers.items():
            value = traits.pop(name, default)
            if not isinstance(value, int):
                raise TypeError(f"the '{name}' trait expected an int, not {value!r}")  # traitlets.TraitError
            setattr(self, name, value)
        assert not traits, f"no such traits: {traits}"
        self.value = numpy.empty((self.height, self.width, 3), numpy.uint8)
        self._running = False

    def read(self):
        if self._running:
            raise RuntimeError("Cannot read directly while camera is running")
        self.value = self._read()
        return self.value

    @property
    def running(self):
        return self._running

    @running.setter
    def running(self, wanted):
        """Its thread dies of the first error, and `value` stays as it was."""
        self._running = wanted
        if wanted:
            Camera.threads += 1
            threading.Thread(target=self._capture_frames, daemon=True).start()

    def _capture_frames(self):
        while self._running:
            self.value = self._read()

    def _start(self, pipeline):
        """The constructors of both cameras: a first picture must come, and any error becomes this one."""
        try:
            self.cap = cv2.VideoCapture(pipeline, cv2.CAP_GSTREAMER)
            if not self.cap.read()[0]:
                raise RuntimeError("Could not read image from camera.")
        except Exception as error:
            raise RuntimeError("Could not initialize camera.  Please see error trace.") from error
        atexit.register(self.cap.release)

    def _read(self):
        works, image = self.cap.read()
        if not works:
            raise RuntimeError("Could not read image from camera")
        return image


class CSICamera(Camera):
    """jetcam/csi_camera.py: the pipeline scales."""

    numbers = {**Camera.numbers, "capture_device": 0, "capture_fps": 30, "capture_width": 640, "capture_height": 480}

    def __init__(self, **traits):
        super().__init__(**traits)
        self._start(f"nvarguscamerasrc sensor-id={self.capture_device} width={self.width}, height={self.height}")


class USBCamera(Camera):
    """jetcam/usb_camera.py: the picture is scaled when it is read."""

    numbers = CSICamera.numbers

    def __init__(self, **traits):
        super().__init__(**traits)
        self._start(f"v4l2src device=/dev/video{self.capture_device}")

    def _read(self):
        return cv2.resize(super()._read(), (self.width, self.height))


def put_captures(monkeypatch):
    """Have OpenCV open cameras that are not there."""
    monkeypatch.setattr(cv2, "VideoCapture", FakeCapture)
    monkeypatch.setattr(FakeCapture, "made", [])


def put_jetcam(monkeypatch):
    """Have `import jetcam` find this one."""
    put_captures(monkeypatch)
    for name, classes in (("jetcam", {}), ("jetcam.camera", {"Camera": Camera}),
                          ("jetcam.csi_camera", {"CSICamera": CSICamera}),
                          ("jetcam.usb_camera", {"USBCamera": USBCamera})):
        module = types.ModuleType(name)
        vars(module).update(classes)
        monkeypatch.setitem(sys.modules, name, module)
