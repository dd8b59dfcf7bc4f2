"""Sticks that are full, broken, pulled out or made to harm, and kill -9 at any instant: what was taught is there."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import shutil
import struct
import tracemalloc
import zipfile
from contextlib import contextmanager
from functools import partial

import pytest

from fingerpost.memory.refusal import Refused
from fingerpost.upkeep import reset
from fingerpost.upkeep.reset import ask_for_reset, carry_out
from fingerpost.upkeep.stick.backup import read_backup
from fingerpost.upkeep.stick.files import SHARED
from fingerpost.upkeep.stick.jobs import back_up, restore, share
from fingerpost.upkeep.stick.place import StickError
from fingerpost.wholefile import replacing
from tests.disk import little_room
from tests.kills import KILLS, live_until_killed, patient
from tests.stick import NOON, fill, have_other, make_backup, measure, paths, read_home, read_settings

DAMAGES = 200


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A back-up as the device writes it."""
    folder = tmp_path_factory.mktemp("sound")
    fill(folder / "home")
    return make_backup(folder / "stick", folder / "home")


@pytest.fixture
def home(tmp_path):
    have_other(tmp_path / "home")
    return tmp_path / "home"


def content(path):
    """What a back-up holds, as a value that can be compared."""
    backup = read_backup(path)
    return [(lesson.name, list(lesson.samples), lesson.label and lesson.label.samples.tobytes())
            for lesson in backup.lessons], dict(backup.settings)


def fails(work, outcome):
    """Whether the work fails in just this way."""
    with pytest.raises(StickError) as caught:
        work()
    return caught.value.outcome == outcome


# Files that are broken


def test_a_file_that_was_cut_short_is_refused(sound, home, stick):
    before, data, dice = read_home(home), sound.read_bytes(), random.Random(0)
    for length in [0, 1, len(data) - 1, *(dice.randrange(len(data)) for _ in range(20))]:
        (stick / sound.name).write_bytes(data[:length])
        assert fails(partial(restore, stick, home, measure), "damaged")
    assert read_home(home) == before


def test_a_flipped_byte_is_found_or_harmless(sound, home, stick):
    whole, data, dice, refused = content(sound), sound.read_bytes(), random.Random(0), 0
    broken = stick / sound.name
    for _ in range(DAMAGES):
        place = dice.randrange(len(data))
        broken.write_bytes(data[:place] + bytes([data[place] ^ 1 << dice.randrange(8)]) + data[place + 1:])
        try:
            assert content(broken) == whole
        except Refused:
            refused += 1
    assert refused > 0.9 * DAMAGES


# Files that were made to harm


def forge(sound, path, change, packing=zipfile.ZIP_STORED):
    """A back-up in which `change` has altered the entries, under checksums that are right."""
    with zipfile.ZipFile(sound) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(entries.pop("manifest.json"))
    change(entries)
    manifest["parts"] = {name: hashlib.sha256(data).hexdigest() for name, data in entries.items()}
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, data in {"manifest.json": json.dumps(manifest).encode(), **entries}.items():
            archive.writestr(name, data)


def put(name, data):
    return lambda entries: entries.update({name: data})


