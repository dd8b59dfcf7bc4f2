"""The tables of the store, and how a file of an older version becomes one of today's.

An object is what the wearer calls a thing. A sample belongs to an object, or waits for one while `object` is NULL.
`changes` and `history` hold what the last changes replaced, so that they can be undone; a forgotten object stays
until the change that forgot it is too old for that. The `broken_` tables hold what was found damaged.
"""

from __future__ import annotations

from typing import Callable, List

from ..core.errors import StoreError
from .samples import COLUMNS, Sample

Query = Callable[..., List[tuple]]
"""Runs one statement with its values and gives all its rows."""

VERSIONS = (
    ("CREATE TABLE objects (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE)",
     """CREATE TABLE samples (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        object INTEGER REFERENCES objects(id) ON DELETE CASCADE,
        backbone TEXT NOT NULL, crop BLOB NOT NULL, embedding BLOB NOT NULL)"""),

    # Names became unique among living things only, which SQLite can only change by making the table anew.
    ("ALTER TABLE samples RENAME TO samples_1",
     "ALTER TABLE objects RENAME TO objects_1",
     """CREATE TABLE labels (
        id INTEGER PRIMARY KEY AUTOINCREMENT, object INTEGER NOT NULL,
        rate INTEGER NOT NULL, samples BLOB NOT NULL, checksum TEXT NOT NULL)""",
     """CREATE TABLE objects (
        id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, named_by TEXT NOT NULL,
        label INTEGER REFERENCES labels(id), forgotten INTEGER NOT NULL DEFAULT 0)""",
     "CREATE UNIQUE INDEX living_names ON objects(name) WHERE NOT forgotten",
     # The embedding stands before the crop: reading it must not walk through the pages of the picture.
     """CREATE TABLE samples (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        object INTEGER REFERENCES objects(id) ON DELETE CASCADE, learned INTEGER,
        backbone TEXT NOT NULL, taken_at REAL, quality TEXT, checksum TEXT NOT NULL,
        embedding BLOB NOT NULL, crop BLOB NOT NULL)""",
     "CREATE INDEX samples_of_objects ON samples(object)",
     "CREATE TABLE changes (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, what TEXT NOT NULL)",
     """CREATE TABLE history (
        id INTEGER PRIMARY KEY AUTOINCREMENT, change INTEGER NOT NULL REFERENCES changes(id) ON DELETE CASCADE,
        object INTEGER NOT NULL, name TEXT, named_by TEXT, label INTEGER, forgotten INTEGER)""",
     "CREATE TABLE broken_samples AS SELECT *, '' AS reason FROM samples",
     "CREATE TABLE broken_labels AS SELECT *, '' AS reason FROM labels",
     "INSERT INTO objects (id, name, named_by) SELECT id, name, 'text' FROM objects_1",
     """INSERT INTO samples (id, object, backbone, checksum, embedding, crop)
        SELECT id, object, backbone, '', embedding, crop FROM samples_1""",
     "DROP TABLE samples_1",
     "DROP TABLE objects_1"),
)
"""The statements that lead from each version to the next; a new file goes through all of them."""


def read_version(query: Query) -> int:
    """Which version a file has; 0 when it is new. Raises StoreError when it comes from the future."""
    version = int(query("PRAGMA user_version")[0][0])
    if version > len(VERSIONS):
        raise StoreError("what you taught was kept by a newer Fingerpost; update this one, or restore an older copy")
    return version


def migrate(write: Query, up_to: int = len(VERSIONS)) -> None:
    """Bring a file up to a version, inside the caller's transaction and with foreign keys off."""
    for version in range(read_version(write), up_to):
        for statement in VERSIONS[version]:
            write(statement)
        if version == 1:
            _seal_samples(write)
        write(f"PRAGMA user_version = {version + 1}")


def _seal_samples(write: Query) -> None:
    """Give every sample its checksum: version 1 had none."""
    for (key,) in write("SELECT id FROM samples"):
        sample = Sample(*write(f"SELECT {COLUMNS} FROM samples WHERE id = ?", key)[0])
        write("UPDATE samples SET checksum = ? WHERE id = ?", sample.checksum, key)
