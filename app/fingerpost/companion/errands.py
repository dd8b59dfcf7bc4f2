"""What must not hold up the server: work in a thread, and commands of Fingerpost in a process of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from functools import partial
from typing import Any, Callable, NamedTuple, Sequence, TypeVar

from ..upkeep.children import signal_all

ResultT = TypeVar("ResultT")
NICENESS = 10
"""How readily such a process yields to the device."""


class Errand(NamedTuple):
    """How a command ended."""

    code: int
    output: str
    complaint: str
    """The last line that it printed as an error; empty without one."""


async def in_thread(work: Callable[..., ResultT], *values: Any) -> ResultT:
    """What `work` gives for these values, done beside the loop."""
    return await asyncio.get_running_loop().run_in_executor(None, partial(work, *values))


async def run_errand(words: Sequence[str], limit_seconds: float) -> Errand:
    """Run `fingerpost` with these words. Raises asyncio.TimeoutError; whatever happens, nothing of it stays behind."""
    # Not asyncio's own way: cancelled while that starts a process, Python 3.8 would leave it behind.
    process = subprocess.Popen([sys.executable, "-m", "fingerpost", *words], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
        output, errors = await asyncio.wait_for(in_thread(process.communicate), limit_seconds)
    finally:
        signal_all(process.pid, signal.SIGKILL)
        process.wait()
    lines = [line.strip() for line in errors.decode(errors="replace").splitlines() if line.strip()]
    complaint = lines[-1] if lines else ""
    return Errand(process.returncode or 0, output.decode(errors="replace"), complaint.replace("fingerpost: ", "", 1))
