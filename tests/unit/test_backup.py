"""Back-ups: what is in them, how they come back, and the commands for a desk."""

from __future__ import annotations

import errno
import json
import shutil
import zipfile
from io import BytesIO

import numpy as np
import pytest

from fingerpost.cli import main
from fingerpost.core.errors import StoreError
from fingerpost.memory.objects import ObjectStore
from fingerpost.upkeep.reset import ask_for_reset, carry_out
from fingerpost.upkeep.stick.backup import SETTINGS, collect_settings, read_backup, read_shared
from fingerpost.upkeep.stick.files import SHARED
from fingerpost.upkeep.stick.jobs import back_up, restore, share
from fingerpost.upkeep.stick.place import StickError
from fingerpost.wholefile import put_in_place
from tests.stick import (
    NOON,
    fill,
    have_other,
    make_backup,
    measure,
    names_in,
    newest,
    paths,
    read_home,
    read_settings,
)
from tests.teaching_day import crop, vector


@pytest.fixture
def home(tmp_path):
    fill(tmp_path / "home")
    return tmp_path / "home"


def forget(home, name):
    with ObjectStore(home / "objects.sqlite") as store:
        store.forget(name)


def test_a_back_up_makes_another_device_the_wearers_own(home, stick, tmp_path):
    assert dict(back_up(stick, home, NOON).slots) == {"count": "2"}
    new = tmp_path / "new"
    result = restore(stick, new, measure)
    assert (result.outcome, dict(result.slots)) == ("ready_other", {"count": "2"})
    with ObjectStore(new / "objects.sqlite") as store, ObjectStore(home / "objects.sqlite") as old:
        assert store.voice_label("taught:1").samples.tobytes() == old.voice_label("taught:1").samples.tobytes()
        assert {key: looks.tobytes() for key, looks in store.embeddings("net").items()} == {
            key: looks.tobytes() for key, looks in old.embeddings("net").items()}
        assert store.waiting() == 0  # what has no name yet is not carried
    assert read_settings(new) == read_settings(home)


def test_what_a_file_on_the_stick_holds(home, stick):
    (home / "diary").mkdir()
    (home / "diary" / "2026-11-22.jsonl").write_text("{}")
    with zipfile.ZipFile(make_backup(stick, home)) as archive:
        assert sorted(archive.namelist()) == sorted(["manifest.json", "things.zip", *SETTINGS])


def test_restoring_adds_to_what_is_there_and_can_be_undone(home, stick, tmp_path):
    make_backup(stick, home)
    other = tmp_path / "other"
    have_other(other)
    assert restore(stick, other, measure).outcome == "ready_other"
    assert names_in(other) == ["salt", "tea", "cup"]
    assert json.loads((other / "preferences.json").read_text()) == {"volume": 4, "language": "de"}
    with ObjectStore(other / "objects.sqlite") as store:
        store.undo()
    assert names_in(other) == ["salt"]


def test_what_was_forgotten_since_comes_back(home, stick):
    make_backup(stick, home)
    forget(home, "tea")
    assert restore(stick, home, measure).outcome == "ready"
    assert names_in(home) == ["cup", "tea"]
    assert restore(stick, home, measure).outcome == "known"


def test_a_setting_alone_is_worth_a_new_start(home, stick):
    make_backup(stick, home)
    (home / "way.json").write_text('"crop"')
    assert restore(stick, home, measure).outcome == "ready"
    assert (home / "way.json").read_text() == '"detector"'


def test_the_store_may_be_open_meanwhile(home, stick):
    """By the running device."""
    with ObjectStore(home / "objects.sqlite") as store:
        make_backup(stick, home)
        store.forget("cup")
        assert restore(stick, home, measure).outcome == "ready"
        assert [thing.name for thing in store.objects()] == ["tea", "cup"]
        assert store.waiting() == 1


