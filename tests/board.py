"""A Jetson's GPIO chip without the board: what NVIDIA's library Jetson.GPIO asks of the kernel, answered here.

The library itself runs unchanged. Its calls to `os.open`, `fcntl.ioctl`, `os.close`, `os.access` and to the files of
/dev and /proc/device-tree are answered for these paths alone, as the kernel answers them: the structures and numbers
are those of version 1 of the GPIO character device (linux/gpio.h, 4.8). Descriptors are real ones, so that a wrong
or a second `close` fails as it would on the board.
"""

from __future__ import annotations

import builtins
import ctypes
import errno
import fcntl
import importlib.util
import os
import struct
import sys
import threading
from typing import Callable, Dict, List, Optional, Set, Tuple

from fingerpost.core.ports import Clock

CHIPINFO, LINEHANDLE, LINE_VALUES = 0x8044B401, 0xC16CB403, 0xC040B408
LINES = {"jetson-nano": ("tegra-gpio", {29: 149, 31: 200}), "jetson-orin-nano": ("tegra234-gpio", {29: 105, 31: 106})}
"""Per board the label of its chip, and the line of the chip that each pin of the header is."""
COMPATIBLE = {"jetson-nano": "nvidia,p3450-0000", "jetson-orin-nano": "nvidia,p3768-0000+p3767-0005"}
DEVICE, TREE = "/dev/gpiochip0", "/proc/device-tree/"


class Board:
    """The header of a Jetson whose pins are held high by resistors until `press`."""

    def __init__(self, name: str = "jetson-nano") -> None:
        self.label, self._lines = LINES[name]
        self._compatible = COMPATIBLE[name]
        self.low: Set[int] = set()
        """The pins that lie on ground now."""
        self.present, self.permitted, self.error = True, True, 0
        """`error`: the number with which the kernel answers everything about lines, 0 for none."""
        self.answers, self.hangs = threading.Event(), threading.Event()
        """While `answers` is not set, whoever reads a line hangs in the driver, and `hangs` says that somebody does."""
        self.answers.set()
        self._chips: Set[int] = set()
        self._handles: Dict[int, int] = {}

    @property
    def taken(self) -> int:
        """How many descriptors of the chip and its lines are open."""
        return len(self._chips) + len(self._handles)

    def install(self, monkeypatch) -> None:
        """Put this board under the process for one test; Jetson.GPIO is loaded anew."""
        self._open, self._close, self._ioctl = os.open, os.close, fcntl.ioctl
        self._exists, self._listdir, self._access, self._read = os.path.exists, os.listdir, os.access, builtins.open
        for module, name, answer in (
                (os, "open", self._answer_open), (os, "close", self._answer_close), (os, "access", self._answer_access),
                (os, "listdir", self._answer_listdir), (os.path, "exists", self._answer_exists),
                (fcntl, "ioctl", self._answer_ioctl), (builtins, "open", self._answer_read)):
            monkeypatch.setattr(module, name, answer)
        for name in [name for name in sys.modules if name.split(".")[0] == "Jetson"]:
            monkeypatch.delitem(sys.modules, name)

    def _answer_open(self, path, *details, **more):
        if path != DEVICE:
            return self._open(path, *details, **more)
        if not self.present:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        chip = self._open(os.devnull, os.O_RDONLY)
        self._chips.add(chip)
        return chip

    def _answer_close(self, descriptor):
        self._chips.discard(descriptor)
        self._handles.pop(descriptor, None)
        self._close(descriptor)

    def _answer_ioctl(self, descriptor, request, *argument):
        if descriptor not in self._chips and descriptor not in self._handles:
            return self._ioctl(descriptor, request, *argument)
        if self.error and request != CHIPINFO:
            raise OSError(self.error, os.strerror(self.error))
        memory = (ctypes.c_ubyte * ctypes.sizeof(argument[0])).from_buffer(argument[0])
        if request == CHIPINFO:
            memory[:] = struct.pack("=32s32sI", b"gpiochip0", self.label.encode(), 256)
        elif request == LINEHANDLE:
            self._give_line(memory)
        else:
            assert request == LINE_VALUES
            if not self.answers.is_set():
                self.hangs.set()
                self.answers.wait()
            memory[0] = self._handles[descriptor] not in self._low_lines()
        return 0

    def _give_line(self, memory) -> None:
        """GPIO_GET_LINEHANDLE_IOCTL: lines[64], flags, defaults[64], label[32], count, descriptor (given back)."""
        line, flags, count = (struct.unpack_from("=I", memory, offset)[0] for offset in (0, 256, 356))
        assert (flags, count) == (1, 1), "one line, asked for as an input"
        if line in self._handles.values():
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        handle = self._open(os.devnull, os.O_RDONLY)
        self._handles[handle] = line
        struct.pack_into("=i", memory, 360, handle)

    def _low_lines(self) -> Set[int]:
        return {self._lines[pin] for pin in self.low}

    def _answer_access(self, path, mode, **more):
        return self.present and self.permitted if path == DEVICE else self._access(path, mode, **more)

    def _answer_exists(self, path):
        if path == DEVICE:
            return self.present
        ours = isinstance(path, str) and path.startswith(TREE)
        return path in (TREE + "compatible", TREE + "chosen/plugin-manager/ids") if ours else self._exists(path)

    def _answer_listdir(self, path="."):
        if path == "/dev/":
            return ["null", "gpiochip0"] if self.present else ["null"]
        if path == TREE + "chosen/plugin-manager/ids":
            return ["3448-0000-300", "3449-0000-300", "3768-0000-300"]  # module and carrier boards of the kits
        return self._listdir(path)

    def _answer_read(self, path, *details, **more):
        if path == TREE + "compatible":
            return self._read(_pipe(self._compatible + "\0"), *details, **more)
        return self._read(path, *details, **more)


class Fingers(Clock):
    """Fingers on a board's pins, and the time that a thread polls them in: it goes on as fast as the thread does.

    `edges` are (seconds, pin, down), in order of time. Time stands still at 0 until `reach`.
    """

    def __init__(self, board: Board, edges: List[Tuple[float, int, bool]],
                 jitter: Callable[[], float] = lambda: 1.0) -> None:
        self._board, self._edges, self._jitter = board, list(edges), jitter
        self._now = self._until = 0.0
        self._turn = threading.Condition()

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        """Called by the thread."""
        with self._turn:
            self._turn.wait_for(lambda: self._now < self._until, timeout=0.05)
            if self._now < self._until:
                self._now += seconds * self._jitter()
                while self._edges and self._edges[0][0] <= self._now + 1e-9:
                    _, pin, down = self._edges.pop(0)
                    (self._board.low.add if down else self._board.low.discard)(pin)
            self._turn.notify_all()

    def skip(self, seconds: float) -> None:
        """Let time go on for a thread that hangs."""
        with self._turn:
            self._now = self._until = self._now + seconds

    def reach(self, at: float) -> None:
        """Let the time go on to that moment, and wait until the thread has lived through it."""
        with self._turn:
            self._until = at
            self._turn.notify_all()
            assert self._turn.wait_for(lambda: self._now >= at, timeout=60), "nobody polls"


def _pipe(text: str) -> int:
    """The end of a pipe from which this text can be read."""
    reader, writer = os.pipe()
    os.write(writer, text.encode())
    os.close(writer)
    return reader


def have_library() -> Optional[str]:
    """Why Jetson.GPIO cannot be tested here; None where it can."""
    return None if importlib.util.find_spec("Jetson") else "Jetson.GPIO is not installed: pip install Jetson.GPIO"
