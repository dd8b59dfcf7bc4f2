"""The store of taught things: one SQLite file that survives a power cut.

A sample is one row (crop and embedding together), so it is whole or absent, and it is on the card before it is
acknowledged. Samples without an object wait for a name. The last changes can be undone.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from ..core.errors import StoreError
from ..core.ports import Part
from ..core.types import TAUGHT, Clip, Quality
from .database import Database, connect
from .history import DROP, begin_change, remember, set_aside, undo_change
from .integrity import open_whole, verify
from .lessons import Lesson, Merged, merge_lessons, read_lessons
from .lock import StoreLock
from .rows import check_name, insert_sample, name_object, replace_embedding, row_of, unpack_sound
from .samples import decode_crop, make_sample, unpack_label

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TaughtObject:
    """One thing the wearer has taught; `object_id` is what guesses carry."""

    object_id: str
    name: str
    samples: int
    named_by: str = "text"
    """How it got its name: text, voice, list or import."""
    has_voice: bool = False
    """Whether the wearer's own voice says its name."""


class ObjectStore(Part):
    """Taught things and the samples that wait for a name. Used from one thread."""

    def __init__(self, path: Path, connect: Callable[[str], sqlite3.Connection] = connect) -> None:
        """`path` may be `:memory:` for a store that is forgotten when it is closed."""
        self._database, self._lock = Database(path, connect), StoreLock(path)
        self._found: List[str] = []

    def open(self) -> None:
        """Open or create the file, saving what can be read of a damaged one. Raises StoreError."""
        try:
            self._found = open_whole(self._database, self._lock)
        except BaseException:
            self.close()
            raise
        for line in self._found:
            log.warning("%s", line)

    @property
    def was_damaged(self) -> bool:
        """Whether opening it had to save what could be read of a damaged file."""
        return bool(self._found)

    def close(self) -> None:
        """Close the file."""
        self._database.close()
        self._lock.release()

    def keep(self, crop: np.ndarray, embedding: np.ndarray, backbone: str, quality: Optional[Quality] = None,
             taken_at: Optional[float] = None) -> int:
        """Store one sample (RGB uint8 crop, float32 embedding of shape (d,)); returns how many wait for a name.

        `backbone` is the sha256 of the model that made the embedding; `taken_at` unix seconds, by default now.
        """
        moment = time.time() if taken_at is None else taken_at
        with self._database.transaction() as write:
            insert_sample(write, make_sample(crop, embedding, backbone, quality, moment))
        return self.waiting()

    def waiting(self) -> int:
        """How many samples wait for a name."""
        return int(self._database.read("SELECT COUNT(*) FROM samples WHERE object IS NULL")[0][0])

    def waiting_embeddings(self, backbone: str) -> np.ndarray:
        """The embeddings of the waiting samples by that model, float32 (n, d), oldest first."""
        rows = self._database.read("SELECT id, embedding FROM samples WHERE object IS NULL AND backbone = ? "
                                   "ORDER BY id", backbone)
        vectors = [vector for _, vector in unpack_sound(rows)]
        return np.stack(vectors) if vectors else np.zeros((0, 0), np.float32)

    def undo_sample(self) -> int:
        """Remove the newest waiting sample; returns how many are left."""
        with self._database.transaction() as write:
            write("DELETE FROM samples WHERE id = (SELECT MAX(id) FROM samples WHERE object IS NULL)")
        return self.waiting()

    def learn(self, name: str, label: Optional[Clip] = None, named_by: str = "text") -> TaughtObject:
        """Give the waiting samples to the object of that name, which is made if there is none.

        `label` is the name in the wearer's own voice, kept byte for byte. Raises StoreError when nothing waits.
        """
        with self._database.transaction() as write:
            if not self.waiting():
                raise StoreError(f"there is no sample to learn '{name}' from; take one first")
            change = begin_change(write, "learn", name)
            key = name_object(write, change, name, label, named_by)
            write("UPDATE samples SET object = ?, learned = ? WHERE object IS NULL", key, change)
            return self._named(name)

    def add(self, name: str, samples: Sequence[Tuple[np.ndarray, np.ndarray]], backbone: str,
            label: Optional[Clip] = None, named_by: str = "text") -> TaughtObject:
        """Store (crop, embedding) pairs under a name, all or none of them, apart from any samples that wait."""
        if not samples:
            raise StoreError(f"there is no picture to learn '{name}' from; give at least one")
        moment = time.time()
        with self._database.transaction() as write:
            change = begin_change(write, "add", name)
            key = name_object(write, change, name, label, named_by)
            for crop, embedding in samples:
                insert_sample(write, make_sample(crop, embedding, backbone, None, moment), key, change)
            return self._named(name)

    def objects(self) -> List[TaughtObject]:
        """All taught things, oldest first."""
        rows = self._database.read(
            "SELECT o.id, o.name, COUNT(s.id), o.named_by, o.label IS NOT NULL "
            "FROM objects o LEFT JOIN samples s ON s.object = o.id WHERE NOT o.forgotten GROUP BY o.id ORDER BY o.id")
        return [TaughtObject(TAUGHT + str(key), name, count, named_by, bool(has_voice))
                for key, name, count, named_by, has_voice in rows]

    def embeddings(self, backbone: str) -> Dict[str, np.ndarray]:
        """Per object id its embeddings by that model, float32 (samples, d)."""
        rows = self._database.read("SELECT s.object, s.embedding FROM samples s JOIN objects o ON o.id = s.object "
                                   "WHERE NOT o.forgotten AND s.backbone = ? ORDER BY s.id", backbone)
        groups: Dict[str, List[np.ndarray]] = {}
        for key, vector in unpack_sound(rows):
            groups.setdefault(TAUGHT + str(key), []).append(vector)
        return {object_id: np.stack(vectors) for object_id, vectors in groups.items()}

    def voice_label(self, object_id: str) -> Optional[Clip]:
        """The name of a thing in the wearer's own voice; None where there is none, or it is spoilt."""
        rows = self._database.read("SELECT l.rate, l.samples, l.checksum FROM labels l "
                                   "JOIN objects o ON o.label = l.id WHERE o.id = ?", row_of(object_id))
        return unpack_label(*rows[0]) if rows else None

    def set_voice_label(self, object_id: str, clip: Clip) -> None:
        """Let a thing be called by this recording. Raises StoreError when there is no such thing."""
        with self._database.transaction() as write:
            name = next((thing.name for thing in self.objects() if thing.object_id == object_id), None)
            if name is None:
                raise StoreError(f"there is no taught thing {object_id}; "
                                 "`fingerpost objects list --json` shows the ids")
            change = begin_change(write, "relabel", name)
            name_object(write, change, name, clip, "voice")

    def rename(self, old: str, new: str) -> None:
        """Give a thing another name; a recording of the old one no longer says it.

        Raises StoreError when there is no such thing or the name is taken.
        """
        check_name(new)
        with self._database.transaction() as write:
            key = row_of(self._named(old).object_id)
            if any(thing.name == new for thing in self.objects()):
                raise StoreError(f"there is a thing called '{new}' already; choose another name")
            remember(write, begin_change(write, "rename", f"{old} to {new}"), key)
            write("UPDATE objects SET name = ?, named_by = 'text', label = NULL WHERE id = ?", new, key)

    def forget(self, name: str) -> None:
        """Forget a thing with its samples; `undo` brings them back. Raises StoreError when there is no such thing."""
        with self._database.transaction() as write:
            key = row_of(self._named(name).object_id)
            remember(write, begin_change(write, "forget", name), key)
            write("UPDATE objects SET forgotten = 1 WHERE id = ?", key)

    def drop_sample(self, sample_id: int) -> TaughtObject:
        """Take a sample from its thing; `undo` brings it back. Raises StoreError for the only one of a thing, or none.
        """
        with self._database.transaction() as write:
            owner = write("SELECT ? || object FROM samples WHERE id = ?", TAUGHT, sample_id)
            thing = next((thing for thing in self.objects() if (thing.object_id,) in owner), None)
            if thing is None:
                raise StoreError(f"there is no picture {sample_id} of a taught thing any more; look again")
            if thing.samples == 1:
                raise StoreError(f"this is the only picture of '{thing.name}'; forget the thing instead")
            change = begin_change(write, DROP, f"a picture of {thing.name}")
            set_aside(write, change, row_of(thing.object_id), sample_id)
            return self._named(thing.name)

    def undo(self) -> Optional[str]:
        """Undo the last learn, add, rename, forget, drop, relabel or import; says which ("forget tea"), None if none.

        Everything is as it was before: samples that were learned wait for a name again.
        """
        with self._database.transaction() as write:
            return undo_change(write)

    def stale(self, backbone: str) -> List[int]:
        """The ids of all samples whose embedding another model made, oldest first."""
        rows = self._database.read("SELECT id FROM samples WHERE backbone <> ? ORDER BY id", backbone)
        return [key for (key,) in rows]

    def crop(self, sample_id: int) -> Optional[np.ndarray]:
        """The RGB uint8 crop of a sample; None where there is no such sample, or its picture is spoilt."""
        rows = self._database.read("SELECT crop FROM samples WHERE id = ?", sample_id)
        return decode_crop(rows[0][0]) if rows else None

    def replace_embeddings(self, embeddings: Mapping[int, np.ndarray], backbone: str) -> None:
        """Give samples, by their ids, the embeddings, float32 (d,), that another model made of their crops.

        All or none of them; samples that are gone by now are left out.
        """
        with self._database.transaction() as write:
            for sample_id, embedding in embeddings.items():
                replace_embedding(write, sample_id, embedding, backbone)

    def lessons(self) -> Iterator[Lesson]:
        """Everything that was taught, one thing after the other, as it can be merged into another store."""
        return read_lessons(self._database.read)

    def merge(self, lessons: Sequence[Lesson], sizes: Optional[Mapping[str, int]] = None) -> Merged:
        """Take in things from another store: all that is new of them, or nothing. Raises StoreError.

        `sizes` gives the length in bytes of the embeddings by known models (sha256); those by others have the length
        that is usual here, or any where there are none yet.
        """
        with self._database.transaction() as write:
            return merge_lessons(write, lessons, sizes or {})

    def verify(self) -> List[str]:
        """Check the file, every sample and every label, and set aside what is broken; one line for each.

        What opening the store found is among them.
        """
        found, self._found = self._found + verify(self._database, self._lock), []
        return found

    def _named(self, name: str) -> TaughtObject:
        for thing in self.objects():
            if thing.name == name:
                return thing
        raise StoreError(f"nothing called '{name}' was taught; `fingerpost objects list` shows the names")
