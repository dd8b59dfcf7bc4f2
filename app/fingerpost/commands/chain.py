"""`fingerpost evaluate chain`: from a frame to a spoken name, the number that counts.

Each image is held still in front of the whole device for as long as it takes to be answered, and what is then
said is compared with the name in the table.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from ..core.actions import Action, Recognise, Say
from ..core.decide import decide
from ..core.errors import DataError
from ..core.events import Event, Recognised, Seen
from ..core.ports import Sight
from ..core.state import POINTING, State
from ..core.types import Fingertip, Frame, Utterance
from ..devices.replay import Recording
from ..memory.learner import Learner
from ..memory.objects import ObjectStore
from ..networks import open_recogniser
from ..overlay import write_text
from ..progress import Progress
from ..settings import Settings, load_settings
from ..vision.eyes import Eyes
from ..wiring import open_eyes

FRAMES_PER_SECOND = 10.0
HOLD_SECONDS = 2.0
OUTCOMES = ("right", "hedged_right", "wrong", "silent")
NAMING = ("named", "maybe")
"""The phrases that give a name, plainly or hedged."""


@dataclass(frozen=True)
class Row:
    """One line of the table: an image, its outermost fingertip in pixels, and the name (empty: nothing known)."""

    image: Path
    x: float
    y: float
    name: str


@dataclass(frozen=True)
class Result:
    """What the device made of one row; `error_px` is scaled to a frame of 640x480, None without a found finger."""

    row: Row
    outcome: str
    said: str
    error_px: Optional[float]
    seconds: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost evaluate chain`."""
    parser.add_argument("--data", type=Path, required=True, help="a CSV `image,x,y,name`; images beside it")
    parser.add_argument("--settings", type=Path, help="a settings file")
    parser.add_argument("--json", action="store_true", help="one JSON object; right, hedged_right, wrong and silent "
                        "are counts that add up to n")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write a sheet of the frames that went wrong")


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    rows = read_rows(args.data)
    results = evaluate(rows, load_settings(args.settings))
    figures = summarise(results)
    if args.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{key:>20}  {value}" for key, value in figures.items()))
    if args.plots:
        args.plots.mkdir(parents=True, exist_ok=True)
        draw_worst(results, args.plots / "chain_worst.jpg")
    return 0


