"""Where the stick is, and what went wrong with it."""

from __future__ import annotations

import errno
import shutil
from collections import namedtuple

import pytest

from fingerpost.core.errors import DataError, StoreError
from fingerpost.memory.refusal import Refused
from fingerpost.upkeep.stick import place as stick_module
from fingerpost.upkeep.stick.files import (
    BACKUPS,
    identify,
    list_files,
    name_backup,
    prune_backups,
    read_device,
    write_checked,
)
from fingerpost.upkeep.stick.place import StickError, check_room, find_stick, is_pluggable, judge, using
from tests.stick import NOON


@pytest.fixture
def machine(tmp_path):
    """Its block devices as sysfs shows them: a stick, a card that can be taken out, and a disk that cannot."""
    places = {"sda1": "pci0/usb1/1-1/block/sda/sda1", "mmcblk1p1": "pci0/mmc/block/mmcblk1/mmcblk1p1",
              "nvme0n1p1": "pci0/nvme/nvme0n1/nvme0n1p1"}
    links = tmp_path / "block"
    links.mkdir()
    for name, place in places.items():
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place).parent.joinpath("removable").write_text("1\n" if name.startswith("mmc") else "0\n")
        (links / name).symlink_to(tmp_path / place)

    def find(*mounts):
        (tmp_path / "mounts").write_text("".join(f"{line} vfat rw 0 0\n" for line in mounts))
        return find_stick({}, tmp_path / "mounts", links)

    find.links = links
    return find


def test_a_folder_may_stand_for_the_stick(tmp_path):
    assert find_stick({"FINGERPOST_STICK": str(tmp_path)}) == tmp_path
    assert find_stick({"FINGERPOST_STICK": str(tmp_path / "pulled out")}) is None


def test_the_services_own_mount_goes_before_that_of_a_desktop(machine):
    desktop, service = "/dev/sda1 /media/ann/STICK", "/dev/sda1 /run/fingerpost-stick"
    assert machine("/dev/root /", "proc /proc") is None
    assert str(machine("/dev/root /", desktop)) == "/media/ann/STICK"
    assert str(machine(desktop, service)) == "/run/fingerpost-stick"


def test_a_folder_that_is_mounted_for_the_service_is_no_stick(machine):
    """As after a new start of it without one: ReadWritePaths= mounts the folder itself."""
    desktop, service = "/dev/sda1 /media/ann/STICK", "tmpfs /run/fingerpost-stick"
    assert machine(service) is None
    assert str(machine(service, desktop)) == "/media/ann/STICK"
    assert str(machine(service, "/dev/sda1 /run/fingerpost-stick")) == "/run/fingerpost-stick"


def test_a_mount_is_found_by_its_name_with_blanks(machine):
    assert str(machine(r"/dev/sda1 /run/media/ann/MY\040STICK")) == "/run/media/ann/MY STICK"


def test_only_what_can_be_taken_out_is_a_stick(machine):
    assert machine("/dev/nvme0n1p1 /media/ann/photos", "//server/share /media/ann/share") is None
    assert is_pluggable("/dev/mmcblk1p1", machine.links)


def test_without_a_table_of_mounts_there_is_no_stick(tmp_path):
    assert find_stick({}, tmp_path / "none") is None


@pytest.mark.parametrize(("number", "outcome"), [
    (errno.ENOSPC, "full"), (errno.EFBIG, "full"), (errno.EROFS, "readonly"), (errno.EACCES, "readonly"),
    (errno.EIO, "gone"), (errno.ENODEV, "gone"), (errno.ENOENT, "gone"), (errno.EMFILE, "failed")])
def test_failures_are_told_apart(tmp_path, number, outcome):
    assert judge(OSError(number, "")) == outcome
    with pytest.raises(StickError) as caught, using(tmp_path):
        raise OSError(number, "what the system says")
    assert caught.value.outcome == outcome
    assert str(caught.value).count("\n") == 0


def test_a_failure_inside_another_error_is_found(tmp_path):
    with pytest.raises(StickError) as caught, using(tmp_path):
        raise DataError("it cannot be written") from OSError(errno.ENOSPC, "")
    assert caught.value.outcome == "full"


def test_errors_that_are_none_of_the_stick_stay_what_they_are(tmp_path):
    with pytest.raises(DataError, match="a table") as caught, using(tmp_path):
        raise DataError("a table is broken")
    assert not isinstance(caught.value, StickError)


def test_a_stick_that_is_gone_afterwards_was_pulled_out(tmp_path):
    stick = tmp_path / "stick"
    stick.mkdir()
    with pytest.raises(StickError, match="plug it in") as caught, using(stick):
        shutil.rmtree(stick)
    assert caught.value.outcome == "gone"


def test_an_empty_folder_that_a_mount_leaves_behind_is_no_stick(tmp_path, monkeypatch):
    """Another file system lies there now, which would have taken what was written."""
    seen = iter([1, 2])
    monkeypatch.setattr(stick_module, "_identify", lambda folder: next(seen))
    with pytest.raises(StickError) as caught, using(tmp_path):
        pass
    assert caught.value.outcome == "gone"


def test_little_room_is_told_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(stick_module.shutil, "disk_usage", lambda place: namedtuple("Usage", "free")(2 << 20))
    check_room(tmp_path, 1000)
    with pytest.raises(StickError, match="free some space"):
        check_room(tmp_path, 2 << 20)


# Its files


