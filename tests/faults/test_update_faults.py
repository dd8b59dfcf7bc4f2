"""Updates that are forged, broken or cut short: the version that ran still runs."""

from __future__ import annotations

import errno
import os
import signal
import struct
import sys
import zipfile

import pytest

from fingerpost import __version__, launcher
from fingerpost.launcher import Record, read_record, releases_home
from fingerpost.upkeep.releases import file as update_file
from fingerpost.upkeep.releases.manifest import FileFacts, Manifest, parse_manifest, render_manifest
from fingerpost.upkeep.releases.store import find_held, install, settle, take_update
from tests.disk import little_room
from tests.releases import Maker, open_shop

CODE = "app/fingerpost/launcher.py"


@pytest.fixture
def maker(tmp_path, monkeypatch):
    """A maker whom this device trusts."""
    return open_shop(tmp_path, monkeypatch)


@pytest.fixture
def refused(maker):
    """Sees that the update on the stick is refused with an outcome, and that nothing of it is left."""
    before = maker.build("8.0.0")
    install(before)
    before.unlink()
    settle("8.0.0")

    def check(outcome):
        assert take_update(maker.stick).outcome == outcome
        assert read_record(releases_home()) == Record("8.0.0")
        assert sorted(os.listdir(str(releases_home()))) == ["8.0.0", "current.json"]
        assert not (releases_home().parent / "evil.py").exists()

    return check


def test_a_signature_of_nobody(maker, refused):
    maker.forge(maker.build(), lambda entries: entries.update({"manifest.sig": b"\0" * 64}))
    refused("untrusted")


def test_a_signature_of_somebody_else(maker, refused, tmp_path):
    stranger = Maker(tmp_path / "stranger")
    (maker.stick / "fingerpost-update-9.0.0.zip").write_bytes(stranger.build().read_bytes())
    refused("untrusted")


def test_a_key_that_is_trusted_no_more(maker, refused, tmp_path):
    maker.build()
    for path in (tmp_path / "state" / "trusted").iterdir():
        path.write_text("no key")
    refused("untrusted")


def test_a_manifest_that_was_changed_after_it_was_signed(maker, refused):
    def change(entries):
        entries["manifest.json"] = entries["manifest.json"].replace(b'"9.0.0"', b'"9.0.1"')

    maker.forge(maker.build(), change)
    refused("untrusted")


@pytest.mark.parametrize("change", [
    lambda entries: entries.update({CODE: entries[CODE] + b"\n"}),
    lambda entries: entries.update({CODE: entries[CODE][:-1]}),
    lambda entries: entries.update({CODE: entries[CODE].replace(b"a", b"b", 1)}),
    lambda entries: entries.pop(CODE),
    lambda entries: entries.update({"app/fingerpost/more.py": b""}),
    lambda entries: entries.update({"../evil.py": b""}),
    lambda entries: entries.update({"manifest.json": b" " * (3 << 20)}),
], ids=["longer", "shorter", "changed", "missing", "more", "outside", "long manifest"])
def test_files_that_are_not_those_that_were_signed(maker, refused, change):
    maker.forge(maker.build(), change)
    refused("damaged")


@pytest.mark.parametrize("name", ["../evil.py", "/evil.py", "models/../../evil.py", "app/fingerpost/../../../evil.py"])
def test_a_name_that_leads_outside_even_where_it_is_signed(maker, refused, name):
    def change(entries):
        manifest = parse_manifest(entries["manifest.json"])
        files = {**manifest.files, name: FileFacts("0" * 64, 4)}
        entries["manifest.json"] = render_manifest(Manifest(manifest.version, manifest.python, {}, files))
        entries[name] = b"evil"
        del entries["manifest.sig"]

    maker.forge(maker.build(), change)
    refused("damaged")


