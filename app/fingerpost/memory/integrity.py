"""Finds what a broken card spoiled and sets it aside. Nothing is deleted: the `broken_` tables keep it."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Sequence, Set, Tuple

from ..core.errors import StoreError
from .database import Damaged, Database
from .lock import StoreLock
from .rows import usual_sizes
from .salvage import finish_salvage, is_salvaged, salvage
from .samples import COLUMNS, Sample, decode_crop, unpack, unpack_label
from .schema import Query


def open_whole(database: Database, lock: StoreLock) -> List[str]:
    """Open the file, salvaging it first where it is damaged; one line for everything that was wrong.

    Raises StoreError when neither it nor a fresh one in its place can be opened, or it is damaged and in use.
    """
    lock.share()
    if is_salvaged(database.path):
        return _salvage(database, lock)
    try:
        database.open()
    except Damaged:
        return _salvage(database, lock)
    return []


def verify(database: Database, lock: StoreLock) -> List[str]:
    """Look through the whole file and every sample and label; one line for everything that was set aside.

    Raises StoreError when the file is damaged and another program has it open.
    """
    try:
        database.check("integrity_check")
    except Damaged:
        return _salvage(database, lock)
    return _sweep(database)


def _salvage(database: Database, lock: StoreLock) -> List[str]:
    with lock.alone():
        database.close()
        reports = []
        try:
            # Another opening may have saved it before this one had it alone, or been cut short over it.
            _finish(database.path)
            database.open()
            database.check("integrity_check")
        except Damaged:
            database.close()
            reports.append(salvage(database.path))
            database.open()
    return [*reports, *_sweep(database)]


def _finish(path: Path) -> None:
    try:
        finish_salvage(path)
    except OSError as error:
        raise StoreError(f"{path}: the saved copy cannot be put in place ({error}); make the folder writable"
                         ) from error


def _sweep(database: Database) -> List[str]:
    """Set aside what is spoilt. It is looked for beforehand, so that the device can go on writing meanwhile."""
    keys = [key for (key,) in database.read("SELECT id FROM samples")]
    suspects = [key for key, _ in _judge_samples(database.read, keys)]
    with database.transaction() as write:
        found = _sweep_labels(write)
        # Judged again: what the device was learning just then may belong to a thing that was not there before.
        return found + [_set_sample_aside(write, key, reason) for key, reason in _judge_samples(write, suspects)]


def _sweep_labels(write: Query) -> List[str]:
    found = []
    for key, *label in write("SELECT id, rate, samples, checksum FROM labels"):
        if unpack_label(*label) is None:
            found += _drop_label(write, key, "is spoilt and was set aside")
            _set_aside(write, "labels", key, "does not match its checksum")
    for (key,) in write("SELECT DISTINCT label FROM objects WHERE label NOT IN (SELECT id FROM labels)"):
        found += _drop_label(write, key, "is lost")
    return found


def _drop_label(write: Query, key: int, fate: str) -> List[str]:
    """Let go of a voice label wherever it is used."""
    names = [name for (name,) in write("SELECT name FROM objects WHERE label = ?", key)]
    write("UPDATE objects SET label = NULL WHERE label = ?", key)
    write("UPDATE history SET label = NULL WHERE label = ?", key)
    return [f"the voice label of {name} {fate}" for name in names]


def _judge_samples(query: Query, keys: Sequence[int]) -> List[Tuple[int, str]]:
    """Id of each of these samples that is spoilt, and what is wrong with it."""
    sizes = usual_sizes(query)
    owners = {None, *(key for (key,) in query("SELECT id FROM objects"))}
    judged = [(key, _judge_sample(row, sizes, owners)) for key in keys
              for row in query(f"SELECT object, checksum, {COLUMNS} FROM samples WHERE id = ?", key)]
    return [(key, reason) for key, reason in judged if reason]


def _judge_sample(row: tuple, sizes: Dict[str, int], owners: Set[object]) -> str:
    """What is wrong with a sample; empty when it is sound."""
    owner, checksum, *columns = row
    sample = Sample(*columns)
    if not isinstance(sample.embedding, bytes) or not isinstance(sample.crop, bytes):
        return "is garbled"
    if sample.checksum != checksum:
        return "does not match its checksum"
    if decode_crop(sample.crop) is None:
        return "has a picture that cannot be decoded"
    if unpack(sample.embedding) is None or len(sample.embedding) != sizes.get(sample.backbone):
        return "has an embedding that is none"
    return "" if owner in owners else "belongs to a thing that is lost"


def _set_sample_aside(write: Query, key: int, reason: str) -> str:
    names = write("SELECT o.name FROM samples s JOIN objects o ON o.id = s.object WHERE s.id = ?", key)
    _set_aside(write, "samples", key, reason)
    return f"sample {key} of {names[0][0] if names else 'nothing'} {reason} and was set aside"


def _set_aside(write: Query, table: str, key: int, reason: str) -> None:
    """Move a row to the quarantine, with the reason."""
    write(f"INSERT INTO broken_{table} SELECT *, ? FROM {table} WHERE id = ?", reason, key)
    write(f"DELETE FROM {table} WHERE id = ?", key)
