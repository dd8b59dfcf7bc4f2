"""`fingerpost bench`: what it measures is there and was really done; how long it took is no test's business."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fingerpost.cli import main
from fingerpost.commands import bench
from fingerpost.core.rules import Rules
from fingerpost.home import state_home
from fingerpost.models import ModelStore
from fingerpost.settings import Settings


@pytest.mark.parametrize(("measure", "keys"), [
    (bench.measure_frames, {"pointed_frame_ms", "pointed_frame_ratio", "pointed_frame_over_two_networks"}),
    (bench.measure_whole_things, {"whole_thing_frame_ms", "whole_thing_frame_ratio"})])
def test_both_ways_to_look_are_measured(measure, keys):
    figures = measure(Settings(), 1)
    assert keys <= figures.keys()
    assert all(figures[key] > 0 for key in keys)


def test_ten_shots_make_a_thing_usable_and_leave_nothing_behind():
    figures = bench.measure_teaching(Settings(), rounds=1)
    assert figures["10_shots_to_usable_s"] > 0
    assert figures["10_shots_to_usable_ratio"] > 0
    assert not list(state_home().glob("bench-*"))


def test_a_thing_that_would_not_be_named_plainly_is_not_usable():
    never = replace(Settings(), decision=Rules(accepted_wrong=0.0))
    assert bench.measure_teaching(never, rounds=1)["10_shots_to_usable_s"] is None


def test_each_model_that_ships_is_loaded_from_its_file():
    figures = bench.measure_load()
    for info in ModelStore().infos():
        assert figures[f"model_load_{info.name}_s"] > 0


@pytest.fixture
def measured(monkeypatch):
    """The figures of parts that take long, without their work."""
    monkeypatch.setattr(bench, "measure_frames", lambda settings, rounds: {"pointed_frame_ratio": 1.1})
    monkeypatch.setattr(bench, "measure_whole_things", lambda settings, rounds: {"whole_thing_frame_ratio": 1.1})
    monkeypatch.setattr(bench, "measure_load", lambda: {"load_models_ms": 9.0})
    monkeypatch.setattr(bench, "measure_sound", lambda settings: {"press_to_silence_p95_ms": 9.0})
    monkeypatch.setattr(bench, "measure_teaching", lambda settings: {"10_shots_to_usable_s": 0.5})


def test_table_and_json_name_it_alike(measured, capsys):
    assert main(["bench"]) == 0
    assert "10_shots_to_usable_s  0.5" in capsys.readouterr().out
    assert main(["bench", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["10_shots_to_usable_s"] == 0.5