HOSTILE = {
    "a path out of the folder": put("../settings.toml", b"x"), "an absolute path": put("/etc/passwd", b"x"),
    "a file of another name": put("settings.toml", b"x"), "no things": lambda entries: entries.pop("things.zip"),
    "things that are none": put("things.zip", b"PK\3\4"), "a deep setting": put("preferences.json", b"[" * 60_000),
    "a long setting": put("way.json", b" " * 100_000 + b'"crop"'),
    "preferences that are none": put("preferences.json", b"[]"),
    "a way that is none": put("way.json", b'["crop"]'), "a lens that is none": put("camera.json", b"[]"),
    "a lens of nothing": put("camera.json", b'{"size": [0, 0], "matrix": [], "distortion": [], "error_px": 0}'),
    "a finger a mile long": put("fingertip.json", b'{"along": 1e300, "across": 0}'),
    "no text": put("way.json", b"\xff\xfe"),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_what_was_made_to_harm_is_refused_and_changes_nothing(sound, home, stick, change):
    before, files = read_home(home), sorted(os.listdir(home))
    forge(sound, stick / sound.name, change)
    assert fails(partial(restore, stick, home, measure), "damaged")
    assert read_home(home) == before
    assert sorted(os.listdir(home)) == files


def test_what_unpacks_to_more_than_it_is_is_refused(sound, home, stick):
    forge(sound, stick / sound.name, put("way.json", b" " * 60_000 + b'"crop"'), zipfile.ZIP_DEFLATED)
    assert fails(partial(restore, stick, home, measure), "damaged")


@pytest.mark.parametrize("manifest", [b"[]", b"{}", b'{"format": "fingerpost-backup", "version": 0, "parts": {}}',
                                      b"{" * 20_000, b"\xff"])
def test_a_manifest_that_is_none_is_refused(sound, home, stick, manifest):
    with zipfile.ZipFile(sound) as old, zipfile.ZipFile(stick / sound.name, "w") as new:
        for name in old.namelist():
            new.writestr(name, manifest if name == "manifest.json" else old.read(name))
    assert fails(partial(restore, stick, home, measure), "damaged")


@pytest.mark.parametrize(("name", "write"), [
    ("fingerpost-backup-2026-11-22-1200-0a1b2c.zip", lambda sound, path, data: path.write_bytes(data)),
    ("fingerpost-things-2026-11-22-0a1b2c.zip", lambda sound, path, data: path.write_bytes(data)),
    ("fingerpost-backup-2026-11-22-1200-0a1b2c.zip",
     lambda sound, path, data: forge(sound, path, put("things.zip", data)))])
def test_a_table_of_millions_of_entries_is_not_even_read(sound, home, stick, name, write, monkeypatch):
    """Each of them takes 46 bytes there, and ten times as much in memory."""
    monkeypatch.setattr("fingerpost.memory.ziptable.LARGEST_BYTES", 46 * 1000)
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 0, 20, 0, 0, 0, 0, 33, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    table = entry * 5000
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 5000, 5000, len(table), 4, 0)
    write(sound, stick / name, b"PK\3\4" + table + end)
    tracemalloc.start()
    try:
        assert fails(partial(restore, stick, home, measure), "damaged")
        assert tracemalloc.get_traced_memory()[1] < 1_500_000
    finally:
        tracemalloc.stop()


def test_an_entry_that_is_there_twice_is_refused(sound, home, stick):
    path = stick / sound.name
    shutil.copy(sound, path)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("way.json", b'"crop"')
    assert fails(partial(restore, stick, home, measure), "damaged")


# Sticks that fail


@pytest.mark.parametrize("write", [back_up, share])
def test_a_full_stick_keeps_what_it_has(home, stick, write, monkeypatch):
    @contextmanager
    def replacing_in_little_room(path):
        with little_room(500), replacing(path) as file:
            yield file

    make_backup(stick, home)
    before, files = read_home(home), sorted(os.listdir(stick))
    with monkeypatch.context() as patch:
        patch.setattr("fingerpost.upkeep.stick.files.replacing", replacing_in_little_room)
        assert fails(partial(write, stick, home, NOON), "full")
    assert sorted(os.listdir(stick)) == files
    assert read_home(home) == before
    assert back_up(stick, home, NOON).outcome == "done"


@pytest.mark.parametrize("write", [back_up, share])
@pytest.mark.parametrize(("number", "outcome"), [
    (errno.EIO, "gone"), (errno.ENODEV, "gone"), (errno.EROFS, "readonly"), (errno.ENOSPC, "full")])
def test_a_stick_that_fails_while_it_is_written_keeps_its_older_files(home, stick, write, number, outcome, monkeypatch):
    make_backup(stick, home)
    files = sorted(os.listdir(stick))

    def fail(handle):
        raise OSError(number, os.strerror(number))

    before = read_home(home)
    with monkeypatch.context() as patch:
        patch.setattr("fingerpost.wholefile.os.fsync", fail)
        assert fails(partial(write, stick, home, NOON), outcome)
    assert sorted(os.listdir(stick)) == files
    assert read_home(home) == before


