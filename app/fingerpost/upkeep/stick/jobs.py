"""What is done with a stick: taught things shared, all that is the wearer's own backed up, and brought back.

Every function takes the folder of the stick and the state folder `home`. The store is opened beside the running device,
as the commands do. Nothing is written before all that is read has been checked, and whatever fails leaves both folders
as they were, or complete.
"""

from __future__ import annotations

import logging
import os
from contextlib import ExitStack
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Callable, Mapping, NamedTuple, Optional, Sequence, Tuple

from ...core.deciding.errands import BACK_UP, READY, READY_OLDER, RESTORE, SHARE
from ...core.errors import StoreError
from ...memory.archive import Refused, pack_things
from ...memory.lessons import Lesson, Merged
from ...memory.objects import ObjectStore
from ...wholefile import replacing
from ..belongings import STORE
from ..errands import DONE, NOTHING, Job, Result, with_stick
from .backup import Backup, collect_settings, pack_backup, read_backup, read_shared
from .files import BACKUPS, SHARED, list_files, name_backup, prune_backups, write_checked
from .place import DAMAGED, StickError, check_room, using

log = logging.getLogger(__name__)

KNOWN = "known"
"""What was to be restored is here already."""
Measure = Callable[[Sequence[Lesson]], Mapping[str, int]]
"""Gives, for the models whose network is here, how many bytes an embedding has (ObjectStore.merge)."""


class Found(NamedTuple):
    """A file that can be restored."""

    path: Path
    backup: Backup
    is_newest: bool


class Restored(NamedTuple):
    """What a restoring has brought in."""

    merged: Merged
    settings: Tuple[str, ...]
    """Names of the files of the state folder that are others now."""


def plan_stick_jobs(home: Path, measure: Measure) -> Mapping[str, Job]:
    """The errands of this module, for the running device."""
    return {SHARE: with_stick(lambda stick: share(stick, home, datetime.now())),
            BACK_UP: with_stick(lambda stick: back_up(stick, home, datetime.now())),
            RESTORE: with_stick(lambda stick: restore(stick, home, measure))}


def share(stick: Path, home: Path, now: datetime) -> Result:
    """Put all taught things on the stick, in one file that `fingerpost objects import` takes. Raises StickError,
    StoreError."""
    things, count = _pack(home)
    if not count:
        return Result(NOTHING)
    with using(stick):
        write_checked(stick / now.strftime(SHARED), len(things), lambda file: file.write(things), read_shared)
    return Result(DONE, (("count", str(count)),))


def back_up(stick: Path, home: Path, now: datetime) -> Result:
    """Put a back-up on the stick. Older ones stay, for as long as they are not too many. Raises StickError, StoreError.
    """
    settings = collect_settings(home)
    things, count = _pack(home)
    if not count and not settings:
        return Result(NOTHING)
    with using(stick):
        size = len(things) + sum(map(len, settings.values()))
        write_checked(name_backup(stick, now), size, lambda file: pack_backup(file, things, settings), read_backup)
        prune_backups(stick)
    return Result(DONE, (("count", str(count)),))


def restore(stick: Path, home: Path, measure: Measure) -> Result:
    """Take in the newest file of the stick that is whole. The device is to start anew, for a lens is read at the start.

    Raises StickError and, where nothing can be taken in, StoreError: nothing has changed then.
    """
    with using(stick):
        found = find_newest(stick)
    if found is None:
        return Result(NOTHING)
    restored = take_in(found.backup, home, measure)
    if not restored.merged.samples and not restored.merged.grown and not restored.settings:
        return Result(KNOWN)
    return Result(READY if found.is_newest else READY_OLDER, (("count", str(len(found.backup.lessons))),))


def find_newest(folder: Path) -> Optional[Found]:
    """The newest back-up that is whole or, without any, the newest shared file; None where there is neither.

    Raises StickError where none of them is whole, and OSError.
    """
    candidates = [(path, read_backup) for path in list_files(folder, BACKUPS).values()]
    candidates += [(path, read_shared) for path in list_files(folder, SHARED).values()]
    for number, (path, read) in enumerate(candidates):
        try:
            return Found(path, read(path), number == 0)
        except Refused as error:
            log.warning("%s: it %s", path, error)
    if candidates:
        raise StickError(DAMAGED, folder, "none of the back-ups is whole")
    return None


def take_in(backup: Backup, home: Path, measure: Measure) -> Restored:
    """Merge the things of a back-up into the store, as one change that can be undone, and put its settings in place.

    All of it is on the card before the first of it holds. Raises StickError where that is full, and StoreError.
    """
    sizes = measure(backup.lessons)
    settings = {name: data for name, data in backup.settings.items() if _read(home / name) != data}
    try:
        home.mkdir(parents=True, exist_ok=True)
        # Twice, for the log of the store has it too.
        check_room(home, 2 * sum(len(sample.crop) for lesson in backup.lessons for sample in lesson.samples))
        with ExitStack() as stack:
            for name, data in settings.items():
                file = stack.enter_context(replacing(home / name))
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            with ObjectStore(home / STORE) as store:
                merged = store.merge(backup.lessons, sizes)
    except OSError as error:
        raise StoreError(f"{home} cannot be written ({error.strerror or error}); free some space on the card, or make "
                         "the folder writable") from error
    return Restored(merged, tuple(settings))


def _pack(home: Path) -> Tuple[bytes, int]:
    """All taught things as an archive, and how many they are; what is spoilt is set aside first. Raises StoreError."""
    file = BytesIO()
    with ObjectStore(home / STORE) as store:
        for line in store.verify():
            log.warning("%s", line)
        count = pack_things(file, store.lessons())
    return file.getvalue(), count


def _read(path: Path) -> Optional[bytes]:
    try:
        return path.read_bytes()
    except OSError:
        return None
