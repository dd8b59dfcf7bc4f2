"""A home where so little ships, and so little was taught, that retraining takes seconds. Needs torch."""

from __future__ import annotations

import shutil

import numpy as np
import torch

from fingerpost.home import state_home
from fingerpost.learning import export
from fingerpost.learning.nets import ObjectNet
from fingerpost.memory.objects import ObjectStore
from fingerpost.vision.wider import OTHER
from tests.dots import write_dot

COLOURS = {"Blue": (255, 0, 0), "Red": (0, 0, 255), "my mug": (0, 255, 0)}
SIDE = 32


def ship_network(folder):
    """Make that folder the one of what ships: an object network that has two colours for names, and knows nothing."""
    torch.manual_seed(0)
    finished = export.Finished("objects", export.fold_batch_norm(ObjectNet(3)), (1, 3, SIDE, SIDE),
                               ["logits", "embedding"], ["Blue", "Red", OTHER], None, [0.5, 0.1])
    folder.mkdir(parents=True, exist_ok=True)
    entry = export.build(finished, folder / "objects.onnx", licence="", data="", figures={}, rebuild="")
    export.write_entry(folder / "manifest.json", entry)
    return folder


def settle(network, folder, monkeypatch):
    """A home in that folder where the network of another folder ships, and where nothing is installed."""
    monkeypatch.setenv("FINGERPOST_HOME", str(folder / "home"))
    monkeypatch.setenv("FINGERPOST_STATE", str(folder / "state"))
    shutil.copytree(network, folder / "home" / "models")
    return folder


def write_data(folder, names=("Blue", "Red"), count=12):
    """Class folders of dots."""
    for name in names:
        for index in range(count):
            write_dot(folder / name / f"{index}.png", 18 + 2 * index, 24, COLOURS[name])
    return folder


def teach_mug(looks=5):
    """A store where one thing was taught; each look has its own grey level."""
    with ObjectStore(state_home() / "objects.sqlite") as store:
        store.add("my mug", [(np.full((40, 40, 3), look, np.uint8), np.zeros(4)) for look in range(looks)], "old")
        store.keep(np.zeros((40, 40, 3), np.uint8), np.zeros(4), "old")  # waits for a name
    return state_home() / "objects.sqlite"