def test_settings_that_cannot_be_used_are_left_out(home, stick, caplog):
    (home / "camera.json").write_text('{"size": [640, 480]}')
    (home / "way.json").write_text('"sideways"')
    assert sorted(collect_settings(home)) == ["fingertip.json", "preferences.json"]
    assert "camera.json is left out" in caplog.text
    assert sorted(read_backup(make_backup(stick, home)).settings) == ["fingertip.json", "preferences.json"]


def test_a_back_up_of_settings_alone(stick, tmp_path):
    assert back_up(stick, tmp_path / "new", NOON).outcome == "nothing"
    (tmp_path / "new" / "preferences.json").write_text('{"volume": 3}')
    assert dict(back_up(stick, tmp_path / "new", NOON).slots) == {"count": "0"}
    assert restore(stick, tmp_path / "other", measure).outcome == "ready_other"


def test_old_back_ups_stay_up_to_five(home, stick):
    made = [make_backup(stick, home) for _ in range(7)]
    assert paths(stick) == made[:1:-1]


def test_an_older_back_up_is_taken_where_the_newest_is_damaged(home, stick, tmp_path):
    for _ in range(2):
        make_backup(stick, home)
    newest(stick).write_bytes(newest(stick).read_bytes()[:-100])
    forget(home, "tea")
    assert restore(stick, home, measure).outcome == "ready_older"
    assert names_in(home) == ["cup", "tea"]


def test_without_a_back_up_shared_things_are_taken(home, stick, tmp_path):
    assert restore(stick, home, measure).outcome == "nothing"
    assert share(stick, home, NOON).outcome == "done"
    assert restore(stick, tmp_path / "new", measure).outcome == "ready_other"
    assert names_in(tmp_path / "new") == ["tea", "cup"]
    assert set(read_settings(tmp_path / "new").values()) == {None}


def test_shared_things_can_be_imported_and_are_the_newest_of_their_day(home, stick, tmp_path, monkeypatch):
    assert share(stick, home, NOON).outcome == "done"
    with ObjectStore(home / "objects.sqlite") as store:
        store.learn("salt")
    assert dict(share(stick, home, NOON).slots) == {"count": "3"}
    (file,) = paths(stick, SHARED)
    assert len(read_shared(file).lessons) == 3
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "theirs"))
    assert main(["objects", "import", str(file)]) == 0
    assert names_in(tmp_path / "theirs") == ["tea", "cup", "salt"]


# Several devices, one stick


@pytest.fixture
def other(tmp_path):
    """The device of somebody else."""
    have_other(tmp_path / "other")
    return tmp_path / "other"


def test_two_devices_keep_each_its_own_back_ups(home, stick, other):
    first = make_backup(stick, home)
    for _ in range(7):
        back_up(stick, other, NOON.replace(day=25))
    assert first in paths(stick)
    forget(home, "tea")
    assert restore(stick, home, measure).outcome == "ready"
    assert names_in(home) == ["cup", "tea"]


def test_a_new_card_reaches_the_back_ups_of_a_lost_device_whatever_it_has_backed_up_itself(
        home, stick, other, tmp_path):
    """A third device's newer one is not in the way either; what was set on the new card stays."""
    make_backup(stick, home)
    with ObjectStore(tmp_path / "objects.sqlite") as store:
        store.add("mint", [(crop(7), vector(7))], "net")
    make_backup(stick, tmp_path, NOON.replace(day=25))
    back_up(stick, other, NOON.replace(day=23))
    before = read_settings(other)
    assert restore(stick, other, measure).outcome == "ready_other"
    assert names_in(other) == ["salt", "mint"]
    assert restore(stick, other, measure).outcome == "ready_other"
    assert names_in(other) == ["salt", "mint", "tea", "cup"]
    kept = read_settings(other)
    assert {name: kept[name] for name in ("preferences.json", "way.json")} == {
        name: before[name] for name in ("preferences.json", "way.json")}
    assert kept["camera.json"] == (home / "camera.json").read_bytes()
    assert restore(stick, other, measure).outcome == "known"


