"""`fingerpost bench`: how fast this machine is, as ratios within one run, and how soon the ear hears of it."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Callable, Dict, List

import numpy as np

from ..core.events import Recognise, Seen
from ..core.types import Frame
from ..devices.replay import Recording
from ..home import asset_home
from ..installed import InstalledModels
from ..memory.learner import Learner
from ..memory.objects import ObjectStore
from ..settings import Settings
from ..vision.eyes import Eyes
from ..wiring import open_backend, open_finder, open_recogniser
from .listening import measure_sound


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost bench`."""
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--rounds", type=int, default=60, help="pointed frames to measure (default 60)")


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    settings = Settings()
    figures: Dict[str, object] = {}
    figures.update(measure_frames(settings, args.rounds))
    figures.update(measure_load())
    figures.update(measure_sound(settings))
    figures["torch_loaded"] = "torch" in sys.modules
    if args.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{key:>28}  {value}" for key, value in figures.items()))
    return 0


def measure_frames(settings: Settings, rounds: int) -> Dict[str, object]:
    """A pointed frame's whole cost (quality, both networks, decoding, crop, guesses) over the cost of its two bare
    network runs, measured in turn so that a machine that slows down slows both."""
    with ExitStack() as stack:
        memory = stack.enter_context(ObjectStore(Path(":memory:")))
        recogniser = open_recogniser(stack, settings)
        eyes = Eyes(open_finder(stack, settings), recogniser, Learner(memory, recogniser, ()),
                    settings.recognition.crop_share)
        bare = bare_runs(stack, settings)
        frames = pointed_frames(eyes)
        whole_ms, bare_ms, ratios = [], [], []
        for index in range(rounds + 5):
            whole = _timed(partial(point, eyes, frames[index % len(frames)]))
            base = _timed(bare)
            if index >= 5:
                whole_ms.append(whole)
                bare_ms.append(base)
                ratios.append(whole / base)
    stages = {f"stage_{name}_ms": stage["median_ms"] for name, stage in eyes.stopwatch.summary().items()}
    return {"pointed_frame_ms": round(statistics.median(whole_ms), 2),
            "two_networks_ms": round(statistics.median(bare_ms), 2),
            "pointed_frame_ratio": round(statistics.median(ratios), 3), **stages}


def point(eyes: Eyes, frame: Frame) -> None:
    """One frame in which the finger rests: find the fingertip, then name the thing."""
    seen = eyes.see(frame)
    eyes.do(Recognise(seen.frame_index), frame.at)


def bare_runs(stack: ExitStack, settings: Settings) -> Callable[[], None]:
    """The two networks alone, on arrays that are ready."""
    runs = []
    for name in ("fingertip", "objects"):
        info = InstalledModels().load(name)
        backend = stack.enter_context(open_backend(info, settings))
        runs.append((backend, np.random.default_rng(0).random(info.input, dtype=np.float32)))

    def run() -> None:
        for backend, array in runs:
            backend.run(array)
    return run


def pointed_frames(eyes: Eyes, wanted: int = 20) -> List[Frame]:
    """Frames of the bundled walk in which a finger is seen."""
    frames: List[Frame] = []
    for frame in Recording(asset_home() / "assets" / "walk" / "walk.mp4"):
        seen = eyes.see(frame)
        if isinstance(seen, Seen) and seen.fingertip is not None:
            frames.append(frame)
        if len(frames) == wanted:
            break
    return frames


def measure_load() -> Dict[str, object]:
    """From the files on the card to networks that can run: checksums, unpacking, first run."""
    settings = Settings()

    def load() -> None:
        with ExitStack() as stack:
            bare_runs(stack, settings)()
    return {"load_models_ms": round(_timed(load), 1)}


def _timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000.0
