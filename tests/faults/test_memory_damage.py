"""What a broken card spoils: it is found, set aside and reported, and never drags down what is sound."""

from __future__ import annotations

import logging
import os
import sqlite3

import numpy as np
import pytest

from fingerpost.cli import main
from fingerpost.core.errors import StoreError
from fingerpost.core.types import Clip
from fingerpost.memory.database import Damaged
from fingerpost.memory.lock import StoreLock
from fingerpost.memory.objects import ObjectStore
from fingerpost.memory.salvage import finish_salvage
from fingerpost.memory.samples import Sample, encode_crop, label_checksum

PAGE = 4096
THINGS = 6
SAMPLES = 3


def crop(number):
    return np.random.default_rng(number).integers(0, 255, (24, 24, 3), np.uint8)


def vector(number):
    return np.full(512, number, np.float32)


def fill(path):
    with ObjectStore(path) as store:
        for thing in range(THINGS):
            numbers = range(thing * SAMPLES, thing * SAMPLES + SAMPLES)
            store.add(f"thing {thing}", [(crop(n), vector(n)) for n in numbers], "net",
                      Clip(np.arange(thing, thing + 900).astype(np.int16), 16000), "voice")


@pytest.fixture
def path(tmp_path):
    fill(tmp_path / "objects.sqlite")
    return tmp_path / "objects.sqlite"


def edit(path, statement, *values):
    database = sqlite3.connect(str(path))
    with database:
        assert database.execute(statement, values).rowcount == 1
    database.close()


def sound_samples(store):
    """How many samples the store gives, all of which must be what was taught."""
    count = 0
    for object_id, vectors in store.embeddings("net").items():
        for embedding in vectors:
            assert embedding[0] // SAMPLES + 1 == int(object_id.split(":")[1])
            np.testing.assert_array_equal(embedding, vector(embedding[0]))
            count += 1
    for picture in filter(lambda crop: crop is not None, map(store.crop, store.stale("another net"))):
        assert any(np.array_equal(picture, crop(n)) for n in range(THINGS * SAMPLES))
    return count


def spoil_sample(embedding, picture):
    """Values that carry a right checksum, as a fault in the program would leave them."""
    return Sample("net", embedding, picture).checksum, embedding, picture


SPOILS = {
    "checksum": lambda path: edit(path, "UPDATE samples SET crop = zeroblob(LENGTH(crop)) WHERE id = 5"),
    "picture": lambda path: edit(path, "UPDATE samples SET checksum = ?, embedding = ?, crop = ? WHERE id = 5",
                                 *spoil_sample(vector(4).tobytes(), b"no picture")),
    "not finite": lambda path: edit(path, "UPDATE samples SET checksum = ?, embedding = ?, crop = ? WHERE id = 5",
                                    *spoil_sample(vector(np.nan).tobytes(), encode_crop(crop(4)))),
    "too short": lambda path: edit(path, "UPDATE samples SET checksum = ?, embedding = ?, crop = ? WHERE id = 5",
                                   *spoil_sample(vector(4)[:9].tobytes(), encode_crop(crop(4)))),
    "orphan": lambda path: edit(path, "UPDATE samples SET object = 99 WHERE id = 5"),
    "garbled text": lambda path: edit(path, "UPDATE samples SET backbone = CAST(x'ff80' AS TEXT) WHERE id = 5"),
    "garbled type": lambda path: edit(path, "UPDATE samples SET embedding = 5 WHERE id = 5"),
}


@pytest.mark.parametrize("kind", sorted(SPOILS))
def test_a_spoilt_sample_is_set_aside_alone(kind, path):
    SPOILS[kind](path)
    with ObjectStore(path) as store:
        before = sum(len(vectors) for vectors in store.embeddings("net").values())
        (line,) = store.verify()
        assert "sample 5 of" in line
        assert store.verify() == []
        assert before >= sound_samples(store) == THINGS * SAMPLES - 1
        assert sum(thing.samples for thing in store.objects()) == THINGS * SAMPLES - 1
    with sqlite3.connect(str(path)) as database:
        assert database.execute("SELECT id FROM broken_samples").fetchall() == [(5,)]
    database.close()


