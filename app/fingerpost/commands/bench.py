"""`fingerpost bench`: how fast this machine is, as ratios within one run, how soon it has learned a thing, and how soon
the ear hears of it."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from contextlib import ExitStack
from functools import partial
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Callable, Dict, Iterator, List, Sequence, Tuple

import cv2
import numpy as np

from ..core.actions import Recognise
from ..core.events import Seen
from ..core.state import WHOLE_THINGS
from ..core.types import Frame
from ..devices.replay import Recording
from ..home import asset_home, state_home
from ..installed import InstalledModels
from ..memory.learner import Learner
from ..memory.objects import ObjectStore
from ..models import ModelInfo, ModelStore, check_anew, find_problem
from ..networks import open_recogniser
from ..runtimes import open_backend
from ..settings import Settings
from ..vision.detect import DETECTOR
from ..vision.eyes import Eyes
from ..vision.recognise import Recogniser, make_views
from ..wiring import make_eyes
from .listening import measure_sound

SHOTS, OLDER_THINGS = 10, 20
"""How often the thing that is learned in the bench is shown, and beside how many that were shown as often."""
CROP_SIDE = 224
"""Pixels of what is cut out of a frame 640 wide."""
_WARMING = 5
_MARGIN = 48
"""By so many pixels at most a made-up look lies beside another."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost bench`."""
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--companion", action="store_true",
                        help="also what it costs that somebody looks on, or attacks the companion page (2 minutes)")
    parser.add_argument("--rounds", type=int, default=60, help="pointed frames to measure (default 60)")


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    settings = Settings()
    figures: Dict[str, object] = {}
    figures.update(measure_frames(settings, args.rounds))
    figures.update(measure_whole_things(settings, args.rounds))
    figures.update(measure_load())
    figures.update(measure_teaching(settings))
    figures.update(measure_sound(settings))
    if args.companion:
        from .watching import measure_watching
        figures.update(measure_watching(pointed_frames))
    figures["torch_loaded"] = "torch" in sys.modules
    if args.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{key:>32}  {value}" for key, value in figures.items()))
    return 0


def measure_frames(settings: Settings, rounds: int) -> Dict[str, object]:
    """A pointed frame's whole cost (quality, both networks, decoding, crop, guesses) over the cost of the bare network
    runs in it, one for the fingertip and one for every view of the crop; and over one bare run of each network, which
    tells what the views cost. Measured in turn, so that a machine that slows down slows all."""
    with ExitStack() as stack:
        memory = stack.enter_context(ObjectStore(Path(":memory:")))
        recogniser = open_recogniser(stack, settings)
        eyes = make_eyes(stack, settings, recogniser, Learner(memory, recogniser, ()))
        views = ["objects" for _ in make_views(np.zeros((8, 8, 3)))]
        bare, two = (bare_runs(stack, settings, names) for names in (["fingertip", *views], ["fingertip", "objects"]))
        wholes, bares, twos = time_in_turn([point_again(eyes), bare, two], rounds)
    stages = {f"stage_{name}_ms": stage["median_ms"] for name, stage in eyes.stopwatch.summary().items()}
    return {"pointed_frame_ms": round(statistics.median(wholes), 2), "bare_runs_ms": round(statistics.median(bares), 2),
            "two_networks_ms": round(statistics.median(twos), 2), "pointed_frame_ratio": _ratio(wholes, bares),
            "pointed_frame_over_two_networks": _ratio(wholes, twos), **stages}


def measure_whole_things(settings: Settings, rounds: int) -> Dict[str, object]:
    """The same where the box under the finger is named, and nothing is taught: over one run of each of its networks."""
    with ExitStack() as stack:
        memory = stack.enter_context(ObjectStore(Path(":memory:")))
        recogniser = open_recogniser(stack, settings)
        eyes = make_eyes(stack, settings, recogniser, Learner(memory, recogniser, ()))
        eyes.look_by(WHOLE_THINGS)
        wholes, bares = time_in_turn([point_again(eyes), bare_runs(stack, settings, ["fingertip", DETECTOR])], rounds)
    return {"whole_thing_frame_ms": round(statistics.median(wholes), 2),
            "whole_thing_frame_ratio": _ratio(wholes, bares)}


def point_again(eyes: Eyes) -> Callable[[], None]:
    """Frames in which the finger rests, one for each call: the fingertip is found, then the thing is named."""
    frames = cycle(pointed_frames(eyes))

    def point() -> None:
        frame = next(frames)
        seen = eyes.see(frame)
        eyes.do(Recognise(seen.frame_index), frame.at)
    return point


def time_in_turn(works: Sequence[Callable[[], None]], rounds: int) -> List[Tuple[float, ...]]:
    """The milliseconds of each work in each round but the first few, which warm up."""
    return list(zip(*[[_timed(work) for work in works] for _ in range(rounds + _WARMING)][_WARMING:]))


def bare_runs(stack: ExitStack, settings: Settings, names: Sequence[str]) -> Callable[[], None]:
    """The networks of these names alone, one run after the other, on arrays that are ready."""
    ready = {}
    for name in set(names):
        info = InstalledModels().load(name)
        backend = stack.enter_context(open_backend(info, settings))
        ready[name] = (backend, np.random.default_rng(0).random(info.input, dtype=np.float32))

    def run() -> None:
        for name in names:
            backend, array = ready[name]
            backend.run(array)
    return run