def read_rows(path: Path) -> List[Row]:
    """The rows of a chain table. Raises DataError naming file, line and remedy."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); give a CSV with the columns image,x,y,name") from error
    rows = []
    for number, line in enumerate(lines, start=2):
        try:
            rows.append(Row(path.parent / line["image"], float(line["x"]), float(line["y"]), line["name"] or ""))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path}:{number}: needs image,x,y,name with x and y in pixels; mend the line") from error
    if not rows:
        raise DataError(f"{path}: holds no rows below its header; `fingerpost data compose` makes such a table")
    return rows


def evaluate(rows: Sequence[Row], settings: Settings) -> List[Result]:
    """Hold each image still before the device, with nothing taught."""
    with ExitStack() as stack:
        memory = stack.enter_context(ObjectStore(Path(":memory:")))
        recogniser = open_recogniser(stack, settings)
        eyes = open_eyes(stack, settings, recogniser, Learner(memory, recogniser, ()))
        return [hold_still(row, eyes, settings) for row in Progress(rows, "evaluating", len(rows))]


def hold_still(row: Row, eyes: Eyes, settings: Settings) -> Result:
    """Show one image until the device has spoken, or for two seconds."""
    frame = next(iter(Recording(row.image)))
    sight = StillSight(eyes)
    start = time.perf_counter()
    utterance, tip = show(sight, frame, settings)
    seconds = time.perf_counter() - start
    height, width = frame.pixels.shape[:2]
    error = None
    if tip is not None:
        error = float(np.hypot((tip.x - row.x) * 640 / width, (tip.y - row.y) * 480 / height))
    thing = dict(utterance.slots).get("thing", "") if utterance else ""
    return Result(row, judge(utterance, thing, row.name), thing, error, seconds)


def show(sight: Sight, frame: Frame, settings: Settings) -> Tuple[Optional[Utterance], Optional[Fingertip]]:
    """Run the decision over a held frame; what is said about the thing, and where the finger is."""
    state, tip = State(rules=settings.decision, mode=POINTING), None
    for index in range(int(HOLD_SECONDS * FRAMES_PER_SECOND)):
        seen = sight.see(Frame(index, index / FRAMES_PER_SECOND, frame.pixels))
        assert isinstance(seen, Seen)
        tip = seen.fingertip
        waiting: List[Event] = [seen]
        while waiting:
            event = waiting.pop(0)
            state, actions = decide(state, event)
            waiting += [sight.do(action, event.at) for action in actions if isinstance(action, Recognise)]
            for action in actions:
                if isinstance(action, Say):
                    return action.utterance, tip
    return None, tip


def judge(utterance: Optional[Utterance], thing: str, name: str) -> str:
    """right, hedged_right, wrong or silent: whatever names nothing ("not sure", "turn your head left", no word at
    all) is silence; a name for something unknown is wrong."""
    if utterance is None or utterance.phrase not in NAMING:
        return "silent"
    if thing != name:
        return "wrong"
    return "right" if utterance.phrase == "named" else "hedged_right"


def summarise(results: Sequence[Result]) -> Dict[str, object]:
    """The figures of `evaluate chain --json`; outcomes are counts, an image of nothing known counts where it
    falls (silence is what one wants there)."""
    errors = [result.error_px for result in results if result.error_px is not None]
    figures: Dict[str, object] = {"n": len(results)}
    figures.update({outcome: sum(result.outcome == outcome for result in results) for outcome in OUTCOMES})
    figures["fingertip_median_px"] = round(float(np.median(errors)), 2) if errors else None
    figures["ms_per_image"] = round(1000.0 * float(np.mean([result.seconds for result in results])), 1)
    return figures


class StillSight(Sight):
    """Eyes before a picture that does not change: each network runs once, its answer is given again."""

    def __init__(self, eyes: Eyes) -> None:
        self._eyes = eyes
        self._seen: Optional[Seen] = None
        self._recognised: Optional[Recognised] = None

    def see(self, frame: Frame) -> Event:
        """The first look, with the new frame's number and time."""
        if self._seen is None:
            self._seen = self._eyes.see(frame)
        return replace(self._seen, frame_index=frame.index, at=frame.at)

    def do(self, request: Action, at: float) -> Event:
        """The first recognition, with the new frame's number and time."""
        assert isinstance(request, Recognise)
        assert self._seen is not None
        if self._recognised is None:
            event = self._eyes.do(Recognise(self._seen.frame_index), at)
            assert isinstance(event, Recognised)
            self._recognised = event
        return replace(self._recognised, frame_index=request.frame_index, at=at)


def draw_worst(results: Sequence[Result], path: Path, columns: int = 6, rows: int = 6) -> None:
    """A sheet of wrong, then silent frames that show a known thing, each with what was meant and said."""
    failed = [result for result in results if result.outcome == "wrong"]
    failed += [result for result in results if result.outcome == "silent" and result.row.name]
    tiles = []
    for result in failed[:columns * rows]:
        frame = next(iter(Recording(result.row.image)))
        picture = cv2.cvtColor(cv2.resize(frame.pixels, (320, 240)), cv2.COLOR_RGB2BGR)
        write_text(picture, f"{result.row.name or '(nothing)'} : {result.said or '-'}", (4, 14), 0.4)
        tiles.append(picture)
    while len(tiles) % columns or not tiles:
        tiles.append(np.zeros((240, 320, 3), np.uint8))
    sheet = np.vstack([np.hstack(tiles[start:start + columns]) for start in range(0, len(tiles), columns)])
    cv2.imwrite(str(path), sheet)
