"""The doctor's rounds, whatever a check does, and what the command prints and says."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time

import pytest

from fingerpost.commands import doctor
from fingerpost.core.errors import CameraError
from fingerpost.core.speech import Mouth
from fingerpost.core.types import Utterance
from fingerpost.devices.clocks import SimulatedClock
from fingerpost.doctor.finding import ABSENT, FAIL, OK, WARN, Finding, fail_for
from fingerpost.doctor.machine import Machine
from fingerpost.doctor.rounds import Check, examine, go_round, plan_checks, plan_parts
from fingerpost.settings import Settings
from tests.parts import EARCONS, SilentSpeaker, TonguelessVoice, english


def hang():
    time.sleep(600)


def crash():
    os.kill(os.getpid(), signal.SIGKILL)


def stumble():
    raise RuntimeError("as drivers do")


def leave():
    sys.exit("as libraries should not")


@pytest.mark.parametrize(("check", "words"), [
    (Check("camera", hang, seconds=0.2), "no answer"), (Check("sound", crash), "SIGKILL"),
    (Check("models", stumble), "as drivers do"), (Check("speech", leave), "exit code")])
def test_a_check_that_hangs_crashes_or_raises_is_a_line(check, words):
    finding = examine(check)
    assert finding.state == FAIL
    assert words in finding.text
    assert finding.remedy


def test_broken_libraries_keep_the_parts_from_being_tried():
    checks = [Check("libraries", lambda: Finding(FAIL, "numpy", "mend it")), Check("camera", crash, part=True),
              Check("disk", lambda: Finding(OK, "room"))]
    assert [finding.state for _, finding in go_round(checks)] == [FAIL, ABSENT, OK]


def test_the_running_service_is_left_what_it_has():
    left = {check.name for check in plan_parts(Settings(), running=True)
            if check.name not in ("speech", "models") and "systemctl stop fingerpost" in examine(check).remedy}
    assert left == {"camera", "buttons", "sound", "microphone", "tensorrt"}


@pytest.mark.parametrize(("message", "text", "remedy"), [
    ("it broke: mend it", "it broke", "mend it"), ("it broke (why: so): mend it", "it broke (why: so)", "mend it"),
    ("usb: none; csi: none: plug one in", "usb: none; csi: none", "plug one in"), ("it broke", "it broke", "")])
def test_messages_are_cut_before_their_remedy(message, text, remedy):
    assert fail_for(CameraError(message)) == Finding(FAIL, text, remedy)


FOUND = [("python", Finding(OK, "3.8.0")), ("camera", Finding(FAIL, "no camera", "plug one in")),
         ("swap", Finding(WARN, "none", "make one")), ("power", Finding(ABSENT, "no Jetson"))]


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the command over findings that are given."""
    def call(found, *options):
        monkeypatch.setattr(doctor, "plan_checks", lambda machine, settings: [])
        monkeypatch.setattr(doctor, "go_round", lambda checks: iter(found))
        parser = argparse.ArgumentParser()
        doctor.add_arguments(parser)
        code = doctor.main(parser.parse_args(options))
        return code, capsys.readouterr().out
    return call


def test_one_line_a_check_with_its_remedy_below(run):
    code, printed = run(FOUND)
    assert code == 1
    lines = printed.splitlines()
    assert lines[1].split()[:2] == ["fail", "camera"]
    assert lines[2].strip() == "> plug one in"
    assert lines[-1].split()[:3] == ["not", "here", "power"]


def test_warnings_do_not_fail(run):
    assert run([item for item in FOUND if item[0] != "camera"])[0] == 0


def test_json(run):
    code, printed = run(FOUND, "--json")
    report = json.loads(printed)
    assert (code, report["ok"]) == (1, False)
    assert report["checks"][1] == {"name": "camera", "state": "fail", "text": "no camera", "remedy": "plug one in"}


def test_what_is_wrong_is_spoken_the_worst_first():
    clock, heard = SimulatedClock(), []
    mouth = Mouth(SilentSpeaker(clock), TonguelessVoice(), english(), EARCONS, clock,
                  lambda at, text, phrase: heard.append(text))
    doctor.say_all(doctor.choose_phrases(FOUND[::-1]), mouth, clock)
    assert heard == ["The camera gives no picture.", "There is no swap file."]


def test_an_output_that_stands_still_does_not_hold_it_up(caplog):
    class StuckSpeaker(SilentSpeaker):
        def busy(self):
            return self.until > 0.0

    clock, heard = SimulatedClock(), []
    mouth = Mouth(StuckSpeaker(clock), TonguelessVoice(), english(), EARCONS, clock,
                  lambda at, text, phrase: heard.append(text))
    doctor.say_all(doctor.choose_phrases(FOUND[::-1]), mouth, clock)
    assert heard == ["The camera gives no picture."]
    assert "stands still: plug it in again" in caplog.text


def test_one_sentence_when_all_is_well():
    assert doctor.choose_phrases(FOUND[:1]) == ["doctor_well"]


def test_every_check_has_its_words():
    book = english()
    assert all(book.text(Utterance("doctor_" + check.name)) for check in plan_checks(Machine(), Settings()))


def test_the_checks_look_at_this_machine_without_a_crash():
    checks = [check for check in plan_checks(Machine(), Settings()) if not check.part]
    assert all(finding.state in (OK, WARN, FAIL, ABSENT) for _, finding in go_round(checks))
