"""Updates: made, signed, verified, taken in, come up, taken back."""

from __future__ import annotations

import os
import zipfile

import pytest

from fingerpost import __version__
from fingerpost.cli import main
from fingerpost.core.errors import UpdateError
from fingerpost.launcher import Record, read_record, releases_home
from fingerpost.memory.schema import VERSIONS
from fingerpost.upkeep.releases import store
from fingerpost.upkeep.releases.file import UpdateFile, build_update, find_update
from fingerpost.upkeep.releases.manifest import (
    FileFacts,
    Manifest,
    find_obstacle,
    parse_manifest,
    render_manifest,
)
from fingerpost.upkeep.releases.store import find_held, install, list_releases, roll_back, settle, take_update
from tests.releases import Maker, open_shop


@pytest.fixture
def maker(tmp_path, monkeypatch):
    """A maker whom this device trusts."""
    return open_shop(tmp_path, monkeypatch)


def test_an_update_is_taken_in_from_a_stick_and_is_on_trial(maker):
    maker.build("9.0.0")
    maker.build("9.0.10")
    maker.build("9.0.9")
    result = take_update(maker.stick)
    assert (result.outcome, dict(result.slots)) == ("ready", {"version": "9.0.10"})
    assert read_record(releases_home()) == Record("9.0.10", previous="", trial=True)
    assert find_held(releases_home()) == "9.0.10"
    assert sorted(os.listdir(str(releases_home()))) == ["9.0.10", "current.json"]
    code = releases_home() / "9.0.10" / "app" / "fingerpost" / "__init__.py"
    assert code.read_text() == '__version__ = "9.0.10"\n'


def test_what_is_not_an_update_is_passed_over(maker):
    for name in ("fingerpost-backup-2026-01-01-0000.zip", "._fingerpost-update-9.0.0.zip", "fingerpost-update-9.zip",
                 "fingerpost-update-9.0.0.zip.crdownload", "fingerpost-update-9.0.0.0.0.zip"):
        (maker.stick / name).write_bytes(b"other")
    assert take_update(maker.stick).outcome == "nothing"
    maker.build("9.0.0").rename(maker.stick / "fingerpost-update-9.0.0 (1).zip")
    assert find_update(maker.stick).name == "fingerpost-update-9.0.0 (1).zip"
    assert take_update(maker.stick).outcome == "ready"


def test_a_pipe_or_a_link_that_is_called_like_an_update_is_none(maker, capsys):
    os.mkfifo(str(maker.stick / "fingerpost-update-9.0.0.zip"))
    (maker.stick / "fingerpost-update-9.0.1.zip").symlink_to("/dev/zero")
    assert take_update(maker.stick).outcome == "nothing"
    assert main(["update", "verify", str(maker.stick / "fingerpost-update-9.0.0.zip")]) == 1
    assert "damaged" in capsys.readouterr().err


def test_the_same_checkout_and_key_give_the_same_file(maker):
    update = maker.build()
    before = update.read_bytes()
    for path in (maker.folder / "checkout-9.0.0").rglob("*"):
        os.utime(str(path), (0, 0))
    assert maker.build().read_bytes() == before


def test_neither_compiled_nor_hidden_files_are_brought(maker):
    checkout = maker.checkout()
    (checkout / "app" / "fingerpost" / "__pycache__").mkdir()
    (checkout / "app" / "fingerpost" / "__pycache__" / "cli.pyc").write_bytes(b"")
    (checkout / "models" / ".secret").write_bytes(b"")
    (checkout / "LICENSE").write_bytes(b"")
    with zipfile.ZipFile(maker.build()) as archive:
        names = set(archive.namelist())
    assert {"manifest.json", "manifest.sig", "models/manifest.json", "app/fingerpost/__main__.py"} <= names
    assert not [name for name in names if "pyc" in name or "secret" in name or "LICENSE" in name]


@pytest.mark.parametrize("version", ["0.0.1", __version__])
def test_a_device_never_goes_back_by_an_update(maker, version):
    maker.build(version)
    assert take_update(maker.stick).outcome == "older"
    assert read_record(releases_home()) == Record()


def test_nor_behind_the_update_it_has(maker):
    install(maker.build("9.0.0"))
    with pytest.raises(UpdateError, match="8.9.9 is not newer than 9.0.0"):
        install(maker.build("8.9.9"))
    install(maker.build("9.0.1"))
    assert read_record(releases_home()) == Record("9.0.1", previous="", trial=True), "9.0.0 has never come up"


@pytest.mark.parametrize(("options", "reason"), [
    ({"requires": ">=3.99"}, "Python 3.99"), ({"packages": '"no-such-package>=1.0"'}, "no-such-package"),
    ({"packages": '"numpy>=1000"'}, "numpy 1000"), ({"main": ""}, "")])
def test_it_is_told_what_the_device_lacks_before_anything_is_unpacked(maker, options, reason, caplog):
    maker.build("9.0.0", **options)
    assert take_update(maker.stick).outcome == ("unfit" if reason else "ready")
    assert reason in caplog.text


