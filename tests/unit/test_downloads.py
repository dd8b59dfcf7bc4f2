"""Fetching over HTTP from a server on this machine that misbehaves in the ways that servers do."""

from __future__ import annotations

import hashlib

import pytest

from fingerpost import downloads
from fingerpost.core.errors import ModelError
from fingerpost.downloads import ask_size, download, hash_file
from tests.disk import little_room
from tests.server import serve

CONTENT = bytes(range(256)) * 1200  # more than one chunk
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def script(monkeypatch):
    """The script of a running server; `script.url` is the file on it."""
    monkeypatch.setattr(downloads, "PAUSES_SECONDS", (0.0, 0.0))
    monkeypatch.setenv("no_proxy", "*")
    with serve(CONTENT) as script:
        script.url = f"{script.root}/model.onnx"
        yield script


@pytest.fixture
def target(tmp_path):
    return tmp_path / "models" / "model.onnx"


def fetch(script, target, progress=None):
    download(script.url, target, len(CONTENT), SHA256, progress)


def part_of(target):
    return target.with_name("model.onnx.part")


def test_fetches_and_reports_progress(script, target):
    steps = []
    fetch(script, target, lambda done, size: steps.append((done, size)))
    assert target.read_bytes() == CONTENT
    assert not part_of(target).exists()
    assert steps[0] == (0, len(CONTENT))
    assert steps[-1] == (len(CONTENT), len(CONTENT))
    assert steps == sorted(steps)
    assert len(steps) > 3


def test_an_interruption_is_resumed(script, target):
    script.breaks = [100_000, 200_000]
    fetch(script, target)
    assert target.read_bytes() == CONTENT
    assert script.asked == [None, "bytes=100000-", "bytes=200000-"]


def test_a_later_call_resumes(script, target):
    script.breaks = [100_000, 100_000, 150_000]
    with pytest.raises(ModelError, match="goes on where it stopped"):
        fetch(script, target)
    assert not target.exists()
    assert part_of(target).stat().st_size == 150_000
    fetch(script, target)
    assert target.read_bytes() == CONTENT
    assert script.asked[-1] == "bytes=150000-"


def test_a_server_that_cannot_resume_starts_over(script, target):
    script.resumes = False
    script.breaks = [100_000]
    fetch(script, target)
    assert target.read_bytes() == CONTENT


def test_passing_errors_are_tried_again(script, target):
    script.codes = [503, 429]
    fetch(script, target)
    assert target.read_bytes() == CONTENT


def test_lasting_errors_are_told_at_once(script, target):
    script.codes = [404]
    with pytest.raises(ModelError, match="404 Not Found"):
        fetch(script, target)
    assert len(script.asked) == 1


def test_a_wrong_checksum_is_refused(script, target):
    script.content = CONTENT[::-1]
    with pytest.raises(ModelError, match="not the file that was expected"):
        fetch(script, target)
    assert not target.exists()
    assert not part_of(target).exists()


@pytest.mark.parametrize("content", [b"<html>Please sign in</html>", CONTENT + b"more"])
def test_another_size_is_refused_at_once(script, target, content):
    script.content = content
    with pytest.raises(ModelError, match="needs no sign-in"):
        fetch(script, target)
    assert len(script.asked) == 1
    assert not target.exists()


@pytest.mark.parametrize("left_over", [b"from another version", CONTENT[::-1], CONTENT + b"more"])
def test_a_wrong_beginning_is_thrown_away(script, target, left_over):
    target.parent.mkdir()
    part_of(target).write_bytes(left_over)
    fetch(script, target)
    assert target.read_bytes() == CONTENT


def test_a_whole_beginning_needs_no_server(target):
    target.parent.mkdir()
    part_of(target).write_bytes(CONTENT)
    download("http://127.0.0.1:9/none", target, len(CONTENT), SHA256)
    assert target.read_bytes() == CONTENT


def test_the_old_file_stays_until_the_new_one_is_whole(script, target):
    target.parent.mkdir()
    target.write_bytes(b"old")
    script.breaks = [1000, 1000, 1000]
    with pytest.raises(ModelError):
        fetch(script, target)
    assert target.read_bytes() == b"old"


def test_without_a_network_the_remedy_is_named(target, monkeypatch):
    monkeypatch.setattr(downloads, "PAUSES_SECONDS", ())
    with pytest.raises(ModelError, match="check the network") as raised:
        download("http://127.0.0.1:9/none", target, 1, SHA256)
    assert "\n" not in str(raised.value)


def test_a_folder_that_cannot_be_written_is_told(script, tmp_path):
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(ModelError, match="FINGERPOST_STATE"):
        fetch(script, tmp_path / "models" / "model.onnx")


def test_only_web_addresses_are_fetched(target):
    with pytest.raises(ModelError, match="no web address"):
        download("file:///etc/passwd", target, 1, SHA256)


def test_the_beginning_of_a_checksum_will_do(script, target):
    download(script.url, target, len(CONTENT), SHA256[:8])
    assert target.read_bytes() == CONTENT
    with pytest.raises(ModelError, match="not the file that was expected"):
        download(script.url, target, len(CONTENT), SHA256[1:9])


def test_the_server_is_asked_for_the_size(script):
    script.codes = [503]
    assert ask_size(script.url) == len(CONTENT)
    assert script.asked == []
    script.codes = [404]
    with pytest.raises(ModelError, match="404 Not Found"):
        ask_size(script.url)


def test_a_full_disk_is_told_and_what_has_come_is_kept(script, target):
    with little_room(100_000), pytest.raises(ModelError, match="free some space"):
        fetch(script, target)
    assert not target.exists()
    fetch(script, target)
    assert target.read_bytes() == CONTENT


def test_checksums(tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    assert hash_file(tmp_path / "file") == SHA256
