"""A release on trial: when it has come up, and what the wearer hears of it."""

from __future__ import annotations

import pytest

from fingerpost.core.events import Seen, Tick
from fingerpost.core.heartbeat import Heartbeat
from fingerpost.core.state import State
from fingerpost.launcher import CHOSEN, Record, read_record, releases_home, write_record
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


def test_with_the_first_picture_it_has_come_up_and_the_wearer_hears_of_it_once(on_trial):
    trial = Trial([Heartbeat("eyes", 1.0)])
    assert trial.greetings == ("update_confirmed",)
    trial.on_event(Tick(0.0), State())
    trial.step(0.0)
    assert on_trial()
    trial.on_event(FRAME, State())
    trial.step(1.0)
    assert not on_trial()
    assert Trial([]).greetings == ()


@pytest.mark.parametrize(("seconds", "faults", "up"), [
    (19.9, (), False), (20.0, (), True), (20.0, ("camera",), True), (100.0, ("eyes",), False)])
def test_without_a_picture_it_must_turn_for_a_while(on_trial, seconds, faults, up):
    trial = Trial([])
    for at in (5.0, 5.0 + seconds):
        trial.on_event(Tick(at), State(faults=frozenset(faults)))
    trial.step(0.0)
    assert on_trial() is not up


def test_one_with_a_loop_that_hangs_has_not_come_up(on_trial):
    heart = Heartbeat("speech", 0.0)
    trial = Trial([heart])
    trial.on_event(FRAME, State())
    heart.beat()
    trial.step(0.0)
    assert on_trial()
    heart.rest()
    trial.step(2.0)
    assert not on_trial()


def test_while_that_cannot_be_put_down_it_is_tried_again_and_told_of_once(on_trial, caplog):
    trial = Trial([])
    trial.on_event(FRAME, State())
    with alone(releases_home()):  # as while another update is taken in
        trial.step(0.0)
        trial.step(2.0)
    assert on_trial()
    assert len(caplog.records) == 1
    trial.step(4.0)
    assert not on_trial()


def test_who_did_not_come_up_is_told_of_until_the_version_before_has(maker):
    install(maker.build())
    write_record(releases_home(), Record("", failed="9.0.0"))
    trial = Trial([])
    assert trial.greetings == ("update_rolled_back",)
    trial.on_event(FRAME, State())
    trial.step(0.0)
    assert read_record(releases_home()) == Record()
    assert list_releases(releases_home()) == []
    assert Trial([]).greetings == ()
