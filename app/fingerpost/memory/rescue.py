"""Copies every row that can be read out of a damaged store, first with SQLite's help, then without it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Iterable, Iterator, Sequence, Tuple

from .database import connect
from .pages import find_rows, read_pages
from .rows import NAMED_BY
from .samples import Sample, unpack_label
from .schema import VERSIONS, Query, migrate, read_version

_MOST_ROWS = 1_000_000
"""A garbled number must not become a search without end."""
_NAME_NAMELESS = """INSERT OR IGNORE INTO objects (id, name, named_by, label)
    SELECT DISTINCT object, 'lost name ' || object, 'text', (SELECT MAX(id) FROM labels l WHERE l.object = s.object)
    FROM samples s WHERE object NOT IN (SELECT id FROM objects)"""
"""Where a name is lost the samples are not: the thing is still recognised, and called by the wearer's own voice if
there is a recording, else by a name that says what happened."""
_FORGET_LOST_CHANGES = ("UPDATE samples SET learned = NULL WHERE learned NOT IN (SELECT id FROM changes)",
                        "DELETE FROM history WHERE change NOT IN (SELECT id FROM changes)")
"""Where the changes are lost their numbers are given out again: `undo` must not take old samples for those of a new
change."""


def copy_readable(path: Path, target_path: Path) -> int:
    """Copy every row that can be read to a new file; returns how many samples there are.

    Raises OSError or sqlite3.Error when the new file cannot be written.
    """
    with closing(connect(str(path))) as broken_file, closing(connect(str(target_path))) as target_file:
        broken, target = _query(broken_file), _query(target_file)
        # Lets SQLite read a file that is shorter than its header says.
        broken("PRAGMA writable_schema=ON")
        version = _version_of(broken)
        target("BEGIN")
        migrate(target, version)
        for (table,) in target("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"):
            for row in _readable_rows(broken, table):
                _insert(target, table, row)
        if version == len(VERSIONS):
            _insert_found(target, find_rows(read_pages(path)))
            for statement in (_NAME_NAMELESS, *_FORGET_LOST_CHANGES):
                target(statement)
        target("COMMIT")
        return int(target("SELECT COUNT(*) FROM samples")[0][0])


def _insert_found(target: Query, rows: Iterable[Tuple[int, tuple]]) -> None:
    """Add the rows that SQLite could not reach, where they vouch for themselves: by a checksum, or by their form."""
    for number, record in rows:
        values = record[1:]  # the first one is the row's number again, left empty
        if _is_sample(values):
            _insert(target, "samples", (number, *values))
        elif len(values) == 4 and unpack_label(*values[1:]):
            _insert(target, "labels", (number, *values))
        elif len(values) == 4 and isinstance(values[0], str) and values[1] in NAMED_BY and values[3] in (0, 1):
            _insert(target, "objects", (number, *values))


def _is_sample(values: Sequence[Any]) -> bool:
    if len(values) != 8:
        return False
    _, _, backbone, taken_at, quality, checksum, embedding, crop = values
    if not isinstance(embedding, bytes) or not isinstance(crop, bytes):
        return False
    # A whole number is kept as an integer, whatever the column's type.
    moment = float(taken_at) if isinstance(taken_at, int) else taken_at
    return Sample(backbone, embedding, crop, moment, quality).checksum == checksum


def _query(connection: sqlite3.Connection) -> Query:
    return lambda statement, *values: connection.execute(statement, values).fetchall()


def _version_of(broken: Query) -> int:
    """The version of a damaged file, today's where that cannot be read."""
    try:
        return read_version(broken) or len(VERSIONS)
    except sqlite3.Error:
        return len(VERSIONS)


def _readable_rows(broken: Query, table: str) -> Iterator[tuple]:
    """Row by row by its number: one that lies on a spoilt page does not hide those behind it."""
    for number in range(1, _last_row_of(broken, table) + 1):
        try:
            yield from broken(f"SELECT * FROM {table} WHERE rowid = ?", number)
        except sqlite3.Error:
            continue


def _last_row_of(broken: Query, table: str) -> int:
    told = [0]
    for statement in (f"SELECT IFNULL(MAX(rowid), 0) FROM {table}",
                      f"SELECT seq FROM sqlite_sequence WHERE name = '{table}'"):
        try:
            told += [number for (number,) in broken(statement) if isinstance(number, int)]
        except sqlite3.Error:
            continue
    return min(max(told), _MOST_ROWS)


def _insert(target: Query, table: str, row: tuple) -> None:
    try:
        target(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", *row)
    except (sqlite3.IntegrityError, OverflowError):
        pass  # a garbled row that the tables refuse, or one that is there already
