"""Hostile and broken archives: refused with one line, and the store is as it was."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import stat
import struct
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest

from fingerpost.core.errors import DataError, FingerpostError
from fingerpost.devices.clips import encode_wav
from fingerpost.memory.archive import read_archive, write_archive
from fingerpost.memory.objects import ObjectStore
from fingerpost.memory.samples import Sample, encode_crop
from tests.disk import little_room
from tests.teaching_day import clip, crop, read_state, vector

MUTATIONS = 500


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """An archive as the device writes it."""
    path = tmp_path_factory.mktemp("sound") / "things.zip"
    with ObjectStore(path.with_name("objects.sqlite")) as store:
        store.add("tea", [(crop(1), vector(1)), (crop(2), vector(2))], "net", clip(1), "voice")
        store.add("cup", [(crop(3), vector(3))], "net")
        write_archive(path, store.lessons())
    return path


@pytest.fixture
def store(tmp_path):
    with ObjectStore(tmp_path / "objects.sqlite") as opened:
        opened.add("salt", [(crop(8), vector(8))], "net", clip(8), "voice")
        yield opened


def take_in(store, path):
    """What the command does."""
    return store.merge(read_archive(path))


# Archives that were made to harm: each changes the entries (name to bytes) or the manifest of a sound one.

def set_entry(name, data):
    return lambda entries, manifest: entries.update({name: data})


def set_sample(**values):
    """A sample that is not what it should be, under a checksum that is right."""
    def change(entries, manifest):
        table = manifest["things"][0]["samples"][0]
        for key in ("crop", "embedding"):
            entries[table[key]] = values.pop(key, entries[table[key]])
        table.update(values)
        quality = None if table["quality"] is None else json.dumps(table["quality"])
        table["sha256"] = Sample(table["backbone"], entries[table["embedding"]], entries[table["crop"]],
                                 table["taken_at"], quality).checksum
    return change


def set_label(data):
    def change(entries, manifest):
        label = manifest["things"][0]["label"]
        entries[label["file"]] = data
        label["sha256"] = hashlib.sha256(data).hexdigest()
    return change


def set_thing(**values):
    return lambda entries, manifest: manifest["things"][0].update(values)


def set_manifest(**values):
    return lambda entries, manifest: manifest.update(values)


def share_an_entry(entries, manifest):
    first, second = manifest["things"][0]["samples"]
    del entries[second["crop"]]
    second["crop"] = first["crop"]


def lose_an_entry(entries, manifest):
    del entries[manifest["things"][1]["samples"][0]["crop"]]


def claim_a_picture_of(width, height):
    chunk = b"IHDR" + struct.pack(">II", width, height) + b"\x08\x02\0\0\0"
    header = struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + header + encode_crop(crop(1))[33:]


class Bomb:
    def __reduce__(self):
        return os.system, ("touch /tmp/this-must-not-exist",)


HOSTILE = {
    "traversal": set_entry("../../evil.png", b"x"),
    "traversal inside a folder": set_entry("crops/../../evil.png", b"x"),
    "traversal in the manifest": set_sample(),
    "absolute name": set_entry("/etc/cron.d/evil", b"x"),
    "backslashes": set_entry("crops\\1.png", b"x"),
    "drive letter": set_entry("C:/evil.png", b"x"),
    "folder": set_entry("crops/", b""),
    "program": set_entry("install.sh", b"#!/bin/sh\n"),
    "pickle": set_entry("model.pkl", pickle.dumps(Bomb())),
    "pickled embedding": set_sample(embedding=pickle.dumps(Bomb()) + b"..."),
    "pickled manifest": set_entry("manifest.json", pickle.dumps(Bomb())),
    "unknown entry": set_entry("crops/999999.png", encode_crop(crop(1))),
    "other digits": set_entry("crops/\u0663.png", b"x"),
    "entry used twice": share_an_entry,
    "entry missing": lose_an_entry,
    "no list of things": set_manifest(things=None),
    "other format": set_manifest(format="zoo"),
    "other version": set_manifest(version=2),
    "version that is true": set_manifest(version=True),
    "deep manifest": set_entry("manifest.json", b"[" * 100_000),
    "manifest of numbers": set_entry("manifest.json", b"5"),
    "manifest in no text": set_entry("manifest.json", b"\xff\xfe\xfd"),
    "thing without samples": set_thing(samples=[]),
    "sample that is a list": set_thing(samples=[[]]),
    "two things alike": set_thing(name="cup"),
    "name with line ends": set_thing(name="tea\n\x1b[2J"),
    "name that is a number": set_thing(name=5),
    "lone surrogate": set_thing(name="\ud800"),
    "endless name": set_thing(name="tea" * 1000),
    "file name that is a list": set_thing(label={"file": ["labels/0.wav"], "sha256": ""}),
    "wrong checksum": set_entry("crops/1.png", encode_crop(crop(9))),
    "wrong label": set_entry("labels/0.wav", encode_wav(clip(9))),
    "no picture": set_sample(crop=b"GIF89a"),
    "empty picture": set_sample(crop=b""),
    "picture with a tail": set_sample(crop=encode_crop(crop(1)) + b"#!/bin/sh"),
    "picture of a square mile": set_sample(crop=claim_a_picture_of(60_000, 60_000)),
    "picture of nothing": set_sample(crop=claim_a_picture_of(0, 0)),
    "not a number": set_sample(embedding=vector(np.nan).tobytes()),
    "endless numbers": set_sample(embedding=vector(1e30).tobytes()),
    "odd embedding": set_sample(embedding=b"abc"),
    "short embedding": set_sample(embedding=vector(1)[:7].tobytes()),
    "no embedding": set_sample(embedding=b""),
    "model that is SQL": set_sample(backbone="'; DROP TABLE samples; --"),
    "time that is text": set_sample(taken_at="yesterday"),
    "time without end": set_sample(taken_at=float("inf")),
    "quality of lists": set_sample(quality={"width": []}),
    "quality beyond numbers": set_sample(quality={"width": 10 ** 400}),
    "no sound": set_label(b"RIFF"),
    "stereo": set_label(encode_wav(clip(1)).replace(b"\1\0\1\0", b"\1\0\2\0")),
}


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_a_hostile_archive_is_refused_and_changes_nothing(kind, sound, store, tmp_path):
    path = tmp_path / "hostile.zip"
    rewrite(sound, path, HOSTILE[kind])
    if kind == "traversal in the manifest":
        path.write_bytes(path.read_bytes().replace(b"crops/1.png", b"../../1.png"))
    assert_refused(store, path)


def test_the_archive_behind_the_hostile_ones_is_taken_in(sound, store, tmp_path):
    rewrite(sound, tmp_path / "rewritten.zip", lambda entries, manifest: None)
    assert take_in(store, tmp_path / "rewritten.zip").samples == 3


def rewrite(sound, path, change):
    with zipfile.ZipFile(sound) as file:
        entries = {name: file.read(name) for name in file.namelist()}
    manifest = json.loads(entries["manifest.json"])
    entries["manifest.json"] = None
    change(entries, manifest)
    if entries["manifest.json"] is None:
        entries["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as file:
        for name, data in entries.items():
            file.writestr(zipfile.ZipInfo(name), data)


def assert_refused(store, path):
    before, files = read_state(store), list_near(path)
    complaint = refuse(store, path)
    assert complaint.count("\n") == 0
    assert "export" in complaint
    assert read_state(store) == before
    assert store.verify() == []
    assert list_near(path) == files


def refuse(store, path):
    """The complaint with which the archive is refused."""
    with pytest.raises(FingerpostError) as caught:
        take_in(store, path)
    return str(caught.value)


def list_near(path):
    """The files beside an archive, and those that a path with ".." in it would come to."""
    return sorted([*path.parent.rglob("*"), *path.parent.parent.iterdir()])


# Archives whose zip itself is hostile.

@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o644, stat.S_IFDIR | 0o644, 0o755])
def test_links_and_programs_are_refused(mode, sound, store, tmp_path):
    path = tmp_path / "hostile.zip"
    with zipfile.ZipFile(sound) as file, zipfile.ZipFile(path, "w") as target:
        for info in file.infolist():
            data = file.read(info)
            if info.filename.startswith("labels"):
                info.external_attr = mode << 16
            target.writestr(info, data)
    assert_refused(store, path)


@pytest.mark.parametrize("size", [2 << 20, 9 << 20])
def test_bombs_are_refused_unread(size, sound, store, tmp_path, monkeypatch):
    path = tmp_path / "bomb.zip"
    path.write_bytes(sound.read_bytes())
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("crops/77.png", bytes(size))
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    with pytest.raises(DataError, match="more than it may"):
        take_in(store, path)


def test_a_bomb_that_lies_about_its_size_is_refused(sound, store, tmp_path):
    path = tmp_path / "bomb.zip"
    rewrite(sound, path, lambda entries, manifest: None)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("crops/77.png", bytes(5 << 20))
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 5 << 20), struct.pack("<I", 5 << 10)))
    assert_refused(store, path)


def test_a_manifest_that_lies_about_its_size_is_not_unpacked_beyond_it(sound, store, tmp_path):
    path, claimed, real = tmp_path / "bomb.zip", 5 << 10, 40 << 20
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("manifest.json", b"{}" + b" " * (real - 2))
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", real), struct.pack("<I", claimed)))
    assert measure_peak(lambda: refuse(store, path)) < 4 << 20
    assert_refused(store, path)


def measure_peak(act):
    """The most bytes that were held at once while `act` ran."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_only_what_the_device_writes_is_unpacked(packing, sound, store, tmp_path):
    path = tmp_path / "foreign.zip"
    with zipfile.ZipFile(sound) as file, zipfile.ZipFile(path, "w") as target:
        for info in file.infolist():
            target.writestr(info, file.read(info), packing if info.filename == "manifest.json" else None)
    assert_refused(store, path)


