"""`python -m fingerpost.companion.workshop.restrained PARENT NICENESS MEGABYTES COMMAND...` cannot harm the device.

It yields to everything else, takes no more memory than it may, is the first to go where memory is short, and dies with
the process PARENT. All of that outlasts the change to the command, and holds for whatever it starts.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import Sequence

from ...upkeep.tether import tether

_FIRST_TO_GO = "1000"  # proc(5), oom_score_adj


def restrain(niceness: int, megabytes: int) -> None:
    """Hold this process back. What counts is what it may write to (RLIMIT_DATA): torch reserves far more."""
    os.nice(niceness)
    resource.setrlimit(resource.RLIMIT_DATA, (megabytes << 20, megabytes << 20))
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write(_FIRST_TO_GO)
    except OSError:
        pass  # where the system does not let itself be told, it chooses by itself


def main(words: Sequence[str]) -> None:
    """Become the command. Never returns."""
    parent, niceness, megabytes, *command = words
    tether(int(parent))
    restrain(int(niceness), int(megabytes))
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
