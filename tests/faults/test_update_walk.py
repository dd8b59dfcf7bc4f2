"""The wearer's update, whole: a real release on a folder that stands for the stick, two buttons, a device that starts
anew, and its words. And releases that do not come up."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time

import pytest

from fingerpost.home import asset_home
from fingerpost.launcher import Record, read_record, releases_home
from fingerpost.upkeep.releases.file import build_update
from fingerpost.upkeep.releases.store import install
from tests.releases import CODE, open_shop, start


@pytest.fixture
def stick(tmp_path, monkeypatch):
    """A stick with an update that is this very version but for its number."""
    maker, checkout = open_shop(tmp_path, monkeypatch), tmp_path / "checkout"
    for folder in ("models", "assets", "calibration", "hardware", "systemd"):
        (checkout / folder).parent.mkdir(parents=True, exist_ok=True)
        (checkout / folder).symlink_to(asset_home() / folder)
    shutil.copytree(str(CODE), str(checkout / "app" / "fingerpost"), ignore=shutil.ignore_patterns("__pycache__"))
    (checkout / "app" / "fingerpost" / "__init__.py").write_text('__version__ = "9.0.0"\n')
    trial = checkout / "app" / "fingerpost" / "upkeep" / "releases" / "trial.py"
    trial.write_text(trial.read_text().replace("PROOF_SECONDS = 120.0", "PROOF_SECONDS = 2.0"))
    shutil.copy(str(maker.checkout() / "pyproject.toml"), str(checkout))
    build_update(checkout, maker.private, maker.stick / "fingerpost-update-9.0.0.zip")
    return maker.stick


class Wearer:
    """Somebody at a terminal: types what stands for presses, and reads what is heard."""

    def __init__(self, stick):
        self._screen, terminal = pty.openpty()
        walk = asset_home() / "assets" / "walks" / "teaching" / "walk.mp4"
        self.device = subprocess.Popen(
            [sys.executable, "-m", "fingerpost", "run", "--camera", str(walk)], stdin=terminal, stdout=terminal,
            stderr=terminal, cwd="/", env={**os.environ, "FINGERPOST_STICK": str(stick)}, start_new_session=True)
        os.close(terminal)
        self.heard = ""

    def hears(self, words, seconds=60.0):
        """Wait for the words, after those that were waited for before."""
        until = time.monotonic() + seconds
        while words not in self.heard:
            ready, _, _ = select.select([self._screen], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                pytest.fail(f"never heard {words!r}, but {self.heard}")
            self.heard += os.read(self._screen, 4096).decode(errors="replace")
        self.heard = self.heard.split(words, 1)[1]

    def press(self, key):
        os.write(self._screen, key.encode())

    def leave(self):
        """Ends it by SIGTERM: SIGINT is ignored where the tests run in the background."""
        self.device.send_signal(signal.SIGTERM)
        try:
            assert self.device.wait(20) == 0
        finally:
            self.device.kill()
            os.close(self._screen)


def wait_for_record(record):
    until = time.monotonic() + 60
    while read_record(releases_home()) != record and time.monotonic() < until:
        time.sleep(0.1)
    assert read_record(releases_home()) == record


def test_from_the_menu_to_the_new_version(stick):
    wearer = Wearer(stick)
    try:
        process = wearer.device.pid
        wearer.hears("[ready]")
        wearer.press("b")
        wearer.hears("Your things")
        for key, words in (("M", "USB stick"), ("A", "Back up"), ("M", "Update from the stick. Version 0."),
                           ("A", "I look for an update."), ("", "Version 9.0.0 is checked and ready."),
                           ("", "Fingerpost is starting."), ("", "The update works. You have the new version.")):
            wearer.press(key)
            wearer.hears(words)
        assert wearer.device.pid == process
        wait_for_record(Record("9.0.0"))
        wearer.press("b")
        wearer.hears("Your things")
        for key, words in (("M", "USB stick"), ("A", "Back up"), ("M", "Version 9.0.0 runs."),
                           ("A", "The update on the stick is not newer than what I have.")):
            wearer.press(key)
            wearer.hears(words)
    finally:
        wearer.leave()


@pytest.mark.parametrize(("main", "before"), [
    ("import no_such_module", ""), ("sys.exit('I cannot')", ""), ("import os; os.abort()", ""),
    ("import time; time.sleep(1000)", "launcher.TRIAL_SECONDS = 1"),
    ("import signal, time; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT]); time.sleep(1000)",
     "launcher.TRIAL_SECONDS = 1"),
], ids=["at its imports", "at its start", "in native code", "hangs", "hangs and is deaf"])
def test_a_release_that_does_not_come_up_is_given_up_at_the_third_start(tmp_path, monkeypatch, main, before):
    maker = open_shop(tmp_path, monkeypatch)
    install(maker.build(main=main))
    said = [start("run", "--settings", "/no/such/file", before=before).stdout for _ in range(3)]
    # Of the settings the version that is installed complains, as it comes to them.
    assert ["fingerpost: /no/such/file" in text for text in said] == [False, False, True], said
    assert read_record(releases_home()) == Record("", failed="9.0.0")


def test_the_wearer_hears_that_the_old_version_is_back(tmp_path, monkeypatch):
    """The device itself: two starts of a release that crashes, then the words of the old one."""
    install(open_shop(tmp_path, monkeypatch).build(main="import no_such_module"))
    assert all(start("run").returncode for _ in range(2))
    wearer = Wearer(tmp_path)
    try:
        wearer.hears("The update did not work. You have the old version again.")
        wait_for_record(Record())  # it has come up, and the wearer has heard of it
    finally:
        wearer.leave()
