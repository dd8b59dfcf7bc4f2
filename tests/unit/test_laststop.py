"""The note by which a start knows how the device stopped before."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from fingerpost.core.errors import CameraError
from fingerpost.memory.objects import ObjectStore
from fingerpost.upkeep.laststop import (
    BY_FAULT,
    BY_POWER,
    IN_ORDER,
    RUNNING,
    STEADY_SECONDS,
    RunningNote,
    find_early_crash,
    greet,
    read_start,
)
from fingerpost.upkeep.notes import read_note


@pytest.fixture
def machine(tmp_path):
    """Makes up what the kernel says: its boot, and processes with the instants at which they were started."""
    def boot(boot_id, **processes):
        proc = tmp_path / boot_id
        (proc / "sys/kernel/random").mkdir(parents=True)
        (proc / "sys/kernel/random/boot_id").write_text(boot_id + "\n")
        for pid, started in {str(os.getpid()): 700, **processes}.items():
            (proc / pid.strip("p")).mkdir()
            middle = " ".join(["0"] * 18)
            (proc / pid.strip("p") / "stat").write_text(f"7 (a (very) odd) name) S {middle} {started} 0\n")
        return proc

    return boot


def start(folder, proc):
    """A start whose end does not come."""
    note = RunningNote(folder, proc)
    note.__enter__()
    return note.last_stop


def leave_note(folder, **changes):
    """A note of another process, started at 500 in the boot "monday"."""
    (folder / RUNNING).write_text(str({"boot_id": "monday", "pid": 41, "started": "500", "at": 0, **changes}
                                      ).replace("'", '"'))


def test_an_orderly_end_leaves_nothing(tmp_path, machine):
    proc = machine("monday")
    for _ in range(2):
        with RunningNote(tmp_path, proc) as note:
            assert (tmp_path / RUNNING).exists()
            assert note.last_stop == IN_ORDER
        assert not (tmp_path / RUNNING).exists()


def test_who_was_killed_while_the_machine_ran_on_stopped_by_mistake(tmp_path, machine):
    leave_note(tmp_path)
    assert start(tmp_path, machine("monday")) == BY_FAULT


def test_a_number_that_is_another_process_by_now_is_no_device_that_runs(tmp_path, machine):
    leave_note(tmp_path)
    assert start(tmp_path, machine("monday", p41=900)) == BY_FAULT


def test_after_another_boot_it_was_the_power(tmp_path, machine):
    leave_note(tmp_path)
    assert start(tmp_path, machine("tuesday", p41=500)) == BY_POWER
    assert read_note(tmp_path / RUNNING)["boot_id"] == "tuesday"


def test_each_crash_soon_after_a_start_has_a_name_of_its_own_which_stays(tmp_path, machine):
    proc, now = machine("monday", p43=500), time.time()
    names = []
    for changes in ({}, {"pid": 42}, {"started": "600"}, {"pid": 43, "started": "600"}):
        leave_note(tmp_path, at=now, **changes)
        names.append(find_early_crash(tmp_path, proc))
        assert find_early_crash(tmp_path, proc) == names[-1]
    assert len(set(names)) == 4
    assert all(names)


@pytest.mark.parametrize("changes", [{"boot_id": "sunday"}, {"pid": 43}, {"at": 0}, {"boot_id": "sunday", "at": "?"}])
def test_no_early_crash_is_a_cut_of_the_power_a_device_that_runs_or_one_that_has_lived_for_long(tmp_path, machine,
                                                                                              changes):
    leave_note(tmp_path, **{"at": time.time(), **changes})
    assert find_early_crash(tmp_path, machine("monday", p43=500)) == ""


def test_a_life_of_an_hour_is_a_long_one(tmp_path, machine, monkeypatch):
    leave_note(tmp_path, at=1000)
    proc = machine("monday")
    for seconds, is_early in ((STEADY_SECONDS - 1, True), (STEADY_SECONDS, False), (-7.0, True)):
        monkeypatch.setattr(time, "time", lambda now=1000 + seconds: now)
        assert bool(find_early_crash(tmp_path, proc)) is is_early, seconds


def test_beside_a_device_that_runs_the_note_is_left_alone(tmp_path, machine):
    leave_note(tmp_path)
    with RunningNote(tmp_path, machine("monday", p41=500)) as note:
        assert note.last_stop == IN_ORDER
    assert read_note(tmp_path / RUNNING)["pid"] == 41


@pytest.mark.parametrize(("error", "stays"), [(CameraError("unplugged"), False), (KeyboardInterrupt(), False),
                                              (ValueError("a mistake"), True)])
def test_an_error_that_nobody_has_foreseen_is_a_stop_by_mistake(tmp_path, machine, error, stays):
    with pytest.raises(type(error)), RunningNote(tmp_path, machine("monday")):
        raise error
    assert (tmp_path / RUNNING).exists() == stays


@pytest.mark.parametrize("text", ["", "[]", "not json", '{"boot_id": 3, "pid": "?"}'])
def test_a_broken_note_does_not_keep_it_from_starting(tmp_path, machine, text):
    (tmp_path / RUNNING).write_text(text)
    assert start(tmp_path, machine("monday")) in (IN_ORDER, BY_POWER)
    assert read_note(tmp_path / RUNNING)["pid"] == os.getpid()


def test_a_folder_that_cannot_be_written_does_not_either(tmp_path, machine, caplog):
    (tmp_path / "state").write_text("a file in the folder's place")
    with RunningNote(tmp_path / "state", machine("monday")) as note:
        assert note.last_stop == IN_ORDER
    assert "cannot be written" in caplog.text


def test_the_real_kernel_tells_when_this_process_was_started():
    assert read_start(Path("/proc"), os.getpid()).isdigit()
    assert read_start(Path("/proc"), 2 ** 22 + 1) == ""


def test_the_wearer_hears_what_is_true_of_their_things():
    assert greet(IN_ORDER, damaged=False) == ()
    assert greet(BY_POWER, damaged=False) == ("stopped_by_power",)
    assert greet(BY_FAULT, damaged=False) == ("stopped_by_fault",)
    assert greet(BY_POWER, damaged=True) == greet(IN_ORDER, damaged=True) == ("stopped_damaged",)


def test_a_store_of_which_not_all_could_be_saved_says_so(tmp_path):
    path = tmp_path / "objects.sqlite"
    with ObjectStore(path) as store:
        assert not store.was_damaged
    path.write_bytes(b"no database" * 1000)
    with ObjectStore(path) as store:
        assert store.was_damaged
    with ObjectStore(path) as store:
        assert not store.was_damaged
