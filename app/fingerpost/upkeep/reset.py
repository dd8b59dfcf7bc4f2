"""Everything that is the wearer's own is forgotten: noted when it is asked for, and done at the next start.

So nobody has open what is deleted, and a power cut half-way is no harm: the note goes last. What could not be deleted
gets a name that nothing opens, is noted in its place, and alone is tried again: what the wearer teaches from then on
stays. Where it keeps its name too, it is not tried again, for new things may come into it; the wearer hears that it is
there. What is not the wearer's own stays: settings, fetched models, compiled networks, releases, the id on a stick.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import time
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

from ..core.deciding.errands import READY
from ..core.errors import FingerpostError, StoreError
from ..memory.lock import StoreLock
from ..wholefile import write_whole
from .belongings import OWN_FILES, OWN_FOLDERS, STORE
from .errands import Result
from .notes import read_note

log = logging.getLogger(__name__)

NOTE = "reset.json"
"""An object; `left`, once everything was tried, has what stayed: names in the state folder, and MODELS."""
_ASIDE = "forgotten-"
"""So begins the name of what could not be deleted."""
MODELS = "models"
"""Stands in the note for the networks that were trained here."""
_PATIENCE_SECONDS, _LOOK_SECONDS = 5.0, 0.2
"""A companion page has the store open for some seconds after it was asked for something."""


def ask_for_reset(home: Path) -> Result:
    """Note that the next start is to forget everything. Raises OSError."""
    write_whole(home / NOTE, b"{}")
    return Result(READY)


def carry_out(home: Path) -> bool:
    """Forget everything, if that was asked for; returns whether it was. Nothing may be open yet.

    What cannot be deleted holds up nothing else; it is told in the log, and, under another name, tried again at the
    next start.
    """
    if not (home / NOTE).exists():
        return False
    before = _read_leftovers(home)
    try:
        _wait_until_closed(home / STORE)
        stayed = list(_forget(home, before))
        if stayed:
            write_whole(home / NOTE, json.dumps({"left": stayed}).encode())
        else:
            (home / NOTE).unlink()
    except (OSError, FingerpostError) as error:
        log.error("not all could be forgotten (%s): make %s writable, and start again", error, home)
    return True


def greet(home: Path) -> Tuple[str, ...]:
    """The phrases that tell the wearer that something of theirs is still there, though it was to be forgotten."""
    return ("reset_partly",) if (home / NOTE).exists() else ()


def is_own(name: str) -> bool:
    """Whether a file or folder of the state folder is the wearer's own; also what is left of such a file that was being
    written."""
    is_part = name.endswith(".part") and name.startswith(tuple(own + "." for own in OWN_FILES))
    return name in OWN_FILES + OWN_FOLDERS or name.startswith((STORE, _ASIDE)) or is_part


def _read_leftovers(home: Path) -> Optional[List[str]]:
    """What an earlier attempt has left; None where there was none yet."""
    note = read_note(home / NOTE)
    left = note.get("left") if isinstance(note, dict) else None
    return [name for name in left if isinstance(name, str)] if isinstance(left, list) else None


def _forget(home: Path, leftovers: Optional[List[str]]) -> Iterator[str]:
    """Forget everything, what was taught first, or only the leftovers; gives what stays, as it stands in the note.
    Raises OSError where the folder cannot be read."""
    names = sorted(os.listdir(str(home)), key=lambda name: (not name.startswith(STORE), name))
    for name in names:
        is_due = is_own(name) if leftovers is None else name.startswith(_ASIDE) and name in leftovers
        if is_due and not _delete(home / name):
            yield _put_aside(home / name)
    if leftovers is None or MODELS in leftovers:
        try:
            _forget_models()
        except (OSError, FingerpostError) as error:
            log.error("the networks that were trained here could not be forgotten: %s", error)
            yield MODELS


def _delete(path: Path) -> bool:
    """Delete a file, or a folder with all that it holds, as far as that can be done; returns whether it is gone."""
    try:
        if not path.is_dir() or path.is_symlink():
            path.unlink()
        elif [name for name in os.listdir(str(path)) if not _delete(path / name)]:
            return False
        else:
            path.rmdir()
    except FileNotFoundError:
        pass  # it is gone by now
    except OSError as error:
        log.error("%s could not be forgotten (%s): make its folder writable, and start again", path, error.strerror)
        return False
    return True


def _put_aside(path: Path) -> str:
    """Give what stays a name of its own, so that it can be told from what comes after it; returns its name then."""
    if path.name.startswith(_ASIDE):
        return path.name
    aside = path.with_name(f"{_ASIDE}{secrets.token_hex(4)}-{path.name}")
    try:
        path.rename(aside)
    except OSError as error:
        log.error("%s keeps its name (%s), so it is not tried again: make %s writable, and reset again", path,
                  error.strerror, path.parent)
        return path.name
    return aside.name


def _forget_models() -> None:
    from ..installed import InstalledModels  # it takes long to load, and every start looks for the note

    InstalledModels().forget_trained()


def _wait_until_closed(store: Path) -> None:
    """Wait until nobody has the store open, but not for ever: what is deleted then is gone all the same. Nor where that
    cannot be told."""
    lock, give_up = StoreLock(store), time.monotonic() + _PATIENCE_SECONDS
    try:
        lock.share()
    except StoreError as error:
        log.warning("%s", error)
        return
    while time.monotonic() < give_up:
        try:
            with lock.alone():
                break
        except StoreError:
            time.sleep(_LOOK_SECONDS)
    lock.release()
