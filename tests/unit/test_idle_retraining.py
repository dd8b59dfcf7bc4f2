"""Retraining by itself: a process that is started, stopped for the wearer, and remembered once it has ended."""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import replace

import pytest

from fingerpost.core.deciding.leisure import RETRY_SECONDS, Leisure
from fingerpost.core.events import ModelChanged, Tick
from fingerpost.core.state import POINTING, State
from fingerpost.core.types import Press
from fingerpost.devices.clocks import RealClock
from fingerpost.settings import Settings
from fingerpost.upkeep import keeper as keepers
from fingerpost.upkeep.keeper import Keeper
from fingerpost.upkeep.retraining import WORSE, Retraining, plan_retraining

SUCCEED = "pass"
FAIL = "import sys; print('no space left on device'); sys.exit(1)"
WORSEN = f"import sys; sys.exit({WORSE})"
END = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
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


@pytest.mark.parametrize("script", [SUCCEED, WORSEN])
def test_what_was_taught_is_learned_from_once_also_across_restarts(home, script, caplog):
    retraining = home.retrain(script)
    retraining.step(QUIET, 100.0)
    finish(retraining)
    assert ("is worse and was dropped" in caplog.text) == (script == WORSEN)
    for run in (retraining, home.retrain(SUCCEED)):
        run.step(replace(QUIET, at=100.0 + RETRY_SECONDS), 100.0)
        assert not run.is_running
    home.taught = {"taught:1": 5}
    retraining.step(QUIET, 100.0)
    assert retraining.is_running


MORE = {"taught:1": 4, "taught:2": 1}


@pytest.mark.parametrize(("leisure", "taught"), [(replace(QUIET, at=100.0 + RETRY_SECONDS), {"taught:1": 4}),
                                                 (QUIET, MORE)])
def test_a_failure_is_logged_once_and_tried_again_after_an_hour_or_when_more_was_taught(home, leisure, taught, caplog):
    retraining = home.retrain(FAIL)
    retraining.step(QUIET, 100.0)
    finish(retraining)
    retraining.step(QUIET, 100.0)
    assert not retraining.is_running
    assert len(caplog.records) == 1
    assert "no space left on device" in caplog.text
    home.taught = taught
    retraining.step(leisure, leisure.at)
    assert retraining.is_running


def test_a_failure_is_tried_again_at_the_next_start(home):
    retraining = home.retrain(FAIL)
    retraining.step(QUIET, 100.0)
    finish(retraining)
    restarted = home.retrain(SLEEP)
    restarted.step(QUIET, 100.0)
    assert restarted.is_running


def test_one_that_was_ended_with_everything_else_has_not_failed(home, caplog):
    """As when the system shuts down. It starts over at the next quiet time."""
    retraining = home.retrain(END)
    retraining.step(QUIET, 100.0)
    finish(retraining)
    assert not caplog.records
    assert not (home.folder / "retrained.json").exists()


def test_without_mains_it_ends_and_waits(home):
    powered = True
    retraining = Retraining([sys.executable, "-c", SLEEP], 60.0, lambda: home.taught, home.folder, lambda: powered)
    home.runs.append(retraining)
    retraining.step(QUIET, 100.0)
    assert retraining.is_running
    powered = False
    finish(retraining)
    powered = True
    retraining.step(replace(QUIET, at=160.0), 160.0)
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
    retraining.step(replace(WANTED, at=260.0), 260.0)
    assert not retraining.is_running
    retraining.step(replace(WANTED, at=261.0), 261.0)
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
    assert not (home.folder / "retrained.json").exists()


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
        self.event, self.looks, self.remembered = event, 0, 0

    def step(self, at, may_tell):
        self.looks += 1
        if self.looks == 1:
            raise RuntimeError("no luck")
        return self.event

    def remember(self):
        self.remembered = self.remembered + 1


def test_a_press_ends_the_retraining_at_once(home, monkeypatch):
    monkeypatch.setattr(keepers, "LOOK_SECONDS", 1000.0)
    retraining = Retraining([sys.executable, "-c", SLEEP], 0.0, lambda: home.taught, home.folder)
    keeper = Keeper([Succession()], retraining, RealClock(), lambda event: None)
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

    with Keeper([Succession(Tick(7.0))], None, RealClock(), tell):
        assert heard.wait(30)
    assert told[0] == Tick(7.0)
    assert "no luck" in caplog.text


