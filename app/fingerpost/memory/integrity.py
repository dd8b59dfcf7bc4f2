"""Finds what a broken card spoiled and sets it aside. Nothing is deleted: the `broken_` tables keep it."""

from __future__ import annotations

from typing import Dict, List, Set, Tuple

from ..core.errors import StoreError
from .database import Damaged, Database
from .rows import usual_sizes
from .salvage import finish_salvage, salvage
from .samples import COLUMNS, Sample, decode_crop, unpack, unpack_label
from .schema import Query


def open_whole(database: Database) -> List[str]:
    """Open the file, salvaging it first where it is damaged; one line for everything that was wrong.

    Raises StoreError when neither it nor a fresh one in its place can be opened.
    """
    try:
        finish_salvage(database.path)
        database.open()
    except OSError as error:
        raise StoreError(f"{database.path}: the saved copy cannot be put in place ({error}); make the folder writable"
                         ) from error
    except Damaged:
        return _salvage(database)
    return []


def verify(database: Database) -> List[str]:
    """Look through the whole file and every sample and label; one line for everything that was set aside."""
    try:
        database.check("integrity_check")
    except Damaged:
        database.close()
        return _salvage(database)
    return _sweep(database)


def _salvage(database: Database) -> List[str]:
    report = salvage(database.path)
    database.open()
    return [report, *_sweep(database)]


def _sweep(database: Database) -> List[str]:
    """Set aside what is spoilt. It is looked for beforehand, so that the device can go on writing meanwhile."""
    samples = _find_spoilt_samples(database.read)
    with database.transaction() as write:
        return _sweep_labels(write) + [_set_sample_aside(write, key, reason) for key, reason in samples]


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


def _find_spoilt_samples(read: Query) -> List[Tuple[int, str]]:
    """Id of each spoilt sample, and what is wrong with it."""
    sizes = usual_sizes(read)
    owners = {None, *(key for (key,) in read("SELECT id FROM objects"))}
    judged = [(key, _judge_sample(row, sizes, owners)) for (key,) in read("SELECT id FROM samples")
              for row in read(f"SELECT object, checksum, {COLUMNS} FROM samples WHERE id = ?", key)]
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
    if unpack(sample.embedding) is None or len(sample.embedding) != sizes[sample.backbone]:
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
