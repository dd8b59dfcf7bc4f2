"""Cameras by way of GStreamer: a `gst-launch-1.0`, a process of its own, writes the pictures into a pipe.

So a CSI camera needs no OpenCV that was built with GStreamer, which PyPI's is not, and a driver that hangs or crashes
does so in that process, which can be ended.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from typing import List, Optional, Sequence

import numpy

from ..core.errors import CameraError
from ..environment import copy_environment
from ..settings import CameraSettings
from .cameras import Source

COMMAND = "gst-launch-1.0"
LEASH = (sys.executable, "-m", "fingerpost.devices.leash")
FIRST_SECONDS = 15.0
"""How long the first picture may take. GStreamer's first start on a machine reads all its plugins, in seconds."""
SILENCE_SECONDS = 2.0
"""How long each further picture may take."""
ENDING_SECONDS = 1.0
"""How long a pipeline may take to put its camera in order before it is killed."""
WORDS_KEPT = 8192
"""Bytes of what a pipeline has said; its last words are enough to know why it ended."""
TELLING = ("ERROR", "WARNING: erroneous pipeline", "ARGUS_ERROR", "Error generated", "(Argus) Error")
"""How lines begin that name a cause; what follows them are places in source files."""
NVVIDCONV_FLIPS = {0: 0, 90: 3, 180: 2, 270: 1}
"""Degrees clockwise, and nvvidconv's flip-method (NVIDIA's Accelerated GStreamer guide)."""


class Pipeline(Source):
    """The pictures of a GStreamer pipeline, in a size of its own choosing.

    `elements` are the words of gst-launch-1.0's command line before the sink. `remedy` is for a pipeline that fails.
    """

    patience_seconds = FIRST_SECONDS + 2 * ENDING_SECONDS  # it keeps its own time, and tells more when that is over
    ending_seconds = ENDING_SECONDS

    def __init__(self, name: str, elements: Sequence[str], width: int, height: int, remedy: str) -> None:
        self.name = name
        self._elements = list(elements)
        self._width, self._height, self._remedy = width, height, remedy
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._pictures = -1  # the end of the pipe that they come from
        self._words = b""
        self._limit = FIRST_SECONDS

    def open(self) -> None:
        """Start the pipeline. Raises CameraError when it cannot be started."""
        if shutil.which(COMMAND) is None:
            raise CameraError(f"there is no `{COMMAND}`: run `sudo apt install gstreamer1.0-tools "
                              "gstreamer1.0-plugins-base`")
        self._words, self._limit = b"", FIRST_SECONDS
        self._pictures, sink = os.pipe()
        try:
            # Not standard output, on which NVIDIA's camera element prints; nor Ctrl-C's group, since it is ended here.
            self._process = subprocess.Popen([*LEASH, str(os.getpid()), *self._order(sink)], stdin=subprocess.DEVNULL,
                                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=[sink],
                                             start_new_session=True, env=copy_environment(LC_ALL="C"))
        except OSError as error:
            raise CameraError(f"`{COMMAND}` does not start ({error.strerror}): {self._remedy}") from error
        finally:
            os.close(sink)
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)

    def read(self) -> Optional[numpy.ndarray]:
        """The next picture. Raises CameraError when the pipeline has ended or has sent nothing for too long."""
        if self._process is None:
            return None
        row_bytes = (3 * self._width + 3) // 4 * 4  # GStreamer's rows of RGB begin at multiples of 4
        picture = numpy.empty((self._height, row_bytes), numpy.uint8)
        self._fill(picture.data.cast("B"))
        self._limit = SILENCE_SECONDS
        return numpy.ascontiguousarray(picture[:, :3 * self._width].reshape(self._height, self._width, 3))

    def close(self) -> None:
        """End the pipeline: in order if it can, for NVIDIA's camera service does not recover from all else."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(ENDING_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            assert process.stdout is not None
            process.stdout.close()
        if self._pictures >= 0:
            os.close(self._pictures)
            self._pictures = -1

    def _order(self, sink: int) -> List[str]:
        """The command line. A picture that is late is dropped by the queue, so that the newest one comes next."""
        tail = ("! queue leaky=downstream max-size-buffers=1 ! videoscale ! videoconvert "
                f"! video/x-raw,format=RGB,width={self._width},height={self._height},pixel-aspect-ratio=1/1 "
                f"! fdsink fd={sink}")
        return [COMMAND, "-q", *self._elements, *tail.split()]

    def _fill(self, missing: memoryview) -> None:
        """Read until nothing is missing, and listen meanwhile: a pipeline that nobody hears would stop."""
        assert self._process is not None
        assert self._process.stdout is not None
        words = self._process.stdout.fileno()
        poll = select.poll()
        poll.register(self._pictures, select.POLLIN)
        poll.register(words, select.POLLIN)
        deadline = time.monotonic() + self._limit
        while len(missing):
            ready = dict(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))
            if words in ready and not self._listen():
                poll.unregister(words)
            if self._pictures in ready:
                count = os.readv(self._pictures, [missing])
                if count == 0:
                    self._listen()
                    raise CameraError(f"the pipeline of {self.name} has ended ({self._complaint()}): {self._remedy}")
                missing = missing[count:]
            elif time.monotonic() >= deadline:
                raise CameraError(f"the pipeline of {self.name} has sent nothing for {self._limit:g} s "
                                  f"({self._complaint()}): {self._remedy}")

    def _listen(self) -> bool:
        """Take in what the pipeline says; returns whether it may say more."""
        assert self._process is not None
        assert self._process.stdout is not None
        while True:
            try:
                heard = os.read(self._process.stdout.fileno(), WORDS_KEPT)
            except BlockingIOError:
                return True
            if not heard:
                return False
            self._words = (self._words + heard)[-WORDS_KEPT:]

    def _complaint(self) -> str:
        """The line that names the cause, else the last one."""
        lines = [line.strip() for line in self._words.decode(errors="replace").splitlines() if line.strip()]
        telling = [line for line in lines if line.startswith(TELLING)]
        return (telling or lines[-1:] or ["it has said nothing"])[0]


def make_csi(sensor: int, settings: CameraSettings) -> Pipeline:
    """The camera at a CSI port of a Jetson, by its number.

    The camera element itself chooses the narrowest mode of the sensor that holds the picture and has the rate, unless
    `sensor_mode` names one; it fails for a rate that the mode does not have.
    """
    width, height = settings.width, settings.height
    held = (height, width) if settings.turn in (90, 270) else (width, height)
    elements = (f"nvarguscamerasrc sensor-id={sensor} sensor-mode={settings.sensor_mode} "
                f"! video/x-raw(memory:NVMM),format=NV12,width={held[0]},height={held[1]},framerate={settings.rate}/1 "
                f"! nvvidconv flip-method={NVVIDCONV_FLIPS[settings.turn]} "
                f"! video/x-raw,format=BGRx,width={width},height={height}")
    return Pipeline(f"csi:{sensor}", elements.split(), width, height,
                    "check its ribbon cable, then run `sudo systemctl restart nvargus-daemon`")
