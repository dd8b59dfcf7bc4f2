"""Where Fingerpost's own folders lie: what ships (models, assets) and what changes while it runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .core.errors import DataError

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
