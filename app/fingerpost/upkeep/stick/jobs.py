"""What is done with a stick: taught things shared, all that is the wearer's own backed up, and brought back.

Every function takes the folder of the stick and the state folder `home`. The store is opened beside the running device,
as the commands do. Nothing is written before all that is read has been checked, and whatever fails leaves the stick and
what is taught as they were, or complete.
"""

from __future__ import annotations

import logging
import os
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from ...core.deciding.errands import BACK_UP, READY, READY_OLDER, READY_OTHER, RESTORE, SHARE
from ...core.errors import StoreError
from ...memory.archive import pack_things
from ...memory.lessons import Lesson
from ...memory.objects import ObjectStore
from ...memory.refusal import Newer, Refused, TooMuch
from ...wholefile import replacing
from ..belongings import STORE
from ..errands import DONE, NOTHING, Job, Result, with_stick
from .backup import Backup, collect_settings, pack_backup, read_backup, read_shared
from .files import (
    BACKUPS,
    SHARED,
    OwnFile,
    identify,
    list_files,
    name_backup,
    name_shared,
    prune_backups,
    read_device,
    write_checked,
)
from .place import DAMAGED, NEWER, TOO_MUCH, StickError, check_room, using

log = logging.getLogger(__name__)

KNOWN = "known"
"""What was to be restored is here already."""
Candidate = Tuple[OwnFile, Callable[[Path], Backup]]
"""A file that may be restored, and what reads it."""
Measure = Callable[[Sequence[Lesson]], Mapping[str, int]]
"""Gives, for the models whose network is here, how many bytes an embedding has (ObjectStore.merge)."""


class Found(NamedTuple):
    """A file that can be restored."""

    backup: Backup
    is_newest: bool


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
    path, size = name_shared(stick, identify(home), now), _measure(things)

    def write(file: BinaryIO) -> None:
        with things:
            file.write(things.getvalue())

    with using(stick):
        write_checked(path, size, write, read_shared)
    return Result(DONE, (("count", str(count)),))


def back_up(stick: Path, home: Path, now: datetime) -> Result:
    """Put a back-up on the stick. Older ones stay, for as long as they are not too many. Raises StickError, StoreError.
    """
    settings = collect_settings(home)
    things, count = _pack(home)
    if not count and not settings:
        return Result(NOTHING)
    device, size = identify(home), _measure(things) + sum(map(len, settings.values()))

    def write(file: BinaryIO) -> None:
        with things:  # they need not be in memory any more when they are read again
            pack_backup(file, things.getvalue(), settings)

    with using(stick):
        write_checked(name_backup(stick, device, now), size, write, read_backup)
    try:
        prune_backups(stick, device)
    except OSError as error:
        log.warning("old back-ups cannot be removed from %s (%s)", stick, error.strerror or error)
    return Result(DONE, (("count", str(count)),))


def restore(stick: Path, home: Path, measure: Measure) -> Result:
    """Take in the newest file of this device that is whole, of its back-ups first. Where there is none, or it brings
    nothing new, those of other devices have their turn. The device is to start anew, for a lens is read at the start.

    Raises StickError and, where nothing can be taken in, StoreError: nothing has changed then.
    """
    device = read_device(home)
    failure: Optional[StickError] = None
    with using(stick):
        makers = list_makers(stick, device)
    for maker, candidates in makers.items():
        found: Optional[Found] = None  # the last one need not be in memory while the next is read
        try:
            with using(stick):
                found = find_newest(stick, candidates)
        except StickError as error:
            if maker == device:
                raise
            failure = failure or error
            continue
        # What was set here goes before what another device had, but for a new one that has nothing of its own yet.
        result = _bring(found, home, measure, only_missing=maker != device and device in makers)
        if result.outcome != KNOWN:
            return result if maker == device else replace(result, outcome=READY_OTHER)
    if failure is not None:
        raise failure
    return Result(KNOWN if makers else NOTHING)


def restore_file(path: Path, home: Path, measure: Measure) -> Result:
    """Take in one back-up, whoever made it. Raises as `restore`."""
    with using(path):
        found = find_newest(path, [(OwnFile(datetime.min, "", path), read_backup)])
    return _bring(found, home, measure)


