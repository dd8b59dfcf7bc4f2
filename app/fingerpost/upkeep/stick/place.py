"""The USB stick: where it is, and what can go wrong with it, each told apart."""

from __future__ import annotations

import errno
import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Mapping, Optional

from ...core.errors import DataError

VARIABLE = "FINGERPOST_STICK"
"""The environment may name by it a folder that stands for the stick."""
MOUNT = "/run/fingerpost-stick"
"""Where the service has the stick mounted (systemd/99-fingerpost.rules)."""
MEDIA = ("/media/", "/run/media/")
"""Where desktops mount what is plugged in."""
FULL, GONE, READ_ONLY, DAMAGED, FAILED = "full", "gone", "readonly", "damaged", "failed"
TOO_MUCH, NEWER = "too_much", "newer"
"""What can go wrong, as it completes a phrase (core/deciding/errands.py); the last two are no fault of the stick."""
SPARE_BYTES = 1 << 20
"""So much room is left besides: a file system needs some for itself."""

_MEANINGS = {
    FULL: (errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
    READ_ONLY: (errno.EROFS, errno.EACCES, errno.EPERM),
    GONE: (errno.EIO, errno.ENODEV, errno.ENXIO, errno.ENOENT, errno.ENOTDIR, errno.ESTALE, errno.ENOTCONN,
           errno.ESHUTDOWN, errno.EREMOTEIO, errno.ETIMEDOUT),
}
_REMEDIES = {
    FULL: "there is no room for it; free some space there",
    GONE: "it is not there, or does not work; plug it in again, check the path, or use another one",
    READ_ONLY: "nothing can be written there; switch off its write protection, or use another one",
    DAMAGED: "what is there is damaged; use another stick",
    FAILED: "it does not work; use another one",
    TOO_MUCH: "more is taught than a file may hold; forget things that you can spare",
    NEWER: "what is there was made by a newer Fingerpost; update this one",
}


class StickError(DataError):
    """The stick cannot be used as it should. `outcome` is one of FULL, GONE, READ_ONLY, DAMAGED, FAILED, TOO_MUCH and
    NEWER."""

    def __init__(self, outcome: str, place: Path, reason: str = "") -> None:
        super().__init__(f"{place}: {_REMEDIES[outcome]}" + (f" ({reason})" if reason else ""))
        self.outcome = outcome


def find_stick(environ: Mapping[str, str] = os.environ, mounts: Path = Path("/proc/self/mounts"),
               devices: Path = Path("/sys/class/block")) -> Optional[Path]:
    """The folder of the stick that is plugged in; None without one.

    The first of `$FINGERPOST_STICK`, where the service has it mounted, and where a desktop has. A mounted stick is not
    touched: one that hangs must not hold up who asks.
    """
    if environ.get(VARIABLE):
        chosen = Path(environ[VARIABLE]).expanduser()
        return chosen if chosen.is_dir() else None
    try:
        lines = [line.split() for line in mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()]
    except OSError:
        return None
    mounted = {_unescape(line[1]): line[0] for line in lines if len(line) > 1}
    # Without a stick, the folder as such is mounted there for the service: ReadWritePaths= in fingerpost.service.
    if mounted.get(MOUNT, "").startswith("/dev/"):
        return Path(MOUNT)
    return next((Path(place) for place in sorted(mounted)
                 if place.startswith(MEDIA) and is_pluggable(mounted[place], devices)), None)


def is_pluggable(device: str, devices: Path) -> bool:
    """Whether a block device, as /dev/sda1, is on USB, or a medium that can be taken out: see sysfs-block."""
    place = devices / Path(device).name
    if not place.exists():
        return False
    place = place.resolve()
    flags = [folder / "removable" for folder in (place, place.parent)]
    return any(part.startswith("usb") for part in place.parts) or any(
        flag.is_file() and flag.read_text(encoding="ascii").strip() == "1" for flag in flags)


@contextmanager
def using(folder: Path) -> Iterator[None]:
    """Within the block the stick is used: what goes wrong with it comes out as StickError.

    What was there before must be there afterwards: a stick that was pulled out may leave an empty folder behind, which
    takes whatever is written to it.
    """
    before = _identify(folder)
    try:
        yield
    except (OSError, DataError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        if isinstance(error, StickError) or not isinstance(cause, OSError):
            raise
        gone = _identify(folder) != before
        raise StickError(GONE if gone else judge(cause), folder, cause.strerror or str(cause)) from error
    if before is None or _identify(folder) != before:
        raise StickError(GONE, folder)


def judge(error: OSError) -> str:
    """What it means that the stick failed so."""
    return next((outcome for outcome, numbers in _MEANINGS.items() if error.errno in numbers), FAILED)


def check_room(folder: Path, size: int) -> None:
    """Raise StickError, or OSError, unless so many bytes have room in a folder."""
    if shutil.disk_usage(str(folder)).free < size + SPARE_BYTES:
        raise StickError(FULL, folder)


def drop_cached(path: Path) -> None:
    """Have the next reading of a file, which is synced, come from the disk and not from memory. Raises OSError."""
    handle = os.open(str(path), os.O_RDONLY)
    try:
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def _identify(folder: Path) -> Optional[int]:
    """The file system that a folder lies on; None where there is no such folder."""
    try:
        return os.stat(str(folder)).st_dev
    except OSError:
        return None


def _unescape(place: str) -> str:
    """A path of /proc/self/mounts, where blanks are written as octal numbers: proc(5)."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), place)
