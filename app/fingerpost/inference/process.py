"""The process in which TensorRT runs, seen from this side: asked by lines, given arrays through shared memory.

Whatever happens there, a crash in native code or one that never comes back, is an error here and nothing more.
"""

from __future__ import annotations

import importlib.util
import json
import mmap
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from ..core.errors import ModelError

SCRIPT = Path(__file__).parent / "worker"
INTERPRETER = "FINGERPOST_TENSORRT_PYTHON"
SYSTEM_PYTHON = "/usr/bin/python3"
"""JetPack installs TensorRT for the system's Python, which on the first Nano is too old for all the rest."""
START_SECONDS, LOAD_SECONDS, RUN_SECONDS, BUILD_SECONDS = 60.0, 120.0, 1.0, 3600.0
"""How long the process may take before it is ended. A run takes hundredths of a second; the device calls eyes that make
no progress for three seconds lost (core/live.py), and by then another runtime must have taken over from a hung one."""
SHARED_LOAD_SECONDS = 25.0
"""The same for a network that comes or goes while others of that process wait: the eyes may hang for 30 s."""
KILL_SECONDS = 0.5
"""How long a process that was killed is waited for. One that is stuck in the GPU's driver does not end at all."""
REMEDY = 'set runtime = "onnx" under [recognition], or build anew with `fingerpost engine build`'
_HAS_TENSORRT = "import importlib.util, sys; sys.exit(importlib.util.find_spec('tensorrt') is None)"


class Platform(NamedTuple):
    """What an engine depends on."""

    tensorrt: str
    gpu: str
    capability: str
    precisions: Tuple[str, ...]
    """What the GPU is fast at, smallest numbers first, and fp32."""
    typed: bool
    """Whether this TensorRT takes the types of the ONNX file as they are."""


