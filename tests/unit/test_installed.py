"""What was fetched or retrained on this machine, over what ships."""

from __future__ import annotations

import hashlib
import json

import pytest

from fingerpost import home
from fingerpost.cli import main
from fingerpost.core.errors import ModelError
from fingerpost.installed import InstalledModels
from fingerpost.models import ModelStore
from tests.disk import little_room
from tests.generations import ENTRY, install, open_models, read_live, write_source


@pytest.fixture
def models(tmp_path, monkeypatch):
    """A home where one model ships, and nothing is installed."""
    return open_models(tmp_path, monkeypatch)


def test_what_ships_is_live_until_something_is_installed(models):
    assert read_live(models) == b"shipped"
    info = install(models, b"first")
    assert info == models.load("objects")
    assert info.installed
    assert info.path.parent == models._folder
    assert info.labels == ("Kiwi", "other")
    assert read_live(models) == b"first"
    assert ModelStore().load("objects").path.read_bytes() == b"shipped"


def test_rolling_back_returns_to_the_one_before_and_then_to_the_shipped_one(models):
    install(models, b"first")
    install(models, b"second")
    assert models.rollback("objects").path.read_bytes() == b"first"
    assert models.rollback("objects").path.read_bytes() == b"shipped"
    with pytest.raises(ModelError, match="that ships is live"):
        models.rollback("objects")
    assert [path.name for path in models._folder.iterdir()] == ["manifest.json"]


def test_what_came_before_a_model_is_known_as_long_as_it_is_there(models):
    shipped = models.load("objects").sha256
    first, second = install(models, b"first").sha256, install(models, b"second").sha256
    assert models.lineage("objects", second) == (second, first, shipped)
    assert models.lineage("objects", first) == (first, shipped)
    models.rollback("objects")
    assert models.lineage("objects", second) == (second,)


def test_the_stamp_tells_that_something_was_installed_or_rolled_back(models):
    stamps = [models.stamp()]
    install(models, b"first")
    stamps.append(models.stamp())
    models.rollback("objects")
    stamps += [models.stamp(), models.stamp()]
    assert stamps[0] == ()
    assert len(set(stamps)) == 3
    assert stamps[2] == stamps[3]


def test_a_bounded_number_of_generations_is_kept(models):
    for content in (b"first", b"second", b"third"):
        install(models, content)
    assert [info.path.read_bytes() for info in models.generations("objects")] == [b"third", b"second", b"shipped"]
    assert len(list(models._folder.glob("*.onnx"))) == 2


def test_the_same_file_once_more_is_no_new_generation(models):
    install(models, b"first")
    install(models, b"first")
    assert models.rollback("objects").path.read_bytes() == b"shipped"


def test_a_model_that_does_not_ship_is_gone_after_a_rollback(models):
    install(models, b"wide", "imagenet")
    assert models.names() == ("objects", "imagenet")
    assert read_live(models, "imagenet") == b"wide"
    assert models.rollback("imagenet") is None
    assert models.names() == ("objects",)
    with pytest.raises(ModelError, match="no model 'imagenet': choose one of objects"):
        models.load("imagenet")


def test_a_damaged_model_gives_way_to_the_one_before_it(models, caplog):
    install(models, b"first")
    install(models, b"second").path.write_bytes(b"secon?")
    assert read_live(models) == b"first"
    assert "damaged" in caplog.text
    assert "`fingerpost models rollback objects`" in caplog.text


def test_a_damaged_model_that_has_none_before_it_names_the_remedy(models):
    install(models, b"wide", "imagenet").path.unlink()
    with pytest.raises(ModelError, match="'imagenet' is missing .*run `fingerpost train taught`"):
        models.load("imagenet")


def test_a_model_exported_beside_those_that_ship_is_live_once_the_fetched_one_is_rolled_back(models, tmp_path):
    install(models, b"fetched", "detector")
    ship(tmp_path / "home", b"exported", "detector")
    assert read_live(InstalledModels(), "detector") == b"fetched"
    assert main(["models", "rollback", "detector"]) == 0
    assert read_live(InstalledModels(), "detector") == b"exported"


@pytest.mark.parametrize(("xdg", "expected"), [("{}/cache", "{}/cache/fingerpost"), ("caches", "{}/.cache/fingerpost"),
                                               ("", "{}/.cache/fingerpost")])
def test_what_is_fetched_again_if_need_be_goes_to_the_cache_of_the_user(tmp_path, monkeypatch, xdg, expected):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", xdg.format(tmp_path))
    assert str(home.cache_home()) == expected.format(tmp_path)


def ship(folder, content, name):
    """Put one more model where those that ship lie, as `fingerpost export --out models` does."""
    manifest = folder / "models" / "manifest.json"
    (folder / "models" / f"{name}.onnx").write_bytes(content)
    entry = {**ENTRY, "name": name, "file": f"{name}.onnx", "bytes": len(content),
             "sha256": hashlib.sha256(content).hexdigest()}
    manifest.write_text(json.dumps({"models": [*json.loads(manifest.read_text())["models"], entry]}))


@pytest.mark.parametrize("content", ["", "{", '{"models": [3]}', '{"models": [{"name": "objects"}]}'])
def test_a_spoilt_manifest_leaves_what_ships_live(models, caplog, content):
    install(models, b"first")
    (models._folder / "manifest.json").write_text(content)
    assert read_live(models) == b"shipped"
    assert "the models that ship are used" in caplog.text
    install(models, b"second")
    assert read_live(models) == b"second"


def test_a_full_disk_changes_nothing(models):
    install(models, b"first")
    source = write_source(models, b"second" * 1000)
    with little_room(1000), pytest.raises(ModelError, match="free some space"):
        models.install(source, ENTRY)
    assert [info.path.read_bytes() for info in models.generations("objects")] == [b"first", b"shipped"]
    install(models, b"third")
    assert not list(models._folder.glob("*.part"))


def test_the_commands_tell_generations_apart(models, capsys):
    install(models, b"first")
    install(models, b"wide", "imagenet")
    assert main(["models", "list"]) == 0
    assert [line.split()[:3] for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["objects", "whole", "live"], ["objects", "whole", "kept"], ["imagenet", "whole", "live"]]
    assert main(["models", "info", "imagenet"]) == 0
    assert "imagenet-" in capsys.readouterr().out
    models.load("objects").path.write_bytes(b"firs?")
    assert main(["models", "verify"]) == 1
    assert "damaged" in capsys.readouterr().out
    assert main(["models", "list"]) == 0
    assert [line.split()[:3] for line in capsys.readouterr().out.splitlines()[1:3]] == [
        ["objects", "damaged", "kept"], ["objects", "whole", "live"]]


def test_rolling_back_by_command_says_what_is_live(models, capsys):
    install(models, b"first")
    install(models, b"wide", "imagenet")
    assert main(["models", "rollback", "objects"]) == 0
    assert "objects.onnx, which ships" in capsys.readouterr().out
    assert main(["models", "rollback", "imagenet"]) == 0
    assert capsys.readouterr().out == "imagenet is gone.\n"
    assert main(["models", "rollback", "objects"]) == 1
