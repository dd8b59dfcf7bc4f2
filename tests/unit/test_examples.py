"""The documented examples do what they say: their commands are read from the page and run on made-up pictures."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import pytest

from fingerpost.cli import COMMANDS, find_command, main
from tests.dots import parse, write_dot

pytest.importorskip("torch")

PAGE = Path(__file__).parents[2] / "docs" / "examples" / "thumbs.md"
TINY = {"train objects": ["--epochs", "1", "--image-size", "32", "--early-size", "32", "--threads", "1"]}
"""What a test changes: less of it, and smaller."""
COLOURS = {"thumbs_up": (0, 255, 0), "thumbs_down": (0, 0, 255)}


def read_commands(subject):
    """The words of every command of Fingerpost on the page that names the subject."""
    lines = re.findall(r"^fingerpost (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [shlex.split(line) for line in lines if subject in line]


def write_pictures(folder, count):
    for name, colour in COLOURS.items():
        for index in range(count):
            write_dot(folder / name / f"{index:03}.jpg", 15 + index, 24, colour)


def test_thumbs_are_trained_exported_and_measured(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_pictures(tmp_path / "thumbs", 10)
    write_pictures(tmp_path / "thumbs-new", 3)
    for words in read_commands("thumbs"):
        name, _ = find_command(words)
        assert main([*words, *TINY.get(name, [])]) == 0, words
    assert "top1" in capsys.readouterr().out
    assert (tmp_path / "out" / "thumbs" / "curves.png").is_file()
    assert (tmp_path / "out" / "thumbs" / "model" / "objects.onnx").is_file()


def test_the_commands_for_faces_are_the_same_but_for_their_numbers():
    assert [find_command(words)[0] for words in read_commands("faces")] == [
        "train objects", "export", "evaluate objects"]
    for words in read_commands("faces"):
        name, rest = find_command(words)
        parse(importlib.import_module("fingerpost." + COMMANDS[name].module), *rest)
