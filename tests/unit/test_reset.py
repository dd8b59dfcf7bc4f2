"""All that is the wearer's own is forgotten, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from fingerpost.cli import main
from fingerpost.core.errors import ModelError
from fingerpost.home import state_home
from fingerpost.installed import InstalledModels
from fingerpost.memory.objects import ObjectStore
from fingerpost.models import read_entries
from fingerpost.upkeep import reset
from fingerpost.upkeep.reset import ask_for_reset, carry_out, greet
from tests.stick import fill, names_in
from tests.teaching_day import crop, vector

OWN = ("diary/2026-11-22.jsonl", "clips/espeak-ng-en/a.wav", "companion/fingertips/fingertips.csv",
       "companion/jobs/1/job.json", "retraining/taught/tea/1.png", "retraining.log", "retraining.lock",
       "retrained.json", "lineage.json", "lineage-fingertip.json", "lineage-detector.json", "lesson.json",
       "narration.wav", "preferences.json.12-34.part", "objects.sqlite.broken-1")
OTHERS = ("settings.toml", "engines/objects.engine", "releases/current.json", "trusted/maker.pub", "photo.jpg",
          "bench-x/out.json", "device.json")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A state folder with everything in it."""
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "home"))
    monkeypatch.setattr(reset, "_PATIENCE_SECONDS", 0.3)
    fill(tmp_path / "home")
    for name in OWN + OTHERS:
        path = tmp_path / "home" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return tmp_path / "home"


def files_in(home):
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


def install(name, rebuild):
    """A network that is installed here."""
    models = InstalledModels()
    shipped = models.generations(name)[-1]
    manifest = shipped.path.with_name("manifest.json")
    entry = next(entry for entry in read_entries(manifest) if entry["name"] == name)
    return models.install(shipped.path, {**entry, "rebuild": rebuild})


def test_nothing_happens_unasked(home):
    before = files_in(home)
    assert not carry_out(home)
    assert files_in(home) == before


def test_all_that_is_the_wearers_own_goes_at_the_next_start(home):
    before = files_in(home)
    assert ask_for_reset(home).outcome == "ready"
    assert files_in(home) == sorted([*before, "reset.json"])
    assert carry_out(home)
    assert files_in(home) == sorted(OTHERS)
    assert not carry_out(home)
    with ObjectStore(home / "objects.sqlite") as store:
        assert store.objects() == []
        assert store.waiting() == 0


def test_a_network_that_learned_what_was_taught_goes_and_one_that_was_fetched_stays(home):
    assert home == state_home()
    install("objects", "fingerpost train taught --data photos --scope last")
    fetched = install("detector", "fingerpost models fetch coco")
    ask_for_reset(home)
    carry_out(home)
    assert [info.path for name in InstalledModels().names() for info in InstalledModels().generations(name)
            if info.installed] == [fetched.path]
    assert len(list((home / "models").glob("*-*"))) == 1


@pytest.fixture
def stuck(monkeypatch):
    """The names of files that cannot be deleted."""
    names, unlink = set(), Path.unlink

    def refuse(path, *options):
        if path.name.endswith(tuple(names)):
            raise PermissionError(13, "Permission denied")
        unlink(path, *options)

    monkeypatch.setattr(Path, "unlink", refuse)
    return names


def teach(home):
    """What the wearer does after that start."""
    with ObjectStore(home / "objects.sqlite") as store:
        store.add("new", [(crop(5), vector(5))], "net")
    (home / "companion").mkdir(exist_ok=True)
    (home / "companion" / "new.json").write_text("x")


@pytest.mark.parametrize("name", ["a.wav", "job.json", "retrained.json"])
def test_what_cannot_be_deleted_holds_up_nothing_and_is_alone_tried_again(home, stuck, name, caplog):
    """Whether its turn comes before the store's, or after."""
    stuck.add(name)
    ask_for_reset(home)
    assert carry_out(home)
    (kept,) = (path for path in OWN if path.endswith("/" + name) or path == name)
    (left,) = (path for path in files_in(home) if path.startswith("forgotten-"))
    assert left.endswith("-" + kept)
    assert files_in(home) == sorted([*OTHERS, left, "reset.json"])
    assert f"{kept} could not be forgotten" in caplog.text
    for start in range(2):
        teach(home)
        assert carry_out(home)
        assert names_in(home) == ["new"], f"at start {start}"
        assert greet(home) == ("reset_partly",)
    stuck.clear()
    assert carry_out(home)
    assert not (home / left).exists()
    assert names_in(home) == ["new"]
    assert (home / "companion" / "new.json").exists()
    assert greet(home) == ()
    assert not carry_out(home)


