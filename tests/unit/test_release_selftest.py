"""The self-test that a release must pass before it is taken in."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from fingerpost.launcher import releases_home
from fingerpost.upkeep.laststop import read_start
from fingerpost.upkeep.releases import store
from fingerpost.upkeep.releases.store import install, take_update
from tests.releases import open_shop


@pytest.fixture
def maker(tmp_path, monkeypatch):
    """A maker whom this device trusts."""
    return open_shop(tmp_path, monkeypatch)


@pytest.mark.parametrize("script", ["import no_such_module", "import sys; sys.exit('I see nothing')"])
def test_a_release_that_fails_its_self_test_leaves_no_trace(maker, script, caplog, monkeypatch):
    monkeypatch.setattr("tests.releases.PASSES", script + "\n")
    maker.build()
    assert take_update(maker.stick).outcome == "unfit"
    assert "no_such_module" in caplog.text or "I see nothing" in caplog.text
    assert os.listdir(str(releases_home())) == []


def test_a_self_test_yields_to_the_device_and_nothing_of_it_goes_on(maker, monkeypatch, tmp_path):
    script = f"""
import os, subprocess, sys, time
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
while open("/proc/self/oom_score_adj").read() != "500\\n":
    time.sleep(0.01)
with open({str(tmp_path / 'told')!r}, "w") as told:
    told.write(f"{{helper.pid}} {{os.nice(0)}}")
print("x" * 1000000)
"""
    monkeypatch.setattr("tests.releases.PASSES", script)
    monkeypatch.setattr(store, "TEST_SECONDS", 60.0)
    install(maker.build())
    helper, niceness = map(int, (tmp_path / "told").read_text().split())
    assert niceness == max(store.NICENESS, os.nice(0))
    while read_start(Path("/proc"), helper):  # it was killed, which may take the system a moment
        time.sleep(0.01)


def test_a_self_test_that_hangs_is_ended(maker, monkeypatch):
    monkeypatch.setattr("tests.releases.PASSES", "import time; time.sleep(100)\n")
    monkeypatch.setattr(store, "TEST_SECONDS", 0.5)
    maker.build()
    assert take_update(maker.stick).outcome == "unfit"
    assert os.listdir(str(releases_home())) == []


def test_the_self_test_runs_the_new_code_and_touches_nothing_of_the_wearers(maker, monkeypatch, tmp_path):
    script = f"""
import json, os, fingerpost
with open({str(tmp_path / 'told')!r}, "w") as told:
    json.dump([fingerpost.__version__, os.environ["FINGERPOST_STATE"], os.environ["FINGERPOST_HOME"]], told)
"""
    monkeypatch.setattr("tests.releases.PASSES", script)
    install(maker.build())
    told = (tmp_path / "told").read_text()
    assert '"9.0.0"' in told
    assert str(tmp_path / "state" / "releases" / "9.0.0.unpacking") in told
    assert f'"{tmp_path / "state"}"' not in told


def test_the_stick_is_let_go_of_before_the_self_test(maker, monkeypatch):
    update = maker.build()

    def find_open():
        return [os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")]

    monkeypatch.setattr(store, "try_release", lambda part: open_files.extend(find_open()))
    open_files = []
    install(update)
    assert open_files
    assert str(update) not in open_files
