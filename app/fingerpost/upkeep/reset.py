"""Everything that is the wearer's own is forgotten: noted when it is asked for, and done at the next start.

So nobody has open what is deleted, and a power cut half-way is no harm: the note goes last. What is not the wearer's
own stays: settings, fetched models, compiled networks, releases.
"""

from __future__ import annotations

import logging
import shutil
import time
from pathlib import Path

from ..core.deciding.errands import READY
from ..core.errors import FingerpostError, StoreError
from ..memory.lock import StoreLock
from ..wholefile import write_whole
from .belongings import OWN_FILES, OWN_FOLDERS, STORE
from .errands import Result

log = logging.getLogger(__name__)

NOTE = "reset.json"
_PATIENCE_SECONDS, _LOOK_SECONDS = 5.0, 0.2
"""A companion page has the store open for some seconds after it was asked for something."""


def ask_for_reset(home: Path) -> Result:
    """Note that the next start is to forget everything. Raises OSError."""
    write_whole(home / NOTE, b"{}")
    return Result(READY)


def carry_out(home: Path) -> bool:
    """Forget everything, if that was asked for; returns whether it was. Nothing may be open yet.

    What cannot be deleted is told in the log and tried again at the next start.
    """
    if not (home / NOTE).exists():
        return False
    try:
        _wait_until_closed(home / STORE)
        for path in sorted(home.iterdir()):
            if is_own(path.name):
                _delete(path)
        _forget_models()
        (home / NOTE).unlink()
    except (OSError, FingerpostError) as error:
        log.error("not all could be forgotten (%s): make %s writable, and start again", error, home)
    return True


def is_own(name: str) -> bool:
    """Whether a file or folder of the state folder is the wearer's own; also what is left of such a file that was being
    written."""
    is_part = name.endswith(".part") and name.startswith(tuple(own + "." for own in OWN_FILES))
    return name in OWN_FILES + OWN_FOLDERS or name.startswith(STORE) or is_part


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(str(path))
    else:
        path.unlink()


def _forget_models() -> None:
    from ..installed import InstalledModels  # it takes long to load, and every start looks for the note

    InstalledModels().forget_trained()


def _wait_until_closed(store: Path) -> None:
    """Wait until nobody has the store open, but not for ever: what is deleted then is gone all the same."""
    lock, give_up = StoreLock(store), time.monotonic() + _PATIENCE_SECONDS
    lock.share()
    while time.monotonic() < give_up:
        try:
            with lock.alone():
                break
        except StoreError:
            time.sleep(_LOOK_SECONDS)
    lock.release()