OURS, THEIRS = "0a1b2c", "ffffff"


def test_files_are_listed_newest_first_and_nothing_else_is(tmp_path):
    for name in ("fingerpost-backup-2026-11-22-1200-0a1b2c.zip", "fingerpost-backup-2026-11-23-0801-ffffff.zip",
                 "fingerpost-backup-2026-13-45-0000-0a1b2c.zip", "fingerpost-backup-2026-1-2-0000-0a1b2c.zip",
                 "fingerpost-backup-9999-12-31-2359-0a1b2c.zip", "fingerpost-backup-2026-11-22-1200-0A1B2C.zip",
                 "fingerpost-backup-2026-11-22-1200.zip", "fingerpost-things-2026-11-22-0a1b2c.zip", "photo.jpg"):
        (tmp_path / name).write_text("")
    (tmp_path / "fingerpost-backup-2026-11-24-0801-0a1b2c.zip").mkdir()
    (tmp_path / "fingerpost-backup-2026-11-25-0801-0a1b2c.zip").symlink_to("/etc/passwd")
    assert [(file.path.name, file.device) for file in list_files(tmp_path, BACKUPS)] == [
        ("fingerpost-backup-2026-11-23-0801-ffffff.zip", THEIRS),
        ("fingerpost-backup-2026-11-22-1200-0a1b2c.zip", OURS)]


def test_a_back_up_comes_after_all_others_of_the_device_whatever_the_clock_says(tmp_path):
    first = name_backup(tmp_path, OURS, NOON)
    assert first.name == "fingerpost-backup-2026-11-22-1200-0a1b2c.zip"
    first.write_text("")
    assert name_backup(tmp_path, OURS, NOON).name == "fingerpost-backup-2026-11-22-1201-0a1b2c.zip"
    assert name_backup(tmp_path, OURS, NOON.replace(year=1970)).name == "fingerpost-backup-2026-11-22-1201-0a1b2c.zip"
    assert name_backup(tmp_path, OURS, NOON.replace(day=23)).name == "fingerpost-backup-2026-11-23-1200-0a1b2c.zip"
    assert name_backup(tmp_path, THEIRS, NOON).name == "fingerpost-backup-2026-11-22-1200-ffffff.zip"


def test_five_back_ups_are_kept_of_each_device(tmp_path):
    for hour in range(8):
        for device in (OURS, THEIRS):
            (tmp_path / f"{NOON.replace(hour=hour).strftime(BACKUPS)}-{device}.zip").write_text("")
    prune_backups(tmp_path, OURS)
    kept = list_files(tmp_path, BACKUPS)
    assert [file.made.hour for file in kept if file.device == OURS] == [7, 6, 5, 4, 3]
    assert len(kept) == 5 + 8


def test_a_device_is_known_by_what_it_has_made_up_once(tmp_path):
    assert read_device(tmp_path) == ""
    device = identify(tmp_path / "home")
    assert len(device) == 6
    assert identify(tmp_path / "home") == read_device(tmp_path / "home") == device
    assert identify(tmp_path / "other") != device
    (tmp_path / "home" / "device.json").write_text('{"id": "../../x", "board": ""}')
    assert read_device(tmp_path / "home") == ""


def test_a_copied_card_has_another_id_on_another_board(tmp_path, monkeypatch):
    """The copy has the same machine-id; without any sign of the board, the id alone counts."""
    serial, machine = tmp_path / "serial-number", tmp_path / "machine-id"
    machine.write_text("3d1219\n")
    monkeypatch.setattr("fingerpost.upkeep.stick.files.BOARD_SIGNS", (serial, machine))
    serial.write_bytes(b"1421119012345\0")
    first = identify(tmp_path)
    note = (tmp_path / "device.json").read_text()
    assert first in note
    assert "1421119012345" not in note
    serial.write_bytes(b"1421119067890\0")
    assert read_device(tmp_path) == ""
    second = identify(tmp_path)
    assert second != first
    assert identify(tmp_path) == read_device(tmp_path) == second
    serial.unlink()
    assert read_device(tmp_path) == ""
    third = identify(tmp_path)
    machine.write_text("f00f\n")
    assert read_device(tmp_path) == ""
    machine.write_text("\n")
    assert read_device(tmp_path) == third
    (tmp_path / "device.json").unlink()
    assert identify(tmp_path) == read_device(tmp_path)


def test_an_id_that_cannot_be_kept_is_the_cards_fault(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="on the card"):
        identify(tmp_path / "file")


def test_what_cannot_be_read_again_is_not_left_there(tmp_path):
    def refuse(path):
        assert path.read_bytes() == b"backup"
        raise Refused("does not match its checksum")

    with pytest.raises(StickError, match="use another stick") as caught:
        write_checked(tmp_path / "new.zip", 6, lambda file: file.write(b"backup"), refuse)
    assert caught.value.outcome == "damaged"
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_a_stick_that_was_pulled_out_go_with_the_next_file(tmp_path):
    for name in ("fingerpost-backup-2026-11-22-1200-0a1b2c.zip.17-4711.part",
                 "fingerpost-things-2026-11-22-0a1b2c.zip.1-2.part",
                 "holiday.zip.17-4711.part"):
        (tmp_path / name).write_text("half")
    write_checked(tmp_path / "new.zip", 1, lambda file: file.write(b"x"), lambda path: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["holiday.zip.17-4711.part", "new.zip"]
