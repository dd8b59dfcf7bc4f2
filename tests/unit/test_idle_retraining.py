"""Retraining by itself: a process that is started, stopped for the wearer, and remembered once it has ended."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import replace

import pytest

from fingerpost.core.events import Tick
from fingerpost.core.leisure import Leisure
from fingerpost.core.state import POINTING, State
from fingerpost.core.types import Press
from fingerpost.devices.replay import RealClock
from fingerpost.settings import Settings
from fingerpost.upkeep import keeper as keepers
from fingerpost.upkeep.keeper import Keeper
from fingerpost.upkeep.retraining import Retraining, plan_retraining

SUCCEED = "pass"
FAIL = "import sys; print('the retrained network is worse'); sys.exit(1)"
SLEEP = "import time; print('ready', flush=True); time.sleep(100)"
REFUSE = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEP!r}])"
QUIET = Leisure(at=100.0)
WANTED = Leisure(at=200.0, touched_at=200.0, wanted_at=200.0)


class Home:
    """A folder with what was taught, and the retraining there."""

    def __init__(self, folder):
        self.folder, self.taught, self.runs = folder, {"taught:1": 4}, []

    def retrain(self, script):
        """A retraining, as after a start of the device, that runs this script."""
        self.runs.append(Retraining([sys.executable, "-c", script], 60.0, lambda: self.taught, self.folder))
        return self.runs[-1]

    def wait_for_words(self):
        """Until the process has printed something."""
        wait_until(lambda: (self.folder / "retraining.log").read_text())


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "state")
    yield home
    for run in home.runs:
        run.close()


def wait_until(condition):
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("it never came")


def finish(retraining):
    """Let a process that runs end by itself; it must not be started again."""
    assert retraining.is_running

    def has_ended():
        retraining.step(QUIET, 100.0)
        return not retraining.is_running

    wait_until(has_ended)


def test_what_was_taught_is_learned_from_once_also_across_restarts(home):
    retraining = home.retrain(SUCCEED)
    retraining.step(QUIET, 100.0)
    finish(retraining)
    for run in (retraining, home.retrain(SUCCEED)):
        run.step(QUIET, 100.0)
        assert not run.is_running
    home.taught = {"taught:1": 5}
    retraining.step(QUIET, 100.0)
    assert retraining.is_running


def test_a_failure_is_logged_once_and_tried_again_when_more_was_taught(home, caplog):
    retraining = home.retrain(FAIL)
    retraining.step(QUIET, 100.0)
    finish(retraining)
    for run in (retraining, home.retrain(FAIL)):
        run.step(QUIET, 100.0)
        assert not run.is_running
    assert len(caplog.records) == 1
    assert "the retrained network is worse" in caplog.text
    home.taught["taught:2"] = 1
    retraining.step(QUIET, 100.0)
    assert retraining.is_running


def test_a_command_that_is_missing_is_a_failure_too(home, caplog):
    retraining = Retraining([str(home.folder / "nothing")], 60.0, lambda: home.taught, home.folder)
    for _ in range(2):
        retraining.step(QUIET, 100.0)
        assert not retraining.is_running
    assert len(caplog.records) == 1


@pytest.mark.parametrize("script", [SLEEP, PARENT])
def test_it_ends_for_the_wearer_and_starts_over_at_the_next_quiet_time(home, script, caplog):
    retraining = home.retrain(script)
    retraining.step(QUIET, 100.0)
    home.wait_for_words()
    retraining.step(QUIET, 150.0)
    assert retraining.is_running

    def has_ended():
        retraining.step(WANTED, 201.0)
        return not retraining.is_running

    wait_until(has_ended)
    assert not caplog.records
    retraining.step(replace(WANTED, at=259.0), 259.0)
    assert not retraining.is_running
    retraining.step(replace(WANTED, at=260.0), 260.0)
    assert retraining.is_running


def test_a_process_that_will_not_end_is_killed(home):
    retraining = home.retrain(REFUSE)
    retraining.step(QUIET, 100.0)
    home.wait_for_words()
    retraining.step(WANTED, 201.0)
    retraining.step(WANTED, 202.0)
    retraining.step(WANTED, 202.5)
    assert retraining.is_running

    def has_ended():
        retraining.step(WANTED, 203.0)
        return not retraining.is_running

    wait_until(has_ended)


def test_a_device_that_is_switched_off_leaves_no_process_behind(home):
    retraining = home.retrain(SLEEP)
    retraining.step(QUIET, 100.0)
    process = retraining._child
    retraining.close()
    retraining.close()
    assert process.returncode is not None
    assert home.retrain(SLEEP)._trained == {}


@pytest.mark.parametrize("content", ["", "[", "[1]", '{"taught:1": "many"}', '{"taught:1": null}'])
def test_a_spoilt_note_of_what_was_learned_from_is_as_good_as_none(home, content):
    home.folder.mkdir()
    (home.folder / "retrained.json").write_text(content)
    retraining = home.retrain(SLEEP)
    retraining.step(QUIET, 100.0)
    assert retraining.is_running


# In the thread that looks after it

class Succession:
    """Tells what it is given; fails the first time."""

    def __init__(self, event=None):
        self.event, self.looks = event, 0

    def step(self, at):
        self.looks += 1
        if self.looks == 1:
            raise RuntimeError("no luck")
        return self.event


def test_a_press_ends_the_retraining_at_once(home, monkeypatch):
    monkeypatch.setattr(keepers, "LOOK_SECONDS", 1000.0)
    retraining = Retraining([sys.executable, "-c", SLEEP], 0.0, lambda: home.taught, home.folder)
    keeper = Keeper(Succession(), retraining, RealClock(), lambda event: None)
    keeper.on_event(Tick(time.monotonic()), State(mode=POINTING))
    with keeper:
        wait_until(lambda: retraining.is_running)
        process = retraining._child
        keeper.on_event(Press("mode", "short", time.monotonic()), State(mode=POINTING))
        wait_until(lambda: process.poll() is not None)


def test_it_goes_on_after_an_error_and_tells_what_it_notices(monkeypatch, caplog):
    monkeypatch.setattr(keepers, "LOOK_SECONDS", 0.01)
    told, heard = [], threading.Event()

    def tell(event):
        told.append(event)
        heard.set()

    with Keeper(Succession(Tick(7.0)), None, RealClock(), tell):
        assert heard.wait(30)
    assert told[0] == Tick(7.0)
    assert "no luck" in caplog.text


# Where it is wanted and possible

def test_without_pictures_of_the_built_in_names_there_is_no_retraining(tmp_path):
    assert plan_retraining(Settings().teaching, dict, tmp_path) is None


def test_without_torch_there_is_none_and_that_is_said(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert plan_retraining(replace(Settings().teaching, retrain_data="photos"), dict, tmp_path) is None
    assert "pip install 'fingerpost[train]'" in caplog.text


def test_the_command_names_the_pictures(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    settings = replace(Settings().teaching, retrain_data="photos", retrain_other="others", retrain_idle_minutes=2.0)
    retraining = plan_retraining(settings, dict, tmp_path)
    assert retraining._command[1:] == ["-m", "fingerpost", "train", "taught", "--data", "photos", "--other", "others"]
    assert retraining._idle_seconds == 120.0