def list_makers(folder: Path, device: str) -> Dict[str, List[Candidate]]:
    """The files of each device, its back-ups before what it has shared, newest first: those of this `device`, where
    there are any, before all others. Raises OSError."""
    candidates: List[Candidate] = [(file, read_backup) for file in list_files(folder, BACKUPS)]
    candidates += [(file, read_shared) for file in list_files(folder, SHARED)]
    makers: Dict[str, List[Candidate]] = {}
    for file, read in sorted(candidates, key=lambda candidate: candidate[0].device != device):
        makers.setdefault(file.device, []).append((file, read))
    return makers


def _bring(found: Found, home: Path, measure: Measure, only_missing: bool = False) -> Result:
    """Take in what was found; with `only_missing`, of its settings only those that are not here."""
    backup = found.backup
    if only_missing:
        backup = replace(backup, settings={name: data for name, data in backup.settings.items()
                                           if not (home / name).exists()})
    if not take_in(backup, home, measure):
        return Result(KNOWN)
    return Result(READY if found.is_newest else READY_OLDER, (("count", str(len(backup.lessons))),))


def find_newest(place: Path, candidates: Sequence[Candidate]) -> Found:
    """The first that is whole, of those, newest first, which lie at a `place`.

    Raises what was wrong with the first where none of them is: StickError, or OSError.
    """
    failure: Union[Refused, OSError, None] = None
    for file, read in candidates:
        try:
            return Found(read(file.path), failure is None)
        except (Refused, OSError) as error:  # a bad spot on the stick does not spoil what lies elsewhere
            log.warning("%s: it %s", file.path, error)
            failure = failure or error
    if isinstance(failure, OSError):
        raise failure
    outcome = NEWER if isinstance(failure, Newer) else DAMAGED
    raise StickError(outcome, place, f"{candidates[0][0].path.name} {failure}")


def take_in(backup: Backup, home: Path, measure: Measure) -> bool:
    """Merge the things of a back-up into the store, as one change that can be undone, and put its settings in place;
    returns whether any of it was new.

    All of it is on the card before the first of it holds. Raises StickError where that is full, and StoreError: then
    nothing has changed. Once the things hold, a setting that cannot be put in place is only told of in the log.
    """
    sizes = measure(backup.lessons)
    settings = {name: data for name, data in backup.settings.items() if _read(home / name) != data}
    try:
        home.mkdir(parents=True, exist_ok=True)
        # Twice, for the log of the store has it too.
        check_room(home, 2 * sum(len(sample.crop) for lesson in backup.lessons for sample in lesson.samples))
        with ExitStack() as stack:
            for name, data in settings.items():
                stack.enter_context(_putting(home / name, data))
            with ObjectStore(home / STORE) as store:
                merged = store.merge(backup.lessons, sizes)
    except OSError as error:
        raise StoreError(f"{home} cannot be written ({error.strerror or error}); free some space on the card, or make "
                         "the folder writable") from error
    return bool(merged.samples or merged.grown or settings)


@contextmanager
def _putting(path: Path, data: bytes) -> Iterator[None]:
    """Has the new content of a file on the card, and in place once the block has ended well; what fails only then is
    told in the log."""
    holds = False
    try:
        with replacing(path) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            yield
            holds = True
    except OSError as error:
        if not holds:
            raise
        log.error("%s cannot be written (%s): it stays as it was", path, error.strerror or error)


def _pack(home: Path) -> Tuple[BytesIO, int]:
    """All taught things as an archive, and how many they are; what is spoilt is set aside first. Raises StoreError, and
    StickError where they are too many for an archive."""
    file = BytesIO()
    try:
        with ObjectStore(home / STORE) as store:
            for line in store.verify():
                log.warning("%s", line)
            count = pack_things(file, store.lessons())
    except StoreError as error:
        if isinstance(error.__cause__, TooMuch):
            raise StickError(TOO_MUCH, home) from error
        raise
    return file, count


def _measure(file: BytesIO) -> int:
    return file.getbuffer().nbytes


def _read(path: Path) -> Optional[bytes]:
    try:
        return path.read_bytes()
    except OSError:
        return None