def test_what_no_version_could_go_back_from_is_not_taken_in(maker, caplog):
    checkout = maker.checkout()
    schema = checkout / "app" / "fingerpost" / "memory" / "schema.py"
    schema.write_text("VERSIONS = " + repr((("CREATE TABLE more (id)",),) * (len(VERSIONS) + 1)))
    update = maker.stick / "fingerpost-update-9.0.0.zip"
    build_update(checkout, maker.private, update)
    assert take_update(maker.stick).outcome == "unfit"
    assert "to go back to" in caplog.text
    assert os.listdir(str(releases_home())) == []


def test_what_is_for_some_machines_only_is_left_to_the_self_test():
    assert not find_obstacle(Manifest("9.0.0", "3.8", {}, {}))
    assert not find_obstacle(Manifest("9.0.0", "3.8", {"numpy": "1.19", "pytest": "7"}, {}))


def test_only_one_update_is_taken_in_at_a_time(maker):
    with store.alone(releases_home()), pytest.raises(UpdateError, match="another update"):
        install(maker.build())


def test_a_folder_of_another_user_is_left_alone(maker, monkeypatch):
    releases_home().parent.mkdir(exist_ok=True)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(UpdateError, match="sudo -u"):
        install(maker.build())


def come_up(version):
    settle(version)
    return sorted(list_releases(releases_home()))


def test_what_has_come_up_is_kept_with_the_one_before_it_and_no_other(maker):
    for version, kept in (("9.0.0", ["9.0.0"]), ("9.0.1", ["9.0.0", "9.0.1"]), ("9.0.2", ["9.0.1", "9.0.2"])):
        install(maker.build(version))
        assert come_up(version) == kept
        assert not read_record(releases_home()).trial
    assert roll_back() == "9.0.1"
    assert come_up("9.0.1") == ["9.0.1"]
    assert roll_back() == __version__
    assert come_up("") == []
    with pytest.raises(UpdateError, match="there is none before"):
        roll_back()


def test_the_installed_version_confirms_no_other(maker):
    install(maker.build())
    settle("")
    assert read_record(releases_home()).trial


def test_a_key_is_made_once_and_its_private_half_is_its_makers_alone(maker, capsys):
    assert main(["update", "key", "--out", str(maker.folder / "more")]) == 0
    assert "Keep it off every device" in capsys.readouterr().out
    assert (maker.folder / "more" / "fingerpost-update.key").stat().st_mode & 0o777 == 0o600
    assert main(["update", "key", "--out", str(maker.folder / "more")]) == 1
    assert "another folder" in capsys.readouterr().err


def test_the_commands_from_a_key_to_an_update_that_is_taken_back(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "state"))
    maker = Maker(tmp_path / "maker")
    checkout, update = maker.checkout("9.0.0"), maker.stick / "fingerpost-update-9.0.0.zip"

    def run(*words):
        code = main(["update", *map(str, words)])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    assert run("build", "--key", maker.private, "--out", update, "--checkout", checkout)[0] == 0
    code, words = run("verify", update)
    assert code == 1
    assert "`fingerpost update trust FILE.pub` trusts one" in words
    assert run("trust", maker.private)[0] == 1
    assert run("trust", maker.public)[0] == 0
    assert "whole, signed by" in run("verify", update)[1]
    assert "version 9.0.0 runs" in run("install", maker.stick)[1]
    assert run("list")[1].split() == [__version__, "installed", "9.0.0", "on", "trial"]
    settle("9.0.0")
    assert run("list")[1].split() == [__version__, "installed", "9.0.0", "runs"]
    assert f"version {__version__} runs" in run("rollback")[1]
    assert run("list")[1].split()[:3] == [__version__, "installed,", "runs"]
    assert run("install", tmp_path / "no folder")[0] == 1
    code, words = run("install", maker.folder / "keys")
    assert code == 1
    assert "its name is like fingerpost-update-0.2.0.zip" in words


@pytest.mark.parametrize("name", [
    "../evil.py", "/etc/passwd", "app/fingerpost/../../evil.py", "app/fingerpost//x", "app/fingerpost",
    "app/other/x.py", "models/.hidden", "models/a\\b", "models/a\nb", "bin/sh", "models/", "models/" + "x" * 200,
    "models/a/./b", "app/fingerpost/" + "d/" * 20 + "x"])
def test_a_manifest_names_no_file_outside_a_releases_folders(name):
    manifest = Manifest("9.0.0", "3.8", {}, {name: FileFacts("0" * 64, 1)})
    with pytest.raises(UpdateError, match="foreign file"):
        parse_manifest(render_manifest(manifest))


@pytest.mark.parametrize("files", [
    {"models/a": FileFacts("0" * 64, -1)}, {"models/a": FileFacts("x", 1)}, {"models/a": FileFacts("0" * 64, 1 << 40)},
    {f"models/{number}": FileFacts("0" * 64, 1) for number in range(5000)},
    {"models/a": FileFacts("0" * 64, 1), "models/a/b": FileFacts("0" * 64, 1)}])
def test_nor_one_that_cannot_be(files):
    with pytest.raises(UpdateError):
        parse_manifest(render_manifest(Manifest("9.0.0", "3.8", {}, files)))


def test_an_update_that_is_whole_can_be_read_again_and_again(maker):
    update = maker.build()
    for _ in range(2):
        with UpdateFile(update) as file:
            file.verify()
            assert file.manifest.version == "9.0.0"
