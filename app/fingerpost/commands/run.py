"""`fingerpost run`: the wearable itself."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from contextlib import ExitStack
from dataclasses import replace as change
from functools import partial
from pathlib import Path
from typing import Callable, Mapping, Sequence, TextIO

from ..announcements import PREPARING, STARTING, load_announcement
from ..core.deciding.errands import RESET, UPDATE
from ..core.errors import SoundError
from ..core.loop import Observer
from ..core.ports import Clock, Speaker
from ..core.types import Utterance
from ..devices.clocks import RealClock
from ..home import state_home
from ..launcher import launch, start_anew
from ..observers import Faults, Transcript
from ..settings import Settings, load_settings
from ..sounding import open_phrases, open_speaker
from ..upkeep.diary import Diary, find_diary
from ..upkeep.errands import Result
from ..upkeep.journal import Journal
from ..upkeep.preferences import load_preferences, prefer
from ..upkeep.reset import ask_for_reset, carry_out

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost run`."""
    parser.add_argument("--camera", metavar="SOURCE", help="auto, 0, 1, ... or /dev/videoN, csi, csi:1, gst:PIPELINE, "
                        "jetcam, jetcam:usb:0; or a video or folder of frames (see docs/SETTINGS.md)")
    parser.add_argument("--settings", type=Path, help="a settings file")
    parser.add_argument("--companion", action="store_true", help="with the companion page, for your helper's browser")
    parser.add_argument("--no-lesson", action="store_true", help="do not begin with the first lesson, as on a desk")
    parser.add_argument("--seconds", type=float, help="stop after so long (default: run until switched off)")


def main(args: argparse.Namespace) -> int:
    """Run the command. On a desk the keys m, M, a, A, h and b are the buttons; Ctrl-C ends it."""
    launch(counts=True)
    carry_out(state_home())
    settings = load_settings(args.settings)
    if args.camera:
        settings = change(settings, camera=change(settings.camera, source=args.camera, fallback=()))
    if args.companion:
        settings = change(settings, companion=change(settings.companion, serve=True))
    preferences = load_preferences(settings.speech, state_home())
    settings = prefer(settings, preferences)
    stop = threading.Event()
    catch_signals(stop)
    if args.seconds:
        timer = threading.Timer(args.seconds, stop.set)
        timer.daemon = True
        timer.start()
    with ExitStack() as stack:
        clock = RealClock()
        journal = Journal()
        logging.getLogger().addHandler(journal)
        stack.callback(logging.getLogger().removeHandler, journal)
        told = Faults if is_kept(sys.stdout) else Transcript
        observers = [told(start=clock.now()), stack.enter_context(Diary(find_diary()))]
        speaker = open_speaker(settings, stack)
        announced = announce(STARTING, settings, speaker, clock, observers)
        # Loaded only now, for the wearer is to hear of the start before this has taken its seconds.
        from ..life import Life, Start
        start = Start(settings, clock, speaker, observers, journal, announced, preferences=preferences,
                      say_preparing=partial(announce, PREPARING, settings, speaker, clock, observers),
                      companion_options=["--settings", str(args.settings.absolute())] if args.settings else [],
                      with_lesson=not args.no_lesson, errands=plan_errands(state_home()))
        restarts = Life(stack, start).run(stop)
    return start_anew() if restarts else 0


def plan_errands(home: Path) -> Mapping[str, Callable[[], Result]]:
    """What does each errand of the menu (core/deciding/errands.py), with the state folder `home`."""
    from ..upkeep.errands import with_stick
    from ..upkeep.releases.store import take_update
    from ..upkeep.stick.jobs import plan_stick_jobs
    from .objects import measure_embeddings

    return {**plan_stick_jobs(home, measure_embeddings), UPDATE: with_stick(take_update),
            RESET: partial(ask_for_reset, home)}


def announce(phrase: str, settings: Settings, speaker: Speaker, clock: Clock, observers: Sequence[Observer]) -> bool:
    """Say how far the start is, long before there are models and a voice; returns whether that could be said."""
    book = open_phrases(settings)
    try:
        speaker.play(load_announcement(settings.speech.language, phrase))
    except SoundError as error:
        log.warning("%s", error)
        return False
    for observer in observers:
        observer.on_heard(clock.now(), book.text(Utterance(phrase)), phrase)
    return True


def is_kept(output: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether what is written there goes to the system's journal, which keeps it for months: what the wearer hears is
    their own affair. Systemd names the journal's file by device and inode (systemd.exec(5), $JOURNAL_STREAM)."""
    try:
        found = os.fstat(output.fileno())
    except (OSError, ValueError):
        return False  # it is no file, or closed
    return environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def catch_signals(stop: threading.Event) -> None:
    """Have Ctrl-C, `kill` and a terminal that is closed end the run in order; what nohup ignores stays ignored."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda number, frame: stop.set())
