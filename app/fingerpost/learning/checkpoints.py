"""Checkpoints of a training: weights, the state to go on from, and the settings that it ran with."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ..core.errors import ModelError
from ..wholefile import replacing


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint; a run that is cut off leaves the last whole one."""
    with replacing(path) as file:
        torch.save(state, file)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read what `save_checkpoint` wrote. Raises ModelError for a file that is missing or something else."""
    if not path.is_file():
        raise ModelError(f"no checkpoint at {path}: drop --resume, or give --init shipped, torchvision, scratch or a "
                         "checkpoint")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # foreign bytes trip the reader in many ways: UnpicklingError, RuntimeError, KeyError ...
        state = None
    if not isinstance(state, dict) or not {"model", "settings"} <= state.keys():
        raise ModelError(f"{path} is no checkpoint of this project: give one that `train` wrote")
    return state


def recall(args: argparse.Namespace, path: Path, fixed: Sequence[str], free: Sequence[str]) -> None:
    """Give each of these options that was left out (None) the value that the checkpoint's training had.

    Raises ModelError where one of the `fixed` ones, on which the weights depend, was given another value.
    """
    settings = load_checkpoint(path)["settings"]
    for name in (*fixed, *free):
        given, known = getattr(args, name), settings.get(name)
        if given is None:
            setattr(args, name, known)
        elif name in fixed and known not in (None, given):
            option = "--" + name.replace("_", "-")
            raise ModelError(f"{path} was trained with another {option}: leave it out with --resume, or start anew "
                             "in another --out")
