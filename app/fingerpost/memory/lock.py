"""Who uses the store: everybody at once, or, while a damaged file is exchanged for a fresh one, one alone.

SQLite keeps writers apart, but its locks belong to the very files that the exchange renames.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional

from ..core.errors import StoreError


class StoreLock:
    """A lock on a file beside the store (flock); the system lets go of it when the process ends, however it ends."""

    def __init__(self, store: Path) -> None:
        """A store in memory (`:memory:`) is nobody else's and needs no lock."""
        self._path = store.with_name(store.name + ".lock")
        self._needed = store != Path(":memory:")
        self._handle: Optional[int] = None

    def share(self) -> None:
        """Use the store together with others; waits while one has it alone. Raises StoreError."""
        if not self._needed:
            return
        try:
            if self._handle is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._handle = os.open(str(self._path), os.O_RDONLY | os.O_CREAT, 0o644)
            fcntl.flock(self._handle, fcntl.LOCK_SH)
        except OSError as error:
            raise StoreError(f"{self._path}: what you taught cannot be opened ({error.strerror or error}); make its "
                             "folder readable and writable, or set FINGERPOST_STATE to another one") from error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have a shared store alone, then share it again. Raises StoreError, at once, when another has it open."""
        if self._handle is None:
            yield
            return
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            fcntl.flock(self._handle, fcntl.LOCK_SH)  # the attempt has cost the lock that was there
            raise StoreError(f"{self._path.with_suffix('')} is damaged and in use: stop Fingerpost first, then "
                             "`fingerpost objects verify` saves what can be read") from error
        try:
            yield
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_SH)

    def release(self) -> None:
        """Let go of the store; harmless when it is not held."""
        if self._handle is not None:
            # Not by closing alone: a child process may have a copy of the handle.
            fcntl.flock(self._handle, fcntl.LOCK_UN)
            os.close(self._handle)
            self._handle = None
