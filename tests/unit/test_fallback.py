"""Two runtimes for one network, both simulated: who computes, what is tried again, and what the wearer hears of it."""

from __future__ import annotations

import threading

import pytest

from fingerpost.core.errors import ModelError
from fingerpost.core.ports import Backend
from fingerpost.inference.fallback import RELAPSE_SECONDS, FallbackBackend

WAIT_SECONDS = 20.0


class Runtime(Backend):
    """Gives its name, unless it has been told to fail."""

    def __init__(self, name):
        self.name, self.fails, self.opened, self.opening = name, False, 0, False
        self.refusal = ModelError(f"{name} does not open")
        self.may_open = threading.Event()
        self.may_open.set()

    def open(self):
        assert not self.opening, "two open it at once"
        self.opening = True
        assert self.may_open.wait(WAIT_SECONDS)
        self.opening = False
        if self.fails:
            raise self.refusal
        self.opened += 1

    def close(self):
        self.opened -= 1

    def run(self, array):
        assert self.opened == 1
        if self.fails:
            raise ModelError(f"{self.name} fails")
        return (self.name,)


class Pair:
    """Both, the one behind the other, on a clock that stands still."""

    def __init__(self):
        self.first, self.second, self.told, self.now = Runtime("first"), Runtime("second"), [], 0.0
        self.backend = FallbackBackend(self.first, self.second, self.told.append, lambda: self.now)

    def run(self):
        return self.backend.run(None)[0]

    def fail(self):
        """The first one fails in a run, and can be opened again; who computed that run."""
        self.first.fails = True
        self.first.may_open.clear()
        name = self.run()
        self.first.fails = False
        return name

    def let_it_open(self):
        """And wait until that is over."""
        self.first.may_open.set()
        for thread in threading.enumerate():
            if thread.name == "return":
                thread.join(WAIT_SECONDS)


@pytest.fixture
def pair():
    pair = Pair()
    with pair.backend:
        yield pair
    assert (pair.first.opened, pair.second.opened) == (0, 0)


def test_one_failure_is_bridged_and_not_heard_of(pair):
    assert pair.run() == "first"
    assert pair.fail() == "second"
    assert [pair.run(), pair.run()] == ["second", "second"], "nothing waits while the first one is opened"
    pair.let_it_open()
    assert [pair.run(), pair.run()] == ["first", "first"]
    assert (pair.second.opened, pair.told) == (0, [])


def test_what_cannot_be_opened_again_is_given_up_and_heard_of_once(pair):
    pair.fail()
    pair.first.fails = True
    pair.let_it_open()
    pair.first.fails = False
    assert [pair.run(), pair.run()] == ["second", "second"]
    assert pair.told == ["first does not open"]


def test_an_error_that_nobody_expected_is_heard_of_too(pair):
    pair.fail()
    pair.first.fails, pair.first.refusal = True, MemoryError("no room for the engine")
    pair.let_it_open()
    assert pair.told == ["no room for the engine"]
    assert pair.run() == "second"


@pytest.mark.parametrize(("seconds", "told"), [(RELAPSE_SECONDS - 1, ["first fails"]), (RELAPSE_SECONDS + 1, [])])
def test_what_fails_again_soon_is_given_up(pair, seconds, told):
    pair.fail()
    pair.let_it_open()
    assert pair.run() == "first"
    pair.now += seconds
    assert pair.fail() == "second"
    pair.let_it_open()
    assert pair.told == told
    assert pair.run() == ("second" if told else "first")


def test_what_comes_back_after_the_end_is_closed(pair):
    pair.fail()
    pair.backend.close()
    assert pair.second.opened == 0
    pair.let_it_open()
    assert pair.first.opened == 0


def test_what_has_come_back_and_was_never_used_is_closed_too(pair):
    pair.fail()
    pair.let_it_open()
    pair.backend.close()
    assert (pair.first.opened, pair.second.opened) == (0, 0)


def test_who_is_opened_anew_waits_for_what_comes_back(pair):
    pair.fail()
    pair.backend.close()
    threading.Timer(0.05, pair.first.may_open.set).start()
    pair.backend.open()
    assert pair.run() == "first"
