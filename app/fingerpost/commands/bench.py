"""`fingerpost bench`: how fast this machine is, as ratios within one run, and how soon the ear hears of it."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Callable, Dict, List, Sequence, Tuple

import numpy as np

from ..core.events import Recognise, Seen
from ..core.speech import Mouth, SpeechThread
from ..core.types import Frame, Utterance
from ..devices.replay import RealClock, Recording
from ..devices.sound import PygameSpeaker
from ..home import asset_home
from ..memory.learner import Learner
from ..memory.objects import ObjectStore
from ..models import ModelStore
from ..settings import Settings
from ..vision.eyes import Eyes
from ..wiring import load_earcons, open_backend, open_finder, open_phrases, open_recogniser, open_voice

_HUSH_TEXT = Utterance("help")


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
        info = ModelStore().load(name)
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


def measure_sound(settings: Settings, rounds: int = 25) -> Dict[str, object]:
    """From the decision to the first sample of a cached name, and from a press to silence, as an output device sees
    them: SDL's `disk` driver takes samples at the pace of a sound card and writes them to a file."""
    with tempfile.TemporaryDirectory(prefix="fingerpost-bench-") as folder, ExitStack() as stack:
        tape = Tape(Path(folder) / "tape.raw")
        speaker = stack.enter_context(PygameSpeaker())
        voice, book = stack.enter_context(open_voice(settings)), open_phrases(settings)
        named = Utterance("named", (("thing", "Kiwi"),), interrupts=True)
        voice.render([book.text(named), book.text(_HUSH_TEXT)])
        mouth = Mouth(speaker, voice, book, load_earcons(), RealClock())
        thread = SpeechThread(mouth)
        thread.start()
        tape.start()
        try:
            first, silent = _listen(mouth, tape, named, rounds)
        finally:
            thread.stop()
            tape.stop()
    return {"name_to_first_sample_p95_ms": _p95(first), "press_to_silence_p95_ms": _p95(silent)}


def _listen(mouth: Mouth, tape: Tape, named: Utterance, rounds: int) -> Tuple[List[float], List[float]]:
    first, silent = [], []
    for _ in range(rounds):
        _wait_for(lambda: mouth.idle() and tape.silent_for(0.1))
        start = time.monotonic()
        mouth.say(named)
        _wait_for(partial(tape.sounds_since, start))
        first.append((tape.sounding_at - start) * 1000.0)
    for _ in range(rounds):
        mouth.say(_HUSH_TEXT)
        time.sleep(0.35)
        start = time.monotonic()
        mouth.hush()
        _wait_for(lambda: tape.silent_for(0.1))
        silent.append(max(0.0, tape.last_sound_at - start) * 1000.0)
    return first, silent


class Tape(threading.Thread):
    """Follows what SDL's disk driver writes, and notes when sound begins and ends."""

    def __init__(self, path: Path) -> None:
        super().__init__(name="tape", daemon=True)
        os.environ["SDL_AUDIODRIVER"] = "disk"
        os.environ["SDL_DISKAUDIOFILE"] = str(path)
        self._path, self._stopping = path, False
        self.sounding_at = self.last_sound_at = float("-inf")
        """When the newest sound began, and when sound was last written (monotonic seconds)."""

    def run(self) -> None:
        """Read along, a thousand times a second."""
        with self._path.open("rb") as file:
            while not self._stopping:
                data = file.read()
                now = time.monotonic()
                if any(data):
                    if now - self.last_sound_at > 0.1:
                        self.sounding_at = now
                    self.last_sound_at = now
                time.sleep(0.001)

    def sounds_since(self, at: float) -> bool:
        """Whether a sound has begun after that instant."""
        return self.sounding_at > at

    def silent_for(self, seconds: float) -> bool:
        """Whether nothing but silence was written for so long."""
        return time.monotonic() - self.last_sound_at > seconds

    def stop(self) -> None:
        """Stop reading."""
        self._stopping = True
        self.join(1.0)


def _wait_for(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.001)


def _timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000.0


def _p95(values: Sequence[float]) -> float:
    return round(float(np.percentile(values, 95)), 1)
