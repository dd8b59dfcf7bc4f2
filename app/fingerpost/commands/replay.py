"""`fingerpost replay`: the device over a recording, in simulated time."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace as change
from pathlib import Path
from typing import List, Optional, Sequence

from ..core.loop import Loop, Observer
from ..core.playback import Playback
from ..core.ports import Buttons
from ..core.state import BY_NEXT, BY_VOICE
from ..core.steps import STEPS, Lesson
from ..core.types import Press
from ..devices.microphone import WavMicrophone
from ..devices.replay import RecordedButtons, Recording, SimulatedClock
from ..devices.wavspeaker import WavSpeaker
from ..observers import JsonLines, Transcript
from ..overlay import OverlayVideo
from ..progress import Progress
from ..settings import Settings, load_settings
from ..wiring import assemble


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost replay`."""
    parser.add_argument("source", type=Path, help="a video file, a folder of frames, or one image")
    parser.add_argument("--presses", type=Path, help="button presses, one JSON object per line")
    parser.add_argument("--json", action="store_true", help="one line of JSON per action instead of the transcript")
    parser.add_argument("--settings", type=Path, help="a settings file")
    parser.add_argument("--fps", type=float, default=10.0, help="frames per second of a folder (default 10)")
    parser.add_argument("--hold", type=float, metavar="SECONDS", help="show each image of a folder for so long")
    parser.add_argument("--objects", type=Path, metavar="FILE",
                        help="start from a copy of this store of taught things (default: an empty one)")
    parser.add_argument("--voice", type=Path, action="append", metavar="WAV",
                        help="what the wearer says when asked for a name, one utterance after the other; may be given "
                             "several times (default: things get the next free names of the settings)")
    parser.add_argument("--lesson", nargs="?", const=STEPS[0], choices=STEPS, metavar="STEP",
                        help="begin with the first lesson, or with that step of it: " + ", ".join(STEPS))
    parser.add_argument("--wav", type=Path, help="write what is heard to this file")
    parser.add_argument("--overlay", type=Path, help="write a video with finger, crop, guesses and words drawn in")


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    settings = load_settings(args.settings)
    recording = Recording(args.source, args.fps, args.hold)
    observer = JsonLines() if args.json else Transcript()
    replay(recording, settings, [observer], args.presses, args.wav, args.overlay, args.objects, args.voice,
           args.lesson)
    for warning in recording.warnings:
        print(f"fingerpost: {warning}", file=sys.stderr)
    return 0


def replay(recording: Recording, settings: Settings, observers: Sequence[Observer], presses: Optional[Path] = None,
           wav: Optional[Path] = None, overlay: Optional[Path] = None, objects: Optional[Path] = None,
           voice: Optional[Sequence[Path]] = None, lesson: Optional[str] = None) -> Loop:
    """Play a recording through the device's own loop; returns the loop in its last state.

    What is taught on the way goes to a store of its own, which starts as a copy of `objects` and is thrown
    away at the end. Names are spoken by the WAV files of `voice`. `lesson` is the step of the first lesson that it
    begins with; None for no lesson. Raises an error of the tree when a file cannot be read or written.
    """
    if voice or settings.teaching.naming == BY_VOICE:
        # Without a voice, nobody is there to choose from a list either.
        settings = change(settings, teaching=change(settings.teaching, naming=BY_VOICE if voice else BY_NEXT))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fingerpost-")))
        if objects is not None:
            shutil.copy(objects, folder / "objects.sqlite")
        clock = SimulatedClock()
        speaker = stack.enter_context(WavSpeaker(wav or folder / "narration.wav", clock))
        watchers: List[Observer] = list(observers)
        microphone = stack.enter_context(WavMicrophone(voice, clock)) if voice else None
        body = assemble(stack, settings, clock, speaker, folder / "objects.sqlite", watchers, microphone)
        video = stack.enter_context(OverlayVideo(overlay, body)) if overlay else None
        if video:
            watchers.append(video)
        buttons = stack.enter_context(RecordedButtons(presses, clock)) if presses else NoButtons()
        playback = Playback(body.eyes, buttons, clock)
        loop = body.loop(playback.submit, watchers, lesson=Lesson(lesson) if lesson else None)
        frames = Progress(recording, "replaying")
        playback.run(loop, body.mouth, frames, video.draw if video else lambda frame: None)
        return loop


class NoButtons(Buttons):
    """Buttons that nobody presses."""

    def presses(self) -> List[Press]:
        """Never any."""
        return []