def test_what_is_learned_during_the_search_is_not_taken_for_spoilt(path):
    with ObjectStore(path) as device, ObjectStore(path) as command:
        device.keep(crop(90), vector(90), "net")
        read = command._database.read

        def read_while_learning(statement, *values):
            rows = read(statement, *values)
            if statement == "SELECT id FROM objects":
                device.learn("new")
                device.replace_embeddings({1: vector(0)}, "new net")
            return rows

        command._database.read = read_while_learning
        assert command.verify() == []
        assert [thing.samples for thing in command.objects()] == [SAMPLES] * THINGS + [1]


@pytest.mark.parametrize(("statement", "kept"), [
    ("UPDATE labels SET samples = zeroblob(1800) WHERE id = 2", 1),
    ("DELETE FROM labels WHERE id = 2", 0)])
def test_a_spoilt_voice_label_leaves_the_thing(statement, kept, path):
    edit(path, statement)
    with ObjectStore(path) as store:
        (line,) = store.verify()
        assert "voice label of thing 1" in line
        assert [thing.has_voice for thing in store.objects()] == [number != 1 for number in range(THINGS)]
        assert store.voice_label("taught:2") is None
        assert store.verify() == []
        assert sound_samples(store) == THINGS * SAMPLES
    with sqlite3.connect(str(path)) as database:
        assert len(database.execute("SELECT * FROM broken_labels").fetchall()) == kept
    database.close()


@pytest.mark.parametrize("filling", [bytes(PAGE), np.random.default_rng(0).bytes(PAGE)], ids=["zeros", "noise"])
def test_whatever_page_is_lost_costs_one_sample_at_most(filling, path):
    """A page holds part of one sample or label, or what leads to them, which is not needed to find them again."""
    whole = path.read_bytes()
    for start in range(0, len(whole), PAGE):
        put(path, whole[:start] + filling + whole[start + PAGE:])
        with ObjectStore(path) as store:
            store.verify()
            assert sound_samples(store) >= THINGS * SAMPLES - 1
            things = store.objects()
            assert len(things) == THINGS
            assert all(thing.name in (f"thing {number}", f"lost name {number + 1}")
                       for number, thing in enumerate(things))
            assert sum(thing.has_voice for thing in things) >= THINGS - 2
            assert store.verify() == []
            before = sound_samples(store)
            store.rename(things[0].name, "renamed")
            assert store.undo() == f"rename {things[0].name} to renamed"
            assert (store.objects(), sound_samples(store)) == (things, before)


def test_whatever_pages_are_lost_the_store_opens_and_tells_no_lie(path):
    whole, random = path.read_bytes(), np.random.default_rng(0)
    for _ in range(12):
        pages = [whole[start:start + PAGE] for start in range(0, len(whole), PAGE)]
        for lost in random.integers(0, len(pages), random.integers(2, len(pages))):
            pages[lost] = [bytes(PAGE), random.bytes(PAGE), pages[0], pages[-1]][random.integers(4)]
        put(path, b"".join(pages))
        with ObjectStore(path) as store:
            store.verify()
            sound_samples(store)
            assert store.verify() == []
            store.add("new", [(crop(0), vector(0))], "other net")


def put(path, data):
    """A store of this content alone."""
    for file in path.parent.iterdir():
        file.unlink()
    path.write_bytes(data)


