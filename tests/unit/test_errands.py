"""The thread that does errands: it tells how each ended, whatever happens."""

from __future__ import annotations

import queue
import threading

import pytest

from fingerpost.core.actions import Restart
from fingerpost.core.deciding.errands import BACK_UP, RESET, RESTORE, SHARE, on_errand_done
from fingerpost.core.errors import StoreError
from fingerpost.core.events import ErrandDone
from fingerpost.core.loop import Loop
from fingerpost.core.speech import Mouth
from fingerpost.core.state import MENU, POINTING, STOPPING, State
from fingerpost.core.types import URGENT, Press, Utterance
from fingerpost.devices.clocks import SimulatedClock
from fingerpost.memory.objects import ObjectStore
from fingerpost.upkeep.errands import Errands, Result, with_stick
from fingerpost.upkeep.reset import ask_for_reset
from fingerpost.upkeep.stick.files import read_device
from fingerpost.upkeep.stick.jobs import back_up, plan_stick_jobs, restore, share
from fingerpost.upkeep.stick.place import StickError
from tests.parts import EARCONS, SilentSpeaker, TonguelessVoice, english, status
from tests.stick import NOON, fill, measure, names_in


@pytest.fixture
def told():
    return queue.Queue()


def do(jobs, told, *errands):
    """How each errand ended, as the loop is told."""
    with Errands(jobs, SimulatedClock(), told.put) as runner:
        for errand in errands:
            runner.start(errand)
        return [told.get(timeout=10) for _ in errands]


def test_each_errand_is_answered_in_turn(told):
    jobs = {"share": lambda: Result("done", (("count", "2"),)), "backup": lambda: Result("nothing")}
    assert do(jobs, told, "share", "backup", "share") == [
        ErrandDone(0.0, "share", "done", (("count", "2"),)), ErrandDone(0.0, "backup", "nothing"),
        ErrandDone(0.0, "share", "done", (("count", "2"),))]


def test_an_errand_that_nobody_does_is_missing(told):
    assert [done.outcome for done in do({}, told, "update")] == ["missing"]


@pytest.mark.parametrize("error", [StoreError("the card is full"), ValueError("a mistake"), MemoryError()])
def test_whatever_goes_wrong_is_told_and_the_next_errand_is_done(told, error):
    def fail():
        raise error

    jobs = {"share": fail, "backup": lambda: Result("done")}
    assert [done.outcome for done in do(jobs, told, "share", "backup")] == ["failed", "done"]


def test_who_ends_does_not_wait_for_a_job_that_hangs(told, monkeypatch):
    monkeypatch.setattr("fingerpost.upkeep.errands._FAREWELL_SECONDS", 0.05)
    begun, release = threading.Event(), threading.Event()

    def hang():
        begun.set()
        release.wait(10)
        return Result("done")

    runner = Errands({"share": hang}, SimulatedClock(), told.put)
    runner.open()
    runner.start("share")
    assert begun.wait(10)
    runner.close()
    runner.close()
    assert told.empty()
    release.set()


def test_a_runner_that_was_never_opened_can_be_closed(told):
    Errands({}, SimulatedClock(), told.put).close()


def test_at_the_stick(tmp_path):
    def fail(stick):
        raise StickError("full", stick)

    assert with_stick(lambda stick: Result(stick.name), lambda: tmp_path)().outcome == tmp_path.name
    assert with_stick(fail, lambda: tmp_path)().outcome == "full"
    assert with_stick(fail, lambda: None)().outcome == "no_stick"


# In the running device


NEXT, BEFORE, CHOOSE = ("action", "short"), ("mode", "long"), ("action", "long")
PRESSES = {SHARE: (CHOOSE, BEFORE, CHOOSE), BACK_UP: (BEFORE, CHOOSE, CHOOSE), RESTORE: (BEFORE, CHOOSE, NEXT, CHOOSE),
           RESET: (BEFORE, BEFORE, BEFORE, CHOOSE)}
"""From the top of the menu."""


