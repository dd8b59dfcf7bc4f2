"""`fingerpost run`: the wearable itself."""

from __future__ import annotations

import argparse
import signal
import threading
from contextlib import ExitStack
from dataclasses import replace as change
from pathlib import Path

from ..core.live import PerceptionThread, run_live
from ..devices.replay import RealClock
from ..home import state_home
from ..observers import Transcript
from ..sayings import render_ahead
from ..settings import load_settings
from ..wiring import assemble, open_buttons, open_camera, open_keeper, open_microphone, open_speaker


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost run`."""
    parser.add_argument("--camera", metavar="SOURCE", help="0, 1, ... or /dev/videoN; or a video or folder of frames")
    parser.add_argument("--settings", type=Path, help="a settings file")
    parser.add_argument("--seconds", type=float, help="stop after so long (default: run until switched off)")


def main(args: argparse.Namespace) -> int:
    """Run the command. On a desk the keys m, M, a, A and b are the buttons; Ctrl-C ends it."""
    settings = load_settings(args.settings)
    if args.camera:
        settings = change(settings, camera=change(settings.camera, source=args.camera))
    stop = threading.Event()
    catch_signals(stop)
    if args.seconds:
        timer = threading.Timer(args.seconds, stop.set)
        timer.daemon = True
        timer.start()
    with ExitStack() as stack:
        clock = RealClock()
        observers = [Transcript(start=clock.now())]
        speaker = open_speaker(settings, stack)
        body = assemble(stack, settings, clock, speaker, state_home() / "objects.sqlite", observers,
                        open_microphone(settings, stack), live=True)
        render_ahead(body)
        camera = stack.enter_context(open_camera(settings))
        buttons = stack.enter_context(open_buttons())
        perception = PerceptionThread(body.eyes, camera, clock)
        keeper = stack.enter_context(open_keeper(settings, body, clock, perception.events.put))
        loop = body.loop(perception.submit, [*observers, keeper])
        run_live(loop, body.mouth, perception, buttons, clock, stop)
    return 0


def catch_signals(stop: threading.Event) -> None:
    """Have Ctrl-C, `kill` and a terminal that is closed end the run in order; what nohup ignores stays ignored."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda number, frame: stop.set())
