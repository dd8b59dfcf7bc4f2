"""The store of taught things: whole samples or none, names, voice labels, undo, and files of older versions."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager

import numpy as np
import pytest

from fingerpost.core.errors import StoreError
from fingerpost.core.types import Clip, Quality
from fingerpost.memory.database import connect
from fingerpost.memory.history import KEPT_CHANGES
from fingerpost.memory.objects import ObjectStore
from fingerpost.memory.samples import LONGEST_SIDE, encode_crop

CROP = np.zeros((8, 8, 3), np.uint8)


def vector(seed=0):
    return np.random.default_rng(seed).random(16, dtype=np.float32)


def clip(seed=0):
    return Clip(np.random.default_rng(seed).integers(-32768, 32767, 500).astype(np.int16), 16000)


def names(store):
    return [thing.name for thing in store.objects()]


@pytest.fixture
def store(tmp_path):
    with ObjectStore(tmp_path / "objects.sqlite") as opened:
        yield opened


def test_samples_wait_for_a_name_and_then_belong_to_it(store):
    assert store.keep(CROP, vector(1), "net", Quality(640, 480, 0.5, 90.0), 1.7e9) == 1
    assert store.keep(CROP, vector(2), "net") == 2
    np.testing.assert_array_equal(store.waiting_embeddings("net"), np.stack([vector(1), vector(2)]))
    thing = store.learn("cup")
    assert (thing.name, thing.samples, store.waiting()) == ("cup", 2, 0)
    assert (thing.named_by, thing.has_voice) == ("text", False)
    np.testing.assert_array_equal(store.embeddings("net")[thing.object_id], np.stack([vector(1), vector(2)]))
    assert store.waiting_embeddings("net").shape[0] == 0


def test_more_samples_of_a_known_name_join_it(store):
    first = store.add("cup", [(CROP, vector(1))], "net")
    store.keep(CROP, vector(2), "net")
    again = store.learn("cup")
    assert (again.object_id, again.samples) == (first.object_id, 2)


def test_nothing_is_learned_from_nothing(store):
    with pytest.raises(StoreError, match="take one first"):
        store.learn("cup")
    with pytest.raises(StoreError, match="at least one"):
        store.add("cup", [], "net")
    assert store.objects() == []


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "x" * 81, "bell\a"])
def test_a_name_is_one_line_that_can_be_read(store, name):
    with pytest.raises(StoreError, match="cannot be a name"):
        store.add(name, [(CROP, vector())], "net")
    assert store.objects() == []
    assert store.undo() is None


def test_a_photo_is_kept_no_larger_than_it_is_needed(store):
    store.add("cup", [(np.full((2160, 3840, 3), (250, 10, 10), np.uint8), vector())], "net")
    (picture,) = map(store.crop, store.stale("another net"))
    assert picture.shape == (432, LONGEST_SIDE, 3)
    assert (picture == (250, 10, 10)).all()


def test_undo_sample_takes_the_newest_one_and_never_a_named_one(store):
    store.keep(CROP, vector(), "net")
    store.learn("cup")
    store.keep(CROP, vector(), "net")
    assert store.undo_sample() == 0
    assert store.undo_sample() == 0
    assert store.objects()[0].samples == 1


def test_rename_and_forget(store):
    store.add("cup", [(CROP, vector())], "net")
    store.add("tea", [(CROP, vector())], "net")
    store.rename("cup", "mug")
    with pytest.raises(StoreError, match="already"):
        store.rename("mug", "tea")
    store.forget("mug")
    assert names(store) == ["tea"]
    assert len(store.embeddings("net")) == 1
    with pytest.raises(StoreError, match="objects list"):
        store.forget("mug")


def test_a_forgotten_name_is_free_again(store):
    old = store.add("cup", [(CROP, vector())], "net")
    store.forget("cup")
    new = store.add("cup", [(CROP, vector())], "net")
    assert new.object_id != old.object_id
    assert new.samples == 1


# Voice labels

def test_the_wearers_voice_is_kept_byte_for_byte(store):
    store.keep(CROP, vector(), "net")
    thing = store.learn("thing one", clip(1), "voice")
    assert (thing.named_by, thing.has_voice) == ("voice", True)
    heard = store.voice_label(thing.object_id)
    assert heard.rate == 16000
    assert heard.samples.tobytes() == clip(1).samples.tobytes()


def test_a_label_can_be_recorded_later_and_again(store):
    thing = store.add("cup", [(CROP, vector())], "net")
    assert store.voice_label(thing.object_id) is None
    store.set_voice_label(thing.object_id, clip(1))
    store.set_voice_label(thing.object_id, clip(2))
    np.testing.assert_array_equal(store.voice_label(thing.object_id).samples, clip(2).samples)
    assert store.undo() == "relabel cup"
    np.testing.assert_array_equal(store.voice_label(thing.object_id).samples, clip(1).samples)
    assert store.undo() == "relabel cup"
    assert store.objects() == [thing]


def test_a_renamed_thing_is_not_called_by_the_voice_that_said_its_old_name(store):
    thing = store.add("cup", [(CROP, vector())], "net", clip(1), "voice")
    store.rename("cup", "mug")
    (renamed,) = store.objects()
    assert (renamed.has_voice, renamed.named_by, store.voice_label(thing.object_id)) == (False, "text", None)
    store.undo()
    assert store.objects() == [thing]
    np.testing.assert_array_equal(store.voice_label(thing.object_id).samples, clip(1).samples)


def test_only_a_taught_thing_gets_a_label(store):
    assert store.voice_label("kiwi") is None
    with pytest.raises(StoreError, match="objects list"):
        store.set_voice_label("kiwi", clip())


# Undo

def test_undo_goes_back_one_change_at_a_time(store):
    store.keep(CROP, vector(), "net")
    store.learn("cup")
    taught = store.objects()
    store.rename("cup", "mug")
    store.forget("mug")
    assert store.undo() == "forget mug"
    assert names(store) == ["mug"]
    assert store.undo() == "rename cup to mug"
    assert store.objects() == taught
    assert store.undo() == "learn cup"
    assert (store.objects(), store.waiting()) == ([], 1)
    assert store.undo() is None


def test_undo_of_added_pictures_removes_them_alone(store):
    store.add("cup", [(CROP, vector(1))], "net", clip(1), "voice")
    store.keep(CROP, vector(3), "net")
    store.add("cup", [(CROP, vector(2)), (CROP, vector(3))], "net", clip(2), "voice")
    assert store.undo() == "add cup"
    (cup,) = store.objects()
    np.testing.assert_array_equal(store.embeddings("net")[cup.object_id], vector(1)[None])
    np.testing.assert_array_equal(store.voice_label(cup.object_id).samples, clip(1).samples)
    assert store.waiting() == 1


def test_a_picture_is_dropped_and_comes_back(store):
    cup = store.add("cup", [(CROP, vector(seed)) for seed in (1, 2, 3)], "net").object_id
    store.add("tea", [(CROP, vector(4))], "net")
    assert store.drop_sample(2).samples == 2
    np.testing.assert_array_equal(store.embeddings("net")[cup], np.stack([vector(1), vector(3)]))
    assert names(store) == ["cup", "tea"]
    assert [lesson.name for lesson in store.lessons()] == ["cup", "tea"]
    assert store.verify() == []
    assert store.undo() == "drop a picture of cup"
    np.testing.assert_array_equal(store.embeddings("net")[cup], np.stack([vector(1), vector(2), vector(3)]))
    store.undo()
    store.undo()
    assert store.objects() == []


def test_a_dropped_picture_comes_back_to_a_thing_that_was_forgotten_and_renamed_since(store):
    cup = store.add("cup", [(CROP, vector(1)), (CROP, vector(2))], "net").object_id
    store.drop_sample(1)
    store.rename("cup", "mug")
    store.forget("mug")
    for _ in range(3):
        store.undo()
    assert [(thing.object_id, thing.name, thing.samples) for thing in store.objects()] == [(cup, "cup", 2)]


def test_only_a_picture_of_a_thing_with_others_is_dropped(store):
    store.add("cup", [(CROP, vector(1))], "net")
    store.keep(CROP, vector(2), "net")
    with pytest.raises(StoreError, match="forget the thing"):
        store.drop_sample(1)
    for sample in (2, 9):
        with pytest.raises(StoreError, match="any more"):
            store.drop_sample(sample)


def test_an_object_id_is_never_given_twice(store):
    undone = store.add("cup", [(CROP, vector())], "net")
    store.undo()
    assert store.add("tea", [(CROP, vector())], "net").object_id != undone.object_id


def test_what_can_no_longer_be_undone_is_erased(store, tmp_path):
    store.add("cup", [(CROP, vector())], "net", clip(), "voice")
    store.forget("cup")
    store.add("tea", [(CROP, vector(1)), (CROP, vector(2))], "net")
    store.drop_sample(3)
    for number in range(KEPT_CHANGES):
        store.rename("tea" if number % 2 == 0 else "chai", "chai" if number % 2 == 0 else "tea")
    rows = sqlite3.connect(str(tmp_path / "objects.sqlite"))
    assert [count for table in ("objects", "samples", "labels")
            for (count,) in rows.execute(f"SELECT COUNT(*) FROM {table}")] == [1, 1, 0]
    rows.close()
    while store.undo():
        pass
    assert names(store) == ["tea"]


# Two programs at one store

def test_what_another_program_renames_meanwhile_is_seen(store, tmp_path):
    """The look-up of a name and the change are one: nothing can come between them."""
    store.add("cup", [(CROP, vector())], "net")
    transaction = store._database.transaction

    @contextmanager
    def transaction_after_another():
        with ObjectStore(tmp_path / "objects.sqlite") as other:
            other.rename("cup", "mug")
        with transaction() as write:
            yield write

    store._database.transaction = transaction_after_another
    with pytest.raises(StoreError, match="nothing called 'cup'"):
        store.forget("cup")
    store._database.transaction = transaction
    assert names(store) == ["mug"]


def test_a_name_that_the_file_holds_already_gets_a_remedy(store):
    store.add("cup", [(CROP, vector())], "net")
    with pytest.raises(StoreError, match="choose another name"), store._database.transaction() as write:
        write("INSERT INTO objects (name, named_by) VALUES ('cup', 'text')")


# Other networks

def test_embeddings_of_another_network_are_left_out_until_they_are_made_anew(store):
    picture = np.random.default_rng(0).integers(0, 255, (9, 7, 3), np.uint8)
    thing = store.add("cup", [(picture, vector())], "old net")
    store.keep(picture, vector(), "old net")
    assert store.embeddings("new net") == {}
    for sample_id in store.stale("new net"):
        np.testing.assert_array_equal(store.crop(sample_id), picture)
        store.replace_embeddings({sample_id: vector(7)}, "new net")
    assert store.stale("new net") == []
    assert store.crop(99) is None
    np.testing.assert_array_equal(store.embeddings("new net")[thing.object_id], vector(7)[None])
    assert len(store.waiting_embeddings("new net")) == 1
    assert store.verify() == []


# The file

def test_what_was_taught_is_there_after_a_restart(tmp_path):
    path = tmp_path / "deep" / "objects.sqlite"
    with ObjectStore(path) as store:
        store.add("cup", [(CROP, vector())], "net")
        store.forget("cup")
    with ObjectStore(path) as store:
        assert store.undo() == "forget cup"
        assert names(store) == ["cup"]


def test_a_file_of_version_1_loses_nothing(tmp_path):
    path = tmp_path / "objects.sqlite"
    write_version_1(path, [("cup", [vector(1), vector(2)]), ("tea", [vector(3)])], waiting=[vector(4)])
    with ObjectStore(path) as store:
        assert [(thing.object_id, thing.name, thing.samples, thing.named_by) for thing in store.objects()] == [
            ("taught:1", "cup", 2, "text"), ("taught:2", "tea", 1, "text")]
        np.testing.assert_array_equal(store.embeddings("net")["taught:1"], np.stack([vector(1), vector(2)]))
        np.testing.assert_array_equal(store.waiting_embeddings("net"), vector(4)[None])
        assert store.verify() == []
        store.rename("tea", "chai")
    with ObjectStore(path) as store:
        assert names(store) == ["cup", "chai"]


def write_version_1(path, things, waiting):
    """The store as the first release wrote it."""
    database = sqlite3.connect(str(path))
    database.executescript("""
        PRAGMA journal_mode=WAL;
        CREATE TABLE objects (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);
        CREATE TABLE samples (id INTEGER PRIMARY KEY AUTOINCREMENT,
            object INTEGER REFERENCES objects(id) ON DELETE CASCADE,
            backbone TEXT NOT NULL, crop BLOB NOT NULL, embedding BLOB NOT NULL);
        PRAGMA user_version = 1;""")
    for key, (name, vectors) in enumerate([*things, (None, waiting)], start=1):
        if name:
            database.execute("INSERT INTO objects (name) VALUES (?)", (name,))
        for embedding in vectors:
            database.execute("INSERT INTO samples (object, backbone, crop, embedding) VALUES (?, 'net', ?, ?)",
                             (key if name else None, encode_crop(CROP), embedding.tobytes()))
    database.commit()
    database.close()


def test_a_file_of_a_newer_version_is_left_alone(tmp_path):
    path = tmp_path / "objects.sqlite"
    database = sqlite3.connect(str(path))
    database.execute("PRAGMA user_version = 99")
    database.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="update"):
        ObjectStore(path).open()
    with sqlite3.connect(str(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (99,)
    database.close()
    assert len(path.read_bytes()) == len(before)


def test_a_folder_that_cannot_be_made_gets_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(StoreError, match="FINGERPOST_STATE|start anew"):
        ObjectStore(tmp_path / "file" / "objects.sqlite").open()


def test_a_full_card_gets_one_line_and_loses_nothing(tmp_path):
    def connect_to_little(path):
        connection = connect(path)
        connection.execute("PRAGMA max_page_count = 40")
        return connection

    with ObjectStore(tmp_path / "objects.sqlite", connect_to_little) as store:
        for _ in range(5):
            store.keep(CROP, np.ones(512, np.float32), "net")
        with pytest.raises(StoreError, match="free some space"):
            store.add("cup", [(CROP, np.ones(512, np.float32))] * 50, "net")
        assert (store.objects(), store.waiting()) == ([], 5)
        assert store.learn("tea").samples == 5
        assert store.verify() == []


def test_close_twice_and_use_after_close(tmp_path):
    store = ObjectStore(tmp_path / "objects.sqlite")
    store.open()
    store.close()
    store.close()
    with pytest.raises(StoreError, match="not open"):
        store.waiting()
