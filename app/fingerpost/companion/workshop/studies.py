"""The jobs that only measure: how good a network is, what few values in a layer cost, what each number format costs."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any, List, Mapping, Tuple

from ..lessons.labels import TABLE
from .kinds import MODEL, OUT, Ground, Kind, Plan, find_live, make_step
from .options import Choice, Option, Several, Switch
from .trainings import Fingertip, find_no_boxes

NETWORKS = ("fingertip", "objects", "detector")
FORMATS = ("fp32", "fp16", "compute-fp16", "int8", "compute-int8", "kmeans8", "kmeans5", "kmeans4", "kmeans3",
           "kmeans2", "pq")
"""The number formats of `fingerpost compress report`; the others are compared with the first one."""
LAYERS = ("maps", "mix.0", "presence", "laterals.0", "laterals.1", "laterals.2", "body.conv1", "body.layer1.0.conv1",
          "body.layer2.0.conv1", "body.layer3.0.conv1", "body.layer4.0.conv1")
"""Layers of the fingertip network that can be studied: its heads, and the first one of each stage of its body."""
CLUSTERS = (2, 3, 4, 8, 16, 32)
LIVE = "live"
"""The network that is live, among those of jobs."""


class Evaluate(Kind):
    """The figures of a network that is live."""

    name = "evaluate"
    about = "Measure a network that is live."
    package = "matplotlib"

    def find_obstacle(self, ground: Ground) -> str:
        """Nothing to measure any network on."""
        return find_no_data(ground)

    def options(self, ground: Ground) -> Tuple[Option, ...]:
        """Which of those that can be measured."""
        return (Choice("model", list_measurable(ground)),)

    def plan(self, ground: Ground, chosen: Mapping[str, Any], folder: Path) -> Plan:
        """One command."""
        name = chosen["model"]
        words: List[object] = ["evaluate", name, *data_words(ground, name), "--model", find_live(name), "--json"]
        if name == "fingertip":
            words += ["--plots", folder / OUT]
        return Plan([make_step("Measuring", *words, result="figures")], {})


class Study(Kind):
    """What few values in one layer of the fingertip network cost."""

    name = "study"
    about = "See what it costs when the weights of one layer share a few values."

    def find_obstacle(self, ground: Ground) -> str:
        """Nothing to measure on."""
        return find_no_hands(ground)

    def options(self, ground: Ground) -> Tuple[Option, ...]:
        """The network of a job or the live one, the layer, and the numbers of values."""
        return (Choice("source", (LIVE, *list_trained(ground))), Choice("layer", LAYERS),
                Several("clusters", CLUSTERS, (2, 3, 8, 16)), Switch("zero_smallest"))

    def plan(self, ground: Ground, chosen: Mapping[str, Any], folder: Path) -> Plan:
        """One command, on all labelled frames."""
        source = chosen["source"]
        network = find_live("fingertip") if source == LIVE else ground.jobs / source / MODEL
        words = ["compress", "study", network, "--layer", chosen["layer"], "--clusters",
                 ",".join(map(str, chosen["clusters"])), "--data", ground.fingertips / TABLE, "--out", folder / OUT,
                 "--json"]
        words += ["--zero-smallest"] if chosen["zero_smallest"] else []
        return Plan([make_step("Clustering and measuring", *words, result="table")], {})


class Report(Kind):
    """What each number format costs."""

    name = "report"
    about = "See the size of a live network in each number format against what it still can do."

    def find_obstacle(self, ground: Ground) -> str:
        """Nothing to measure any network on."""
        return find_no_data(ground)

    def options(self, ground: Ground) -> Tuple[Option, ...]:
        """Which network, and which formats."""
        return Choice("model", list_measurable(ground)), Several("formats", FORMATS, ("fp32", "fp16", "int8", "kmeans4",
                                                                                       "kmeans2", "pq"))

    def plan(self, ground: Ground, chosen: Mapping[str, Any], folder: Path) -> Plan:
        """One command."""
        name = chosen["model"]
        check = " ".join(shlex.quote(str(word)) for word in data_words(ground, name))
        return Plan([make_step("Packing and measuring", "compress", "report", name, "--model", find_live(name),
                               "--check", check, "--formats", ",".join(chosen["formats"]), "--out", folder / OUT,
                               "--json", result="table")], {})


def find_no_hands(ground: Ground) -> str:
    """That no fingertip is labelled, with the remedy; empty where one is."""
    return "" if ground.count_hands() else "no fingertip is labelled yet: label some on the page Fingertips"


def find_no_pictures(ground: Ground) -> str:
    """That there are no pictures of the built-in names, with the remedy; empty where there are."""
    folder = ground.settings.retrain_data
    if folder and Path(folder).expanduser().is_dir():
        return ""
    return "there are no pictures of the built-in names: name a folder of them as retrain_data in the settings file"


OBSTACLES = {"fingertip": find_no_hands, "objects": find_no_pictures, "detector": find_no_boxes}
"""What keeps each network from being measured."""


def list_measurable(ground: Ground) -> Tuple[str, ...]:
    """The networks for which there is something to measure on."""
    return tuple(name for name in NETWORKS if not OBSTACLES[name](ground))


def find_no_data(ground: Ground) -> str:
    """That no network can be measured, with the nearest remedy; empty where one can."""
    return "" if list_measurable(ground) else find_no_hands(ground)


def data_words(ground: Ground, name: str) -> List[object]:
    """What a network is measured on, as options of `fingerpost evaluate`."""
    if name == "fingertip":
        return ["--data", ground.fingertips / TABLE]
    if name == "detector":
        return ["--data", ground.boxes]
    settings = ground.settings
    others = ["--unknown", Path(settings.retrain_other).expanduser(), "--held-back"] if settings.retrain_other else []
    return ["--data", Path(settings.retrain_data).expanduser(), *others]


def list_trained(ground: Ground) -> Tuple[str, ...]:
    """The ids of jobs that have left a fingertip network."""
    found = sorted(ground.jobs.glob(f"*/{MODEL}/{Fingertip.name}.onnx"))
    return tuple(path.parent.parent.name for path in found)
