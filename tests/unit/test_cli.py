"""The command line: help with an example everywhere, one line for every mistake."""

from __future__ import annotations

import importlib
import os

import pytest

from fingerpost import home
from fingerpost.cli import COMMANDS, find_command, main

WEARABLE = sorted(name for name, command in COMMANDS.items() if not command.module.startswith("learning"))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself_with_an_example(name, capsys):
    if COMMANDS[name].module.startswith("learning"):
        pytest.importorskip("torch", reason="the commands of learning need fingerpost[train]")
    with pytest.raises(SystemExit) as done:
        main([*name.split(), "--help"])
    assert done.value.code == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert f"example: fingerpost {COMMANDS[name].example}" in printed


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_example_is_a_valid_call(name):
    if COMMANDS[name].module.startswith("learning"):
        pytest.importorskip("torch", reason="the commands of learning need fingerpost[train]")
    import argparse
    import shlex

    command = COMMANDS[name]
    module = importlib.import_module("fingerpost." + command.module)
    parser = argparse.ArgumentParser()
    suffix = "_" + command.function if command.function else ""
    getattr(module, "add_arguments" + suffix)(parser)
    found, rest = find_command(shlex.split(command.example))
    assert found == name
    parser.parse_args(rest)


def test_the_overview_lists_every_command(capsys):
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in COMMANDS)
    assert main(["objects"]) == 2
    assert "objects rename" in capsys.readouterr().out


@pytest.mark.parametrize(("words", "part"), [
    (["bogus"], "--help"),
    (["replay", "/no/such/recording"], "check the spelling"),
    (["replay", "/no/such/recording", "--settings", "/no/settings.toml"], "settings.toml"),
    (["teach", "cup", "/no/such/picture.jpg"], "check the spelling"),
    (["objects", "forget", "nothing"], "objects list"),
    (["evaluate", "chain", "--data", "/no/such/table.csv"], "image,x,y,name"),
])
def test_a_mistake_gets_one_line_and_a_failing_exit_code(words, part, capsys):
    assert main(words) != 0
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert part in printed


def test_a_missing_package_is_named_with_its_remedy(monkeypatch, capsys):
    def fail(name, package=None):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("fingerpost.cli.importlib.import_module", fail)
    assert main(["train", "objects", "--data", "x", "--out", "y"]) == 1
    assert "pip install 'fingerpost[train]'" in capsys.readouterr().err


def test_teach_list_rename_forget(tmp_path, monkeypatch, capsys):
    cv2 = pytest.importorskip("cv2")
    import numpy as np

    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path))
    picture = tmp_path / "cup.png"
    cv2.imwrite(str(picture), np.random.default_rng(0).integers(0, 255, (120, 120, 3), np.uint8))
    assert main(["objects", "list"]) == 0
    assert "Nothing has been taught" in capsys.readouterr().out
    assert main(["teach", "cup", str(picture), str(picture)]) == 0
    assert main(["objects", "rename", "cup", "mug"]) == 0
    assert main(["objects", "list"]) == 0
    assert "mug  (2 samples)" in capsys.readouterr().out
    assert main(["objects", "forget", "mug"]) == 0
    assert main(["objects", "forget", "mug"]) == 1


@pytest.fixture
def service_folder(tmp_path, monkeypatch):
    """The state folder of a service that another user runs."""
    folder = tmp_path / "service"
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(str(folder), 4711, 4711)
    user = folder.stat().st_uid + 1
    monkeypatch.setattr(home.os, "geteuid", lambda: user)
    monkeypatch.setattr(home, "DEVICE_STATE", folder)
    monkeypatch.delenv("FINGERPOST_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "mine"))
    return folder


@pytest.mark.parametrize("words", [
    ["teach", "cup", "none.jpg"], ["objects", "forget", "nothing"], ["calibrate", "camera", "none.mp4"],
    ["calibrate", "fingertip", "--settings", "none.toml"], ["voices", "fill", "--settings", "none.toml"],
    ["engine", "build"], ["run", "--settings", "none.toml"]], ids=" ".join)
def test_what_is_kept_beside_the_service_is_said_to_be(words, service_folder, monkeypatch, caplog):
    monkeypatch.setattr("fingerpost.commands.engine.find_tensorrt", lambda: None)
    assert main(words) == 1
    name = find_command(words)[0]
    assert f"{service_folder}. What is meant for it, run as `sudo -u fingerpost fingerpost {name} ...`" in caplog.text


def test_nothing_is_said_to_its_own_user_or_about_a_folder_that_was_named(service_folder, monkeypatch, tmp_path,
                                                                          caplog):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "named"))
    main(["objects", "list"])
    monkeypatch.setenv("FINGERPOST_STATE", str(service_folder))
    owner = service_folder.stat().st_uid
    monkeypatch.setattr(home.os, "geteuid", lambda: owner)
    main(["objects", "list"])
    assert not caplog.messages
