"""The companion page's process: there when it is wanted, started anew within a budget, and never left behind."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

from fingerpost.core.events import Fault, Recovered
from fingerpost.core.state import POINTING, State
from fingerpost.core.visits import MISSING, DoorChanged, OpenDoor, TellCode
from fingerpost.devices.clocks import RealClock, SimulatedClock
from fingerpost.upkeep import keeper as keepers
from fingerpost.upkeep.attendant import (
    ANSWER_SECONDS,
    MOST_STARTS,
    NEEDED,
    NICENESS,
    NOTE,
    PRESENT_SECONDS,
    START_SECONDS,
    STARTS_SECONDS,
    Attendant,
    ChildPage,
    Page,
    ServicePage,
    plan_page,
)
from fingerpost.upkeep.keeper import Keeper
from tests.room import wait_until

STATE = State(mode=POINTING)
SLEEP = "import time; time.sleep(100)"
REFUSE = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); {SLEEP}"


class ScriptedPage(Page):
    """Starts and ends as a test wants."""

    def __init__(self):
        self.running, self.starts, self.ends, self.error = False, 0, 0, None

    def start(self):
        if self.error is not None:
            raise self.error
        self.running, self.starts = True, self.starts + 1

    @property
    def is_running(self):
        return self.running

    def end(self):
        self.ends += self.running
        self.running = False


class Hall:
    """An attendant with a page, whose arrival at the device's window is `there`."""

    def __init__(self, always=False, page=None):
        self.page, self.there, self.told, self.clock = page or ScriptedPage(), False, [], SimulatedClock()
        self.sent_away, self.busy = 0, False
        self.attendant = Attendant(self.page, always, lambda: self.there, self.clock, self.told.append,
                                   lambda: self.busy, self.send_away)

    def send_away(self):
        self.sent_away += 1

    def step(self, seconds=2.0):
        self.clock.sleep(seconds)
        self.attendant.step(self.clock.now())

    def answer(self, is_open):
        self.attendant.on_event(DoorChanged(self.clock.now(), is_open), STATE)

    def open_door(self):
        """The wearer wants it, the page comes, and it opens."""
        self.attendant.go_to_door(OpenDoor(True))
        self.step()
        self.there = True
        self.answer(True)


def test_it_is_not_there_unless_it_is_wanted():
    hall = Hall()
    hall.step()
    assert hall.page.starts == 0
    hall.attendant.go_to_door(OpenDoor(True))
    hall.step()
    assert hall.page.starts == 1
    hall.there = True
    for _ in range(100):
        hall.step(1.0)
        hall.answer(True)
    assert (hall.page.starts, hall.told) == (1, [])


def test_one_that_came_for_the_door_goes_with_it_and_one_that_serves_stays():
    for always in (False, True):
        hall = Hall(always)
        hall.open_door()
        hall.answer(False)
        hall.step()
        assert hall.page.running == always


def test_one_that_works_may_finish_when_the_door_is_closed():
    hall = Hall()
    hall.open_door()
    hall.busy = True
    hall.answer(False)
    for _ in range(5):
        hall.step()
    assert hall.page.running
    hall.busy = False
    hall.step()
    assert not hall.page.running


def test_one_that_works_still_when_the_wearer_opens_the_door_again_stays():
    hall = Hall()
    hall.open_door()
    hall.busy = True
    hall.answer(False)
    hall.step()
    hall.attendant.go_to_door(OpenDoor(True))
    hall.answer(True)
    hall.busy = False
    hall.step()
    assert (hall.page.running, hall.page.starts) == (True, 1)


def test_one_that_ends_is_started_again_and_after_the_budget_the_wearer_is_told(caplog):
    hall = Hall(always=True)
    for count in range(1, MOST_STARTS + 1):
        hall.step()
        assert (hall.page.starts, hall.told) == (count, [])
        hall.page.running = False
    hall.step()
    hall.step()
    fault, = hall.told
    assert (fault.part, fault.reason.splitlines()) == ("companion", [fault.reason])
    assert "fingerpost companion" in fault.reason
    assert hall.page.starts == MOST_STARTS
    assert "started again" in caplog.text
    hall.attendant.go_to_door(OpenDoor(True))
    hall.step()
    assert hall.page.starts == MOST_STARTS + 1, "the wearer may ask for it again"
    hall.there = True
    hall.step()
    hall.step()
    assert hall.told[1:] == [Recovered("companion", hall.clock.now() - 2.0)]


def test_one_that_ends_now_and_then_is_started_for_ever():
    hall = Hall(always=True)
    for _ in range(20):
        hall.step(STARTS_SECONDS / (MOST_STARTS - 1))
        hall.page.running = False
    assert (hall.page.starts, hall.told) == (20, [])


def test_one_that_does_not_come_to_the_window_is_ended_and_started_again():
    hall = Hall(always=True)
    hall.step()
    hall.step(START_SECONDS - 1)
    assert (hall.page.starts, hall.page.ends) == (1, 0)
    hall.step()
    assert (hall.page.starts, hall.page.ends) == (2, 1)


