"""A process that does not outlive the one that started it, however that ends."""

from __future__ import annotations

import ctypes
import os
import signal

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def tether(parent: int) -> None:
    """Have the system kill this process as soon as its parent, the process of that id, has ended.

    What counts is the parent's thread that started it (prctl(2), PR_SET_PDEATHSIG).
    """
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before it could be asked to tell
        os.kill(os.getpid(), signal.SIGKILL)
