"""Files that are whole or absent: what is cut short leaves the old one, whatever instant the power fails at."""

from __future__ import annotations

import errno
import os
import re
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Iterator

_PART = re.compile(r"\.(\d+)-\d+\.part")
"""What the name of a file that is being written ends in: the process and the thread that write it."""

@contextmanager
def replacing(path: Path, sync: bool = True) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` once the block has ended well, and leaves no trace otherwise.

    Its folder is made where there is none. Without `sync`, a power cut soon after may leave a broken file: quicker, for
    what can be made again. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():  # a folder that is being filled with thousands of files is not looked through for each of them
        remove_leftovers(path)
    # Threads and processes may write the same file at once, each a whole one.
    part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        with part.open("wb") as file:
            yield file
            if sync:
                file.flush()
                os.fsync(file.fileno())
        if sync:
            put_in_place(part, path)
        else:
            os.replace(str(part), str(path))
    finally:
        if part.exists():
            part.unlink()


def remove_leftovers(path: Path) -> None:
    """Remove what writers of a file that were killed have left beside it, as far as that can be done."""
    for name in os.listdir(str(path.parent)):
        match = _PART.fullmatch(name[len(path.name):]) if name.startswith(path.name) else None
        if match and not _is_alive(int(match.group(1))):
            try:
                path.with_name(name).unlink()
            except OSError:
                pass  # it is somebody else's, or another writer was quicker


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def write_whole(path: Path, data: bytes, sync: bool = True) -> None:
    """Put `data` into a file, in place of what it held; see `replacing`. Raises OSError."""
    with replacing(path, sync) as file:
        file.write(data)


def put_in_place(part: Path, path: Path) -> None:
    """Give a file that is on the disk the name under which it is looked for. Raises OSError."""
    os.replace(str(part), str(path))
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the disk remember which files a folder holds, not only what is in them. Raises OSError."""
    handle = os.open(str(folder), os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network shares cannot sync a folder, and lose nothing by it
            raise
    finally:
        os.close(handle)
