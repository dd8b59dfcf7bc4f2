"""A store of models to install into, and models that are nothing but a few bytes."""

from __future__ import annotations

import hashlib
import json

from fingerpost.installed import InstalledModels

SHIPPED = b"shipped"
ENTRY = {"name": "objects", "input": [1, 3, 160, 160], "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
         "outputs": ["logits", "embedding"], "labels": ["Kiwi", "other"], "threshold": None, "parameters": 1,
         "multiply_adds": 1, "licence": "Apache-2.0", "data": "", "figures": {}, "rebuild": "fingerpost train taught"}


def open_models(folder, monkeypatch):
    """A home in that folder where the objects model ships, and nothing is installed."""
    monkeypatch.setenv("FINGERPOST_HOME", str(folder / "home"))
    monkeypatch.setenv("FINGERPOST_STATE", str(folder / "state"))
    models = folder / "home" / "models"
    models.mkdir(parents=True)
    (models / "objects.onnx").write_bytes(SHIPPED)
    entry = {**ENTRY, "file": "objects.onnx", "bytes": len(SHIPPED), "sha256": hashlib.sha256(SHIPPED).hexdigest()}
    (models / "manifest.json").write_text(json.dumps({"models": [entry]}))
    return InstalledModels()


def write_source(models, content):
    """A file of that content, to be installed."""
    source = models._folder.parent / "source"
    source.parent.mkdir(exist_ok=True)
    source.write_bytes(content)
    return source


def install(models, content, name="objects"):
    """Install a model of that content; what the store says of it."""
    return models.install(write_source(models, content), {**ENTRY, "name": name})


def read_live(models, name="objects"):
    """The content of the live model."""
    return models.load(name).path.read_bytes()
