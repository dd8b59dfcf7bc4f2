"""The transcript and the JSON lines: what people and programs read of a run."""

from __future__ import annotations

import json

from fingerpost.core.events import Chime, Fault, Hush, Keep, Say
from fingerpost.core.state import State
from fingerpost.core.types import Press, Utterance
from fingerpost.observers import JsonLines, Transcript
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
