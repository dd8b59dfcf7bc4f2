"""Where Fingerpost's own folders lie: what ships (models, assets) and what changes while it runs."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Tuple

from .core.errors import DataError

log = logging.getLogger(__name__)

DEVICE_STATE = Path("/var/lib/fingerpost")


def asset_home() -> Path:
    """The folder that holds `models/`, `assets/` and the other things that ship.

    The first of `$FINGERPOST_HOME`, the checkout this file lies in, and the installed share directory.
    Raises DataError when `$FINGERPOST_HOME` is set to something else, or when there is none of them.
    """
    chosen = os.environ.get("FINGERPOST_HOME")
    if chosen:
        return _chosen_home(Path(chosen).expanduser())
    checkout = Path(__file__).resolve().parents[2]
    installed = Path(sys.prefix) / "share" / "fingerpost"
    # In an installed package the same number of folders up is Python's own library, hence the look at app/.
    if (checkout / "app" / "fingerpost").is_dir() and _is_home(checkout):
        return checkout
    if _is_home(installed):
        return installed
    raise DataError(f"Fingerpost's models are neither in {checkout} nor in {installed}: "
                    "install it again, or set FINGERPOST_HOME to the folder that holds models/")


def list_languages() -> Tuple[str, ...]:
    """The languages that there are phrases for."""
    return tuple(sorted(file.stem for file in (asset_home() / "assets" / "phrases").glob("*.toml")))


def state_home() -> Path:
    """The folder for what changes at run time: taught objects, fetched models, caches. It need not exist yet.

    `$FINGERPOST_STATE`, else /var/lib/fingerpost where it exists and may be written (the wearable), else
    `fingerpost` in the state directory of the XDG base directory specification.
    """
    chosen = os.environ.get("FINGERPOST_STATE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if DEVICE_STATE.is_dir() and os.access(str(DEVICE_STATE), os.W_OK | os.X_OK):
        return DEVICE_STATE
    return _xdg_folder("XDG_STATE_HOME", Path(".local", "state"))


def warn_beside_service(command: str) -> None:
    """Say in the log, where it is so, that what a command reads and keeps is not the service's: other users have a
    folder of their own, and what root keeps in that of the service may be closed to it."""
    if not DEVICE_STATE.is_dir() or (os.environ.get("FINGERPOST_STATE") and state_home() != DEVICE_STATE):
        return  # who names another folder wants that one
    owner = DEVICE_STATE.stat().st_uid
    if owner not in (0, os.geteuid()):  # root's: the service was uninstalled
        log.warning("The service has its own folder, %s. What is meant for it, run as `sudo -u fingerpost fingerpost "
                    "%s ...`", DEVICE_STATE, command)


def cache_home() -> Path:
    """The folder for what can be fetched again: `fingerpost` in the XDG cache directory. It need not exist yet."""
    return _xdg_folder("XDG_CACHE_HOME", Path(".cache"))


def _xdg_folder(variable: str, default: Path) -> Path:
    """The project's own folder in one of the XDG base directories; `default` is relative to the user's home."""
    chosen = os.environ.get(variable, "")
    # The specification asks for relative paths to be ignored.
    return (Path(chosen) if os.path.isabs(chosen) else Path.home() / default) / "fingerpost"


def _chosen_home(folder: Path) -> Path:
    if not _is_home(folder):
        raise DataError(f"FINGERPOST_HOME is {folder}, which holds no models folder: correct it or unset it")
    return folder.absolute()


def _is_home(folder: Path) -> bool:
    return (folder / "models").is_dir()