def test_a_damaged_back_up_of_the_lost_device_is_told_where_ones_own_brings_nothing(home, stick, other):
    make_backup(stick, home).write_bytes(b"PK")
    back_up(stick, other, NOON)
    with pytest.raises(StickError) as caught:
        restore(stick, other, measure)
    assert caught.value.outcome == "damaged"


def test_what_fails_on_the_card_is_not_passed_over(home, stick, other, monkeypatch):
    make_backup(stick, home)
    back_up(stick, other, NOON)

    def refuse(folder, size):
        if size:
            raise StickError("full", folder)

    monkeypatch.setattr("fingerpost.upkeep.stick.jobs.check_room", refuse)
    with pytest.raises(StickError) as caught:
        restore(stick, other, measure)
    assert caught.value.outcome == "full"


def test_two_devices_with_one_copied_card_keep_each_its_own(home, stick, other, tmp_path, monkeypatch):
    def move_to(board):
        monkeypatch.setattr("fingerpost.upkeep.stick.files.BOARD_SIGNS", (tmp_path / board,))

    (tmp_path / "board 1").write_bytes(b"1421119\0")
    (tmp_path / "board 2").write_bytes(b"1421120\0")
    move_to("board 1")
    make_backup(stick, home)
    share(stick, home, NOON)
    shutil.copy(str(home / "device.json"), str(other / "device.json"))
    move_to("board 2")
    share(stick, other, NOON)
    for _ in range(6):
        back_up(stick, other, NOON.replace(day=25))
    assert sorted(len(read_shared(path).lessons) for path in paths(stick, SHARED)) == [1, 2]
    move_to("board 1")
    forget(home, "tea")
    assert restore(stick, home, measure).outcome == "ready"
    assert names_in(home) == ["cup", "tea"]


def test_two_devices_share_on_the_same_day(home, stick, other):
    share(stick, home, NOON)
    share(stick, other, NOON)
    assert sorted(len(read_shared(path).lessons) for path in paths(stick, SHARED)) == [1, 2]
    forget(home, "tea")
    assert restore(stick, home, measure).outcome == "ready"
    assert names_in(home) == ["cup", "tea"]


def test_a_damaged_back_up_is_not_made_up_for_by_that_of_somebody_else(home, stick, other):
    make_backup(stick, home).write_bytes(b"PK")
    back_up(stick, other, NOON)
    with pytest.raises(StickError) as caught:
        restore(stick, home, measure)
    assert caught.value.outcome == "damaged"
    assert names_in(home) == ["tea", "cup"]


def test_after_all_was_forgotten_the_device_still_knows_its_own(home, stick, other, monkeypatch):
    monkeypatch.setenv("FINGERPOST_STATE", str(home))
    make_backup(stick, home)
    back_up(stick, other, NOON.replace(day=25))
    ask_for_reset(home)
    carry_out(home)
    assert restore(stick, home, measure).outcome == "ready"
    assert names_in(home) == ["tea", "cup"]


# What cannot be done, and why


def test_more_than_a_file_may_hold_is_told(home, stick, monkeypatch):
    monkeypatch.setattr("fingerpost.memory.archive.MOST_BYTES", 1000)
    for write in (back_up, share):
        with pytest.raises(StickError, match="forget things") as caught:
            write(stick, home, NOON)
        assert caught.value.outcome == "too_much"
    assert list(stick.iterdir()) == []


