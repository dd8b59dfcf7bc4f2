"""Two runtimes for one network: when the first fails, the second carries on."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Callable, Optional, Tuple

from ..core.errors import ModelError
from ..core.ports import Backend

if TYPE_CHECKING:
    import numpy

log = logging.getLogger(__name__)


class Trouble:
    """Passes on the first reason that is reported, and none after it: once to whoever listens by then, or later on."""

    def __init__(self) -> None:
        self._reason = ""
        self._listener: Optional[Callable[[str], None]] = None

    def report(self, reason: str) -> None:
        """Something has failed."""
        if not self._reason:
            self._reason = reason
            if self._listener is not None:
                self._listener(reason)

    def listen(self, listener: Callable[[str], None]) -> None:
        """Be told, at once where something has failed already."""
        self._listener = listener
        if self._reason:
            listener(self._reason)


class FallbackBackend(Backend):
    """Runs on `first` until that fails, then on `second` for good. `tell` hears the reason, once."""

    def __init__(self, first: Backend, second: Backend, tell: Callable[[str], None]) -> None:
        self._first, self._second, self._tell = first, second, tell
        self._live: Optional[Backend] = None
        """The one that is open."""

    def open(self) -> None:
        """Open the first one, or else the second one. Raises ModelError where that cannot be opened either."""
        try:
            self._first.open()
            self._live = self._first
        except ModelError as error:
            self._second.open()
            self._change(error)

    def close(self) -> None:
        """Close the one that is open."""
        if self._live is not None:
            self._live.close()
            self._live = None

    def run(self, array: numpy.ndarray) -> Tuple[numpy.ndarray, ...]:
        """See `Backend.run`. An array that the second one does not take either is no reason to change."""
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
            self._change(error)
            return outputs

    def _change(self, error: ModelError) -> None:
        self._live = self._second
        log.warning("%s. Until then ONNX Runtime computes.", str(error).rstrip("."))
        self._tell(str(error))
