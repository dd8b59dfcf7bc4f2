"""Files that are whole or absent, whatever fails on the way."""

from __future__ import annotations

import errno
import os
import signal
import stat
import threading

import pytest

from fingerpost.wholefile import replacing, write_whole
from tests.disk import little_room


@pytest.fixture
def disk(monkeypatch):
    """What the disk is told, in order."""
    told, sync, replace = [], os.fsync, os.replace

    def note_sync(handle):
        told.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        sync(handle)

    def note_replace(source, target):
        told.append("replace")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "replace", note_replace)
    return told


def test_the_new_file_is_on_the_disk_before_it_takes_the_place_of_the_old_one(tmp_path, disk):
    path = tmp_path / "new folder" / "file"
    write_whole(path, b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert disk == ["file", "replace", "folder"] * 2
    assert list(path.parent.iterdir()) == [path]


def test_what_can_be_made_again_is_not_waited_for(tmp_path, disk):
    write_whole(tmp_path / "file", b"clip", sync=False)
    assert (tmp_path / "file").read_bytes() == b"clip"
    assert disk == ["replace"]


@pytest.mark.parametrize("sync", [True, False])
def test_a_block_that_fails_leaves_the_old_file_and_no_trace(tmp_path, sync):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    try:
        with replacing(path, sync) as file:
            file.write(b"half of the n")
            raise KeyError
    except KeyError:
        pass
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_and_no_trace(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with little_room(1000), pytest.raises(OSError, match="too large"):
        write_whole(path, bytes(5000))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_threads_may_write_the_same_file_at_once(tmp_path):
    path = tmp_path / "file"
    with replacing(path) as file:
        file.write(b"ours")
        other = threading.Thread(target=write_whole, args=(path, b"theirs, which is longer"))
        other.start()
        other.join()
        assert path.read_bytes() == b"theirs, which is longer"
    assert path.read_bytes() == b"ours"


def test_what_a_writer_that_was_killed_has_left_goes_when_the_file_is_written_again(tmp_path):
    path = tmp_path / "file"
    write_whole(path, b"old")
    killed = os.fork()
    if not killed:
        with replacing(path) as file:
            file.write(b"half")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(killed, 0)
    (left,) = set(tmp_path.iterdir()) - {path}
    others = {tmp_path / f"file.{os.getpid()}-7.part", tmp_path / "file.1-7.part", tmp_path / "file.part",
              tmp_path / left.name.replace("file", "another"), tmp_path / left.name.replace("file", "file.txt")}
    for other in others:
        other.write_bytes(b"not ours")
    write_whole(path, b"whole")
    assert path.read_bytes() == b"whole"
    assert set(tmp_path.iterdir()) == {path, *others}


@pytest.mark.parametrize(("number", "fails"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_a_folder_that_cannot_be_synced_is_no_error_but_a_broken_disk_is(tmp_path, monkeypatch, number, fails):
    def refuse(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    if fails:
        with pytest.raises(OSError, match="error"):
            write_whole(tmp_path / "file", b"new")
    else:
        write_whole(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
