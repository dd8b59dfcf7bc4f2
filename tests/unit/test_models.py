"""The model store and its commands, and the folders that they look in."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

import pytest

from fingerpost import home, models
from fingerpost.commands import models as commands
from fingerpost.core.errors import DataError, ModelError
from fingerpost.home import asset_home, state_home
from fingerpost.installed import InstalledModels
from fingerpost.models import ModelStore

CONTENT = {"fingertip": b"finger" * 1000, "objects": b"things" * 2000}


def describe(name, **changes):
    """One entry of a manifest."""
    content = CONTENT[name]
    entry = {"name": name, "file": f"{name}.onnx", "sha256": hashlib.sha256(content).hexdigest(),
             "bytes": len(content), "input": [1, 3, 120, 160], "mean": [0.485, 0.456, 0.406],
             "std": [0.229, 0.224, 0.225], "outputs": ["xy", "presence"], "labels": None, "threshold": 0.5,
             "parameters": 11176512, "multiply_adds": 1234567890, "licence": "Apache-2.0", "data": "hands",
             "figures": {"median_px": 5.5}, "rebuild": "make models"}
    return {key: value for key, value in {**entry, **changes}.items() if value is not ...}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A home with two models; the objects model has an address."""
    folder = tmp_path / "home" / "models"
    folder.mkdir(parents=True)
    monkeypatch.setenv("FINGERPOST_HOME", str(folder.parent))
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "state"))
    write_manifest(folder, describe("fingertip"),
                   describe("objects", labels=["apple", "kiwi"], url="http://example.org/objects.onnx"))
    for name, content in CONTENT.items():
        (folder / f"{name}.onnx").write_bytes(content)
    return folder


def write_manifest(folder, *entries):
    (folder / "manifest.json").write_text(json.dumps({"models": entries}))


def damage(path):
    """Change one byte, and not the size."""
    content = path.read_bytes()
    path.write_bytes(b"X" + content[1:])


def test_load_gives_what_the_manifest_says(folder):
    info = ModelStore().load("objects")
    assert info.path == folder / "objects.onnx"
    assert info.input == (1, 3, 120, 160)
    assert info.labels == ("apple", "kiwi")
    assert info.url == "http://example.org/objects.onnx"
    assert info.figures == {"median_px": 5.5}
    assert ModelStore().load("fingertip").labels is None


def test_unknown_models_are_named_with_the_known_ones(folder):
    with pytest.raises(ModelError, match="no model 'face': choose one of fingertip, objects"):
        ModelStore().load("face")


def test_missing_and_damaged_models_name_the_remedy(folder):
    (folder / "objects.onnx").unlink()
    with pytest.raises(ModelError, match="missing .*run `fingerpost models fetch objects`"):
        ModelStore().load("objects")
    damage(folder / "fingertip.onnx")
    with pytest.raises(ModelError, match="damaged .*install Fingerpost again, or .*`make models`"):
        ModelStore().load("fingertip")
    (folder / "fingertip.onnx").write_bytes(b"short")
    with pytest.raises(ModelError, match="damaged"):
        ModelStore().load("fingertip")


def test_each_file_is_read_once_per_process(folder, monkeypatch):
    read = []
    hash_file = models.hash_file
    monkeypatch.setattr(models, "hash_file", lambda path: read.append(path) or hash_file(path))
    for _ in range(3):
        ModelStore().load("fingertip")
    assert read == [folder / "fingertip.onnx"]
    InstalledModels().verify()
    assert len(read) == 3  # both models anew
    damage(folder / "fingertip.onnx")
    with pytest.raises(ModelError):
        ModelStore().load("fingertip")


def test_a_fetched_copy_stands_in_for_a_damaged_one(folder, monkeypatch):
    def download(url, target, size, sha256, progress=None):
        target.parent.mkdir(parents=True)
        target.write_bytes(CONTENT["objects"])
    monkeypatch.setattr(models, "download", download)
    damage(folder / "objects.onnx")
    store = ModelStore()
    fetched = state_home() / "models" / "objects.onnx"
    assert store.fetch("objects").path == fetched
    assert store.load("objects").path == fetched
    assert store.fetch("objects").path == fetched  # nothing left to fetch
    assert [problem for _, problem in InstalledModels().verify()] == [None, None]


def test_fetching_without_an_address_names_another_way(folder):
    (folder / "fingertip.onnx").unlink()
    with pytest.raises(ModelError, match="no address .*`make models`"):
        ModelStore().fetch("fingertip")


