"""A command in a process of its own, restrained (restrained.py), that ends with all that it has started."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Optional, Sequence

from ...upkeep.children import GRACE_SECONDS, signal_all
from ...upkeep.retraining import NICENESS

MEMORY_SHARE = 0.75
"""How much of this machine's memory it may take: on the first Nano 3 GB, as `fingerpost train taught` gives."""


class Worker:
    """One command after the other, each until it ends or is made to. All in one event loop."""

    def __init__(self, temporary: Path, memory_mb: Optional[int] = None) -> None:
        """`temporary` is an existing folder for its temporary files."""
        self._temporary, self._memory_mb = temporary, memory_mb or find_memory_mb()
        self._process: Optional[asyncio.subprocess.Process] = None
        self.is_ending = False
        """Whether it was made to end."""

    async def run(self, command: Sequence[str], output: Path, log: Path) -> int:
        """Its exit code, negative for a signal. It prints to `output`, and complains to `log`; they may be the same.

        When this coroutine is cancelled, the command is killed. Raises OSError.
        """
        words = [sys.executable, "-m", "fingerpost.companion.workshop.restrained", str(os.getpid()), str(NICENESS),
                 str(self._memory_mb)]
        with output.open("ab") as printed, log.open("ab") as said:
            self._process = await asyncio.create_subprocess_exec(
                *words, *command, stdin=asyncio.subprocess.DEVNULL, stdout=printed, stderr=said,
                env={**os.environ, "TMPDIR": str(self._temporary)}, start_new_session=True)
        try:
            if self.is_ending:
                self._signal(signal.SIGTERM)
            return await self._process.wait()
        finally:
            self._signal(signal.SIGKILL)  # what it has started and left behind
            await self._process.wait()
            self._process = None

    def end(self) -> None:
        """Ask it to end; after a while it is killed. Harmless where nothing runs, but nothing will."""
        self.is_ending = True
        self._signal(signal.SIGTERM)
        asyncio.get_running_loop().call_later(GRACE_SECONDS, self._signal, signal.SIGKILL)

    def _signal(self, number: int) -> None:
        """Send a signal to the process and to all that it has started."""
        if self._process is not None:
            signal_all(self._process.pid, number)


def find_memory_mb() -> int:
    """Megabytes that a command may take on this machine."""
    return int(MEMORY_SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")) >> 20
