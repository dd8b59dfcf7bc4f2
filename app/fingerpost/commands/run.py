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
from typing import Callable, List, Mapping, Optional, Sequence, TextIO

from ..announcements import PREPARING, STARTING, load_announcement
from ..core.deciding.errands import RESET, UPDATE
from ..core.errors import SoundError
from ..core.loop import Observer
from ..core.ports import Clock, Speaker
from ..core.preferences import Preferences
from ..core.types import Utterance
from ..devices.clocks import RealClock
from ..devices.pluggable import PluggableSpeaker
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
        options = ["--settings", str(args.settings.absolute())] if args.settings else []
        restarts = live(stack, settings, clock, speaker, observers, stop, announced, preferences, journal, options,
                        not args.no_lesson)
    return start_anew() if restarts else 0


def live(stack: ExitStack, settings: Settings, clock: Clock, speaker: PluggableSpeaker, observers: Sequence[Observer],
         stop: threading.Event, announced: bool, preferences: Optional[Preferences], journal: Journal,
         companion_options: Sequence[str], with_lesson: bool) -> bool:
    """Open all other parts and run; `stack` closes them, `announced` says whether the wearer knows of the start. A
    companion may read the `journal`; when the device starts one, it does so with these options. Unless `with_lesson`,
    the first lesson does not begin by itself. Returns whether the device is to start anew."""
    # Loaded only now, for the wearer is to hear of the start before this has taken its seconds.
    from ..core.live import PerceptionThread, run_live
    from ..devices.sensors import Files, Sensors
    from ..runtimes import hear_of_builds, hear_of_trouble
    from ..sayings import render_ahead
    from ..upkeep.errands import Errands
    from ..upkeep.keeper import Duty
    from ..upkeep.laststop import RunningNote, greet
    from ..upkeep.lessonnote import LessonNote
    from ..upkeep.preparation import Preparation
    from ..upkeep.releases.trial import Trial
    from ..upkeep.service import Manager, Service
    from ..upkeep.vitals import VitalSigns
    from ..wiring import assemble, open_buttons, open_camera, open_keeper, open_microphone, open_window

    running = stack.enter_context(RunningNote(state_home()))
    listeners, manager = [*observers], Manager.find()
    preparation = Preparation(partial(announce, PREPARING, settings, speaker, clock, observers), manager, clock)
    with hear_of_builds(settings, preparation.go_on):
        body = assemble(stack, settings, clock, speaker, state_home() / "objects.sqlite", listeners,
                        open_microphone(settings, stack), live=True, preferences=preferences)
    render_ahead(body)
    camera = stack.enter_context(open_camera(settings))
    buttons = open_buttons(settings, stack)
    perception = PerceptionThread(body.eyes, camera, clock)
    hear_of_trouble(settings, clock, perception.events.put)
    view, attendant = open_window(stack, settings, body, perception, clock, journal, companion_options)
    listeners.append(view)  # it hears what is said, from now on
    hearts = [*body.heartbeats, perception.heartbeat, camera.heartbeat, speaker.heartbeat]
    trial = Trial(hearts)
    note = LessonNote(state_home(), bool(body.learner.taught), with_lesson)
    duties: List[Duty] = [VitalSigns(Sensors(Files()), perception.events.put), trial, note]
    keeper = stack.enter_context(open_keeper(settings, body, clock, perception.events.put, attendant, duties))
    errands = stack.enter_context(Errands(plan_errands(state_home()), clock, perception.events.put))
    service = Service(manager, hearts)
    stack.callback(service.stop)
    loop = body.loop(perception.submit, [*listeners, keeper, service, attendant, *duties], announced,
                     attendant.go_to_door, errands.start, note.lesson,
                     [*greet(running.last_stop, body.damaged), *trial.greetings])
    run_live(loop, body.mouth, perception, buttons, clock, stop)
    if loop.switched_off:
        manager.leave_off_note()  # it is heeded once this process has ended, and so has closed the store
    return loop.restarts


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
