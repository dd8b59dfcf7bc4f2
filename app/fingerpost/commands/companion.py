"""`fingerpost companion`: the page for the wearer's helper."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import warnings
from pathlib import Path
from typing import Optional

from ..home import state_home
from ..launcher import launch
from ..settings import Settings, load_settings
from ..upkeep.attendant import NOTE
from ..upkeep.tether import tether

HIGHEST_PORT = 65535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost companion`."""
    parser.add_argument("--port", type=read_port,
                        help="where the page is on this machine (default: that of the settings)")
    parser.add_argument("--settings", type=Path, help="a settings file")
    parser.add_argument("--parent", type=int, metavar="PID", help="end with this process, the device that started it")


def read_port(text: str) -> int:
    """A port as it is given to --port; 0 stands for one that the system chooses."""
    if not text.isdecimal() or int(text) > HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text} is no port: give a number from 1 to {HIGHEST_PORT}, as in 8137")
    return int(text)


def main(args: argparse.Namespace) -> int:
    """Run the command, until Ctrl-C or a signal ends it."""
    launch()
    if args.parent:
        tether(args.parent)
    os.umask(0o077)  # whatever it writes is for this user's eyes alone
    offer_memory()
    settings = load_settings(args.settings)
    asyncio.run(serve(settings, args.settings, settings.companion.port if args.port is None else args.port))
    return 0


def offer_memory() -> None:
    """Where memory runs out, the system is to end this process, and those that it starts, before the device."""
    try:
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    except OSError:
        pass  # a system without that


async def serve(settings: Settings, path: Optional[Path], port: int) -> None:
    """Serve until a signal comes, or the device wants the page no more; the settings are those of the file `path`, or
    the defaults."""
    # What certificates are made with complains of Python 3.8; the first Jetson Nano has none that is newer.
    warnings.filterwarnings("ignore", "Python 3.8 is no longer supported")
    # They need fingerpost[companion], which the command's --help does not.
    import cv2

    from ..companion.parts import Parts
    from ..companion.server import Companion
    from ..window.client import Link

    folder = state_home() / "companion"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    cv2.setNumThreads(1)  # the other cores are the device's
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    parts = Parts(Link(), state_home() / "objects.sqlite", folder, settings, path)
    note = os.environ.get(NOTE)
    await Companion(parts, port, settings.companion.network_port, note=Path(note) if note else None).run(stop)
