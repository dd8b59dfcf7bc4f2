"""All checks, one after the other. Whatever one does, raise, hang or crash, becomes a finding."""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import time
from functools import partial
from typing import Callable, Iterator, List, NamedTuple, NoReturn, Optional, Sequence, Tuple

from ..core.errors import FingerpostError
from ..home import state_home
from ..settings import Settings
from ..window.place import find_window, is_alive
from . import board, software
from .finding import ABSENT, FAIL, Finding, fail_for
from .machine import Machine

USUAL_SECONDS, CAMERA_SECONDS, TENSORRT_SECONDS = 30.0, 45.0, 90.0
"""How long a check may take before it counts as hung: longer than what it waits for by itself."""
HELD = ("camera", "buttons", "sound", "microphone", "tensorrt")
"""What a running device has, and nobody else can open meanwhile; memory for a second TensorRT a small board has not.
"""


class Check(NamedTuple):
    """One thing to look at. `part`: it needs the libraries, one of which may be broken."""

    name: str
    look: Callable[[], Finding]
    seconds: float = USUAL_SECONDS
    part: bool = False


def plan_checks(machine: Machine, settings: Settings) -> List[Check]:
    """Everything there is to check, what the rest depends on first."""
    state = state_home()
    return [
        Check("python", software.check_python),
        Check("libraries", partial(software.check_libraries, machine)),
        Check("service", partial(software.check_service, machine)),
        *plan_parts(settings, software.service_runs(machine) or is_alive(find_window())),
        Check("permissions", partial(software.check_permissions, machine, state)),
        Check("disk", partial(software.check_disk, machine, state)),
        Check("swap", partial(board.check_swap, machine)),
        Check("power", partial(board.check_power, machine)),
        Check("supply", partial(board.check_supply, machine)),
        Check("temperature", partial(board.check_temperature, machine)),
        Check("clock", partial(software.check_clock, machine)),
    ]


def plan_parts(settings: Settings, running: bool) -> List[Check]:
    """The checks of the device's parts; those that a running device holds are left to it."""
    seconds = {"camera": CAMERA_SECONDS, "tensorrt": TENSORRT_SECONDS}
    return [Check(name, _leave_to_device if running and name in HELD else partial(_check_part, name, settings),
                  seconds.get(name, USUAL_SECONDS), part=True)
            for name in ("camera", "buttons", "sound", "microphone", "speech", "models", "tensorrt")]


def go_round(checks: Sequence[Check]) -> Iterator[Tuple[str, Finding]]:
    """The name and finding of each check, as soon as it is there."""
    broken = False
    for check in checks:
        if check.part and broken:
            finding = Finding(ABSENT, "not tried: a library is broken", "mend the libraries first, then look again")
        else:
            finding = examine(check)
        broken = broken or (check.name == "libraries" and finding.state == FAIL)
        yield check.name, finding


def examine(check: Check) -> Finding:
    """Make one check, in a process of its own: a driver that hangs or crashes takes nothing along."""
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        _report(check.look, writer)
    os.close(writer)
    answer = _read(reader, time.monotonic() + check.seconds)
    os.close(reader)
    if answer is None:
        os.kill(process, signal.SIGKILL)
        _reap(process)
        return Finding(FAIL, f"no answer within {check.seconds:g} s",
                       "it hangs in its driver: unplug it and plug it in again, or restart the machine")
    how = _reap(process)
    if not answer:
        return Finding(FAIL, f"the check has crashed ({how})", "restart the machine and look again")
    return Finding(*json.loads(answer))


def _report(look: Callable[[], Finding], writer: int) -> NoReturn:
    """In the process: silence what libraries print, look, tell, and end here, whatever happens."""
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        os.write(writer, json.dumps(_look(look)).encode())
    finally:
        os._exit(1)


def _look(look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except FingerpostError as error:
        return fail_for(error)
    except Exception as error:  # one check that goes wrong must not keep the others from the reader
        return Finding(FAIL, f"the check fails ({error!r})", "install Fingerpost again, and report this")


def _read(reader: int, deadline: float) -> Optional[bytes]:
    """All that the process tells until it closes the pipe; None where that takes too long."""
    answer = b""
    while select.select([reader], [], [], max(0.0, deadline - time.monotonic()))[0]:
        heard = os.read(reader, 1 << 16)
        if not heard:
            return answer
        answer += heard
    return None


def _reap(process: int) -> str:
    """How the process has ended. One that hangs in its driver cannot even be killed, and is not waited for."""
    for _ in range(20):
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            killed = os.WIFSIGNALED(status)
            return signal.Signals(os.WTERMSIG(status)).name if killed else f"exit code {os.WEXITSTATUS(status)}"
        time.sleep(0.05)
    return "it hangs"


def _check_part(name: str, settings: Settings) -> Finding:
    """A check of the module `parts`, which is loaded in the check's own process, with all libraries."""
    look: Callable[[Settings], Finding] = getattr(importlib.import_module(".parts", __package__), "check_" + name)
    return look(settings)


def _leave_to_device() -> Finding:
    return Finding(ABSENT, "not tried: the running device has it",
                   "to try it, end `fingerpost run`, or run `sudo systemctl stop fingerpost`; then look again")
