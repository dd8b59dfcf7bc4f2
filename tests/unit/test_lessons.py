"""Taught things on their way from one device to another: written, read, merged, undone."""

from __future__ import annotations

import zipfile

import cv2
import numpy as np
import pytest

from fingerpost.cli import main
from fingerpost.core.errors import DataError, StoreError
from fingerpost.core.types import Clip, Quality
from fingerpost.installed import InstalledModels
from fingerpost.memory.archive import read_archive, write_archive
from fingerpost.memory.lessons import Lesson
from fingerpost.memory.objects import ObjectStore
from fingerpost.memory.samples import Sample
from tests.teaching_day import clip, crop, read_state, vector


@pytest.fixture
def home(tmp_path):
    with ObjectStore(tmp_path / "home.sqlite") as store:
        store.keep(crop(1), vector(1), "net", Quality(640, 480, 0.5, 90.0), 1.7e9)
        store.keep(crop(2), vector(2), "net")
        store.learn("tea", clip(1), "voice")
        store.add("cup", [(crop(3), vector(3))], "net")
        store.add("gone", [(crop(4), vector(4))], "net")
        store.forget("gone")
        store.keep(crop(5), vector(5), "net")
        yield store


@pytest.fixture
def away(tmp_path):
    with ObjectStore(tmp_path / "away.sqlite") as store:
        yield store


@pytest.fixture
def archive(home, tmp_path):
    path = tmp_path / "things.zip"
    assert write_archive(path, home.lessons()) == 2
    return path


def test_what_was_taught_arrives_whole(home, away, archive):
    merged = away.merge(read_archive(archive))
    assert merged == (("tea", "cup"), (), 3, 0)
    assert [(thing.name, thing.samples, thing.named_by, thing.has_voice) for thing in away.objects()] == [
        ("tea", 2, "import", True), ("cup", 1, "import", False)]
    assert away.voice_label("taught:1").samples.tobytes() == clip(1).samples.tobytes()
    assert [list(lesson.samples) for lesson in away.lessons()] == [list(lesson.samples) for lesson in home.lessons()]
    assert away.verify() == []
    assert away.waiting() == 0


def test_any_tool_can_look_into_the_archive(archive):
    with zipfile.ZipFile(archive) as file:
        assert file.testzip() is None
        assert sorted({name.split("/")[0] for name in file.namelist()}) == [
            "crops", "embeddings", "labels", "manifest.json"]


def test_the_same_things_are_not_taken_in_twice(home, away, archive):
    lessons = read_archive(archive)
    away.merge(lessons)
    before = read_state(away)
    assert away.merge(lessons) == ((), (), 0, 3)
    assert read_state(away) == before
    assert home.merge(lessons).samples == 0
    assert away.undo() == "import of 2 things"
    assert (away.objects(), away.undo()) == ([], None)


def test_a_known_thing_gets_what_it_lacks(home, away, archive):
    away.add("tea", [(crop(2), vector(2)), (crop(9), vector(9))], "net")
    away.add("mug", [(crop(3), vector(3))], "net")
    before = read_state(away)
    assert away.merge(read_archive(archive)) == ((), ("tea",), 1, 2)
    assert [(thing.name, thing.samples, thing.has_voice) for thing in away.objects()] == [
        ("tea", 3, True), ("mug", 1, False)]
    assert away.undo() == "import tea"
    assert read_state(away) == before


def test_a_voice_label_never_replaces_another(away, archive):
    away.add("tea", [(crop(9), vector(9))], "net", clip(7), "voice")
    away.merge(read_archive(archive))
    assert away.voice_label("taught:1").samples.tobytes() == clip(7).samples.tobytes()


def test_a_missing_voice_label_comes_without_new_samples(home, away, archive):
    away.add("tea", [(crop(1), vector(1)), (crop(2), vector(2))], "net")
    assert away.merge(read_archive(archive)).grown == ("tea",)
    assert away.objects()[0].has_voice


def test_embeddings_of_another_network_wait_to_be_made_anew(away, archive):
    away.merge(read_archive(archive))
    assert away.embeddings("new net") == {}
    assert len(away.stale("new net")) == 3


def test_embeddings_that_cannot_be_of_the_same_network_are_refused(away, archive):
    away.add("salt", [(crop(9), vector(9)[:256])], "net")
    before = read_state(away)
    with pytest.raises(StoreError, match="do not fit"):
        away.merge(read_archive(archive))
    assert read_state(away) == before


def test_a_new_device_asks_its_own_network_how_long_embeddings_are(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path))
    backbone = InstalledModels().load("objects").sha256
    for length, code in ((7, 1), (512, 0)):
        with ObjectStore(tmp_path / f"{length}.sqlite") as store:
            store.add("cup", [(crop(1), vector(1)[:length])], backbone)
            write_archive(tmp_path / f"{length}.zip", store.lessons())
        assert main(["objects", "import", str(tmp_path / f"{length}.zip")]) == code
    assert "do not fit" in capsys.readouterr().err


def test_an_archive_is_never_written_over_another_file(home, archive):
    before = archive.read_bytes()
    with pytest.raises(DataError, match="another name"):
        write_archive(archive, home.lessons())
    assert archive.read_bytes() == before


def test_nothing_is_exported_that_no_device_would_take_in(home, tmp_path, monkeypatch):
    path = tmp_path / "large.zip"
    done, picture = cv2.imencode(".png", np.zeros((3, 2049, 3), np.uint8))
    assert done
    large = Lesson("sofa", [Sample("net", vector(1).tobytes(), picture.tobytes())])
    with pytest.raises(StoreError, match="'sofa' holds a picture.*teach it anew"):
        write_archive(path, [large])
    monkeypatch.setattr("fingerpost.memory.archive.MOST_BYTES", 5000)
    with pytest.raises(StoreError, match="more than a device.*forget things"):
        write_archive(path, home.lessons())
    assert [file.name for file in tmp_path.iterdir() if "large" in file.name] == []


def test_a_label_that_is_silent_or_short_travels_too(away, tmp_path):
    away.add("cup", [(crop(1), vector(1))], "net", Clip(np.zeros(0, np.int16), 8000), "voice")
    path = tmp_path / "silent.zip"
    write_archive(path, away.lessons())
    assert read_archive(path)[0].label.rate == 8000


def test_there_must_be_something_to_export(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "new"))
    assert main(["objects", "export", str(tmp_path / "none.zip")]) == 1
    assert "nothing to export" in capsys.readouterr().err
    assert not (tmp_path / "none.zip").exists()


def test_from_one_state_folder_to_another(home, archive, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "new"))
    assert main(["objects", "import", str(archive)]) == 0
    assert capsys.readouterr().out == "3 samples came in; new: tea, cup.\n"
    assert main(["objects", "import", str(archive)]) == 0
    assert capsys.readouterr().out == "0 samples came in; 3 samples known already.\n"
    assert main(["objects", "export", str(tmp_path / "again.zip")]) == 0
    assert "2 things" in capsys.readouterr().out
    assert main(["objects", "export", str(tmp_path / "again.zip")]) == 1
    assert main(["objects", "import", str(tmp_path / "none.zip")]) == 1
    assert "none.zip" in capsys.readouterr().err