@pytest.mark.parametrize("manifest", [None, "{", "[]", "{}", '{"models": ["fingertip"]}'])
def test_a_bad_manifest_is_one_clear_line(folder, manifest):
    path = folder / "manifest.json"
    path.unlink()
    if manifest is not None:
        path.write_text(manifest)
    with pytest.raises(ModelError, match=r"manifest\.json.*: .*install Fingerpost again"):
        ModelStore()


@pytest.mark.parametrize(("key", "value"), [("sha256", ...), ("bytes", "12"), ("input", 3), ("labels", "apple")])
def test_a_bad_entry_names_model_and_key(folder, key, value):
    write_manifest(folder, describe("objects"), describe("fingertip", **{key: value}))
    with pytest.raises(ModelError, match=rf"manifest\.json, model 2: '{key}'"):
        ModelStore()


def test_a_manifest_cannot_reach_outside(folder, tmp_path):
    write_manifest(folder, describe("fingertip", file="../../fingertip.onnx"))
    assert ModelStore().load("fingertip").path == folder / "fingertip.onnx"


def run(command, *words):
    """The exit code of `fingerpost models COMMAND`."""
    parser = argparse.ArgumentParser()
    getattr(commands, "add_arguments_" + command)(parser)
    return getattr(commands, "main_" + command)(parser.parse_args(words))


def test_list_shows_states(folder, capsys):
    (folder / "objects.onnx").unlink()
    assert run("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["NAME", "STATE", "USE"], ["fingertip", "whole", "live"], ["objects", "missing", "live"]]


def test_info_shows_size_and_cost(folder, capsys):
    assert run("info") == 0
    table = capsys.readouterr().out
    assert "160x120" in table
    assert "11,176,512" in table
    assert "1,234,567,890" in table
    assert "models info --compare" in table
    assert run("info", "objects") == 0
    details = capsys.readouterr().out
    assert "apple, kiwi" in details
    assert "median_px" in details
    assert "whole" in details


def test_verify_fails_when_something_is_wrong(folder, capsys):
    assert run("verify") == 0
    damage(folder / "objects.onnx")
    assert run("verify") == 1
    assert "damaged  run `fingerpost models fetch objects`" in capsys.readouterr().out


def test_fetch_shows_progress_on_a_terminal_only(folder, capsys, monkeypatch):
    def download(url, target, size, sha256, progress=None):
        if progress:
            progress(size // 2, size)
            progress(size, size)
    monkeypatch.setattr(models, "download", download)
    (folder / "objects.onnx").unlink()
    assert run("fetch") == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert run("fetch", "objects") == 0
    assert "###############               " in capsys.readouterr().err


def test_asset_home_is_the_chosen_one_the_checkout_or_the_installed_one(folder, tmp_path, monkeypatch):
    assert asset_home() == folder.parent
    monkeypatch.delenv("FINGERPOST_HOME")
    module = tmp_path / "checkout" / "app" / "fingerpost" / "home.py"
    module.parent.mkdir(parents=True)
    monkeypatch.setattr(home, "__file__", str(module))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "usr"))
    with pytest.raises(DataError, match="set FINGERPOST_HOME"):
        asset_home()
    installed = tmp_path / "usr" / "share" / "fingerpost"
    (installed / "models").mkdir(parents=True)
    assert asset_home() == installed
    (tmp_path / "checkout" / "models").mkdir()
    assert asset_home() == tmp_path / "checkout"


def test_a_wrong_choice_of_home_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("FINGERPOST_HOME", str(tmp_path / "typo"))
    with pytest.raises(DataError, match="correct it or unset it"):
        asset_home()


def test_state_home_is_the_chosen_one_the_devices_or_the_users(tmp_path, monkeypatch):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "chosen"))
    assert state_home() == tmp_path / "chosen"
    monkeypatch.delenv("FINGERPOST_STATE")
    monkeypatch.setattr(home, "DEVICE_STATE", tmp_path)
    assert state_home() == tmp_path
    monkeypatch.setattr(home, "DEVICE_STATE", tmp_path / "none")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    assert state_home() == tmp_path / "xdg" / "fingerpost"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setattr(Path, "home", staticmethod(lambda: tmp_path))
    assert state_home() == tmp_path / ".local" / "state" / "fingerpost"
