"""The jobs that make a network which may go live: trained, exported, and measured beside the one that is live."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any, List, Mapping, Tuple

from .heldout import FEWEST_HANDS, describe_split, lay_out, say_too_few, split_labels
from .kinds import MODEL, OUT, Ground, Kind, Plan, Step, find_live, make_step
from .options import Choice, Number, Option

SCOPES = ("head", "last", "deep", "all")
"""What learns beside the heads: nothing, layer 4, layers 2 to 4, everything."""
FRAMES = "frames"
"""The folder, in that of a job, for copies of the labelled frames."""
_BATCH = 16
"""A wearer's few frames are learned from in small, few steps: with six epochs as many as in `train personal`."""


class Fingertip(Kind):
    """The fingertip network, on the frames that were labelled on the page."""

    name = "fingertip"
    about = "Teach the network that finds the finger from the labelled frames."

    def find_obstacle(self, ground: Ground) -> str:
        """Too few labelled hands."""
        hands = ground.count_hands()
        return say_too_few(hands) if hands < FEWEST_HANDS else ""

    def options(self, ground: Ground) -> Tuple[Option, ...]:
        """Epochs of ten steps or more, and what learns."""
        return Number("epochs", 6, 1, 60), Choice("scope", SCOPES)

    def plan(self, ground: Ground, chosen: Mapping[str, Any], folder: Path) -> Plan:
        """Measured on frames held out, before and after."""
        split = split_labels(ground.labels.all())
        learn, held = lay_out(split, ground.fingertips, folder / FRAMES)
        recipe = ("--init", "shipped", "--scope", chosen["scope"], "--epochs", chosen["epochs"], "--batch", _BATCH,
                  "--decay", 0, "--out", folder / OUT)
        train = ("train", "fingertip", "--data", learn, "--validate", held, "--hold-out", 0, *recipe)
        rebuild = ("train", "fingertip", "--data", ground.fingertips, *recipe)
        return Plan(measure_around(("fingertip", "--data", held), train, rebuild, folder, "frames labelled here"),
                    describe_split(split))


class Objects(Kind):
    """The object network, on the built-in names and on what was taught."""

    name = "objects"
    about = "Teach the network that names things everything that was taught, beside the names that it has."

    def find_obstacle(self, ground: Ground) -> str:
        """No pictures of the built-in names, or nothing taught."""
        if not ground.settings.retrain_data:
            return ("the names that are built in would be forgotten without pictures of them: name a folder of them "
                    "as retrain_data under [teaching] in the settings file")
        if not Path(ground.settings.retrain_data).expanduser().is_dir():
            return f"there is no folder {ground.settings.retrain_data}: correct retrain_data in the settings file"
        return "" if ground.store.is_file() else "nothing was taught yet: record a thing on the page Objects"

    def options(self, ground: Ground) -> Tuple[Option, ...]:
        """Epochs over all pictures, and what learns."""
        return Number("epochs", 10, 1, 60), Choice("scope", SCOPES)

    def plan(self, ground: Ground, chosen: Mapping[str, Any], folder: Path) -> Plan:
        """One command does all of it, the figures too."""
        words = ["--data", Path(ground.settings.retrain_data).expanduser(), "--taught", ground.store,
                 "--scope", chosen["scope"], "--stage", folder / MODEL]
        if ground.settings.retrain_other:
            words += ["--other", Path(ground.settings.retrain_other).expanduser()]
        return Plan([make_step("Training", "train", "taught", *words, "--", "--epochs", chosen["epochs"])], {})


DETECTOR_BATCH = 8
"""Views a step: a third of those of `train detector`, for the device needs memory meanwhile."""


class Detector(Kind):
    """The detector, on pictures with boxes that were brought in."""

    name = "detector"
    about = "Teach the network that boxes things from pictures with boxes."

    def find_obstacle(self, ground: Ground) -> str:
        """No such pictures."""
        return find_no_boxes(ground)

    def options(self, ground: Ground) -> Tuple[Option, ...]:
        """Epochs over all pictures, and what learns."""
        return Number("epochs", 20, 1, 200), Choice("scope", ("all", "last", "head"))

    def plan(self, ground: Ground, chosen: Mapping[str, Any], folder: Path) -> Plan:
        """Measured on the split val, before and after; a network of other names cannot be measured before."""
        train = ("train", "detector", "--data", ground.boxes, "--epochs", chosen["epochs"], "--scope", chosen["scope"],
                 "--batch", DETECTOR_BATCH, "--out", folder / OUT)
        return Plan(measure_around(("detector", "--data", ground.boxes), train, train, folder,
                                   "pictures with boxes, brought in here"), {})


def find_no_boxes(ground: Ground) -> str:
    """That there are no pictures with boxes, with the remedy; empty where there are."""
    lists = ground.boxes / "ImageSets" / "Main"
    if all((lists / f"{split}.txt").is_file() for split in ("train", "val")):
        return ""
    return ("there are no pictures with boxes: bring some in with `fingerpost data import FOLDER --format voc --split "
            f"0.2 --out {ground.boxes}`")


def measure_around(measured: Tuple[Any, ...], train: Tuple[object, ...], rebuild: Tuple[object, ...], folder: Path,
                   data: str) -> List[Step]:
    """Measure what is live, train, export, and measure what came of it.

    `measured` is a network and what it is measured on, `data` what it learns from, in words, and `rebuild` the command
    that makes it again.
    """
    again = " ".join(shlex.quote(str(word)) for word in ("fingerpost", *rebuild))
    return [make_step("Measuring what is live", "evaluate", *measured, "--model", find_live(measured[0]), "--json",
                      result="before", may_fail=True),
            make_step("Training", *train),
            make_step("Exporting", "export", folder / OUT, "--out", folder / MODEL, "--data",
                      f"the shipped weights; {data}", "--rebuild", again),
            make_step("Measuring the new network", "evaluate", *measured, "--model", folder / MODEL, "--json",
                      result="after")]
