"""A device that is killed, or whose terminal is closed: no retraining goes on without it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from fingerpost.commands.run import catch_signals
from fingerpost.core.deciding.leisure import Leisure
from fingerpost.upkeep.retraining import Retraining
from tests.kills import Victim

TETHERED = """
import os, sys, time
from fingerpost.upkeep.tether import tether
tether(int(sys.argv[1]))
print(os.getpid(), flush=True)
time.sleep(100)
"""


def test_a_retraining_does_not_outlive_the_device_that_is_killed(tmp_path):
    def run_device(acknowledge):
        command = [sys.executable, "-c", TETHERED, str(os.getpid())]
        retraining = Retraining(command, 0.0, lambda: {"taught:1": 4}, tmp_path)
        retraining.step(Leisure(at=1.0), 1.0)
        while not (tmp_path / "retraining.log").read_text():
            time.sleep(0.01)
        acknowledge()

    victim = Victim(run_device)
    victim.wait()
    retraining = int((tmp_path / "retraining.log").read_text())
    os.kill(retraining, 0)  # it runs
    assert victim.kill() == 1
    assert os.WTERMSIG(os.waitpid(retraining, 0)[1]) == signal.SIGKILL


def test_one_whose_device_has_ended_before_it_could_look_ends_at_once():
    stranger = os.getppid()
    done = subprocess.run([sys.executable, "-c", TETHERED, str(stranger)], stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, b"")


@pytest.fixture
def handlers():
    """No signal is ignored, as it may be where the tests themselves run; what is done to them is undone."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_DFL) for number in numbers}
    yield numbers
    for number, handler in before.items():
        signal.signal(number, handler)


def test_each_signal_that_asks_it_to_end_ends_it_in_order(handlers):
    for number in handlers:
        stop = threading.Event()
        catch_signals(stop)
        os.kill(os.getpid(), number)
        assert stop.wait(5)


def test_a_signal_that_it_was_started_to_ignore_stays_ignored(handlers):
    """As by `nohup fingerpost run`."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stop = threading.Event()
    catch_signals(stop)
    os.kill(os.getpid(), signal.SIGHUP)
    assert not stop.wait(0.1)
