"""`fingerpost demo`: a bundled walk through the device's own loop, to be read, heard and seen."""

from __future__ import annotations

import argparse
from dataclasses import replace as change
from pathlib import Path
from typing import Any, Dict

from ..devices.replay import Recording
from ..devices.stills import Still, Stills
from ..home import asset_home
from ..observers import Transcript
from ..settings import ONNX, RUNTIMES, Settings
from ..tomlfile import read_toml
from .replay import replay

WALKS = ("teaching", "shelf", "lesson")
"""Two things taught at a table; things side by side that the detector names; and the first lesson, three minutes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost demo`."""
    parser.add_argument("--walk", choices=WALKS, default=WALKS[0], help="which one (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("demo"), metavar="DIR",
                        help="folder for narration.wav and overlay.mp4 (default: demo)")
    parser.add_argument("--language", default="en", help="language of the voice (default: en)")
    parser.add_argument("--runtime", choices=RUNTIMES, default=ONNX,
                        help="what computes the networks (default: %(default)s, which compiles nothing)")


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    walk = asset_home() / "assets" / "walks" / args.walk
    facts = read_toml(walk / "walk.toml")
    settings = Settings()
    settings = change(settings, teaching=change(settings.teaching, names=tuple(facts["names"])),
                      recognition=change(settings.recognition, recogniser=facts["recogniser"], runtime=args.runtime),
                      speech=change(settings.speech, language=args.language))
    print(facts["title"])
    presses = walk / "presses.jsonl"
    replay(open_walk(walk, facts), settings, [Transcript()], presses if presses.exists() else None,
           wav=args.out / "narration.wav", overlay=args.out / "overlay.mp4", lesson=facts.get("lesson"))
    print(f"Hear it: {args.out / 'narration.wav'}\nSee it:  {args.out / 'overlay.mp4'}")
    return 0


def open_walk(walk: Path, facts: Dict[str, Any]) -> Recording:
    """What is seen on the walk in that folder, of which walk.toml tells these facts: a video, or pictures of one."""
    video = walk / facts["video"]
    if "stills" not in facts:
        return Recording(video)
    return Stills(video, [Still(**still) for still in facts["stills"]], facts["frames_per_second"])
