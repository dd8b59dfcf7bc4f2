"""`fingerpost selftest`: whether this version works on this machine, in a few seconds and without its parts.

An update must pass it before it is taken in, by the version before it (upkeep/releases/): name and exit code stay.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import ExitStack
from dataclasses import replace as change
from pathlib import Path
from typing import Tuple

from ..announcements import PREPARING, STARTING, STOPPED, load_announcement
from ..body import Body
from ..core.actions import Recognise
from ..core.errors import DataError
from ..core.events import Recognised
from ..core.types import Frame, Utterance
from ..devices.replay import Recording, SimulatedClock
from ..devices.wavspeaker import WavSpeaker
from ..home import asset_home, list_languages
from ..settings import ONNX, Settings
from ..sounding import open_phrases
from ..wiring import assemble

READY = "ready"
"""A phrase that the voice must be able to say."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost selftest`: none."""


def main(args: argparse.Namespace) -> int:
    """Run the command: networks, words and voice load, and a frame of the bundled walk goes through all of them."""
    settings = Settings()
    for language in list_languages():
        words = change(settings, speech=change(settings.speech, language=language))
        open_phrases(words).text(Utterance(READY))
        for announcement in (STARTING, PREPARING, STOPPED):
            load_announcement(language, announcement)
    # What compiles networks for the GPU may take minutes, and the device that runs has the GPU.
    settings = change(settings, recognition=change(settings.recognition, runtime=ONNX))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fingerpost-")))
        clock = SimulatedClock()
        speaker = stack.enter_context(WavSpeaker(folder / "heard.wav", clock))
        body = assemble(stack, settings, clock, speaker, folder / "objects.sqlite")
        body.render([body.book.text(Utterance(READY))])
        frames, names = look(body)
    print(f"Found the finger in frame {frames} and looked past it: {names} names to choose from.")
    return 0


def look(body: Body) -> Tuple[int, int]:
    """Look for the finger of the bundled walk and past it; returns in which frame it was found, and how many things
    that might be. Raises DataError where it is never found."""
    for frame in Recording(asset_home() / "assets" / "walks" / "teaching" / "walk.mp4"):
        if body.eyes.see(frame).fingertip is not None:
            return frame.index, len(recognise(body, frame))
    raise DataError("no finger was found on the bundled walk: install Fingerpost again")


def recognise(body: Body, frame: Frame) -> Tuple[object, ...]:
    """What the thing at the finger may be. Raises DataError where there is no answer."""
    seen = body.eyes.do(Recognise(frame.index), frame.at)
    if not isinstance(seen, Recognised) or not seen.guesses:
        raise DataError("the object network gives no answer: install Fingerpost again")
    return seen.guesses
