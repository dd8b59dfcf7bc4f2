"""What a training takes over from a checkpoint of other classes, beside the body: the names in common, the teachers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from ..checkpoints import load_checkpoint
from ..nets import ObjectNet
from .matching import Match


def take_over(source: str, labels: Sequence[str], net: ObjectNet, match: Match | None) -> None:
    """Fill the head's rows of the names in common, and the projection to the same teachers; `source` is --init.

    Does nothing where that is no checkpoint file. Without it, a network that goes on with more names would first spoil
    what it has learned, under the gradients of a head and a projection that know nothing.
    """
    if not Path(source).is_file():
        return
    state = load_checkpoint(Path(source))
    theirs = {label: row for row, label in enumerate(state["settings"].get("labels", ()))}
    pairs = [(row, theirs[label]) for row, label in enumerate(labels) if label in theirs]
    if pairs and "head.weight" in state["model"]:
        ours, old = (list(rows) for rows in zip(*pairs, strict=True))
        with torch.no_grad():
            net.head.weight[ours] = state["model"]["head.weight"][old]
            net.head.bias[ours] = state["model"]["head.bias"][old]
    projection = {key: state.get("raw", {}).get(f"project.{key}") for key in ("weight", "bias")}
    if match and projection["weight"] is not None and projection["weight"].shape == match.project.weight.shape:
        match.project.load_state_dict(projection)
