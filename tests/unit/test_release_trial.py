"""A release on trial: when it has shown that it works, and what the wearer hears of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fingerpost.core.events import ErrandDone, Seen, Tick
from fingerpost.core.heartbeat import Heartbeat
from fingerpost.core.state import POINTING, STOPPING, State
from fingerpost.launcher import CHOSEN, Record, choose, read_record, releases_home, write_record
from fingerpost.upkeep.releases.store import alone, install, list_releases
from fingerpost.upkeep.releases.trial import Trial
from tests.releases import open_shop
from tests.story import CLEAR

FRAME = Seen(1, 1.0, None, CLEAR)


@pytest.fixture
def maker(tmp_path, monkeypatch):
    """A maker whom this device trusts."""
    return open_shop(tmp_path, monkeypatch)


@pytest.fixture
def on_trial(maker, monkeypatch):
    """A release runs, and is on trial."""
    install(maker.build())
    monkeypatch.setenv(CHOSEN, "9.0.0")
    return lambda: read_record(releases_home()).trial


@pytest.fixture
def told():
    """What the loop is told."""
    return []


def live(trial, until=0.0, pictures=True, faults=(), mode=POINTING):
    """Ticks, and usually a picture; then the duty's step."""
    state = State(mode=mode, faults=frozenset(faults))
    for event in (Tick(0.0), *([FRAME] if pictures else []), Tick(until)):
        trial.on_event(event, state)
    trial.step(until)


def test_once_it_has_seen_and_lived_for_a_while_the_wearer_hears_of_it_once(on_trial, told):
    trial = Trial([Heartbeat("eyes", 1.0)], told.append)
    assert trial.greetings == ()
    live(trial, 119.9)
    assert on_trial()
    assert told == []
    live(trial, 120.0)
    live(trial, 122.0)
    assert not on_trial()
    assert told == [ErrandDone(120.0, "update", "confirmed")]
    again = Trial([], told.append)
    live(again, 200.0)
    assert again.greetings == ()
    assert len(told) == 1


def test_one_that_crashes_late_is_still_on_trial_and_is_given_up(on_trial, told):
    for _ in range(2):
        assert choose(releases_home(), counts=True).version == "9.0.0"
        live(Trial([], told.append), 90.0)
    assert choose(releases_home(), counts=True) is None
    assert read_record(releases_home()) == Record(failed="9.0.0")
    assert told == []


@pytest.mark.parametrize(("changes", "works"), [
    ({}, True), ({"pictures": False}, False), ({"faults": ("eyes",)}, False), ({"faults": ("buttons",)}, False),
    ({"faults": ("action_button",)}, False), ({"faults": ("companion",)}, True)])
def test_it_must_see_and_be_pressed_however_long_it_lives(on_trial, told, changes, works):
    live(Trial([], told.append), 1000.0, **changes)
    assert on_trial() is not works


@pytest.mark.parametrize(("changes", "works"), [
    ({"mode": STOPPING}, True), ({"mode": STOPPING, "pictures": False}, False), ({}, False)])
def test_who_switches_it_off_has_not_started_it_for_nothing(on_trial, told, changes, works):
    trial = Trial([], told.append)
    for event in (Tick(0.0), *([FRAME] if changes.get("pictures", True) else [])):
        trial.on_event(event, State(mode=changes.get("mode", POINTING)))
    trial.close()
    assert on_trial() is not works


@pytest.mark.parametrize(("seconds", "changes", "alive"), [
    (1.0, {}, True), (19.9, {"pictures": False}, False), (20.0, {"pictures": False}, True),
    (20.0, {"pictures": False, "faults": ("camera",)}, True), (100.0, {"faults": ("eyes",)}, False)])
def test_the_system_ends_one_that_does_not_come_alive(on_trial, told, monkeypatch, seconds, changes, alive):
    ended = []
    monkeypatch.setattr("fingerpost.upkeep.releases.trial.end_trial", lambda: ended.append(True))
    live(Trial([], told.append), seconds, **changes)
    assert bool(ended) is alive


def test_one_with_a_loop_that_hangs_does_not_work(on_trial, told):
    heart = Heartbeat("speech", 0.0)
    trial = Trial([heart], told.append)
    heart.beat()
    live(trial, 200.0)
    assert on_trial()
    heart.rest()
    trial.step(202.0)
    assert not on_trial()


def test_while_that_cannot_be_put_down_it_is_tried_again_and_told_of_once(on_trial, told, caplog):
    trial = Trial([], told.append)
    with alone(releases_home()):  # as while another update is taken in
        live(trial, 200.0)
        trial.step(202.0)
    assert on_trial()
    assert told == []
    assert len(caplog.records) == 1
    trial.step(204.0)
    assert not on_trial()
    assert len(told) == 1


def test_what_was_counted_of_crashes_outlasts_the_word_that_the_version_before_is_back(maker, told):
    install(maker.build())
    counted = Record("9.0.0", crashes=1, last_crash="of the first start")
    write_record(releases_home(), replace(counted, failed="9.1.0"))
    live(Trial([], told.append), 1.0)
    assert read_record(releases_home()) == counted


def test_who_did_not_come_up_is_told_of_until_the_version_before_has(maker, told):
    install(maker.build())
    write_record(releases_home(), Record("", failed="9.0.0"))
    trial = Trial([], told.append)
    assert trial.greetings == ("update_rolled_back",)
    live(trial, 1.0)
    assert read_record(releases_home()) == Record()
    assert list_releases(releases_home()) == []
    assert Trial([], told.append).greetings == ()
    assert told == []