class Device:
    """A loop with a runner, and what it says; the stick is a folder."""

    def __init__(self, home, told):
        clock, self.heard, self._told = SimulatedClock(), [], told
        mouth = Mouth(SilentSpeaker(clock), TonguelessVoice(), english(), EARCONS, clock, lambda *heard: None)
        mouth.say = lambda utterance: self.heard.append(english().text(utterance))
        jobs = {**plan_stick_jobs(home, measure), RESET: lambda: ask_for_reset(home)}
        self.runner = Errands(jobs, clock, told.put)
        self.loop = Loop(State(mode=POINTING), mouth, lambda action: None, status, run_errand=self.runner.start)

    def choose(self, errand, times=1):
        """Choose it in the menu, so often; returns the words that follow until it has ended, and the menu is left."""
        presses = [("both", "long"), *PRESSES[errand][:-1], *times * [CHOOSE]]
        for number, press in enumerate(presses):
            if number == len(presses) - 1:
                self.heard.clear()
            self.loop.feed(Press(*press, at=float(number)))
        if self.loop.state.errand:
            self.loop.feed(self._told.get(timeout=20))
        words = self.heard[:2]
        while self.loop.state.mode == MENU:
            self.loop.feed(Press("mode", "short", at=10.0))
        return words


@pytest.fixture
def device(tmp_path, told, monkeypatch):
    monkeypatch.setenv("FINGERPOST_STICK", str(tmp_path / "stick"))
    device = Device(tmp_path / "home", told)
    with device.runner:
        yield device


def test_every_choice_is_answered_in_words(device, tmp_path):
    assert device.choose(SHARE)[-1] == "No stick that I can read is plugged in. It must be formatted with FAT."
    (tmp_path / "stick").mkdir()
    assert device.choose(SHARE)[-1] == "You have not taught me anything that I could share."
    assert device.choose(BACK_UP)[-1] == "There is nothing to back up yet."
    assert device.choose(RESTORE)[-1] == "There is no back-up on the stick."
    fill(tmp_path / "home")
    assert device.choose(SHARE) == ["One moment. I am writing your things to the stick.",
                                    "Your things are on the stick. Things: 2."]
    assert device.choose(BACK_UP)[-1] == "The back-up is made, and I have checked it. Things: 2."
    assert device.choose(RESTORE)[-1] == "I have all of it already."
    assert device.loop.state.mode == POINTING
    assert not device.loop.restarts


def test_a_restored_device_starts_anew(device, tmp_path):
    (tmp_path / "stick").mkdir()
    fill(tmp_path / "other")
    assert back_up(tmp_path / "stick", tmp_path / "other", NOON).outcome == "done"
    assert device.choose(RESTORE)[-1] == "Restored from another device. Things: 2. I start again."
    assert names_in(tmp_path / "home") == ["tea", "cup"]
    assert device.loop.restarts
    assert device.loop.state.mode == STOPPING


@pytest.mark.parametrize("outcome", ["ready", "ready_older", "ready_other"])
def test_what_is_said_before_a_new_start_waits_for_nothing(outcome):
    state, (say, restart) = on_errand_done(State(mode=POINTING), ErrandDone(1.0, RESTORE, outcome))
    assert say.utterance == Utterance("restore_" + outcome, priority=URGENT, interrupts=True)
    assert (restart, state.mode) == (Restart(), STOPPING)


def test_all_is_forgotten_once_it_was_asked_for_twice(device, tmp_path):
    assert device.choose(RESET) == ["I would forget all your things and settings, for good. Choose again to do it."]
    assert not (tmp_path / "home" / "reset.json").exists()
    assert device.choose(RESET, times=2) == ["One moment.", "I forget everything now, and start again."]
    assert (tmp_path / "home" / "reset.json").exists()
    assert device.loop.restarts


def test_the_older_of_two_is_said_to_be(tmp_path):
    fill(tmp_path / "home")
    (tmp_path / "stick").mkdir()
    back_up(tmp_path / "stick", tmp_path / "home", NOON)
    broken = f"fingerpost-backup-2026-11-23-1200-{read_device(tmp_path / 'home')}.zip"
    (tmp_path / "stick" / broken).write_bytes(b"PK\3\4 half of it")
    with ObjectStore(tmp_path / "home" / "objects.sqlite") as store:
        store.forget("tea")
    assert restore(tmp_path / "stick", tmp_path / "home", measure).outcome == "ready_older"
    assert share(tmp_path / "stick", tmp_path / "home", NOON).outcome == "done"
