"""The whole demo through TensorRT, each generation of it a fake: the words are the same."""

from __future__ import annotations

import argparse

import pytest

from fingerpost.commands import demo
from fingerpost.devices.clocks import RealClock
from fingerpost.home import asset_home
from fingerpost.inference.engines import Engines
from fingerpost.inference.tensorrt import find_tensorrt
from fingerpost.runtimes import hear_of_trouble
from fingerpost.settings import Settings
from tests.fakes import tensorrt_desk
from tests.fakes.tensorrt_desk import GENERATIONS
from tests.walks.test_demo import LINE


@pytest.fixture
def found():
    """TensorRT is looked for anew before and after."""
    find_tensorrt.cache_clear()
    yield
    find_tensorrt().close()
    find_tensorrt.cache_clear()


TEACHING, SHELF = demo.WALKS[:2]


# The long walk once, and for the other generations the short one, which needs one network more.
@pytest.mark.parametrize(("generation", "walk"), [(generation, SHELF if number else TEACHING)
                                                  for number, generation in enumerate(GENERATIONS)])
def test_the_words_are_the_expected_ones(found, generation, walk, monkeypatch, tmp_path, capsys):
    tensorrt_desk.set_up(monkeypatch, generation, tmp_path / "fault")
    troubles = []
    hear_of_trouble(Settings(), RealClock(), troubles.append)
    assert demo.main(argparse.Namespace(walk=walk, out=tmp_path, language="en", runtime="tensorrt")) == 0
    matches = [LINE.match(line) for line in capsys.readouterr().out.splitlines()]
    said = [match.group(2) for match in matches if match and not match.group(2).startswith("[")]
    expected = asset_home() / "assets" / "walks" / walk / "expected.txt"
    assert said == expected.read_text(encoding="utf-8").splitlines()
    assert not troubles
    platform = find_tensorrt().join().platform
    assert {path.stem for path, key in Engines().list() if key and key.tensorrt == platform.tensorrt} >= {
        "fingertip", "objects"}
