"""The store of taught things: one SQLite file that survives a power cut.

A sample is one row (crop and embedding together), so it is whole or absent. Samples without an object
wait for a name. WAL with `synchronous=FULL` means that a sample is on the card before it is acknowledged
(https://www.sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from ..core.errors import StoreError
from ..core.ports import Part

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS samples (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    object INTEGER REFERENCES objects(id) ON DELETE CASCADE,
    backbone TEXT NOT NULL, crop BLOB NOT NULL, embedding BLOB NOT NULL);
PRAGMA user_version = 1;
"""
_INSERT_SAMPLE = "INSERT INTO samples (object, backbone, crop, embedding) VALUES (?, ?, ?, ?)"
_PREFIX = "taught:"


@dataclass(frozen=True)
class TaughtObject:
    """One thing the wearer has taught; `object_id` is what guesses carry."""

    object_id: str
    name: str
    samples: int


class ObjectStore(Part):
    """Taught things and the samples that wait for a name. Used from one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database: Optional[sqlite3.Connection] = None

    def open(self) -> None:
        """Open or create the file. Raises StoreError."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(str(self._path), check_same_thread=False)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.execute("PRAGMA foreign_keys=ON")
            self._database.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{self._path}: what you taught cannot be opened ({error}); "
                             "move the file away to start anew, or restore a copy") from error

    def close(self) -> None:
        """Close the file."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def keep(self, crop: np.ndarray, embedding: np.ndarray, backbone: str) -> int:
        """Store one sample (RGB uint8 crop, float32 embedding of shape (d,)); returns how many wait for a name.

        `backbone` is the sha256 of the model that made the embedding.
        """
        with self._transaction() as database:
            database.execute(_INSERT_SAMPLE, (None, backbone, _encode(crop), _pack(embedding)))
        return self.waiting()

    def add(self, name: str, samples: Sequence[Tuple[np.ndarray, np.ndarray]], backbone: str) -> TaughtObject:
        """Store (crop, embedding) pairs under a name, all or none of them."""
        with self._transaction() as database:
            key = _object_key(database, name)
            for crop, embedding in samples:
                database.execute(_INSERT_SAMPLE, (key, backbone, _encode(crop), _pack(embedding)))
        return self._named(name)

    def waiting(self) -> int:
        """How many samples wait for a name."""
        return int(self._read("SELECT COUNT(*) FROM samples WHERE object IS NULL")[0][0])

    def undo(self) -> int:
        """Remove the newest waiting sample; returns how many are left."""
        with self._transaction() as database:
            database.execute("DELETE FROM samples WHERE id = (SELECT MAX(id) FROM samples WHERE object IS NULL)")
        return self.waiting()

    def learn(self, name: str) -> TaughtObject:
        """Give the waiting samples to the object of that name, which is made if there is none."""
        with self._transaction() as database:
            key = _object_key(database, name)
            database.execute("UPDATE samples SET object = ? WHERE object IS NULL", (key,))
        return self._named(name)

    def objects(self) -> List[TaughtObject]:
        """All taught things, oldest first."""
        rows = self._read("SELECT o.id, o.name, COUNT(s.id) FROM objects o LEFT JOIN samples s ON s.object = o.id "
                          "GROUP BY o.id ORDER BY o.id")
        return [TaughtObject(_PREFIX + str(key), name, count) for key, name, count in rows]

    def embeddings(self, backbone: str) -> Dict[str, np.ndarray]:
        """Per object id its embeddings by that model, float32 (samples, d)."""
        rows = self._read("SELECT object, embedding FROM samples WHERE object IS NOT NULL AND backbone = ?", backbone)
        groups: Dict[str, List[np.ndarray]] = {}
        for key, blob in rows:
            groups.setdefault(_PREFIX + str(key), []).append(np.frombuffer(blob, dtype="<f4"))
        return {object_id: np.stack(vectors) for object_id, vectors in groups.items()}

    def rename(self, old: str, new: str) -> None:
        """Give a thing another name. Raises StoreError when there is no such thing or the name is taken."""
        self._named(old)
        if any(thing.name == new for thing in self.objects()):
            raise StoreError(f"there is a thing called '{new}' already; choose another name")
        with self._transaction() as database:
            database.execute("UPDATE objects SET name = ? WHERE name = ?", (new, old))

    def forget(self, name: str) -> None:
        """Remove a thing with its samples. Raises StoreError when there is no such thing."""
        self._named(name)
        with self._transaction() as database:
            database.execute("DELETE FROM objects WHERE name = ?", (name,))

    def _named(self, name: str) -> TaughtObject:
        for thing in self.objects():
            if thing.name == name:
                return thing
        raise StoreError(f"nothing called '{name}' was taught; `fingerpost objects list` shows the names")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One write, whole or not at all; a full or broken card becomes a StoreError."""
        database = self._connection()
        try:
            with database:
                yield database
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: could not be written ({error}); free some space on the card") from error

    def _read(self, statement: str, *values: object) -> List[tuple]:
        try:
            return self._connection().execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: what you taught cannot be read ({error}); restore a copy") from error

    def _connection(self) -> sqlite3.Connection:
        if self._database is None:
            raise StoreError(f"{self._path}: the store is not open; use it inside a with block")
        return self._database


def _object_key(database: sqlite3.Connection, name: str) -> int:
    """The row of the object of that name, made if need be."""
    database.execute("INSERT OR IGNORE INTO objects (name) VALUES (?)", (name,))
    return int(database.execute("SELECT id FROM objects WHERE name = ?", (name,)).fetchone()[0])


def _encode(crop: np.ndarray) -> bytes:
    done, encoded = cv2.imencode(".png", np.ascontiguousarray(crop[:, :, ::-1]))
    if not done:
        raise StoreError("the sample's picture could not be encoded; take it again")
    return encoded.tobytes()


def _pack(embedding: np.ndarray) -> bytes:
    return embedding.astype("<f4").tobytes()