def test_a_file_that_was_cut_off_keeps_its_beginning(path):
    whole = path.read_bytes()
    path.write_bytes(whole[:len(whole) // 2])
    with ObjectStore(path) as store:
        assert sound_samples(store) > 0
        store.add("new", [(crop(99), vector(99))], "net")
    assert path.with_name("objects.sqlite.broken-1").read_bytes()[PAGE:] == whole[PAGE:len(whole) // 2]


def test_a_file_that_is_no_database_makes_room_and_is_kept(tmp_path, caplog):
    path = tmp_path / "objects.sqlite"
    rubbish = b"this is not a database, and long enough to be read as one" * 20
    path.write_bytes(rubbish)
    with caplog.at_level(logging.WARNING), ObjectStore(path) as store:
        store.add("cup", [(crop(0), vector(0))], "net")
    (record,) = caplog.records
    assert "objects.sqlite.broken-1" in record.getMessage()
    assert (tmp_path / "objects.sqlite.broken-1").read_bytes() == rubbish


@pytest.mark.parametrize("steps", range(4))
def test_a_salvage_may_be_cut_short_at_any_step(steps, path, monkeypatch):
    whole = path.read_bytes()
    path.write_bytes(whole[:-PAGE])
    path.with_name(path.name + "-wal").write_bytes(b"")
    replace, done = os.replace, []

    def replace_some(source, target):
        if len(done) == steps:
            raise KeyboardInterrupt
        done.append(target)
        replace(source, target)

    monkeypatch.setattr(os, "replace", replace_some)
    try:
        ObjectStore(path).open()
    except KeyboardInterrupt:
        pass
    monkeypatch.undo()
    with ObjectStore(path) as store:
        assert sound_samples(store) >= THINGS * SAMPLES - 1
    assert not path.with_name(path.name + ".salvaged").exists()
    assert path.with_name(path.name + ".broken-1").exists()


def spoil_page(path, number):
    with path.open("r+b") as file:
        file.seek(number * PAGE)
        file.write(np.random.default_rng(0).bytes(PAGE))


def test_a_damaged_file_is_not_pulled_away_from_under_the_device(path):
    with ObjectStore(path) as device:
        spoil_page(path, 2)
        with pytest.raises(StoreError, match="in use: stop Fingerpost first"):
            ObjectStore(path).open()
        assert sound_samples(device) == THINGS * SAMPLES  # from what SQLite holds in memory
        assert not path.with_name(path.name + ".broken-1").exists()
    with ObjectStore(path) as store:
        assert sound_samples(store) >= THINGS * SAMPLES - 1
    assert path.with_name(path.name + ".broken-1").exists()


def test_a_verify_that_may_not_save_leaves_the_store_open(path, monkeypatch):
    with ObjectStore(path), ObjectStore(path) as command:
        def check(pragma):
            raise Damaged("the file")

        monkeypatch.setattr(command._database, "check", check)
        with pytest.raises(StoreError, match="stop Fingerpost first"):
            command.verify()
        assert sound_samples(command) == THINGS * SAMPLES


def test_what_another_opening_has_saved_meanwhile_is_not_saved_again(path, monkeypatch):
    spoil_page(path, 2)
    alone = StoreLock.alone

    def alone_after_another(lock):
        monkeypatch.setattr(StoreLock, "alone", alone)
        lock.release()
        with ObjectStore(path) as other:
            other.add("new", [(crop(90), vector(90))], "other net")
        lock.share()
        return alone(lock)

    monkeypatch.setattr(StoreLock, "alone", alone_after_another)
    with ObjectStore(path) as store:
        assert "new" in [thing.name for thing in store.objects()]
    assert not path.with_name(path.name + ".broken-2").exists()


def test_nothing_is_put_in_place_where_nothing_waits(path):
    before = path.read_bytes()
    finish_salvage(path)
    assert path.read_bytes() == before


def test_labels_of_other_rates_have_other_checksums():
    assert label_checksum(16000, b"ab") != label_checksum(8000, b"ab")


def test_the_command_says_what_it_found(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path))
    path = tmp_path / "objects.sqlite"
    fill(path)
    assert main(["objects", "verify"]) == 0
    assert f"{THINGS} things, {THINGS * SAMPLES} samples" in capsys.readouterr().out
    SPOILS["checksum"](path)
    assert main(["objects", "verify"]) == 1
    assert capsys.readouterr().out.count("\n") == 1
    assert main(["objects", "verify"]) == 0
    path.write_bytes(path.read_bytes()[:-5 * PAGE])
    capsys.readouterr()
    assert main(["objects", "verify"]) == 1
    assert "broken-1" in capsys.readouterr().out
    assert main(["objects", "undo"]) == 0
    assert "add thing" in capsys.readouterr().out
