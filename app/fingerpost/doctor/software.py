"""Checks of what is installed: Python, libraries, permissions, disk, clock, service."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Dict, Tuple

from ..home import DEVICE_STATE
from .finding import ABSENT, FAIL, OK, WARN, Finding
from .machine import Answer, Machine, nearest_folder

PYTHON = (3, 8)
LIBRARIES = {"numpy": "numpy", "cv2": "opencv-python-headless", "onnxruntime": "onnxruntime", "pygame": "pygame",
             "pyttsx3": "pyttsx3"}
"""What the wearable imports, and the package that brings it."""
_IMPORT = ("import importlib, os, sys\n"
           "os.environ['PYGAME_HIDE_SUPPORT_PROMPT'] = '1'\n"
           "for name in sys.argv[1:]:\n"
           "    print(name, getattr(importlib.import_module(name), '__version__', ''), flush=True)\n")
GROUPS = ("video", "audio", "gpio")
LEAST_BYTES, FEW_BYTES = 200_000_000, 1_000_000_000
"""With less nothing can be taught; with less there is no room for an update."""
SERVICE = "fingerpost.service"
RUNNING = ("active", "activating")


def check_python(version: Tuple[int, ...] = sys.version_info[:3], executable: str = sys.executable) -> Finding:
    """The interpreter that runs this."""
    text = f"{'.'.join(map(str, version))} ({executable})"
    if version < PYTHON:
        return Finding(FAIL, text, "install Fingerpost with Python 3.8 or newer, as hardware/software.md shows")
    return Finding(OK, text)


def check_libraries(machine: Machine) -> Finding:
    """Whether the libraries can be loaded; in a process of its own, for a wrong build of one can crash it."""
    answer = machine.ask([sys.executable, "-c", _IMPORT, *LIBRARIES]) or Answer(1, complaint="Python does not start")
    lines = [line.strip() for line in answer.output.splitlines() if line.split()[:1] and line.split()[0] in LIBRARIES]
    loaded = {line.split()[0] for line in lines}
    broken = next((name for name in LIBRARIES if name not in loaded), None)
    if broken is None:
        return Finding(OK, ", ".join(lines))
    if answer.code == -signal.SIGILL:
        # OpenBLAS takes the Nano's processor for another one: https://github.com/numpy/numpy/issues/18131
        return Finding(FAIL, f"{broken} was not built for this processor",
                       "run `export OPENBLAS_CORETYPE=ARMV8` and try again; if that helps, put it into ~/.profile")
    reason = f"signal {-answer.code}" if answer.code < 0 else answer.complaint
    return Finding(FAIL, f"{broken} cannot be loaded ({reason})",
                   f"run `{sys.executable} -m pip install --force-reinstall {LIBRARIES[broken]}`")


def check_permissions(machine: Machine, state: Path) -> Finding:
    """The groups that may use camera, sound and pins, and the folder for what changes."""
    folder = nearest_folder(state)
    if not os.access(str(folder), os.W_OK | os.X_OK):
        return Finding(FAIL, f"{folder} cannot be written", _name_owning(machine, state))
    if machine.user == "root":
        return Finding(OK, "root may do everything")
    members = _read_groups(machine)
    wanted = [group for group in GROUPS if group in members]
    lacking = [group for group in wanted if group not in machine.groups]
    if not lacking:
        return Finding(OK, f"{machine.user} is in {', '.join(wanted) or 'no group, and there is none to be in'}")
    if all(machine.user in members[group] for group in lacking):
        return Finding(WARN, f"{machine.user} is newly in {', '.join(lacking)}", "log out and log in again")
    return Finding(WARN, f"{machine.user} is not in {', '.join(lacking)}",
                   f"run `sudo usermod -aG {','.join(lacking)} {machine.user}`, then log out and log in again")


def _name_owning(machine: Machine, state: Path) -> str:
    """What to do where a user may not write the state folder: that of the service stays the service's."""
    if state == DEVICE_STATE and state.is_dir():
        return "it is the service's: run this as `sudo -u fingerpost fingerpost doctor`"
    return f"run `sudo mkdir -p {state} && sudo chown -R {machine.user} {state}`"


def check_disk(machine: Machine, state: Path) -> Finding:
    """Room for what is taught and for updates."""
    folder = nearest_folder(state)
    free = machine.free_bytes(folder)
    text = f"{free / 1e9:.1f} GB free in {folder}"
    if free >= FEW_BYTES:
        return Finding(OK, text)
    return Finding(FAIL if free < LEAST_BYTES else WARN, text,
                   "run `sudo apt clean` and `sudo journalctl --vacuum-size=50M`, or use a larger card")


def check_clock(machine: Machine, installed_at: float = os.stat(__file__).st_mtime) -> Finding:
    """Whether the time can be true: it cannot lie before the installation. The board's clock runs on no battery."""
    now = machine.now()
    text = time.strftime("%d %b %Y, %H:%M", time.localtime(now))
    if now < installed_at:
        return Finding(WARN, f"{text} is over already",
                       "connect to a network for a minute, or run `sudo date --set '2030-12-31 23:59'` with the "
                       "true time")
    return Finding(OK, text)


def check_service(machine: Machine) -> Finding:
    """Whether the device starts when it is switched on, and how it runs."""
    facts = _ask_service(machine)
    if not facts:
        return Finding(ABSENT, "no systemd runs here", "start it by hand: `fingerpost run`")
    if facts.get("LoadState") != "loaded":
        return Finding(WARN if machine.is_jetson else ABSENT, "not installed: it does not start by itself",
                       "run `sudo fingerpost install`")
    if facts.get("ActiveState") == "failed":
        return Finding(FAIL, f"it has failed ({facts.get('Result')})", "see why: `journalctl -u fingerpost -n 30`")
    if facts.get("UnitFileState") != "enabled":
        return Finding(WARN, "it does not start when the device is switched on",
                       "run `sudo systemctl enable fingerpost`")
    restarts = facts.get("NRestarts") or "0"
    if facts.get("ActiveState") == "activating":
        return Finding(WARN, f"it is starting, {restarts} restarts so far",
                       "wait for \"ready\"; if it does not come: `journalctl -u fingerpost -n 30`")
    if facts.get("ActiveState") != "active":
        return Finding(WARN, f"it does not run (last exit {facts.get('ExecMainStatus')})",
                       "run `sudo systemctl start fingerpost`")
    if restarts != "0":
        return Finding(WARN, f"running, but it was restarted {restarts} times",
                       "see why: `journalctl -u fingerpost -n 200`")
    return Finding(OK, "running, starts at boot")


def service_runs(machine: Machine) -> bool:
    """Whether the service is at work, and so has camera, buttons and sound."""
    return _ask_service(machine).get("ActiveState") in RUNNING


def _ask_service(machine: Machine) -> Dict[str, str]:
    """What systemd says of the service; empty where it does not run."""
    asked = "LoadState,UnitFileState,ActiveState,Result,NRestarts,ExecMainStatus"
    answer = machine.ask(["systemctl", "show", SERVICE, f"--property={asked}"])
    if answer is None or answer.code != 0:
        return {}
    return dict(line.split("=", 1) for line in answer.output.splitlines() if "=" in line)


def _read_groups(machine: Machine) -> Dict[str, Tuple[str, ...]]:
    """The groups of the machine with their members."""
    rows = (line.split(":") for line in machine.read("/etc/group").splitlines())
    return {row[0]: tuple(row[3].split(",")) for row in rows if len(row) == 4}