def test_a_file_of_a_newer_version_is_no_damaged_one(home, stick, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("fingerpost.upkeep.stick.backup.VERSION", 2)
        patch.setattr("fingerpost.upkeep.stick.backup.THINGS", "things.tar")
        older_things = make_backup(stick, home)
    with pytest.raises(StickError, match="newer Fingerpost") as caught:
        restore(stick, tmp_path / "new", measure)
    assert caught.value.outcome == "newer"
    older_things.unlink()
    with monkeypatch.context() as patch:
        patch.setattr("fingerpost.memory.archive.VERSION", 2)
        share(stick, home, NOON)
    with pytest.raises(StickError) as caught:
        restore(stick, tmp_path / "new", measure)
    assert caught.value.outcome == "newer"


def test_a_bad_spot_in_the_newest_does_not_hide_the_older_ones(home, stick, monkeypatch):
    make_backup(stick, home)
    bad = make_backup(stick, home)
    forget(home, "tea")

    def read(path):
        if path == bad:
            raise OSError(errno.EIO, "Input/output error")
        return read_backup(path)

    monkeypatch.setattr("fingerpost.upkeep.stick.jobs.read_backup", read)
    assert restore(stick, home, measure).outcome == "ready_older"
    assert names_in(home) == ["cup", "tea"]
    paths(stick)[1].unlink()
    with pytest.raises(StickError) as caught:
        restore(stick, home, measure)
    assert caught.value.outcome == "gone"


def test_old_back_ups_that_cannot_be_removed_do_not_undo_the_new_one(home, stick, monkeypatch, caplog):
    for _ in range(5):
        make_backup(stick, home)

    def fail(folder, device):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("fingerpost.upkeep.stick.jobs.prune_backups", fail)
    assert back_up(stick, home, NOON).outcome == "done"
    assert "cannot be removed" in caplog.text


def test_once_the_things_are_there_a_setting_that_fails_is_no_failure(home, stick, other, monkeypatch, caplog):
    """The wearer would hear that nothing has changed."""
    make_backup(stick, home)

    def put(part, path):
        if path.name == "way.json":
            raise OSError(errno.EIO, "Input/output error")
        put_in_place(part, path)

    monkeypatch.setattr("fingerpost.wholefile.put_in_place", put)
    assert restore(stick, other, measure).outcome == "ready_other"
    assert names_in(other) == ["salt", "tea", "cup"]
    assert "way.json cannot be written" in caplog.text
    kept = read_settings(other)
    assert kept.pop("way.json") == b'"crop"'
    assert kept == {name: data for name, data in read_settings(home).items() if name in kept}


def test_what_was_written_is_not_in_memory_while_it_is_read_again(home, stick, monkeypatch):
    made = []

    class Watched(BytesIO):
        def __init__(self):
            super().__init__()
            made.append(self)

    def read(path):
        assert [file.closed for file in made] == [True]
        return read_backup(path)

    monkeypatch.setattr("fingerpost.upkeep.stick.jobs.BytesIO", Watched)
    monkeypatch.setattr("fingerpost.upkeep.stick.jobs.read_backup", read)
    assert back_up(stick, home, NOON).outcome == "done"


def test_nothing_to_share(stick, tmp_path):
    assert share(stick, tmp_path / "new", NOON).outcome == "nothing"
    assert list(stick.iterdir()) == []


def test_a_spoilt_sample_is_set_aside_and_the_rest_is_backed_up(home, stick, caplog):
    with ObjectStore(home / "objects.sqlite") as store, store._database.transaction() as write:
        write("UPDATE samples SET crop = x'00' WHERE id = 1")
    assert back_up(stick, home, NOON).outcome == "done"
    assert "was set aside" in caplog.text
    assert [len(lesson.samples) for lesson in read_backup(newest(stick)).lessons] == [1, 1]


def test_embeddings_that_cannot_be_of_our_network_are_refused(home, stick, tmp_path):
    """As by `fingerpost objects import`: nothing changes, the settings neither."""
    make_backup(stick, home)
    have_other(tmp_path / "other")
    before = read_home(tmp_path / "other")
    with pytest.raises(StoreError, match="do not fit"):
        restore(stick, tmp_path / "other", lambda lessons: {"net": 12})
    assert read_home(tmp_path / "other") == before


def test_a_full_card_is_told(home, stick, tmp_path, monkeypatch):
    make_backup(stick, home)

    def refuse(folder, size):
        raise StickError("full", folder)

    monkeypatch.setattr("fingerpost.upkeep.stick.jobs.check_room", refuse)
    with pytest.raises(StickError, match="free some space"):
        restore(stick, tmp_path / "new", measure)


def test_samples_of_any_length_survive_the_way_there_and_back(stick, tmp_path):
    with ObjectStore(tmp_path / "objects.sqlite") as store:
        store.add("tea", [(np.full((9, 700, 3), 7, np.uint8), np.ones(3, np.float32))], "small-net")
    make_backup(stick, tmp_path)
    (lesson,) = read_backup(newest(stick)).lessons
    with ObjectStore(tmp_path / "objects.sqlite") as store:
        (kept,) = store.lessons()
    assert lesson.samples == kept.samples


# The commands


@pytest.fixture
def at_home(home, monkeypatch):
    monkeypatch.setenv("FINGERPOST_STATE", str(home))


def test_the_commands_make_list_and_restore(at_home, home, stick, monkeypatch, capsys, tmp_path):
    assert main(["backup", "list", str(stick)]) == 0
    assert main(["backup", "make", str(stick)]) == 0
    assert main(["backup", "list", str(stick)]) == 0
    printed = capsys.readouterr().out
    assert "no back-up in" in printed
    assert "is whole, with 2 taught things" in printed
    assert "(2 taught things, preferences.json, camera.json, fingertip.json, way.json)" in printed
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "new"))
    assert main(["backup", "list", str(stick)]) == 0
    assert "way.json, of another device)" in capsys.readouterr().out
    assert main(["backup", "restore", str(stick)]) == 0
    assert main(["backup", "restore", str(stick)]) == 0
    printed = capsys.readouterr().out
    assert "No back-up of this device brings anything new, so this was another one's. Restored, with 2" in printed
    assert "knows it after its next start.\nAll of it was here already." in printed
    assert names_in(tmp_path / "new") == ["tea", "cup"]


