"""Which version runs: with any doubt the installed one, and a new one only as long as it may still come up."""

from __future__ import annotations

import itertools
import json
import os
import time

import pytest

from fingerpost import __version__, launcher
from fingerpost.launcher import BEFORE, CHOSEN, Record, choose, launch, read_record, write_record
from fingerpost.upkeep.laststop import STEADY_SECONDS, RunningNote
from tests.releases import REPORTS, Maker, start


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of the releases, with two that could run."""
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "state"))
    monkeypatch.delenv(CHOSEN, raising=False)
    folder = tmp_path / "state" / "releases"
    for version in ("8.0.0", "9.0.0"):
        for part in ("app/fingerpost", "models"):
            (folder / version / part).mkdir(parents=True, mode=0o755)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    return folder


def chosen(folder, counts=False):
    record = choose(folder, counts)
    return record.version if record else "installed"


def test_the_current_release_runs(folder):
    assert chosen(folder) == "installed"
    write_record(folder, Record("9.0.0"))
    assert chosen(folder) == "9.0.0"
    write_record(folder, Record("8.0.0", previous="9.0.0"))
    assert chosen(folder) == "8.0.0"


@pytest.mark.parametrize("text", [
    "", "{", "[]", "null", '{"version": 9}', '{"version": "../9.0.0"}', '{"version": "9"}', '{"other": ""}',
    '{"version": "9.0.0", "starts": "many"}', "\0" * 80, '{"version": "7.0.0"}'])
def test_a_record_that_makes_no_sense_leaves_the_installed_version(folder, text):
    (folder / "current.json").write_text(text)
    assert chosen(folder, counts=True) == "installed"


def test_a_release_that_the_installed_version_has_overtaken_does_not_run(folder):
    (folder / "9.0.0").rename(folder / __version__)
    write_record(folder, Record(__version__, trial=True))
    assert chosen(folder, counts=True) == "installed"
    assert read_record(folder).starts == 0


@pytest.mark.parametrize("part", ["", "9.0.0", "9.0.0/app/fingerpost", "9.0.0/models"])
def test_what_others_could_write_or_have_put_there_does_not_run(folder, part, tmp_path):
    write_record(folder, Record("9.0.0"))
    (folder / part).chmod(0o777)
    assert chosen(folder) == "installed"
    (folder / part).chmod(0o755)
    assert chosen(folder) == "9.0.0"
    (folder / part).rename(tmp_path / "elsewhere")
    assert chosen(folder) == "installed"
    (folder / part).symlink_to(tmp_path / "elsewhere")
    assert chosen(folder) == "installed"


def test_nobody_runs_what_belongs_to_another_user(folder, monkeypatch):
    write_record(folder, Record("9.0.0"))
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert chosen(folder) == "installed"


def test_root_runs_nothing_from_the_services_folder_whoever_owns_that_by_now(folder, monkeypatch):
    write_record(folder, Record("9.0.0"))
    monkeypatch.setattr(launcher, "DEVICE_STATE", folder.parent)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert chosen(folder) == "installed"


@pytest.mark.parametrize("previous", ["", "8.0.0"])
def test_the_third_start_on_trial_is_that_of_the_version_before(folder, previous):
    write_record(folder, Record("9.0.0", previous, trial=True))
    assert [chosen(folder, counts=True) for _ in range(2)] == ["9.0.0", "9.0.0"]
    assert chosen(folder) == "9.0.0", "the companion page is no start"
    assert chosen(folder, counts=True) == (previous or "installed")
    assert read_record(folder) == Record(previous, failed="9.0.0")
    assert chosen(folder, counts=True) == (previous or "installed")


PIDS = itertools.count(2 ** 22 + 1)
"""Those of processes that are no more."""


def crash(folder, **changes):
    """Leave the note that a device leaves which has crashed, in this boot of the machine if nothing is changed."""
    note = folder.parent / "running.json"
    with RunningNote(folder.parent):
        found = json.loads(note.read_text())
    note.write_text(json.dumps({**found, "pid": next(PIDS), **changes}))


def end_in_order(folder):
    (folder.parent / "running.json").unlink()


def test_one_that_crashes_again_and_again_after_its_trial_is_left_for_the_one_before_and_that_for_the_installed(folder):
    write_record(folder, Record("9.0.0", previous="8.0.0"))
    starts = [chosen(folder, counts=True)]
    for _ in range(6):
        crash(folder)
        starts.append(chosen(folder, counts=True))
    assert starts == ["9.0.0"] * 3 + ["8.0.0"] * 3 + ["installed"]
    record = read_record(folder)
    assert (record.version, record.failed) == ("", "8.0.0")


def test_a_crash_counts_once_however_many_starts_end_before_they_open_a_note_of_their_own(folder):
    write_record(folder, Record("9.0.0", previous="8.0.0"))
    for crashes in (1, 2):
        crash(folder)
        assert [chosen(folder, counts=True) for _ in range(5)] == ["9.0.0"] * 5
        assert read_record(folder).crashes == crashes
    crash(folder)
    assert [chosen(folder, counts=True) for _ in range(5)] == ["8.0.0"] * 5
    assert read_record(folder).crashes == 0, "it was the other one's"


def test_the_crash_that_ends_a_trial_is_none_of_the_version_before(folder):
    write_record(folder, Record("9.0.0", previous="8.0.0", trial=True))
    chosen(folder, counts=True)
    chosen(folder, counts=True)
    crash(folder)
    assert [chosen(folder, counts=True) for _ in range(5)] == ["8.0.0"] * 5
    assert read_record(folder).crashes == 0


def test_who_has_worked_for_an_hour_begins_the_row_anew(folder):
    write_record(folder, Record("9.0.0", previous="8.0.0"))
    for _ in range(5):
        for _ in range(2):
            crash(folder)
            assert chosen(folder, counts=True) == "9.0.0"
        assert read_record(folder).crashes == 2
        crash(folder, at=time.time() - STEADY_SECONDS)
        assert chosen(folder, counts=True) == "9.0.0"
        assert read_record(folder).crashes == 0


def test_on_a_card_that_takes_no_more_the_release_goes_on_after_a_crash(folder, monkeypatch, caplog):
    before = Record("9.0.0", previous="8.0.0", crashes=2)
    write_record(folder, before)
    crash(folder)

    def fail(*details):
        raise OSError("no room")

    monkeypatch.setattr(launcher, "write_whole", fail)
    assert chosen(folder, counts=True) == "9.0.0"
    assert read_record(folder) == before
    assert "it is not put down how often version 9.0.0 has crashed: no room" in caplog.text


def test_only_crashes_in_a_row_count_and_a_cut_of_the_power_is_none(folder):
    write_record(folder, Record("9.0.0", previous="8.0.0"))
    for _ in range(5):
        for _ in range(2):
            crash(folder)
            assert chosen(folder, counts=True) == "9.0.0"
        assert read_record(folder).crashes == 2
        assert chosen(folder) == "9.0.0", "the companion page is no start"
        end_in_order(folder)
        assert chosen(folder, counts=True) == "9.0.0"
        assert read_record(folder).crashes == 0
    for _ in range(5):
        crash(folder, boot_id="another")
        assert chosen(folder, counts=True) == "9.0.0"


def test_what_a_newer_version_puts_down_besides_is_passed_over(folder):
    (folder / "current.json").write_text('{"version": "9.0.0", "mood": "good"}')
    assert chosen(folder) == "9.0.0"


def test_one_that_has_come_up_starts_as_often_as_it_likes(folder):
    write_record(folder, Record("9.0.0"))
    assert [chosen(folder, counts=True) for _ in range(5)] == ["9.0.0"] * 5


def test_whatever_goes_wrong_the_installed_version_goes_on(folder, monkeypatch, caplog):
    write_record(folder, Record("9.0.0", trial=True))

    def fail(*details):
        raise OSError("no room")

    monkeypatch.setattr(launcher, "write_record", fail)
    launch(counts=True)  # one that cannot be counted would never be given up
    monkeypatch.setattr(launcher, "write_record", write_record)
    monkeypatch.setattr(launcher, "_execute", fail)
    launch(counts=True)
    assert caplog.text.count("the installed version runs") == 2


def test_a_release_does_not_look_for_another(folder, monkeypatch):
    write_record(folder, Record("9.0.0"))
    monkeypatch.setattr(launcher, "_execute", lambda environment: pytest.fail("it was started again"))
    monkeypatch.setenv(CHOSEN, "8.0.0")
    launch(counts=True)


def test_whoever_runs_an_older_version_can_tell(folder, monkeypatch):
    assert not launcher.is_outdated()
    write_record(folder, Record("9.0.0"))
    assert launcher.is_outdated()
    monkeypatch.setenv(CHOSEN, "9.0.0")
    assert not launcher.is_outdated()
    write_record(folder, Record("", failed="9.0.0"))
    assert launcher.is_outdated()


def test_the_time_of_a_trial_is_given_anew_to_one_that_is_alive_and_ends_with_it(monkeypatch):
    left = [100]

    def alarm(seconds):
        before, left[0] = left[0], seconds
        return before

    monkeypatch.setattr(launcher.signal, "alarm", alarm)
    monkeypatch.delenv(CHOSEN, raising=False)
    launcher.go_on()
    assert left == [100], "it is nobody's trial"
    monkeypatch.setenv(CHOSEN, "9.0.0")
    launcher.go_on()
    assert left == [launcher.TRIAL_SECONDS]
    launcher.end_trial()
    assert left == [0]
    launcher.go_on()
    assert left == [0], "it is over"


def test_where_systemd_has_started_it_that_is_asked_to_start_it_anew(monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    assert launcher.start_anew() == launcher.RESTART_STATUS


def read_reports(done):
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def test_a_release_takes_over_the_process_with_its_words_and_the_old_code_comes_back(tmp_path, monkeypatch):
    """Two real processes' lives: the installed version becomes the release, which starts anew, as the installed one."""
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "state"))
    folder, maker = tmp_path / "state" / "releases", Maker(tmp_path)
    folder.mkdir(parents=True, mode=0o700)
    anew = f"{REPORTS}\nos.unlink({str(folder / 'current.json')!r})\nlauncher.start_anew()"
    maker.checkout("9.0.0", main=anew).rename(folder / "9.0.0")
    for path in (folder / "9.0.0").rglob("*"):
        path.chmod(0o755)
    (folder / "9.0.0").chmod(0o755)
    write_record(folder, Record("9.0.0", trial=True))
    for name in ("fingerpost.py", "json.py"):  # what lies in the working directory is never run
        (tmp_path / "downloads" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "downloads" / name).write_text("raise SystemExit('a stranger was let in')")
    (tmp_path / "downloads" / "fingerpost").mkdir()
    # The second life is one of the installed version's: it says what is wrong with its settings.
    done = start("run", "--settings", "/no/such/file", before=f"import os; os.chdir({str(tmp_path / 'downloads')!r})",
                 PYTHONPATH=str(tmp_path))
    (report,) = read_reports(done)
    assert report["words"] == ["run", "--settings", "/no/such/file"]
    assert report["FINGERPOST_HOME"] == str(folder / "9.0.0")
    assert report["PYTHONPATH"] == os.pathsep.join((str(folder / "9.0.0" / "app"), str(tmp_path)))
    assert report["FINGERPOST_RELEASE"] == "9.0.0"
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].startswith("fingerpost: /no/such/file"), done.stdout


def test_what_was_before_a_release_is_put_back(monkeypatch):
    told = {}
    monkeypatch.setattr(launcher, "_execute", told.update)
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    for name, value in ((CHOSEN, "9.0.0"), ("PYTHONPATH", "/release/app:/mine"), ("FINGERPOST_HOME", "/release"),
                        (BEFORE, json.dumps({"PYTHONPATH": "/mine", "FINGERPOST_HOME": None}))):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(launcher, "end_trial", lambda: None)
    launcher.start_anew()
    assert told["PYTHONPATH"] == "/mine"
    assert not {CHOSEN, BEFORE, "FINGERPOST_HOME"} & set(told)