def test_a_duty_waits_for_nothing_that_takes_long_or_fails(monkeypatch, caplog):
    monkeypatch.setattr(keepers, "LOOK_SECONDS", 0.01)
    release, done = threading.Event(), threading.Semaphore(0)

    class Compiling:
        def step(self, at, may_tell):
            assert release.wait(30)

        def remember(self):
            pass

    class Broken(keepers.Duty):
        def step(self, now):
            raise OSError("no luck")

    class Counted(keepers.Duty):
        def step(self, now):
            done.release()

    with Keeper([Compiling()], None, RealClock(), lambda event: None, duties=[Broken(), Counted()]):
        assert all(done.acquire(timeout=30) for _ in range(3))
        release.set()
    assert "a duty cannot be done: Broken" in caplog.text


def test_a_duty_that_hangs_holds_up_no_other_nor_the_end(monkeypatch):
    monkeypatch.setattr(keepers, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(keepers, "_FAREWELL_SECONDS", 0.01)
    release, done, closed = threading.Event(), threading.Semaphore(0), []

    class Hanging(keepers.Duty):
        def step(self, now):
            release.wait(30)

        def close(self):
            closed.append("hanging")

    class Counted(keepers.Duty):
        def step(self, now):
            done.release()

        def close(self):
            closed.append("counted")

    with Keeper([], None, RealClock(), lambda event: None, duties=[Hanging(), Counted()]):
        assert all(done.acquire(timeout=30) for _ in range(3))
    assert closed == ["hanging", "counted"]
    release.set()


def test_it_remembers_a_change_of_the_model_once_the_wearer_has_heard_of_it():
    """Also when the device is switched off just then."""
    succession, pointing = Succession(ModelChanged(1.0, newer=True)), State(mode=POINTING)
    succession.looks = 1
    keeper = Keeper([succession], None, RealClock(), lambda event: None)
    keeper.step(1.0)
    remembered = []
    for state in (pointing, replace(pointing, news="objects_newer"), replace(pointing, news="objects_older"), pointing):
        keeper.on_event(Tick(1.0), state)
        remembered.append(succession.remembered)
    keeper.close()
    keeper.close()
    assert remembered == [0, 0, 0, 0]
    assert succession.remembered == 1


def test_of_two_networks_that_have_changed_the_wearer_hears_one_after_the_other():
    class Changed:
        """Has something to tell until it was told."""

        def __init__(self, name):
            self.event, self.told, self.remembered = ModelChanged(1.0, newer=True, name=name), False, False

        def step(self, at, may_tell):
            told, self.told = self.told, self.told or may_tell
            return self.event if may_tell and not told else None

        def remember(self):
            self.remembered = True

    first, second, told, pointing = Changed("objects"), Changed("fingertip"), [], State(mode=POINTING)
    keeper = Keeper([first, second], None, RealClock(), lambda event: told.append(event.name))
    keeper.step(1.0)
    keeper.step(2.0)
    assert told == ["objects"]
    for state in (replace(pointing, news="objects_newer"), pointing):
        keeper.on_event(Tick(3.0), state)
    keeper.step(4.0)
    assert told == ["objects", "fingertip"]
    assert (first.remembered, second.remembered) == (True, False)
    keeper.close()


# Where it is wanted and possible

def plan(folder, **teaching):
    return plan_retraining(replace(Settings().teaching, **teaching), dict, folder, lambda: True)


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """The wearer's home, with a folder of photos, where torch is said to be."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "photos").mkdir()
    return tmp_path / "photos"


def test_without_pictures_of_the_built_in_names_there_is_no_retraining(tmp_path):
    assert plan(tmp_path) is None


def test_without_torch_there_is_none_and_that_is_said(photos, monkeypatch, caplog):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert plan(photos, retrain_data=str(photos)) is None
    assert "pip install 'fingerpost[train]'" in caplog.text


@pytest.mark.parametrize(("data", "other"), [("~/foto", ""), ("~/photos", "~/foto")])
def test_a_folder_that_is_not_there_is_one_clear_line(photos, data, other, caplog):
    assert plan(photos, retrain_data=data, retrain_other=other) is None
    assert len(caplog.records) == 1
    assert f"there is no folder {photos.parent / 'foto'}: correct retrain_data" in caplog.text


def test_the_command_names_the_pictures_and_the_process_with_which_it_is_to_end(photos):
    retraining = plan(photos, retrain_data="~/photos", retrain_other=str(photos), retrain_idle_minutes=2.0)
    assert retraining._command[1:] == ["-m", "fingerpost", "train", "taught", "--parent", str(os.getpid()),
                                       "--data", str(photos), "--other", str(photos)]
    assert retraining._idle_seconds == 120.0
