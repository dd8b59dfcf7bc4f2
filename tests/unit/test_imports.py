"""The walls of the house: what may import what."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import fingerpost

ROOT = Path(fingerpost.__file__).parent
LEARNING_ONLY = {"torch", "torchvision", "lightning", "numba", "onnx", "sklearn", "matplotlib", "tqdm", "tflite",
                 "faster_coco_eval"}
LAYERS = {"core": 0, "inference": 2, "devices": 2, "vision": 2, "memory": 2, "upkeep": 2, "learning": 3, "doctor": 3,
          "calibrating": 3, "companion": 3, "window": 3, "commands": 4}
"""A module imports from its own layer or a lower one. Files beside the folders count by what they do."""
FILES = {"home": 1, "wholefile": 1, "downloads": 1, "models": 1, "installed": 1, "tomlfile": 1, "progress": 1,
         "settings": 1, "wiring": 3, "runtimes": 3, "body": 3, "sayings": 3, "observers": 3, "overlay": 3, "cli": 5,
         "__main__": 6, "announcements": 3, "sounding": 3, "__init__": 0, "packed": 1, "packedheader": 1, "ranges": 1,
         "environment": 1, "networks": 3, "launcher": 2, "life": 3}
PURE = ("decide", "state", "events", "actions", "visits", "preferences", "rules", "steps", "menutree")
"""Modules of core/ that decide, besides all of core/deciding/."""
MODULES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))


def layer_of(parts):
    return LAYERS[parts[0]] if parts[0] in LAYERS else FILES[parts[0]]


def imports_of(path):
    """(level, module) of every import in the file, those inside functions too."""
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((0, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [node.module] if node.module else [name.name for name in node.names]
            yield from ((node.level, name) for name in names)


@pytest.mark.parametrize("path", [path for path in MODULES if path.parts[0] != "learning"], ids=str)
def test_the_wearable_side_imports_neither_torch_nor_learning(path):
    for level, name in imports_of(path):
        assert level or name.split(".")[0] not in LEARNING_ONLY, f"{path} imports {name}"
        assert not (level and name.split(".")[0] == "learning"), f"{path} imports learning"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_point_one_way(path):
    own = layer_of([path.parts[0].replace(".py", "")])
    for level, name in imports_of(path):
        if level > len(path.parts) - 1 or (level and level == len(path.parts)):
            target = name.split(".")
            if target[0] in LAYERS or target[0] in FILES:
                assert layer_of(target) <= own, f"{path} imports {name}, which stands above it"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_decisions_stay_pure(path):
    if path.parts[:2] == ("core", "deciding") or path.parent.name == "core" and path.stem in PURE:
        names = {name.split(".")[0] for level, name in imports_of(path) if not level}
        assert names <= {"__future__", "dataclasses", "typing"}, f"{path} imports {names}"
