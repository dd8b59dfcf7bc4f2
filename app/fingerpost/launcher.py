"""Which version runs: the one that is installed, or a release that an update has put into the state folder.

The installed one always starts first, looks, and becomes the other: so no update can take away what chooses between
them. With any doubt it goes on itself. Nothing but the standard library is used here, nor by what is imported here.
docs/decisions/020-updates-from-a-stick.md says why.
"""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import stat
import sys
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Dict, NoReturn, Optional, Tuple

from . import __version__
from .home import DEVICE_STATE, state_home
from .upkeep.laststop import find_early_crash
from .wholefile import write_whole

log = logging.getLogger(__name__)

RELEASES, RECORD = "releases", "current.json"
"""The folder in the state folder, and in it, beside a folder for each release, the file that says which one runs."""
CHOSEN = "FINGERPOST_RELEASE"
"""Stands in the environment of a release that was started here, and of all that it starts: which one it is."""
BEFORE = "FINGERPOST_BEFORE_RELEASE"
"""As JSON, what the variables were that choose the code, before a release was started."""
MOST_STARTS = 2
"""So often a new release may try to come up; the next start is that of the one before it."""
MOST_CRASHES = 3
"""After so many crashes in a row a release that had come up is left too. An orderly end, a cut of the power and a life
of an hour (upkeep/laststop.py) begin the row anew."""
TRIAL_SECONDS = 300
"""For how long one that is on trial may be silent about how it comes up; then the system ends it. Loading a network
may take 25 s on a slow card, and a process for it 60 s to start (inference/process.py)."""
RESTART_STATUS = 75
"""The exit code that has systemd start the device anew: EX_TEMPFAIL of sysexits(3), known to fingerpost.service."""
PROGRAM = """import sys
sys.path[:] = filter(None, sys.path)
from fingerpost.cli import main
sys.exit(main())"""
"""Starts Fingerpost. `-m` would look for its code in the working directory first, where anything may lie; the empty
entry of the path stands for that. (Python 3.8 has no option -P, and -I passes over PYTHONPATH.)"""
_VERSION = re.compile(r"\d{1,6}(\.\d{1,6}){1,3}", re.ASCII)


@dataclass(frozen=True)
class Record:
    """Which version runs. Each is the name of a folder; an empty one stands for the installed version."""

    version: str = ""
    previous: str = ""
    """The one to return to; when an update was taken in, it had come up."""
    trial: bool = False
    """Whether it has still to show that it works."""
    starts: int = 0
    """How often it has tried to, on trial."""
    failed: str = ""
    """The one that did not, and was given up for this one; until the wearer has heard of it."""
    crashes: int = 0
    """How often in a row it has crashed since its trial."""
    last_crash: str = ""
    """The one that the last start has found, which is counted. Its note lies there until a life opens its own, so more
    starts may find it."""


def releases_home() -> Path:
    """The folder of the releases. It need not exist yet."""
    return state_home() / RELEASES


def parse_version(text: str) -> Tuple[int, ...]:
    """The numbers of a version, to be compared. Raises ValueError where it is none of two to four numbers."""
    if not _VERSION.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no version such as 0.2.0")
    return tuple(int(number) for number in text.split("."))


def read_record(folder: Path) -> Record:
    """The record in the folder of the releases; where it is missing or makes no sense, that of the installed version.
    What a newer version puts down besides is passed over."""
    try:
        table = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        record = Record(**{field.name: table[field.name] for field in fields(Record) if field.name in table})
        for version in filter(None, (record.version, record.previous, record.failed)):
            parse_version(version)
        record = replace(record, starts=int(record.starts), trial=bool(record.trial), crashes=int(record.crashes),
                         last_crash=str(record.last_crash))
    except (OSError, ValueError, TypeError):
        return Record()
    return record


def write_record(folder: Path, record: Record) -> None:
    """Have this record hold from the next start on, whatever instant the power fails at. Raises OSError."""
    write_whole(folder / RECORD, (json.dumps(asdict(record)) + "\n").encode())


def is_usable(folder: Path, version: str) -> bool:
    """Whether a release is there, newer than the installed version, and nobody else's."""
    release = folder / version
    own = (folder, release, release / "app" / "fingerpost", release / "models")
    return bool(version) and parse_version(version) > parse_version(__version__) and all(map(_is_ours, own))


