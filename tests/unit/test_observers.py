"""The transcript and the JSON lines: what people and programs read of a run."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest

from fingerpost.commands.run import is_kept
from fingerpost.core.actions import Chime, Hush, Keep, Say
from fingerpost.core.events import Fault
from fingerpost.core.state import State
from fingerpost.core.types import Press, Utterance
from fingerpost.core.visits import SECRET
from fingerpost.home import asset_home
from fingerpost.observers import Faults, JsonLines, Transcript
from tests.parts import english


def test_the_transcript_tells_who_said_what_when():
    lines = []
    transcript = Transcript(lines.append, start=100.0)
    transcript.on_event(Press("mode", "short", 101.0), State())
    transcript.on_heard(101.5, "Teaching.", "teaching_on")
    transcript.on_event(Fault("camera", 103.0, "unplugged: plug it in"), State())
    assert [line.split(None, 3)[0::2] for line in lines] == [["1.00", "wearer"], ["1.50", "device"], ["3.00", "camera"]]
    assert lines[2].endswith("unplugged: plug it in")
    assert transcript.heard == [(101.5, "Teaching.")]


def test_of_faults_alone_the_cause_is_told_and_nothing_else():
    lines = []
    faults = Faults(lines.append, start=1.0)
    faults.on_event(Press("mode", "short", 2.0), State())
    faults.on_heard(2.5, "Teaching.", "teaching_on")
    faults.on_event(Fault("camera", 3.0, "unplugged: plug it in"), State())
    assert lines == ["   2.00 s   camera   unplugged: plug it in"]


def test_the_code_is_not_written_down_and_a_helper_s_press_is_marked():
    lines = []
    transcript = Transcript(lines.append)
    for phrase in SECRET:
        transcript.on_heard(1.0, "The code is 1 2 3 4 5 6.", phrase)
    transcript.on_event(Press("mode", "short", 2.0, afar=True), State())
    assert [line.split(None, 2)[2] for line in lines] == ["device   [the code]"] * 2 + ["helper   presses mode, short"]
    assert transcript.heard == [(1.0, "[the code]")] * 2


def test_json_lines_have_the_fixed_keys():
    lines = []
    observer = JsonLines(lines.append)
    observer.on_ready(english())
    observer.on_action(Say(Utterance("named", (("thing", "Kiwi"),))), 1.23456)
    observer.on_action(Chime("ready"), 2.0)
    observer.on_action(Hush(), 2.0)
    observer.on_action(Keep(7), 3.0)
    assert [json.loads(line) for line in lines] == [
        {"at": 1.235, "action": "say", "text": "kiwi", "key": "named", "thing": "Kiwi"},
        {"at": 2.0, "action": "chime", "name": "ready"},
        {"at": 2.0, "action": "hush"},
        {"at": 3.0, "action": "keep", "frame_index": 7},
    ]


@pytest.mark.parametrize("journal", ["{device}:{inode}", "{device}:1", ""])
def test_what_goes_to_the_journal_of_the_system_is_kept(journal, tmp_path):
    with (tmp_path / "output").open("w") as output:
        status = os.fstat(output.fileno())
        environ = {"JOURNAL_STREAM": journal.format(device=status.st_dev, inode=status.st_ino)}
        assert is_kept(output, environ) == ("inode" in journal)
        assert not is_kept(output, {})
    assert not is_kept(output, environ), "it is closed"
    assert not is_kept(io.StringIO(), environ)


def test_a_device_whose_words_would_be_kept_does_not_write_them_down(tmp_path):
    walk = asset_home() / "assets" / "walks" / "teaching" / "walk.mp4"
    output = tmp_path / "output"
    with output.open("w") as file:
        status = os.fstat(file.fileno())
        for stream, heard in ((f"{status.st_dev}:{status.st_ino}", False), ("1:1", True)):
            subprocess.run([sys.executable, "-m", "fingerpost", "run", "--no-lesson", "--camera", str(walk),
                            "--seconds", "1"],
                           env={**os.environ, "JOURNAL_STREAM": stream, "SDL_AUDIODRIVER": "dummy",
                                "FINGERPOST_STATE": str(tmp_path / "state")},
                           stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.DEVNULL, check=True, timeout=120)
            assert ("Fingerpost is starting." in output.read_text()) == heard
