"""One SQLite file: what a transaction wrote is on the card, whole, or nothing of it is there.

WAL with `synchronous=FULL` syncs the log at every commit (https://www.sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator, List, Optional

from ..core.errors import StoreError
from ..wholefile import sync_folder
from .schema import VERSIONS, Query, migrate, read_version

_DAMAGE = ("malformed", "not a database", "disk I/O error", "failed its check")
_REMEDIES = {
    "full": "free some space on the card",
    "locked": "another Fingerpost is writing to it; try again when it has finished",
    "readonly": "make the file and its folder writable",
    "UNIQUE": "choose another name",
    "unable to open": "make its folder readable and writable, or set FINGERPOST_STATE to another one",
}

_PATIENCE_SECONDS = 2.0
"""So long a write of another program is waited for; a wearer should not be left without an answer."""


class Damaged(StoreError):
    """The file is no longer a sound database."""


def connect(path: str) -> sqlite3.Connection:
    """A connection whose transactions begin and end where the statements say so, and which garbled text cannot stop."""
    connection = sqlite3.connect(path, timeout=_PATIENCE_SECONDS, check_same_thread=False, isolation_level=None)
    connection.text_factory = lambda text: text.decode(errors="replace")
    return connection


class Database:
    """The file, its transactions, and its errors in plain words."""

    def __init__(self, path: Path, connect: Callable[[str], sqlite3.Connection] = connect) -> None:
        """`connect` opens the file; a test passes one that watches what is written."""
        self.path = path
        self._connect = connect
        self._connection: Optional[sqlite3.Connection] = None

    def open(self) -> None:
        """Open or create the file in today's schema. Raises Damaged, or StoreError with its remedy."""
        try:
            with self._explained():
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._connection = self._connect(str(self.path))
                self.read("PRAGMA journal_mode=WAL")
                self.read("PRAGMA synchronous=FULL")
                # What is erased is gone, and a search through the pages of a damaged file cannot bring it back.
                self.read("PRAGMA secure_delete=ON")
                self.check("quick_check")
                self._migrate()
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; harmless when it is closed."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def read(self, statement: str, *values: object) -> List[tuple]:
        """All rows of a query. Raises StoreError."""
        with self._explained():
            return self._run(statement, *values)

    @contextmanager
    def transaction(self) -> Iterator[Query]:
        """One write, whole or not at all; gives the function that runs its statements. Raises StoreError."""
        with self._explained():
            self._run("BEGIN IMMEDIATE")
            try:
                yield self._run
                self._run("COMMIT")
            except BaseException:
                self._roll_back()
                raise

    def check(self, pragma: str) -> None:
        """Let SQLite look through the whole file (`quick_check` or `integrity_check`). Raises Damaged."""
        verdict = self.read(f"PRAGMA {pragma}(1)")[0][0]
        if verdict != "ok":
            raise self._explain(f"failed its check: {' '.join(str(verdict).split())}")

    def _migrate(self) -> None:
        if read_version(self._run) < len(VERSIONS):
            with self.transaction() as write:
                migrate(write)
            # Until then a power cut could bring back the journal of a new file's first write, and so an empty file.
            sync_folder(self.path.parent)
        self.read("PRAGMA foreign_keys=ON")

    def _roll_back(self) -> None:
        try:
            self._run("ROLLBACK")
        except sqlite3.Error:
            pass  # SQLite has rolled back by itself, as it does when the card is full

    def _run(self, statement: str, *values: object) -> List[tuple]:
        if self._connection is None:
            raise StoreError(f"{self.path}: the store is not open; use it inside a with block")
        return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise self._explain(str(error)) from error

    def _explain(self, problem: str) -> StoreError:
        if any(sign in problem for sign in _DAMAGE):
            return Damaged(f"{self.path} is damaged ({problem}); `fingerpost objects verify` saves what can be read")
        remedy = next((remedy for sign, remedy in _REMEDIES.items() if sign in problem),
                      "move the file away to start anew, or restore a copy")
        return StoreError(f"{self.path}: what you taught cannot be kept ({problem}); {remedy}")