@pytest.mark.parametrize("renamed", [True, False])
def test_what_is_taught_after_a_store_that_could_not_be_deleted_stays(home, stuck, monkeypatch, renamed, caplog):
    """With or without another name for what is left; without, it is told once, and a new reset tries all again."""
    def refuse(path, target):
        raise PermissionError(1, "Operation not permitted")

    stuck.add("objects.sqlite")
    ask_for_reset(home)
    with monkeypatch.context() as patch:
        if not renamed:
            patch.setattr(Path, "rename", refuse)
        carry_out(home)
    assert greet(home) == ("reset_partly",)
    assert ("reset again" in caplog.text) != renamed
    before = [] if renamed else ["tea", "cup"]
    assert names_in(home) == before
    stuck.clear()
    teach(home)
    assert carry_out(home)
    assert names_in(home) == [*before, "new"]
    assert greet(home) == ()
    assert not list(home.glob("forgotten-*"))
    ask_for_reset(home)
    carry_out(home)
    assert files_in(home) == sorted(OTHERS)


def test_a_new_reset_takes_along_what_an_earlier_one_has_left(home, stuck):
    stuck.add("retrained.json")
    for _ in range(2):
        ask_for_reset(home)
        carry_out(home)
    (left,) = home.glob("forgotten-*")
    assert greet(home) == ("reset_partly",)
    stuck.clear()
    ask_for_reset(home)
    carry_out(home)
    assert not left.exists()


def test_networks_that_cannot_be_forgotten_are_tried_again(home, monkeypatch):
    def fail():
        raise ModelError("the folder cannot be written")

    install("objects", "fingerpost train taught --data photos --scope last")
    ask_for_reset(home)
    with monkeypatch.context() as patch:
        patch.setattr(reset, "_forget_models", fail)
        assert carry_out(home)
    assert not (home / "objects.sqlite").exists()
    assert InstalledModels().load("objects").installed
    carry_out(home)
    assert not InstalledModels().load("objects").installed
    assert greet(home) == ()


def test_a_folder_that_cannot_be_read_is_told_and_tried_again(home, monkeypatch, caplog):
    def fail(folder):
        raise PermissionError(13, "Permission denied")

    ask_for_reset(home)
    with monkeypatch.context() as patch:
        patch.setattr("fingerpost.upkeep.reset.os.listdir", fail)
        assert carry_out(home)
    assert "start again" in caplog.text
    assert carry_out(home)
    assert files_in(home) == sorted(OTHERS)


def test_a_store_that_somebody_has_open_is_gone_all_the_same(home):
    """A companion page that does not let go of it."""
    ask_for_reset(home)
    with ObjectStore(home / "objects.sqlite"):
        carry_out(home)
        assert not (home / "objects.sqlite").exists()
    assert files_in(home) == sorted(OTHERS)


def test_a_link_is_removed_and_what_it_leads_to_stays(home, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("x")
    for path in (home / "diary").iterdir():
        path.unlink()
    (home / "diary").rmdir()
    (home / "diary").symlink_to(tmp_path / "elsewhere")
    ask_for_reset(home)
    carry_out(home)
    assert not (home / "diary").is_symlink()
    assert (tmp_path / "elsewhere" / "file").exists()


def test_a_note_that_cannot_be_written_is_no_promise(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="exists"):
        ask_for_reset(tmp_path / "file")


def test_the_device_forgets_before_it_reads_anything(home, capsys):
    ask_for_reset(home)
    assert main(["run", "--settings", str(home / "none.toml")]) == 1
    assert "none.toml" in capsys.readouterr().err
    assert files_in(home) == sorted(OTHERS)
