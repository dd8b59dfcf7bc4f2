"""Changes to the machine, one by one, each told in a line: files, folders, users, commands."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import Callable, Optional, Sequence

from ..core.errors import InstallError
from ..wholefile import write_whole

MARK = "`fingerpost install`"
"""Stands in every file that may be written over or removed: one without it is somebody else's."""
COMMAND_SECONDS = 60.0


class Changes:
    """Makes changes below a folder `root`, or only tells them.

    Commands are run only where `root` is the machine's own, for they know no other.
    """

    def __init__(self, root: Path = Path("/"), dry_run: bool = False, tell: Callable[[str], None] = print) -> None:
        self._root, self._dry_run, self._tell = root, dry_run, tell
        self.here = str(root) == "/"
        """Whether it is the machine's own root."""
        self.count = 0
        """How many changes there were, those included that were only told."""

    def path(self, place: str) -> Path:
        """Where the absolute path `place` lies below the root."""
        return self._root / place.lstrip("/")

    def note(self, line: str) -> None:
        """Tell what is no change."""
        self._tell(line)

    def exists(self, place: str) -> bool:
        """Whether there is a file or a folder. Raises InstallError where that may not be known."""
        try:
            return self.path(place).exists()
        except OSError as error:
            raise InstallError(f"{self.path(place)} is hidden ({error.strerror}): run this as root") from error

    def check_ours(self, place: str) -> None:
        """Raises InstallError where there is a file that is not Fingerpost's."""
        found = read_text(self.path(place))
        if found is not None and MARK not in found:
            raise InstallError(f"{self.path(place)} is not Fingerpost's: move it elsewhere")

    def write(self, place: str, text: str) -> None:
        """Have a file hold the text. Raises InstallError where there is one that is not Fingerpost's."""
        self.check_ours(place)
        path = self.path(place)
        if read_text(path) == text:
            self.note(f"unchanged: {path}")
        else:
            self._change(f"write {path}", lambda: _write(path, text))

    def write_once(self, place: str, text: str) -> None:
        """Have a file that people write themselves: one that is there stays as it is."""
        path = self.path(place)
        if self.exists(place):
            self.note(f"unchanged: {path}")
        else:
            self._change(f"write {path}", lambda: _write(path, text))

    def remove(self, place: str) -> None:
        """Remove a file, if it is Fingerpost's."""
        path = self.path(place)
        found = read_text(path)
        if found is None:
            self.note(f"absent: {path}")
        elif MARK not in found:
            self.note(f"kept: {path}, which is not Fingerpost's")
        else:
            self._change(f"remove {path}", path.unlink)

    def make_folder(self, place: str, mode: int) -> None:
        """Have a folder."""
        path = self.path(place)
        if self.exists(place):
            self.note(f"unchanged: {path}")
            return

        def make() -> None:
            path.mkdir(parents=True)
            path.chmod(mode)

        self._change(f"make {path}", make)

    def remove_folder(self, place: str) -> None:
        """Remove a folder with all that is in it."""
        path = self.path(place)
        if self.exists(place):
            self._change(f"remove {path} and all that is in it", lambda: shutil.rmtree(str(path)))
        else:
            self.note(f"absent: {path}")

    def run(self, *command: str) -> None:
        """Run a command. Raises InstallError where it fails."""
        if self.here:
            self._change("run " + " ".join(command), lambda: _run(command))
        else:
            self.note(f"skipped: {' '.join(command)} (only for the machine itself)")

    def owns(self, place: str, user: str) -> bool:
        """Whether a file or folder is there and belongs to the user."""
        try:
            return pwd.getpwuid(self.path(place).stat().st_uid).pw_name == user
        except (OSError, KeyError):
            return False

    def _change(self, what: str, make: Callable[[], None]) -> None:
        self.count += 1
        if self._dry_run:
            self._tell(f"would {what}")
            return
        try:
            make()
        except OSError as error:
            raise InstallError(f"cannot {what} ({error.strerror}): mend that and run it again") from error
        self._tell(f"done: {what}")


def read_text(path: Path) -> Optional[str]:
    """What a file holds; None where there is none. Raises InstallError where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InstallError(f"{path} cannot be read ({error.strerror}): run this as root, or mend that") from error


def _write(path: Path, text: str) -> None:
    write_whole(path, text.encode())
    os.chmod(str(path), 0o644)


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=COMMAND_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise InstallError(f"`{' '.join(command)}` takes longer than {COMMAND_SECONDS:.0f} s: run it by hand, then "
                           "this again") from error
    if done.returncode != 0:
        reason = " ".join(done.stderr.decode(errors="replace").split()) or f"exit code {done.returncode}"
        raise InstallError(f"`{' '.join(command)}` failed ({reason}): mend that and run it again")
