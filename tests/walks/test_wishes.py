"""A helper changes how the device speaks while it runs: all of it but for its networks and its voice is real."""

from __future__ import annotations

import pytest

from fingerpost.core.preferences import BRIEF
from tests.day import spend_day
from tests.desk import RED


@pytest.fixture
def day(tmp_path, monkeypatch):
    with spend_day(tmp_path, monkeypatch) as day:
        yield day


def test_volume_rate_and_language_change_at_once_and_are_said_in_the_new_way(day):
    assert day.live(2.0) == ["Ready."]
    assert day.prefer("volume", 6) == ["Volume 6."]
    assert day.volumes == [0.6]
    assert day.prefer("words_per_minute", 240) == ["Speech rate 240."]
    assert day.prefer("language", "de") == ["Deutsch."]
    assert day.voice.spoken[-2:] == [("en 240", "Speech rate 240."), ("de 240", "Deutsch.")]
    assert day.live(2.0, RED, pointing=True) == ["Nicht sicher."]
    assert day.prefer("language", "nowhere") == []
    assert day.prefer("language", "en") == ["English."]


def test_in_few_words_doubt_is_still_said(day):
    day.live(2.0)
    assert day.prefer("verbosity", BRIEF) == ["I say less."]
    assert day.live(2.0, RED, pointing=True) == ["Not sure."]


def test_a_device_that_runs_without_a_companion_page_says_so(day):
    day.live(2.0)
    day.press("both", "long")
    for _ in range(2):
        day.press("mode", "long")
    assert day.press("action", "long") == [
        "I am opening the companion page.", "The companion page is not installed.", "Open the companion page."]
