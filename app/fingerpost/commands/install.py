"""`fingerpost install` and `uninstall`: the service that starts at boot. Each change is told in a line of its own."""

from __future__ import annotations

import argparse
import grp
import os
import pwd
import re
import shutil
import sys
from pathlib import Path
from typing import Callable, Dict, List, Optional, Tuple

from ..announcements import STOPPED, find_announcement
from ..core.errors import InstallError
from ..doctor.machine import run_command
from ..home import DEVICE_STATE, asset_home
from ..settings import Settings, load_settings
from ..upkeep.changes import Changes

USER, FULL_NAME = "fingerpost", "Fingerpost"
"""By the full name it is known that `install` has made the user."""
GPIO, RENDER = "gpio", "render"
GROUPS = ("video", "audio", GPIO)
"""Camera and GPU, sound, buttons. Where there is a group `render`, as on an Orin, the GPU is that one's too."""
STATE = str(DEVICE_STATE)
SETTINGS = STATE + "/settings.toml"
FIRST_SETTINGS = "# The settings of this device, read at every start. docs/SETTINGS.md says what may stand here.\n"
UNIT, PAGE_UNIT, PAGE_SERVICE = "fingerpost.service", "fingerpost-companion.path", "fingerpost-companion.service"
OOM_POLICY = "OOMPolicy=continue", 243
"""What a service says to a systemd of that release or later, which else ends all of it once the kernel has ended one
of its processes for want of memory: TensorRT's may go, for ONNX Runtime takes over, and so may the companion page's
trainings. Earlier ones go on unasked."""
FILES: Tuple[Tuple[Dict[str, str], Tuple[Tuple[str, ...], ...]], ...] = (
    ({UNIT: "/etc/systemd/system/fingerpost.service",
      "fingerpost-failed.service": "/etc/systemd/system/fingerpost-failed.service",
      PAGE_UNIT: "/etc/systemd/system/fingerpost-companion.path",
      PAGE_SERVICE: "/etc/systemd/system/fingerpost-companion.service"},
     (("systemctl", "daemon-reload"),)),
    ({"journald.conf": "/etc/systemd/journald.conf.d/fingerpost.conf"},
     (("systemctl", "restart", "systemd-journald.service"),)),
    ({"99-fingerpost.rules": "/etc/udev/rules.d/99-fingerpost.rules"},
     (("udevadm", "control", "--reload"),
      ("udevadm", "trigger", "--subsystem-match=gpio", "--subsystem-match=video4linux"))))
"""Files of systemd/ and where they go, and what has a change of them noticed."""