def test_one_back_up_is_restored_by_its_name_whoever_made_it(at_home, home, stick, other, tmp_path, capsys):
    theirs = make_backup(stick, other)
    make_backup(stick, home, NOON.replace(day=25))
    chosen = theirs.rename(tmp_path / "from grandma.zip")
    assert main(["backup", "restore", str(chosen)]) == 0
    assert "Restored, with 1 taught things" in capsys.readouterr().out
    assert names_in(home) == ["tea", "cup", "salt"]
    assert read_settings(home)["way.json"] == b'"crop"'
    assert main(["backup", "restore", str(chosen)]) == 0
    assert "here already" in capsys.readouterr().out
    chosen.write_bytes(b"no zip")
    assert main(["backup", "restore", str(chosen)]) == 1
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert "cannot be read" in printed


def test_a_damaged_back_up_is_listed_as_such(at_home, home, stick, capsys):
    make_backup(stick, home)
    newest(stick).write_bytes(b"no zip")
    assert main(["backup", "list", str(stick)]) == 1
    assert "damaged: it cannot be read" in capsys.readouterr().out


@pytest.mark.parametrize(("words", "part"), [
    (["backup", "make", "{}/none"], "plug it in again"), (["backup", "restore", "{}/none"], "plug it in again"),
    (["backup", "list", "{}/none"], "plug it in again"), (["backup", "restore", "{}/stick"], "backup make")])
def test_a_mistake_gets_one_line(at_home, stick, tmp_path, words, part, capsys):
    assert main([word.format(tmp_path) for word in words]) == 1
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert part in printed


def test_there_is_nothing_to_back_up_yet(stick, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "new"))
    assert main(["backup", "make", str(stick)]) == 1
    assert "nothing to back up" in capsys.readouterr().err