def test_too_many_entries_are_refused(store, tmp_path, monkeypatch):
    monkeypatch.setattr("fingerpost.memory.archive.MOST_ENTRIES", 100)
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as file:
        for number in range(101):
            file.writestr(f"crops/{number}.png", b"x")
    assert_refused(store, path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused(sound, store, tmp_path):
    path = tmp_path / "double.zip"
    path.write_bytes(sound.read_bytes())
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("manifest.json", b"{}")
    assert_refused(store, path)


def test_entries_over_each_other_are_refused(sound, store, tmp_path):
    """One piece of packed data behind many entries is how the densest bombs are made."""
    path = tmp_path / "over.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("crops/0.png", os.urandom(100_000))
        (info,) = file.infolist()
        for number in range(1, 50):
            twin = zipfile.ZipInfo(f"crops/{number}.png")
            twin.header_offset, twin.CRC = info.header_offset, info.CRC
            twin.compress_size, twin.file_size = info.compress_size, info.file_size
            file.filelist.append(twin)
    assert_refused(store, path)


def test_a_program_with_an_archive_behind_it_is_refused(sound, store, tmp_path):
    path = tmp_path / "installer.zip"
    path.write_bytes(b"#!/bin/sh\nexit\n" + sound.read_bytes())
    assert_refused(store, path)


def test_a_locked_archive_is_refused(sound, store, tmp_path):
    path = tmp_path / "locked.zip"
    data = bytearray(sound.read_bytes())
    start = data.rindex(b"PK\1\2")
    data[start + 8] |= 1
    path.write_bytes(bytes(data))
    assert_refused(store, path)


# Archives that were damaged on the way.

def test_every_archive_that_was_cut_off_is_refused(sound, store, tmp_path):
    whole = sound.read_bytes()
    path = tmp_path / "cut.zip"
    for length in [*range(0, len(whole), len(whole) // 60), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(DataError):
            take_in(store, path)
    assert [thing.name for thing in store.objects()] == ["salt"]


def test_mutated_archives_are_refused_or_harmless(sound, store, tmp_path):
    """Some bytes of a zip mean nothing, a date for instance: then everything must arrive as it was sent."""
    whole, path, random = sound.read_bytes(), tmp_path / "mutated.zip", np.random.default_rng(0)
    before = contents(store.lessons())
    after = before + contents(read_archive(sound))
    refused = 0
    for number in range(MUTATIONS):
        path.write_bytes(mutate(whole, random, number))
        try:
            take_in(store, path)
        except DataError:
            refused += 1
        else:
            assert contents(store.lessons()) == after
            store.undo()
        assert contents(store.lessons()) == before
    assert refused > MUTATIONS * 0.8


def contents(lessons):
    return [(lesson.name, list(lesson.samples), lesson.label and lesson.label.samples.tobytes()) for lesson in lessons]


def mutate(whole, random, number):
    """One of: some bytes changed, a stretch removed, a stretch doubled, a stretch of zeros; often in the directory."""
    data = bytearray(whole)
    start = whole.rindex(b"PK\1\2") if number % 3 == 0 else 0
    place = int(random.integers(start, len(data)))
    length = int(random.integers(1, 60))
    if number % 4 == 0:
        for _ in range(int(random.integers(1, 4))):
            data[int(random.integers(start, len(data)))] = int(random.integers(256))
    elif number % 4 == 1:
        del data[place:place + length]
    elif number % 4 == 2:
        data[place:place] = data[place:place + length]
    else:
        data[place:place + length] = bytes(len(data[place:place + length]))
    return bytes(data)


def test_what_is_no_file_gets_one_line(store, tmp_path):
    for path in (tmp_path, tmp_path / "none.zip"):
        with pytest.raises(DataError, match="export"):
            take_in(store, path)
    (tmp_path / "text.zip").write_bytes(b"PK\3\4 and no more")
    assert_refused(store, tmp_path / "text.zip")


def test_an_archive_is_on_the_disk_before_it_is_said_to_be_written(sound, store, tmp_path, monkeypatch):
    synced, sync = [], os.fsync

    def note(handle):
        synced.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        sync(handle)

    monkeypatch.setattr(os, "fsync", note)
    write_archive(tmp_path / "things.zip", store.lessons())
    assert synced == ["file", "folder"]


def test_a_full_disk_is_told_and_leaves_no_half_archive(store, tmp_path):
    folder = tmp_path / "stick"
    folder.mkdir()
    with little_room(500), pytest.raises(DataError, match="free some space"):
        write_archive(folder / "things.zip", store.lessons())
    assert list(folder.iterdir()) == []
