"""`fingerpost models fetch coco`: a detector of 80 everyday things, from torchvision's weights.

It does not ship: who wants it fetches it once, anywhere the network allows; the packed model and its manifest may then
be copied to the state folder of a wearable. There it takes the place of the detector that ships.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from torch import Tensor

from ..core.errors import ModelError
from ..installed import InstalledModels
from ..models import ModelInfo, find_problem
from .detection.ssd import build_detector
from .detection.starts import COCO, rename
from .export import finish_detector, fold_batch_norm
from .imagenet import bring, install_finished, read_state

NAME = "detector"
REBUILD = "fingerpost models fetch coco"
NAMES = COCO.meta["categories"]
"""By their numbers: the background, and 90 kinds of things, ten of which have no pictures and are called N/A."""
KEPT = [number for number, name in enumerate(NAMES) if name != "N/A"]
_SCORES = re.compile(r"head\.classification_head\.module_list\.\d+\.1\.")
"""The layers that give a score to each kind of things."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--url", default=COCO.url, help="where else the weights lie; the file's name must hold the "
                        "beginning of its checksum, as torchvision's do (default %(default)s)")


def main(args: argparse.Namespace) -> int:
    """Fetch, convert and install, unless it is live already."""
    models = InstalledModels()
    live = _find_live(models)
    if live is not None and live.rebuild == REBUILD:
        print(f"the COCO detector is whole: {live.path}")
        return 0
    print(f"the COCO detector is installed: {bring(args.url, install, models).path}")
    return 0


def install(weights: Path, models: InstalledModels) -> ModelInfo:
    """Turn a file of torchvision's weights into the packed model and install it. Raises ModelError."""
    labels = [NAMES[number] for number in KEPT[1:]]
    net = build_detector("ssdlite320", len(labels))
    try:
        net.load_state_dict({rename(key): value for key, value in keep_named(read_state(weights)).items()})
    except RuntimeError as error:
        raise ModelError("the weights are not those of an ssdlite320_mobilenet_v3_large for COCO: "
                         "give the address of such a file, or leave --url out") from error
    finished = finish_detector(net, labels)
    return install_finished(finished._replace(net=fold_batch_norm(net)), weights.parent, models, rebuild=REBUILD,
                            licence="BSD-3-Clause (torchvision); COCO's photos have licences of their own",
                            data="COCO train2017: 118,000 photos with boxes around 80 kinds of things",
                            figures={"map50_95": 0.213, "source": "torchvision, COCO val2017"})


def keep_named(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights without the scores of what has no name. Raises RuntimeError for those of another network."""
    def keep(scores: Tensor) -> Tensor:
        return scores.unflatten(0, (-1, len(NAMES)))[:, KEPT].flatten(0, 1)
    return {key: keep(value) if _SCORES.match(key) else value for key, value in state.items()}


def _find_live(models: InstalledModels) -> ModelInfo | None:
    """The detector that runs now, if there is one."""
    if NAME not in models.names():
        return None
    return next((info for info in models.generations(NAME) if find_problem(info) is None), None)