def test_a_link_is_written_as_the_file_that_its_manifest_names(maker, refused):
    """What a zip calls a link is a small file here: nothing is ever made but files and folders."""
    update = maker.build()
    with zipfile.ZipFile(update) as archive:
        entries = [(info, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(update, "w") as archive:
        for info, data in entries:
            info.external_attr = 0o120777 << 16
            archive.writestr(info, data)
    install(update)
    assert not [path for path in (releases_home() / "9.0.0").rglob("*") if path.is_symlink()]


@pytest.mark.parametrize("size", [0, 3, 21, 100, 0.5, 0.999])
def test_a_file_that_is_cut_short(maker, refused, size):
    update = maker.build()
    content = update.read_bytes()
    update.write_bytes(content[:int(size * len(content)) if isinstance(size, float) else size])
    refused("damaged")


def judge(update):
    try:
        with update_file.UpdateFile(update) as file:
            file.verify()
    except update_file.UpdateError as error:
        return error.outcome
    return "whole"


def test_a_byte_that_was_flipped_anywhere(maker, refused):
    """Wherever it is: refused, or read as it was signed, as with one in a date of the zip's table."""
    update = maker.build()
    content = update.read_bytes()
    for place in range(0, len(content), len(content) // 60):
        broken = bytearray(content)
        broken[place] ^= 0xFF
        update.write_bytes(bytes(broken))
        assert judge(update) in ("whole", "damaged", "untrusted")
    broken = bytearray(content)
    broken[len(content) // 2] ^= 0xFF
    update.write_bytes(bytes(broken))
    refused("damaged")


def test_a_file_that_unpacks_to_more_than_it_says(maker, refused):
    maker.forge(maker.build(), lambda entries: entries.update({CODE: b"\0" * (64 << 20)}))
    refused("damaged")


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_packing_that_cannot_be_unpacked_piece_by_piece_is_not_even_begun(maker, refused, packing, monkeypatch):
    with zipfile.ZipFile(maker.stick / "fingerpost-update-9.0.0.zip", "w", packing) as archive:
        archive.writestr("manifest.json", b" " * (64 << 20))
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *details: pytest.fail("it was unpacked"))
    refused("damaged")


@pytest.mark.parametrize("tail", [
    b"PK\5\6" + bytes(6) + struct.pack("<HII", 60000, 1 << 30, 0) + bytes(2),
    b"PK\6\7" + bytes(16) + b"PK\5\6" + bytes(18)], ids=["long", "zip64"])
def test_a_table_of_contents_that_would_fill_the_memory_is_not_read(maker, refused, tail, monkeypatch):
    (maker.stick / "fingerpost-update-9.0.0.zip").write_bytes(bytes(100) + tail)
    monkeypatch.setattr(zipfile, "ZipFile", lambda file: pytest.fail("it was read"))
    refused("damaged")


def test_a_disk_that_is_full(maker, refused, monkeypatch):
    maker.build()
    monkeypatch.setattr("fingerpost.upkeep.releases.store.SPARE_BYTES", 1 << 60)
    refused("full")
    monkeypatch.undo()
    monkeypatch.setenv("FINGERPOST_STATE", str(maker.folder.parent / "state"))
    with little_room(2000):  # it fills up meanwhile
        assert take_update(maker.stick).outcome == "full"
    refused_again = take_update(maker.stick)
    assert refused_again.outcome == "ready", "once there is room"


def test_a_stick_that_is_pulled_out_half_way(maker, refused, monkeypatch):
    update, read = maker.build(), zipfile.ZipExtFile.read

    def fail(self, size=-1):
        if self.name == CODE:
            raise OSError(errno.EIO, "Input/output error")
        return read(self, size)

    monkeypatch.setattr(zipfile.ZipExtFile, "read", fail)
    refused("gone")
    monkeypatch.undo()
    monkeypatch.setenv("FINGERPOST_STATE", str(maker.folder.parent / "state"))
    update.unlink()
    maker.stick.rmdir()
    assert take_update(maker.stick).outcome == "gone"


def work_until_step(work, number):
    """Do the work in a process that is killed before it does its step of that number: opens, names or syncs a file,
    makes a folder, or starts a process. Returns whether it was killed, and had not ended by then."""
    child = os.fork()
    if not child:
        left = [number]

        def count(*details):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        steps = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "subprocess.Popen")
        sys.addaudithook(lambda event, details: count() if event in steps else None)
        fsync = os.fsync
        os.fsync = lambda handle: (count(), fsync(handle))
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the work itself failed"
    return os.WIFSIGNALED(status)


def test_a_kill_at_any_step_leaves_the_old_version_or_the_whole_new_one(maker):
    update, seen, number = maker.build(), [], 0
    while work_until_step(lambda: install(update), number):
        held = find_held(releases_home())
        if held != __version__:
            with update_file.UpdateFile(update) as file:
                for name, facts in file.manifest.files.items():
                    assert (releases_home() / held / name).stat().st_size == facts.bytes
            (releases_home() / launcher.RECORD).unlink()
        seen.append(held)
        number += 1
    assert set(seen) <= {__version__, "9.0.0"}
    assert len(seen) > 30
    assert find_held(releases_home()) == "9.0.0"
    assert sorted(path.name for path in releases_home().iterdir() if ".part" not in path.name) == [
        "9.0.0", "current.json"]
