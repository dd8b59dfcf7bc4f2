"""Releases in the state folder: an update is taken in, runs from the next start on, and can be taken back.

Whatever instant something fails at, or the power does, the version that ran still runs: a release is unpacked beside
it, tested, given its name once it is on the disk, and only then does the record name it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Callable, Dict, Iterator, List

from ... import __version__
from ...core.errors import UpdateError
from ...environment import copy_environment
from ...launcher import CHOSEN, Record, is_usable, parse_version, read_record, releases_home, write_record
from ...wholefile import put_in_place
from ..children import signal_all, start_child
from ..errands import NOTHING, Result
from ..stick.place import FULL, SPARE_BYTES, judge

if TYPE_CHECKING:
    from .manifest import Manifest

log = logging.getLogger(__name__)

READY = "ready"
OLDER, UNFIT, FAILED = "older", "unfit", "failed"
UNPACKING = ".unpacking"
"""What the folder of a release ends in that has not passed its test yet."""
TEST_SECONDS = 300.0
"""A release that takes longer for its test is not taken in. On a desktop computer it takes about 3 s."""
NICENESS = 10
"""Of the self-test: the wearer goes on pointing meanwhile."""
MOST_WORDS_BYTES = 1 << 16
"""Of what a self-test says so much is read, its end."""
SELF_TEST = (sys.executable, "-m", "fingerpost", "selftest")
"""What every release must understand, for the one before it to take it in."""


def take_update(stick: Path) -> Result:
    """Take in the newest update on a stick: the errand. What is wrong with it is logged."""
    try:
        from .file import find_update  # it needs a package that may be missing, which is an UpdateError

        update = find_update(stick)
        if update is None:
            return Result(NOTHING)
        return Result(READY, (("version", install(update)),))
    except UpdateError as error:
        log.error("the update is not taken in: %s", error)
        return Result(error.outcome)


def install(update: Path, tell: Callable[[str], None] = lambda line: None) -> str:
    """Have the release in an update run from the next start on; returns its version. Raises UpdateError, and leaves all
    as it was, where anything is wrong with it. `tell` hears how far that is."""
    from .file import UpdateFile

    folder = releases_home()
    with alone(folder), ExitStack() as stack:
        file = stack.enter_context(UpdateFile(update))
        version = file.manifest.version
        check_fit(file.manifest, folder)
        part = folder / (version + UNPACKING)
        try:
            tell(f"Unpacking version {version}, signed by {file.signer} ...")
            file.unpack(part)
            stack.close()  # from here on the stick may be pulled out
            tell("Testing it ...")
            try_release(part)
            place(part, folder / version)
            record = read_record(folder)
            came_up = record.previous if record.trial else record.version
            write_record(folder, Record(version, previous=came_up, trial=True))
        except OSError as error:
            raise UpdateError(f"{folder} cannot be written ({error.strerror or error}): free some space there",
                              FULL if judge(error) == FULL else FAILED) from error
        finally:
            shutil.rmtree(str(part), ignore_errors=True)
    return version


def check_fit(manifest: Manifest, folder: Path) -> None:
    """Raises UpdateError unless the release is newer than what runs, and this machine has all that it needs, and room
    for it."""
    from .manifest import find_obstacle

    held = find_held(folder)
    if parse_version(manifest.version) <= parse_version(held):
        raise UpdateError(f"version {manifest.version} is not newer than {held}, which runs: a device never goes back "
                          "by an update; `fingerpost update rollback` does", OLDER)
    obstacle = find_obstacle(manifest)
    if obstacle:
        raise UpdateError(f"version {manifest.version} does not run here, for {obstacle}: install that first", UNFIT)
    if shutil.disk_usage(str(folder)).free < manifest.bytes + SPARE_BYTES:
        raise UpdateError(f"there is no room in {folder} for {manifest.bytes / 1e6:.0f} MB: free some", FULL)


def find_held(folder: Path) -> str:
    """The version that runs at the next start, as things are."""
    version = read_record(folder).version
    return version if is_usable(folder, version) else __version__


def try_release(release: Path) -> None:
    """Have the release show, in a process of its own with its own code, that it can load its networks and name a thing.
    Raises UpdateError."""
    with tempfile.TemporaryDirectory(prefix="fingerpost-") as state:
        environment = copy_environment(PYTHONPATH=str(release / "app"), FINGERPOST_HOME=str(release),
                                       FINGERPOST_STATE=state, PYTHONDONTWRITEBYTECODE="1", **{CHOSEN: release.name})
        with tempfile.TemporaryFile() as output:
            try:
                status = run_test(environment, state, output)
            except subprocess.TimeoutExpired as error:
                raise UpdateError(f"its self-test took more than {TEST_SECONDS:.0f} s: build it anew", UNFIT) from error
            output.seek(max(0, output.seek(0, os.SEEK_END) - MOST_WORDS_BYTES))
            said = output.read().decode(errors="replace").strip().splitlines() or ["without a word"]
    if status:
        raise UpdateError(f"its self-test failed ({said[-1]}): build it anew", UNFIT)


def run_test(environment: Dict[str, str], folder: str, output: IO[Any]) -> int:
    """Run the self-test, which writes to `output`; returns its exit code. Whatever it has started has ended by then.
    Raises OSError, subprocess.TimeoutExpired."""
    child = start_child(SELF_TEST, NICENESS, output, cwd=folder, env=environment)
    try:
        with suppress(OSError):  # where memory runs out, this is what ends, and not what the wearer hears: proc(5)
            Path(f"/proc/{child.pid}/oom_score_adj").write_text("500", encoding="ascii")
        return child.wait(TEST_SECONDS)
    finally:
        signal_all(child.pid, signal.SIGKILL)
        child.wait()


def place(part: Path, release: Path) -> None:
    """Give a release its name. One of that name was given up before, and nothing runs it. Raises OSError."""
    if release.exists():
        shutil.rmtree(str(release))
    put_in_place(part, release)


def roll_back() -> str:
    """Have the version before run from the next start on; returns which that is. Raises UpdateError."""
    folder = releases_home()
    with alone(folder):
        record = read_record(folder)
        if not record.version:
            raise UpdateError("the installed version runs: there is none before it")
        write_record(folder, Record(version=record.previous))
    return find_held(folder)


def settle(running: str) -> None:
    """The version that runs, an empty name for the installed one, has come up: its trial is over, and what nobody
    returns to is removed. Raises UpdateError while an update is being taken in, and OSError."""
    folder = releases_home()
    if not folder.is_dir():
        return
    with alone(folder):
        record = read_record(folder)
        trial = record.trial and record.version != running
        if record.failed or trial != record.trial:
            write_record(folder, replace(record, trial=trial, starts=record.starts if trial else 0, failed=""))
        for release in list_releases(folder):
            if release not in (record.version, record.previous, running):
                shutil.rmtree(str(folder / release), ignore_errors=True)


def owner_of(folder: Path) -> str:
    """The name of the user who owns it, or else the number."""
    owner = folder.stat().st_uid
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return f"'#{owner}'"


def list_releases(folder: Path) -> List[str]:
    """The versions that lie in the folder of the releases, oldest first."""
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        try:
            found.append((parse_version(path.name), path.name))
        except ValueError:
            continue  # it is no release
    return [version for _, version in sorted(found)]


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let nobody else change the releases meanwhile, and remove what was left half unpacked. Raises UpdateError."""
    home = folder.parent
    if home.exists() and home.stat().st_uid != os.geteuid():  # root may write there, but the device would not run it
        raise UpdateError(f"{home} is another user's: run this as `sudo -u {owner_of(home)} fingerpost update ...`")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)  # what others can write is never run
        handle = os.open(str(folder), os.O_RDONLY)
    except OSError as error:
        raise UpdateError(f"{folder} cannot be written ({error.strerror}): run this as the user who owns it") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for part in folder.glob("*" + UNPACKING):
            shutil.rmtree(str(part), ignore_errors=True)
        yield
    except BlockingIOError as error:
        raise UpdateError("another update is being taken in: try again once it is done") from error
    finally:
        os.close(handle)
