"""Two runtimes for one network: when the first fails, the second carries on until that is back."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Callable, Optional, Tuple

from ..core.errors import ModelError
from ..core.ports import Backend

if TYPE_CHECKING:
    import numpy

log = logging.getLogger(__name__)

RELAPSE_SECONDS = 600.0
"""A runtime that fails twice within so long does not get another chance: each costs a pause."""


class Trouble:
    """Passes on the first reason that is reported, and none after it: once to whoever listens by then, or later on."""

    def __init__(self) -> None:
        self._reason = ""
        self._listener: Optional[Callable[[str], None]] = None
        self._lock = threading.Lock()

    def report(self, reason: str) -> None:
        """Something has failed; from any thread."""
        with self._lock:
            if not self._reason:
                self._reason = reason
                if self._listener is not None:
                    self._listener(reason)

    def listen(self, listener: Callable[[str], None]) -> None:
        """Be told, at once where something has failed already."""
        with self._lock:
            self._listener = listener
            if self._reason:
                listener(self._reason)


class FallbackBackend(Backend):
    """Runs on `first` until that fails, then on `second`, while a thread opens `first` anew.

    The second one stays for good, and `tell` hears the reason, once, where the first cannot be opened, or fails again
    within RELAPSE_SECONDS.
    """

    def __init__(self, first: Backend, second: Backend, tell: Callable[[str], None],
                 now: Callable[[], float] = time.monotonic) -> None:
        """`now` gives the time in seconds."""
        self._first, self._second, self._tell, self._now = first, second, tell, now
        self._live: Optional[Backend] = None
        """The one that computes."""
        self._failed_at = float("-inf")
        self._return: Optional[threading.Thread] = None
        self._returned = False
        """Whether the first one is open again."""
        self._lock = threading.Lock()
        """Held while it is decided which one is live, and who closes the first one."""

    def open(self) -> None:
        """Open the first one, or else the second one. Raises ModelError where that cannot be opened either."""
        if self._return is not None:
            self._return.join()  # closed and opened again meanwhile: two must not open the first one
        try:
            self._first.open()
            self._live = self._first
        except ModelError as error:
            self._second.open()
            self._live = self._second
            self._give_up(error)

    def close(self) -> None:
        """Close what is open."""
        with self._lock:
            live, self._live = self._live, None
            returned, self._returned = self._returned, False
        if live is not None:
            live.close()
        if returned:
            self._first.close()

    def run(self, array: numpy.ndarray) -> Tuple[numpy.ndarray, ...]:
        """See `Backend.run`. An array that the second one does not take either is no reason to change."""
        if self._returned:
            self._go_back()
        if self._live is not self._first:
            return self._second.run(array)
        try:
            return self._first.run(array)
        except ModelError as error:
            self._second.open()
            try:
                outputs = self._second.run(array)
            except ModelError:
                self._second.close()
                raise
            self._first.close()
            self._live = self._second
            self._judge(error)
            return outputs

    def _judge(self, error: ModelError) -> None:
        """Give the first one another chance, or give it up."""
        before, self._failed_at = self._failed_at, self._now()
        if self._failed_at - before < RELAPSE_SECONDS:
            self._give_up(error)
            return
        log.warning("%s. ONNX Runtime computes until TensorRT is there again.", str(error).rstrip("."))
        self._return = threading.Thread(target=self._reopen, name="return", daemon=True)
        self._return.start()

    def _reopen(self) -> None:
        """Open the first one beside the second, which computes meanwhile."""
        try:
            self._first.open()
        except Exception as error:  # whatever it is, a thread that died without a word would never come back
            self._give_up(error)
            return
        with self._lock:
            self._returned = self._live is not None
        if not self._returned:
            self._first.close()

    def _go_back(self) -> None:
        with self._lock:
            self._live, self._returned = self._first, False
        self._second.close()
        log.warning("TensorRT computes again.")

    def _give_up(self, error: Exception) -> None:
        log.warning("%s. Until then ONNX Runtime computes.", str(error).rstrip("."))
        self._tell(str(error))