def add_arguments_install(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost install`."""
    parser.add_argument("--dry-run", action="store_true", help="only tell what would be done")
    parser.add_argument("--root", type=Path, default=Path("/"), metavar="DIR",
                        help="the root of another system, as of an SD card; users and services are left out there")


def add_arguments_uninstall(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost uninstall`."""
    add_arguments_install(parser)
    parser.add_argument("--purge", action="store_true", help="remove what the wearer has taught, too")


def main_install(args: argparse.Namespace) -> int:
    """Run `fingerpost install`; what is there already stays as it is."""
    changes = begin(args, "install")
    texts = fill_in(read_settings(changes), find_systemd() if changes.here else 0)
    for files, _ in FILES:
        for place in files.values():
            changes.check_ours(place)
    if changes.here:
        check_reach(list_own_paths())
    add_user(changes)
    changes.make_folder(STATE, 0o750)
    changes.write_once(SETTINGS, FIRST_SETTINGS)
    give_state(changes, USER)
    change_files(changes, lambda name, place: changes.write(place, texts[name]))
    changes.run("systemctl", "enable", UNIT)
    changes.run("systemctl", "enable", "--now", PAGE_UNIT)
    if changes.here and shutil.which("aplay") is None:
        changes.note("missing: aplay, which tells the wearer when Fingerpost has stopped; run: apt install alsa-utils")
    changes.note(choose_end(changes.here, args.dry_run))
    return 0


def choose_end(here: bool, dry_run: bool) -> str:
    """What there is still to do, on this machine or on another one."""
    if dry_run:
        return "Nothing was changed."
    if here:
        return f"Fingerpost starts at the next boot; now: systemctl restart {UNIT}"
    return "Fingerpost does not start there yet: boot that system and run `sudo fingerpost install` on it"


def main_uninstall(args: argparse.Namespace) -> int:
    """Run `fingerpost uninstall`: takes back what `install` has done."""
    changes = begin(args, "uninstall")
    if changes.exists(FILES[0][0][UNIT]):
        changes.run("systemctl", "disable", "--now", UNIT)
    if changes.exists(FILES[0][0][PAGE_UNIT]):
        changes.run("systemctl", "disable", "--now", PAGE_UNIT)
    change_files(changes, lambda name, place: changes.remove(place))
    if args.purge:
        changes.remove_folder(STATE)
    elif changes.exists(STATE):
        give_state(changes, "root")  # the number of a user who is gone may be given to another
        changes.note(f"kept: {changes.path(STATE)}, where what the wearer has taught lies (--purge removes it)")
    remove_user(changes)
    return 0


def begin(args: argparse.Namespace, command: str) -> Changes:
    """The changes that the options ask for. Raises InstallError where this user may not make them."""
    root = args.root.resolve()
    if not root.is_dir():
        raise InstallError(f"there is no folder {root}: make it, or leave out --root")
    changes = Changes(root, args.dry_run)
    if changes.here and not args.dry_run and os.geteuid() != 0:
        raise InstallError(f"only root may do this: run `sudo {sys.executable} -m fingerpost {command}`")
    return changes


def change_files(changes: Changes, change: Callable[[str, str], None]) -> None:
    """Do something to every file, given its name and its place, and have it noticed if that has changed anything."""
    for files, commands in FILES:
        before = changes.count
        for name, place in files.items():
            change(name, place)
        if changes.count > before:
            for command in commands:
                changes.run(*command)


def read_settings(changes: Changes) -> Settings:
    """The settings of the device, if it has some already. Raises SettingsError."""
    return load_settings(changes.path(SETTINGS) if changes.exists(SETTINGS) else None)


def find_systemd() -> int:
    """The release of the systemd that runs here; 0 where that is not known."""
    answer = run_command(("systemctl", "--version"))
    found = re.match(r"systemd (\d+)", answer.output) if answer is not None else None
    return int(found.group(1)) if found else 0


def fill_in(settings: Settings, systemd: int = 0) -> Dict[str, str]:
    """The files of systemd/ by name, with what depends on the place and the language of this Fingerpost, and on the
    release of `systemd`."""
    folder = asset_home() / "systemd"
    clip = find_announcement(settings.speech.language, STOPPED)
    in_home = any(str(path).startswith(("/home/", "/root/")) for path in list_own_paths())
    values = {"@python@": sys.executable, "@script@": str(folder / "say-stopped.sh"),
              "@clip@": str(clip if clip.is_file() else find_announcement("en", STOPPED)),
              "@protect_home@": "read-only" if in_home else "yes"}
    texts = {name: (folder / name).read_text(encoding="utf-8") for files, _ in FILES for name in files}
    for mark, value in values.items():
        texts = {name: text.replace(mark, value) for name, text in texts.items()}
    line, release = OOM_POLICY
    for unit in (UNIT, PAGE_SERVICE) if systemd >= release else ():
        texts[unit] = texts[unit].replace("[Service]\n", f"[Service]\n{line}\n")
    return texts


def list_own_paths() -> List[Path]:
    """What the service must be able to read: this interpreter, wherever it lies, the code, and what ships with it."""
    return [Path(sys.executable), Path(sys.executable).resolve(), Path(__file__).resolve(), asset_home()]


def check_reach(paths: List[Path]) -> None:
    """Raises InstallError where a folder above one of the paths is closed to other users."""
    for path in paths:
        for folder in path.parents:
            if not folder.stat().st_mode & 0o001:
                raise InstallError(f"the service may not enter {folder}: run `sudo chmod o+x {folder}`, "
                                   "or install Fingerpost in /opt")


def add_user(changes: Changes) -> None:
    """Have the user whom the service runs as, in the groups of camera, sound, buttons and GPU."""
    if not (changes.here and find_group(GPIO) is not None):
        changes.run("groupadd", "--system", "--force", GPIO)
    groups = GROUPS + ((RENDER,) if find_group(RENDER) is not None else ())
    user = find_user() if changes.here else None
    if user is None:
        changes.run("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", STATE, "--shell",
                    "/usr/sbin/nologin", "--comment", FULL_NAME, "--groups", ",".join(groups), USER)
        return
    if user.pw_gecos != FULL_NAME:
        raise InstallError(f"there is a user {USER} who is somebody else: rename that one with `usermod --login`")
    missing = [group for group in groups if USER not in (find_group(group) or [])]
    if missing:
        changes.run("usermod", "--append", "--groups", ",".join(missing), USER)
    else:
        changes.note(f"unchanged: user {USER}")


def remove_user(changes: Changes) -> None:
    """Remove the user, if `install` has made it. The group of the buttons stays, for others may use it."""
    user = find_user() if changes.here else None
    if changes.here and user is None:
        changes.note(f"absent: user {USER}")
    elif user is not None and user.pw_gecos != FULL_NAME:
        changes.note(f"kept: user {USER}, who is somebody else")
    else:
        changes.run("userdel", USER)


def give_state(changes: Changes, user: str) -> None:
    """Have the state folder and all in it belong to a user."""
    if not (changes.here and changes.owns(STATE, user)):
        changes.run("chown", "--recursive", f"{user}:{user}", STATE)


def find_user() -> Optional[pwd.struct_passwd]:
    """The user, if there is one."""
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        return None


def find_group(name: str) -> Optional[List[str]]:
    """The members of a group; None where there is no such group."""
    try:
        return grp.getgrnam(name).gr_mem
    except KeyError:
        return None
