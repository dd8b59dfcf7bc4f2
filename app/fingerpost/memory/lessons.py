"""Things with all that was taught about them, as they travel from one device to another."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from ..core.errors import StoreError
from ..core.types import Clip
from .history import begin_change
from .rows import insert_sample, name_object, usual_sizes
from .samples import COLUMNS, Sample, unpack_label
from .schema import Query


@dataclass(frozen=True, eq=False)
class Lesson:
    """One thing: its name, its samples, and the name in the wearer's own voice where there is one."""

    name: str
    samples: Sequence[Sample]
    label: Optional[Clip] = None


class Merged(NamedTuple):
    """What a merge brought in."""

    new: Tuple[str, ...]
    """Names of the things that were not there before."""
    grown: Tuple[str, ...]
    """Names of the things that were there and got samples or a voice label."""
    samples: int
    known_samples: int
    """Samples that were left out because they were there already."""


def read_lessons(read: Query) -> Iterator[Lesson]:
    """Every thing that was taught, not forgotten, and has samples; one after the other, oldest first."""
    rows = read("SELECT o.id, o.name, l.rate, l.samples, l.checksum FROM objects o LEFT JOIN labels l "
                "ON l.id = o.label WHERE NOT o.forgotten ORDER BY o.id")
    for key, name, *label in rows:
        samples = read(f"SELECT {COLUMNS} FROM samples WHERE object = ? ORDER BY id", key)
        if samples:
            yield Lesson(name, [Sample(*row) for row in samples], unpack_label(*label) if None not in label else None)


def merge_lessons(write: Query, lessons: Sequence[Lesson], sizes: Mapping[str, int]) -> Merged:
    """Take in what is new, as one change that can be undone.

    A thing whose name is there gets the samples it lacks; pictures that are there already, under whatever name, are
    not taken again, and a voice label never replaces another. `sizes` says, for the models whose network is here, how
    many bytes an embedding has. Raises StoreError when embeddings do not fit.
    """
    _check_sizes({**usual_sizes(write), **sizes}, lessons)
    known = _known_pictures(write)
    labelled = {name: bool(label) for name, label in write("SELECT name, label FROM objects WHERE NOT forgotten")}
    fresh = [Lesson(lesson.name, _unknown(lesson.samples, known), None if labelled.get(lesson.name) else lesson.label)
             for lesson in lessons]
    wanted = [lesson for lesson in fresh if lesson.samples or (lesson.label and lesson.name in labelled)]
    if wanted:
        _insert_lessons(write, wanted)
    taken = sum(len(lesson.samples) for lesson in wanted)
    return Merged(tuple(lesson.name for lesson in wanted if lesson.name not in labelled),
                  tuple(lesson.name for lesson in wanted if lesson.name in labelled),
                  taken, sum(len(lesson.samples) for lesson in lessons) - taken)


def _insert_lessons(write: Query, lessons: Sequence[Lesson]) -> None:
    what = f"of {len(lessons)} things" if len(lessons) > 1 else lessons[0].name
    change = begin_change(write, "import", what)
    for lesson in lessons:
        key = name_object(write, change, lesson.name, lesson.label, "import")
        for sample in lesson.samples:
            insert_sample(write, sample, key, change)


def _check_sizes(sizes: Dict[str, int], lessons: Sequence[Lesson]) -> None:
    """Embeddings of one model have one length: others would make the head doubt those that are there."""
    for lesson in lessons:
        for sample in lesson.samples:
            if len(sample.embedding) != sizes.setdefault(sample.backbone, len(sample.embedding)):
                raise StoreError(f"the embeddings of '{lesson.name}' do not fit those of the same model; "
                                 "export them again on the device they come from")


def _known_pictures(write: Query) -> Set[bytes]:
    rows = write("SELECT s.id FROM samples s JOIN objects o ON o.id = s.object WHERE NOT o.forgotten")
    return {_digest(write("SELECT crop FROM samples WHERE id = ?", key)[0][0]) for (key,) in rows}


def _unknown(samples: Sequence[Sample], known: Set[bytes]) -> List[Sample]:
    """The samples whose picture is not known yet; it is from then on."""
    fresh = []
    for sample in samples:
        digest = _digest(sample.crop)
        if digest not in known:
            known.add(digest)
            fresh.append(sample)
    return fresh


def _digest(picture: bytes) -> bytes:
    return hashlib.sha256(picture).digest()