def find_interpreter() -> Optional[str]:
    """The Python that has TensorRT: the chosen one, this one, or the system's; None where there is none."""
    chosen = os.environ.get(INTERPRETER)
    if chosen:
        return chosen
    if importlib.util.find_spec("tensorrt") is not None:
        return sys.executable
    try:
        done = subprocess.run([SYSTEM_PYTHON, "-c", _HAS_TENSORRT], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=START_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return SYSTEM_PYTHON if done.returncode == 0 else None


class Worker:
    """One such process. Any thread may ask it; it does one thing at a time. It ends with its parent, come what may."""

    def __init__(self, python: str) -> None:
        """Start it by that interpreter. Raises ModelError where TensorRT or a GPU is missing."""
        self._lock = threading.RLock()
        self._rest = b""
        self._death = ""
        self.serves = False
        """Whether a network runs in it, which others have to wait for."""
        self._handles: List[int] = []
        with _shared_memory():
            try:
                self._memory = self._own(os.memfd_create("fingerpost-tensorrt"))
                self._complaints = self._own(os.memfd_create("fingerpost-complaints"))
                lifeline, held = os.pipe()
            except OSError:
                self._release()
                raise
        self._own(held)
        try:
            # In a session of its own, so that Ctrl-C reaches only this side, which then ends it.
            self._process = subprocess.Popen(
                [python, str(SCRIPT), str(self._memory), str(lifeline)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=self._complaints, pass_fds=(self._memory, lifeline), start_new_session=True)
        except OSError as error:
            self._release()
            raise ModelError(f"{python} cannot be started ({error.strerror}): correct {INTERPRETER}") from error
        finally:
            os.close(lifeline)
        try:
            facts = self.ask({"do": "probe"}, START_SECONDS)
        except ModelError:
            self.close()
            raise
        self.platform = Platform(facts["tensorrt"], facts["gpu"], facts["capability"], tuple(facts["precisions"]),
                                 facts["typed"])

    @property
    def alive(self) -> bool:
        """Whether it can be asked; it may have died while nobody asked it anything."""
        return not self._death and self._process.poll() is None

    def ask(self, order: Dict[str, Any], seconds: float, data: Optional[bytes] = None,
            tell: Callable[[str], None] = lambda stage: None) -> Dict[str, Any]:
        """The answer to an order, with `data` laid into the shared memory where the order says.

        `tell` hears the stages of what takes long, again and again. Raises ModelError where it fails or takes longer;
        whatever crashes or hangs is ended.
        """
        with self._lock:
            self._check()
            if data is not None:
                with _shared_memory():
                    order = {**order, "at": self._lay(data), "bytes": len(data)}
            reply = self._converse(order, time.monotonic() + seconds, tell)
        if "error" in reply:
            raise ModelError(f"TensorRT fails ({reply['error']}): {REMEDY}")
        return reply

    def take(self, at: int, size: int) -> bytes:
        """What the process has laid at the end of the shared memory, which is free afterwards. Raises ModelError."""
        with self._lock, _shared_memory():
            self._check()
            content = os.pread(self._memory, size, at)
            os.ftruncate(self._memory, at)
            return content

    def map(self, at: int, size: int) -> mmap.mmap:
        """A part of the shared memory. Raises ModelError."""
        with self._lock, _shared_memory():
            self._check()
            return mmap.mmap(self._memory, size, offset=at)

    def close(self) -> None:
        """End it. It has nothing to lose."""
        with self._lock:
            if not self._death and self._process.poll() is not None:
                self._die("TensorRT has crashed")
            elif not self._death:
                self._end("TensorRT is closed")

    def _check(self) -> None:
        if self._death:
            raise ModelError(self._death)

    def _converse(self, order: Dict[str, Any], deadline: float, tell: Callable[[str], None]) -> Dict[str, Any]:
        stream, stage = self._process.stdin, ""
        assert stream is not None
        try:
            stream.write(json.dumps(order).encode() + b"\n")
            stream.flush()
            while True:
                reply = self._read(deadline)
                if reply is None:
                    tell(stage)
                elif "stage" in reply:
                    stage = reply["stage"]
                    tell(stage)
                else:
                    return reply
        except TimeoutError:
            self._die(f"TensorRT did not answer in time to '{order['do']}' and was stopped")
        except (OSError, EOFError, ValueError):
            self._wait()  # it closes its pipe an instant before it has ended
            self._die("TensorRT has crashed")
        raise ModelError(self._death)

    def _read(self, deadline: float) -> Optional[Dict[str, Any]]:
        """The next line; None where there is none for a while. Raises TimeoutError, EOFError where it has died."""
        stream = self._process.stdout
        assert stream is not None
        if b"\n" not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            if not select.select([stream], [], [], min(left, 0.2))[0]:
                return None
            data = os.read(stream.fileno(), 1 << 16)
            if not data:
                raise EOFError
            self._rest += data
        line, found, rest = self._rest.partition(b"\n")
        if not found:
            return None
        self._rest = rest
        return dict(json.loads(line))

    def _lay(self, data: bytes) -> int:
        """Put bytes at the end of the shared memory; where they begin."""
        at = -(-os.fstat(self._memory).st_size // mmap.PAGESIZE) * mmap.PAGESIZE
        left = memoryview(data)
        try:
            while left:
                left = left[os.pwrite(self._memory, left, at + len(data) - len(left)):]
        except OSError:
            os.ftruncate(self._memory, at)  # the part that lies there is of no use
            raise
        return at

    def _die(self, what: str) -> None:
        """Take note of a death, with its reason, and clear up."""
        code = self._process.poll()
        reasons = [signal.Signals(-code).name] if code is not None and code < 0 else []
        complaints = os.pread(self._complaints, os.fstat(self._complaints).st_size, 0)
        reasons += complaints.decode(errors="replace").strip().splitlines()[-1:]
        self._end(f"{what} ({', '.join(reasons)}): {REMEDY}" if reasons else f"{what}: {REMEDY}")

    def _end(self, why: str) -> None:
        self._death = why
        self._process.kill()
        self._wait()
        for stream in (self._process.stdin, self._process.stdout):
            try:
                if stream is not None:
                    stream.close()
            except OSError:
                pass  # what it did not read any more
        self._release()

    def _wait(self) -> None:
        """Until it has ended, but not for long: see KILL_SECONDS."""
        try:
            self._process.wait(KILL_SECONDS)
        except subprocess.TimeoutExpired:
            pass

    def _own(self, handle: int) -> int:
        """Keep it open as long as the process may live."""
        self._handles.append(handle)
        return handle

    def _release(self) -> None:
        for handle in self._handles:
            os.close(handle)
        self._handles = []


@contextmanager
def _shared_memory() -> Iterator[None]:
    """Where it runs out, or the handles for it, that is a ModelError."""
    try:
        yield
    except OSError as error:
        raise ModelError(f"there is no memory to share with TensorRT ({error.strerror or error}): {REMEDY}") from error