@pytest.mark.parametrize("action", [OpenDoor(True), OpenDoor(False), TellCode()])
def test_one_that_does_not_answer_the_wearer_is_ended_and_they_are_told(action):
    hall = Hall()
    hall.open_door()
    hall.attendant.go_to_door(action)
    hall.step(PRESENT_SECONDS - 1)
    assert not hall.told
    hall.step()
    assert [type(event) for event in hall.told] == [Fault]
    assert not hall.page.running
    assert hall.sent_away == 1, "who looks on through another one must not go on"
    hall.step(ANSWER_SECONDS + 1)
    assert len(hall.told) == 1


def test_one_that_has_to_be_started_for_it_has_longer():
    hall = Hall()
    hall.attendant.go_to_door(OpenDoor(True))
    hall.step(1.0)
    hall.step(ANSWER_SECONDS - 1)
    assert not hall.told
    hall.there = True
    hall.step(2.0)
    assert [type(event) for event in hall.told] == [Fault]


def test_one_that_ends_while_the_wearer_waits_is_given_the_time_to_come_back():
    hall = Hall()
    hall.open_door()
    hall.attendant.go_to_door(TellCode())
    hall.there = hall.page.running = False
    hall.step(1.0)
    assert hall.page.starts == 2
    hall.step(ANSWER_SECONDS - 1)
    assert not hall.told


def test_one_that_somebody_else_has_started_does_as_well():
    hall = Hall()
    hall.there = True
    hall.attendant.go_to_door(OpenDoor(True))
    hall.step()
    assert hall.page.starts == 0


def test_one_that_cannot_be_started_is_a_fault():
    hall = Hall()
    hall.page.error = OSError(12, "no memory")
    hall.attendant.go_to_door(OpenDoor(True))
    hall.step()
    fault, = hall.told
    assert "no memory" in fault.reason


def test_where_none_is_installed_the_wearer_is_told_and_one_by_hand_does_as_well():
    told, there = [], False
    attendant = Attendant(None, True, lambda: there, SimulatedClock(), told.append)
    attendant.step(1.0)
    attendant.go_to_door(OpenDoor(True))
    assert [(event.open, event.reason) for event in told] == [(False, MISSING)]
    there = True
    attendant.go_to_door(OpenDoor(True))
    attendant.step(2.0)
    attendant.close()
    assert len(told) == 1


# Real processes

@pytest.mark.parametrize("script", [SLEEP, REFUSE])
def test_a_device_that_is_switched_off_leaves_no_page_behind(script):
    page = ChildPage([sys.executable, "-c", script])
    hall = Hall(always=True, page=page)
    hall.step()
    assert page.is_running
    child = page._child
    assert os.getpriority(os.PRIO_PROCESS, child.pid) >= NICENESS
    assert os.getsid(child.pid) == child.pid
    hall.attendant.close()
    hall.attendant.close()
    assert child.returncode is not None
    hall.step()
    assert not page.is_running


def test_a_page_that_crashes_is_noticed():
    page = ChildPage([sys.executable, "-c", "raise SystemExit(3)"])
    page.start()
    wait_until(lambda: not page.is_running)


def test_the_keeper_looks_after_it(monkeypatch):
    monkeypatch.setattr(keepers, "LOOK_SECONDS", 0.01)

    page = ChildPage([sys.executable, "-c", SLEEP])
    attendant = Attendant(page, True, lambda: False, RealClock(), lambda event: None)
    with Keeper([], None, RealClock(), lambda event: None, attendant=attendant):
        wait_until(lambda: page.is_running)
        child = page._child
    assert child.returncode is not None


def test_the_page_does_not_outlive_a_device_that_is_killed(tmp_path):
    """`fingerpost companion --parent` is tethered to it, as here."""
    inner = ("import os, time; from fingerpost.upkeep.tether import tether; tether(os.getppid()); "
             "print(os.getpid(), flush=True); time.sleep(100)")
    outer = (f"import sys, time; from fingerpost.upkeep.attendant import ChildPage; "
             f"page = ChildPage([sys.executable, '-c', {inner!r}]); page.start(); time.sleep(100)")
    device = subprocess.Popen([sys.executable, "-c", outer], stdout=subprocess.PIPE, text=True)
    pid = int(device.stdout.readline())
    device.kill()
    device.wait()
    device.stdout.close()

    def has_gone():
        try:
            with open(f"/proc/{pid}/stat") as file:
                return file.read().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True

    wait_until(has_gone)


# How it is started

def test_it_is_a_process_of_the_device_or_a_service_of_its_own(tmp_path):
    page = plan_page(["--port", "1"], True, {})
    assert isinstance(page, ChildPage)
    assert page._command[1:] == ["-m", "fingerpost", "companion", "--parent", str(os.getpid()), "--port", "1"]
    note = tmp_path / "companion"
    service = plan_page([], True, {NOTE: str(note)})
    assert isinstance(service, ServicePage)
    assert not service.is_running
    service.start()
    assert note.exists()
    assert service.is_running
    for _ in range(2):
        service.end()
        assert not service.is_running
        assert not note.exists(), "for it ends once that is gone"


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("missing", NEEDED)
def test_what_is_not_installed_is_told_where_it_is_wanted(wanted, missing, monkeypatch, caplog):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else object())
    assert plan_page([], wanted, {}) is None
    assert ("pip install 'fingerpost[companion]'" in caplog.text) == wanted
