"""`fingerpost models fetch imagenet`: a thousand more names, from torchvision's weights.

They do not ship: they come from pictures that ImageNet gives for research. Who wants them fetches them once, anywhere
the network allows; the packed model and its manifest may then be copied to the state folder of a wearable.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import torch
from torch import Tensor
from torchvision.models import ResNet18_Weights

from ..core.errors import ModelError
from ..downloads import ask_size, download, hash_file, show_progress
from ..home import state_home
from ..installed import InstalledModels
from ..models import ModelInfo, find_problem
from .export import Finished, build, fold_batch_norm
from .nets import ObjectNet

NAME = "imagenet"
WEIGHTS = ResNet18_Weights.IMAGENET1K_V1
SIDE = 224
"""Pixels of the input, as torchvision's own recipe for these weights asks for."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--url", default=WEIGHTS.url, help="where else the weights lie; the file's name must hold the "
                        "beginning of its checksum, as torchvision's do (default %(default)s)")


def main(args: argparse.Namespace) -> int:
    """Fetch, convert and install, unless it is there and whole."""
    models = InstalledModels()
    there = [info for info in (models.generations(NAME) if NAME in models.names() else ()) if not find_problem(info)]
    if there:
        print(f"{NAME} is whole: {there[0].path}")
        return 0
    print(f"{NAME} is installed: {bring(args.url, install, models).path}")
    return 0


def bring(url: str, install: Callable[[Path, InstalledModels], ModelInfo], models: InstalledModels) -> ModelInfo:
    """Fetch torchvision's weights, install what `install` makes of them, and keep only that. Raises ModelError."""
    weights = fetch_weights(url, state_home() / "models")
    info = install(weights, models)
    weights.unlink()
    return info


def fetch_weights(url: str, folder: Path) -> Path:
    """Download the file into the folder, going on where an earlier call broke off; no network for one that is there.

    Raises ModelError. It is checked as torchvision checks it: by the beginning of its sha256, which stands in its name.
    """
    target = folder / Path(urlsplit(url).path).name
    checksum = find_checksum(target.name)
    if not (target.is_file() and hash_file(target).startswith(checksum)):
        download(url, target, ask_size(url), checksum, show_progress())
    return target


def find_checksum(name: str) -> str:
    """The beginning of a file's sha256, which stands in its name: f37072fd of resnet18-f37072fd.pth."""
    found = re.search(r"-([0-9a-f]{8,64})\.", name)
    if found is None:
        raise ModelError(f"{name} has no checksum in its name: give a file named like resnet18-f37072fd.pth")
    return found.group(1)


def install(weights: Path, models: InstalledModels) -> ModelInfo:
    """Turn a file of torchvision's ResNet-18 weights into the packed model and install it. Raises ModelError."""
    labels = list(WEIGHTS.meta["categories"])
    net = ObjectNet(len(labels))
    fill(net, read_state(weights))
    finished = Finished(NAME, fold_batch_norm(net), (1, 3, SIDE, SIDE), ["logits", "embedding"], labels, None)
    return install_finished(finished, weights.parent, models, rebuild=f"fingerpost models fetch {NAME}",
                            licence="BSD-3-Clause (torchvision); ImageNet's pictures are for research",
                            data="ImageNet-1k: 1.28 million photos of 1,000 kinds of things",
                            figures={"top1": 0.6976, "top5": 0.8908, "source": "torchvision, ImageNet-1k validation"})


def install_finished(finished: Finished, folder: Path, models: InstalledModels, **words: Any) -> ModelInfo:
    """Pack a network in that folder and install it; `words` go into its manifest entry. Raises ModelError."""
    packed = folder / f"{finished.name}.part"
    try:
        return models.install(packed, build(finished, packed, **words))
    except OSError as error:
        raise ModelError(f"{packed} cannot be written ({error.strerror or error}): free some space there and in the "
                         "folder for temporary files, then run the same command again") from error
    finally:
        packed.unlink(missing_ok=True)


def read_state(path: Path) -> dict[str, Tensor]:
    """The weights by their names in torchvision; no code in the file is run. Raises ModelError."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        return {str(name): tensor for name, tensor in state.items() if isinstance(tensor, Tensor)}
    except Exception as error:  # foreign bytes trip the reader in many ways: UnpicklingError, KeyError ...
        raise ModelError(f"{path} holds no weights: give the address of a file that torchvision can read") from error


def fill(net: ObjectNet, state: dict[str, Tensor]) -> None:
    """Take over torchvision's ResNet-18: all but its last layer is our body, the last layer our head."""
    renamed = {name.replace("fc.", "head.") if name.startswith("fc.") else f"body.{name}": tensor
               for name, tensor in state.items()}
    try:
        net.load_state_dict(renamed)
    except RuntimeError as error:
        raise ModelError("the weights are not those of a ResNet-18 with 1,000 names: "
                         "give the address of such a file, or leave --url out") from error
