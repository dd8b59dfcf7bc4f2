"""Runs a command that ends with the thread that has started it, however that ends.

Called as `python -m fingerpost.devices.leash PARENT COMMAND...`, with the process id of whoever calls. It becomes the
command, so that pipes, signals and process id are the command's own.
"""

from __future__ import annotations

import os
import sys

from ..upkeep.tether import tether


def main() -> None:
    """Become the command."""
    tether(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
