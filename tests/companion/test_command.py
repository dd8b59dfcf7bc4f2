"""`fingerpost companion`, as a process."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

import fingerpost
from fingerpost import cli
from fingerpost.upkeep.attendant import NOTE

LINE = re.compile(r"Open (http://127\.0\.0\.1:\d+) and enter the code (\d{3}) (\d{3})\.")


def start(state, *options, **more):
    pytest.importorskip("aiohttp", reason="the companion needs fingerpost[companion]")
    return subprocess.Popen([sys.executable, "-m", "fingerpost", "companion", "--port", "0", *options],
                            env={**os.environ, "FINGERPOST_STATE": str(state)}, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, universal_newlines=True, **more)


def test_it_says_where_it_is_and_ends_when_asked(tmp_path):
    with start(tmp_path) as process:
        address = LINE.fullmatch(process.stdout.readline().strip()).group(1)
        with urllib.request.urlopen(address + "/", timeout=20.0) as answer:
            assert answer.url == address + "/pair"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20.0) == 0
    assert (tmp_path / "companion").stat().st_mode & 0o777 == 0o700


def test_it_ends_with_the_device_that_started_it(tmp_path):
    script = ("import os, subprocess, sys\n"
              "child = subprocess.Popen([sys.executable, '-m', 'fingerpost', 'companion', '--port', '0', '--parent',\n"
              "                          str(os.getpid())])\n"
              "input()\n")
    pytest.importorskip("aiohttp", reason="the companion needs fingerpost[companion]")
    with subprocess.Popen([sys.executable, "-c", script], env={**os.environ, "FINGERPOST_STATE": str(tmp_path)},
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, universal_newlines=True) as device:
        assert LINE.fullmatch(device.stdout.readline().strip())
        device.kill()
        assert device.stdout.read() == ""  # which the companion held open, too


def test_a_port_that_is_taken_is_one_line_with_its_remedy(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        with start(tmp_path, "--port", str(taken.getsockname()[1])) as process:
            printed = process.stdout.read()
            assert process.wait(20.0) == 1
    assert printed.count("\n") == 1
    assert "--port" in printed


@pytest.mark.parametrize("port", ["70000", "-1", "8137x", ""])
def test_a_port_that_is_none_is_told_with_its_remedy(capsys, port):
    with pytest.raises(SystemExit) as ended:
        cli.main(["companion", f"--port={port}"])
    assert ended.value.code == 2
    assert "give a number from 1 to 65535" in capsys.readouterr().err


def test_without_its_packages_it_names_the_extra(monkeypatch, capsys):
    monkeypatch.setattr(fingerpost, "companion", None, raising=False)  # it is found anew, and put back afterwards
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    for name in [name for name in sys.modules if name.startswith("fingerpost.companion")]:
        monkeypatch.delitem(sys.modules, name)
    assert cli.main(["companion"]) == 1
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert "pip install 'fingerpost[companion]'" in printed


def test_it_ends_once_the_device_takes_its_note_back(tmp_path, monkeypatch):
    note = tmp_path / "note"
    note.write_text("wanted")
    monkeypatch.setenv(NOTE, str(note))
    with start(tmp_path / "state") as process:
        assert LINE.fullmatch(process.stdout.readline().strip())
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(2.5)
        note.unlink()
        assert process.wait(20.0) == 0
