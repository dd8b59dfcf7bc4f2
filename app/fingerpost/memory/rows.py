"""How things, samples and voice labels get into their rows, inside a transaction; and embeddings out of them."""

from __future__ import annotations

from collections import Counter
from typing import Dict, Iterable, List, Optional, Tuple

import numpy as np

from ..core.errors import StoreError
from ..core.types import TAUGHT, Clip
from .history import last_row, remember, remember_absence
from .samples import COLUMNS, Sample, label_checksum, pack, pack_label, unpack
from .schema import Query

NAMED_BY = ("text", "voice", "list", "import")
"""How a thing gets its name."""
NAME_LENGTH = 80
"""The longest name, in characters."""


def row_of(object_id: str) -> int:
    """The row of an object id; 0, which is nobody's, for an id of anything else."""
    number = object_id[len(TAUGHT):]
    return int(number) if object_id.startswith(TAUGHT) and number.isdigit() else 0


def check_name(name: str) -> None:
    """Raise StoreError unless this can be a name: one line with something on it."""
    if not name.strip() or not name.isprintable() or len(name) > NAME_LENGTH:
        raise StoreError(f"{name[:NAME_LENGTH]!r} cannot be a name; give one line of 1 to {NAME_LENGTH} characters")


def name_object(write: Query, change: int, name: str, label: Optional[Clip], named_by: str) -> int:
    """The row of the living object of that name, made if need be; a label replaces the one it had.

    Its former state goes to the history of the change. Raises StoreError for what cannot be a name.
    """
    check_name(name)
    rows = write("SELECT id FROM objects WHERE name = ? AND NOT forgotten", name)
    if rows:
        key = int(rows[0][0])
        remember(write, change, key)
    else:
        write("INSERT INTO objects (name, named_by) VALUES (?, ?)", name, named_by)
        key = last_row(write)
        remember_absence(write, change, key)
    if label is not None:
        write("UPDATE objects SET label = ?, named_by = ? WHERE id = ?", insert_label(write, key, label), named_by, key)
    return key


def insert_label(write: Query, key: int, clip: Clip) -> int:
    """Store a recording of an object's name; returns its row."""
    data = pack_label(clip)
    write("INSERT INTO labels (object, rate, samples, checksum) VALUES (?, ?, ?, ?)",
          key, clip.rate, data, label_checksum(clip.rate, data))
    return last_row(write)


def insert_sample(write: Query, sample: Sample, key: Optional[int] = None, change: Optional[int] = None) -> None:
    """Store a sample of an object, or one that waits for a name."""
    write(f"INSERT INTO samples (object, learned, checksum, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
          key, change, sample.checksum, *sample)


def replace_embedding(write: Query, sample_id: int, embedding: np.ndarray, backbone: str) -> None:
    """Give a sample the embedding, float32 (d,), that another model made of its crop; nothing where it is gone."""
    for row in write(f"SELECT {COLUMNS} FROM samples WHERE id = ?", sample_id):
        sample = Sample(*row)._replace(backbone=backbone, embedding=pack(embedding))
        write("UPDATE samples SET backbone = ?, embedding = ?, checksum = ? WHERE id = ?",
              backbone, sample.embedding, sample.checksum, sample_id)


def usual_sizes(query: Query) -> Dict[str, int]:
    """Per model the length in bytes that most of its embeddings have."""
    return dict(query("SELECT backbone, LENGTH(embedding) FROM samples GROUP BY 1, 2 ORDER BY COUNT(*)"))


def unpack_sound(rows: Iterable[Tuple[int, bytes]]) -> List[Tuple[int, np.ndarray]]:
    """(key, embedding) of the rows whose embedding is finite and as long as most: a spoilt one stops nothing."""
    vectors = [(key, unpack(blob)) for key, blob in rows]
    sizes = Counter(len(vector) for _, vector in vectors if vector is not None)
    usual = sizes.most_common(1)[0][0] if sizes else 0
    return [(key, vector) for key, vector in vectors if vector is not None and len(vector) == usual]