@pytest.mark.parametrize("write", [back_up, share])
def test_a_stick_that_is_pulled_out_while_it_is_written(home, stick, write, monkeypatch):
    before = read_home(home)
    with monkeypatch.context() as patch:
        patch.setattr("fingerpost.wholefile.os.fsync", lambda handle: shutil.rmtree(stick, ignore_errors=True))
        assert fails(partial(write, stick, home, NOON), "gone")
    assert read_home(home) == before


def test_a_stick_that_is_pulled_out_while_it_is_read(sound, home, stick, monkeypatch):
    before = read_home(home)
    shutil.copy(sound, stick)

    def fail(self, *values):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(zipfile.ZipExtFile, "read", fail)
        assert fails(partial(restore, stick, home, measure), "gone")
    assert read_home(home) == before


def test_what_the_stick_does_not_keep_is_noticed_and_the_older_back_up_stays(home, stick, monkeypatch):
    """It has taken every byte, and gives others back."""
    first = make_backup(stick, home)

    def forget(path):
        path.write_bytes(path.read_bytes()[:-40] + bytes(40))

    monkeypatch.setattr("fingerpost.upkeep.stick.files.drop_cached", forget)
    assert fails(partial(back_up, stick, home, NOON), "damaged")
    assert paths(stick) == [first]


def test_a_card_that_fails_while_settings_are_put_in_place_changes_nothing(sound, home, stick, monkeypatch):
    shutil.copy(sound, stick)
    before, files = read_home(home), sorted(os.listdir(home))
    seen = []

    def fail(handle):
        seen.append(handle)
        if len(seen) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("fingerpost.upkeep.stick.jobs.os.fsync", fail)
        with pytest.raises(Exception, match="free some space on the card"):
            restore(stick, home, measure)
    assert read_home(home) == before
    assert sorted(os.listdir(home)) == files


# kill -9


@patient
def test_kill_9_leaves_whole_files_on_the_stick_and_all_that_was_taught(home, stick):
    dice, before = random.Random(0), read_home(home)
    steps = [partial(write, stick, home, NOON) for _ in range(10) for write in (back_up, share)]
    for number in range(KILLS):
        live_until_killed(steps, dice, 3, 0.05)
        for path in paths(stick):
            assert content(path)[1], f"kill {number}"
        assert read_home(home) == before
    make_backup(stick, home)
    assert len(paths(stick)) <= 5
    assert len(paths(stick, SHARED)) <= 1
    assert not [name for name in os.listdir(stick) if name.endswith(".part")]


@patient
def test_kill_9_leaves_the_device_as_it_was_or_restored(sound, stick, tmp_path):
    dice, done = random.Random(0), 0
    shutil.copy(sound, stick)
    old, new = (make_home(tmp_path / name) for name in ("old", "new"))
    restore(stick, new, measure)
    for number in range(KILLS):
        home = make_home(tmp_path / str(number))
        done += live_until_killed([partial(restore, stick, home, measure)], dice, 1, 0.15)
        assert taught_in(home) in (taught_in(old), taught_in(new)), f"kill {number}: half of the things"
        for name, data in read_settings(home).items():
            assert data in (read_settings(old)[name], read_settings(new)[name]), f"kill {number}: half of {name}"
        restore(stick, home, measure)
        assert read_home(home) == read_home(new), f"kill {number}: it is not completed"


def make_home(path):
    have_other(path)
    return path


def taught_in(home):
    return read_home(home)[0]


@patient
def test_kill_9_while_all_is_forgotten_is_made_up_for_at_the_next_start(tmp_path, monkeypatch):
    dice = random.Random(0)
    monkeypatch.setattr(reset, "_forget_models", lambda: None)  # they are none of this test's
    for number in range(KILLS):
        home = tmp_path / str(number)
        fill(home)
        (home / "diary").mkdir()
        (home / "settings.toml").write_text("")
        before = read_home(home)
        live_until_killed([partial(ask_for_reset, home), partial(carry_out, home)], dice, 2, 0.01)
        if not (home / "reset.json").exists() and (home / "objects.sqlite").exists():
            assert read_home(home) == before, f"kill {number}: unasked"
            continue
        carry_out(home)
        assert os.listdir(home) == ["settings.toml"], f"kill {number}"