def pointed_frames(eyes: Eyes, wanted: int = 20) -> List[Frame]:
    """Frames of the bundled walk in which a finger is seen."""
    frames: List[Frame] = []
    for frame in Recording(asset_home() / "assets" / "walks" / "teaching" / "walk.mp4"):
        seen = eyes.see(frame)
        if isinstance(seen, Seen) and seen.fingertip is not None:
            frames.append(frame)
        if len(frames) == wanted:
            break
    return frames


def measure_load() -> Dict[str, object]:
    """From the files on the card to networks that can run: checksums, unpacking, first run; and, without the run, each
    model that ships by itself."""
    settings = Settings()

    def load() -> None:
        with ExitStack() as stack:
            bare_runs(stack, settings, ("fingertip", "objects"))()
    check_anew()
    figures: Dict[str, object] = {"load_models_ms": round(_timed(load), 1)}
    for info in ModelStore().infos():
        if find_problem(info) is None:  # one that is yet to be fetched has none
            figures[f"model_load_{info.name}_s"] = round(_timed(partial(load_anew, info, settings)) / 1000.0, 3)
    return figures


def load_anew(info: ModelInfo, settings: Settings) -> None:
    """One model from its file to a network that can run, its checksum with it."""
    check_anew()
    find_problem(info)
    with open_backend(info, settings):
        pass


def measure_teaching(settings: Settings, rounds: int = 3) -> Dict[str, object]:
    """From ten crops in memory to a thing that is named plainly: each crop embedded and kept on the disk, then the head
    refitted beside twenty older things of ten samples each, then an eleventh crop recognised.

    `10_shots_to_usable_s` is None where that was not named. Beside it stands the ratio to the bare runs of the network
    that it takes, measured in turn.
    """
    dice = np.random.default_rng(0)
    with ExitStack() as stack:
        recogniser = open_recogniser(stack, settings)
        memory = open_scratch_store(stack)
        fill(memory, recogniser, dice)
        learner = Learner(memory, recogniser, ())
        bare = bare_runs(stack, settings, ("objects",))
        usable_ms, ratios, confidences = [], [], []
        for _ in range(rounds):
            looks = list(draw_looks(dice, SHOTS + 1))
            base = sum(_timed(bare) for look in looks for _ in make_views(look))
            start = time.perf_counter()
            confidences.append(teach(learner, recogniser, looks))
            usable_ms.append((time.perf_counter() - start) * 1000.0)
            ratios.append(usable_ms[-1] / base)
    named = min(confidences) >= settings.decision.sure
    return {"10_shots_to_usable_s": round(statistics.median(usable_ms) / 1000.0, 3) if named else None,
            "10_shots_to_usable_ratio": round(statistics.median(ratios), 3)}


def open_scratch_store(stack: ExitStack) -> ObjectStore:
    """An empty store on the card that keeps what is taught; `stack` removes it."""
    state_home().mkdir(parents=True, exist_ok=True)
    folder = stack.enter_context(TemporaryDirectory(prefix="bench-", dir=str(state_home())))
    return stack.enter_context(ObjectStore(Path(folder) / "objects.sqlite"))


def teach(learner: Learner, recogniser: Recogniser, looks: Sequence[np.ndarray]) -> float:
    """Teach all looks but the last as the button does; the confidence with which the last one is named, 0 if wrongly.
    """
    for crop in looks[:-1]:
        learner.keep(crop)
    thing = learner.learn()
    best = recogniser.guess(looks[-1])[0]
    return best.confidence if best.object_id == thing.object_id else 0.0


def fill(memory: ObjectStore, recogniser: Recogniser, dice: np.random.Generator) -> None:
    """Store the older things: pictures as large as real ones, and embeddings that scatter about a mean of their own."""
    (crop,) = draw_looks(dice, 1)
    size = len(recogniser.embed(crop)[1])
    for number in range(OLDER_THINGS):
        vectors = dice.normal(size=size) + 0.5 * dice.normal(size=(SHOTS, size))
        memory.add(f"thing {number}", [(crop, vector) for vector in vectors.astype(np.float32)], recogniser.backbone)


def draw_looks(dice: np.random.Generator, count: int) -> Iterator[np.ndarray]:
    """Made-up crops of one thing: a coloured pattern, each time from a little beside and in other light."""
    side = CROP_SIDE + _MARGIN
    pattern = cv2.resize(dice.integers(0, 256, (6, 6, 3), np.uint8), (side, side), interpolation=cv2.INTER_CUBIC)
    for _ in range(count):
        left, top = dice.integers(0, _MARGIN, 2)
        crop = pattern[top:top + CROP_SIDE, left:left + CROP_SIDE]
        yield (crop * dice.uniform(0.7, 1.0)).astype(np.uint8)


def _ratio(these: Sequence[float], those: Sequence[float]) -> float:
    """The median of how many times longer these took."""
    return round(statistics.median(this / that for this, that in zip(these, those)), 3)


def _timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000.0