def launch(counts: bool = False) -> None:
    """Become the release that is to run; returns where it is this version itself.

    With `counts`, this start is one of the device: see count_start.
    """
    if CHOSEN in os.environ:
        return
    try:
        folder = releases_home()
        record = choose(folder, counts)
        if record is not None:
            _become(folder / record.version, record.trial and counts)
    except Exception as error:  # whatever it is, the wearer has a device that works
        log.warning("the installed version runs, not a release: %s", error)


def choose(folder: Path, counts: bool) -> Optional[Record]:
    """The record of the release that is to run; None for the installed version. Raises OSError where a start on trial
    cannot be counted, for such a release would never be given up."""
    if _is_left_to_root():
        return None
    record = read_record(folder)
    if counts and is_usable(folder, record.version):
        record = _put_down(folder, record, count_start(record, find_early_crash(folder.parent)))
    return record if is_usable(folder, record.version) else None


def _put_down(folder: Path, before: Record, counted: Record) -> Record:
    """The record that holds: the counted one, or that before it where a card takes no more, and nothing is on trial."""
    try:
        if counted != before:
            write_record(folder, counted)
        return counted
    except OSError as error:
        if before.trial:
            raise
        log.warning("it is not put down how often version %s has crashed: %s", before.version, error)
        return before


def count_start(record: Record, crash: str) -> Record:
    """The record for a start of its version, or of the one before it, where that has had all its chances: on trial each
    start is one, and afterwards each crash. `crash` is that after which it is started (find_early_crash), counted or
    not; empty after none."""
    if record.trial:
        used, most = record.starts, MOST_STARTS
        counted = replace(record, starts=record.starts + 1, last_crash=crash)
    else:
        used, most = record.crashes + (crash != record.last_crash) if crash else 0, MOST_CRASHES
        counted = replace(record, crashes=used, last_crash=crash)
    return counted if used < most else Record(version=record.previous, failed=record.version, last_crash=crash)


def is_outdated() -> bool:
    """Whether another version would be chosen now than the one that runs."""
    folder, running = releases_home(), os.environ.get(CHOSEN, "")
    version = read_record(folder).version
    return version != running and (running != "" or is_usable(folder, version))


def go_on() -> None:
    """A release on trial is alive, and takes longer to come up."""
    if os.environ.get(CHOSEN) and signal.alarm(0):
        signal.alarm(TRIAL_SECONDS)


def end_trial() -> None:
    """This process has come up: the system need not end it any more."""
    if os.environ.get(CHOSEN):
        signal.alarm(0)


def start_anew() -> int:
    """Begin again with whatever version is to run now, all parts being closed. Where systemd has started the device,
    it does that once this process has ended with the exit code that is returned; else this never returns."""
    if os.environ.get("NOTIFY_SOCKET"):
        return RESTART_STATUS
    environment = {name: value for name, value in os.environ.items() if name not in (CHOSEN, BEFORE)}
    for name, value in json.loads(os.environ.get(BEFORE, "{}")).items():
        environment.pop(name, None)
        if value is not None:
            environment[name] = value
    end_trial()
    return _execute(environment)


def _become(release: Path, on_trial: bool) -> None:
    """Run a release in this very process: systemd goes on hearing of it. Returns, by an error, only if that fails."""
    before = {name: os.environ.get(name) for name in ("PYTHONPATH", "FINGERPOST_HOME")}
    path = os.pathsep.join(filter(None, (str(release / "app"), before["PYTHONPATH"])))
    if on_trial:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(TRIAL_SECONDS)  # it outlives execve(2), and ends what hangs in native code too
    try:
        _execute({**os.environ, "PYTHONPATH": path, "FINGERPOST_HOME": str(release), CHOSEN: release.name,
                  BEFORE: json.dumps(before)})
    finally:
        signal.alarm(0)


def _execute(environment: Dict[str, str]) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, "-c", PROGRAM, *sys.argv[1:]], environment)


def _is_ours(folder: Path) -> bool:
    """Whether it is a folder that this user alone can change: what others could write is never run."""
    try:
        found = os.lstat(str(folder))
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022


def _is_left_to_root() -> bool:
    """Whether this is root over the service's folder. Its user has written that, even where root owns it by now."""
    return os.geteuid() == 0 and state_home().resolve() == DEVICE_STATE.resolve()
