"""`fingerpost bench --companion`: visitors really come and are served; how quick it was is no test's business."""

from __future__ import annotations

import os

import pytest

pytest.importorskip("aiohttp", reason="the companion needs fingerpost[companion]")

from fingerpost.commands import bench, watching
from fingerpost.core.errors import DataError
from fingerpost.home import state_home


@pytest.fixture(autouse=True)
def brief(monkeypatch, tmp_path):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path))
    monkeypatch.setattr(watching, "ROUNDS", 1)
    monkeypatch.setattr(watching, "SECONDS", 1.0)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="it takes two processor cores")
def test_a_viewer_sees_pictures_and_attackers_are_answered(monkeypatch):
    monkeypatch.setattr(watching, "ARRIVAL_SECONDS", 4.0)
    before = os.sched_getaffinity(0)
    figures = watching.measure_watching(bench.pointed_frames)
    assert figures["pictures_per_second_seen"] > 0
    assert figures["attacks_per_second"] > 0
    assert figures["watched_frame_rate_ratio"] > 0
    assert figures["attacked_p95_ratio"] > 0
    assert os.sched_getaffinity(0) == before
    assert not list(state_home().glob("bench-*"))


def test_on_one_core_it_says_why_not(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0})
    with pytest.raises(DataError, match="but one"):
        watching.measure_watching(bench.pointed_frames)
