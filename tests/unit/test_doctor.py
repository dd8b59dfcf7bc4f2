"""The doctor on made-up machines: a Nano, an Orin Nano, a laptop with nothing; and checks that go wrong themselves."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fingerpost.commands import doctor
from fingerpost.core.errors import CameraError, MicrophoneError, SoundError, StaleFrame, VoiceError
from fingerpost.core.ports import Camera, Microphone, Speaker
from fingerpost.core.speech import Mouth
from fingerpost.core.types import Frame, Utterance
from fingerpost.devices.buttons import KeyboardButtons
from fingerpost.devices.gpio import GpioButtons
from fingerpost.devices.pins import Pins
from fingerpost.devices.replay import SimulatedClock
from fingerpost.doctor import board, parts, software
from fingerpost.doctor.finding import ABSENT, FAIL, OK, WARN, Finding, fail_for
from fingerpost.doctor.machine import Answer, Machine, run_command
from fingerpost.doctor.rounds import HELD, Check, examine, go_round, plan_checks, plan_parts
from fingerpost.settings import Settings
from tests.board import Board, have_library
from tests.parts import EARCONS, SilentSpeaker, TonguelessVoice, english

GB = 1_000_000_000
MONITOR = "sys/bus/i2c/devices/6-0040/iio:device0/"
NANO = {
    "proc/device-tree/model": "NVIDIA Jetson Nano Developer Kit\0",
    "proc/meminfo": "MemTotal:        4059216 kB\nMemFree: 100 kB\nSwapTotal:       6223904 kB\n",
    "proc/swaps": "Filename Type Size Used\n/dev/zram0 partition 507400 0\n/mnt/4GB.swap file 4194300 0\n",
    "etc/group": "root:x:0:\nvideo:x:44:ann\naudio:x:29:ann\ngpio:x:999:ann\n",
    MONITOR + "rail_name_0": "POM_5V_IN\n", MONITOR + "in_voltage0_input": "5072\n",
    "sys/class/thermal/thermal_zone0/type": "CPU-therm\n", "sys/class/thermal/thermal_zone0/temp": "44000\n",
    "sys/class/thermal/thermal_zone1/type": "PMIC-Die\n", "sys/class/thermal/thermal_zone1/temp": "100000\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_min_freq": "102000\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq": "1479000\n",
}
ORIN = {
    "proc/device-tree/model": "NVIDIA Jetson Orin Nano Developer Kit\0",
    "sys/bus/i2c/devices/1-0040/hwmon/hwmon3/in1_label": "VDD_IN\n",
    "sys/bus/i2c/devices/1-0040/hwmon/hwmon3/in1_input": "4936\n",
    "sys/class/hwmon/hwmon1/oc1_event_cnt": "0\n", "sys/class/hwmon/hwmon1/oc3_event_cnt": "12\n",
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n", "sys/class/thermal/thermal_zone0/temp": "52100\n",
    "sys/class/thermal/thermal_zone1/type": "cv0-thermal\n", "sys/class/thermal/thermal_zone1/temp": "-256000\n",
}
RUNNING = ("LoadState=loaded\nUnitFileState=enabled\nActiveState=active\nResult=success\nNRestarts=2\n"
           "ExecMainStatus=0\n")
COMMANDS = {"nvpmodel": Answer(0, "NV Power Mode: MAXN\n0\n"), "dmesg": Answer(0, "all is well\n"),
            "systemctl": Answer(0, RUNNING)}
LOADED = "numpy 1.24.4\ncv2 4.11.0\nonnxruntime 1.19.2\npygame 2.6.1\npyttsx3 \n"


@pytest.fixture
def make(tmp_path):
    """Makes up a machine of files and commands."""
    def build(files=(), commands=(), **facts):
        for name, content in dict(files).items():
            path = tmp_path / "root" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        answers = dict(commands)
        ask = partial(_answer, {sys.executable: Answer(0, LOADED), **answers})
        given = {"user": "ann", "groups": frozenset({"video", "audio", "gpio"}), "free_bytes": lambda folder: 40 * GB}
        return Machine(tmp_path / "root", ask, **{**given, **facts})
    return build


def _answer(answers, words):
    return answers.get(words[0])


def look(machine, folder):
    """What the checks of files and commands find, by name."""
    found = {"libraries": software.check_libraries(machine), "service": software.check_service(machine),
             "permissions": software.check_permissions(machine, folder), "disk": software.check_disk(machine, folder),
             "swap": board.check_swap(machine), "power": board.check_power(machine),
             "supply": board.check_supply(machine), "temperature": board.check_temperature(machine),
             "clock": software.check_clock(machine)}
    assert all(finding.remedy for finding in found.values() if finding.state in (WARN, FAIL)), found
    return found


def test_a_nano_on_which_all_is_well(make, tmp_path):
    found = look(make(NANO, COMMANDS), tmp_path)
    assert {finding.state for finding in found.values()} == {OK}
    assert found["power"].text == "MAXN, clocks follow the load"
    assert found["temperature"].text == "44 degrees (CPU-therm)"
    assert found["supply"].text == "5.07 V"
    assert "2 restarts" in found["service"].text


def test_an_orin_nano(make, tmp_path):
    commands = {**COMMANDS, "nvpmodel": Answer(0, "NV Power Mode: 15W\n0\n")}
    found = look(make({**NANO, **ORIN, MONITOR + "rail_name_0": "NC"}, commands), tmp_path)
    assert {finding.state for finding in found.values()} == {OK}
    assert found["supply"].text == "4.94 V"
    assert found["temperature"].text == "52 degrees (cpu-thermal)"


def test_a_laptop_with_nothing_fails_at_nothing_of_the_board(make, tmp_path):
    found = look(make({"proc/meminfo": "MemTotal: 16000000 kB\n"}), tmp_path)
    assert {name for name, finding in found.items() if finding.state == ABSENT} == {
        "service", "power", "supply", "temperature"}
    assert all(finding.state in (OK, ABSENT) for finding in found.values())


@pytest.mark.parametrize(("name", "change", "state", "remedy"), [
    ("power", {"nvpmodel": Answer(0, "NV Power Mode: 5W\n1\n")}, WARN, "nvpmodel -m 0"),
    ("power", {"nvpmodel": Answer(1, "", "you must be root")}, WARN, "sudo nvpmodel -q"),
    ("supply", {"dmesg": Answer(0, "[ 9] soctherm: OC ALARM 0x00000001\n")}, WARN, "5 V and 4 A"),
    ("service", {"systemctl": Answer(0, "LoadState=not-found\n")}, WARN, "sudo fingerpost install"),
    ("service", {"systemctl": Answer(0, RUNNING.replace("=active", "=failed"))}, FAIL, "journalctl -u fingerpost"),
    ("service", {"systemctl": Answer(0, RUNNING.replace("enabled", "disabled"))}, WARN, "systemctl enable"),
    ("service", {"systemctl": Answer(0, RUNNING.replace("=active", "=inactive"))}, WARN, "systemctl start"),
    ("libraries", {sys.executable: Answer(-signal.SIGILL)}, FAIL, "OPENBLAS_CORETYPE=ARMV8"),
    ("libraries", {sys.executable: Answer(1, "numpy 1.24.4\n", "ImportError: libGL.so.1")}, FAIL,
     "--force-reinstall opencv-python-headless"),
    ("libraries", {sys.executable: Answer(-signal.SIGSEGV, "numpy 1\ncv2 4\n")}, FAIL, "--force-reinstall onnxruntime"),
])
def test_a_command_that_says_what_is_wrong(make, tmp_path, name, change, state, remedy):
    finding = look(make(NANO, {**COMMANDS, **change}), tmp_path)[name]
    assert finding.state == state
    assert remedy in finding.remedy


@pytest.mark.parametrize(("name", "change", "state", "remedy"), [
    ("supply", {MONITOR + "in_voltage0_input": "4600"}, WARN, "5 V and 4 A"),
    ("supply", {"sys/class/hwmon/hwmon1/oc1_event_cnt": "3"}, WARN, "5 V and 4 A"),
    ("supply", {MONITOR + "in_voltage0_input": "904"}, ABSENT, ""),
    ("temperature", {"sys/class/thermal/thermal_zone0/temp": "88000"}, WARN, "heat sink"),
    ("temperature", {"sys/class/thermal/thermal_zone0/temp": "98500"}, FAIL, "heat sink"),
    ("swap", {"proc/swaps": "Filename\n/dev/zram0 partition 507400 0 5\n"}, WARN, "swap file"),
    ("permissions", {"etc/group": "video:x:44:\naudio:x:29:ann\nrender:x:108:\n"}, OK, ""),
])
def test_a_file_that_says_what_is_wrong(make, tmp_path, name, change, state, remedy):
    finding = look(make({**NANO, **change}, COMMANDS), tmp_path)[name]
    assert finding.state == state
    assert remedy in finding.remedy


def test_permissions(make, tmp_path):
    stranger = software.check_permissions(make(NANO, groups=frozenset({"audio"}), user="bob"), tmp_path)
    assert stranger.state == WARN
    assert "usermod -aG video,gpio bob" in stranger.remedy
    assert "log in again" in software.check_permissions(make(NANO, groups=frozenset()), tmp_path).remedy
    assert software.check_permissions(make(NANO, user="root", groups=frozenset()), tmp_path).state == OK


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_folder_that_cannot_be_written(make, tmp_path):
    tmp_path.chmod(0o500)
    assert "chown" in software.check_permissions(make(NANO), tmp_path / "state").remedy


@pytest.mark.parametrize(("free", "state"), [(40 * GB, OK), (GB // 2, WARN), (GB // 10, FAIL)])
def test_room_on_the_card(make, tmp_path, free, state):
    assert software.check_disk(make(free_bytes=lambda folder: free), tmp_path / "not" / "yet").state == state


def test_a_clock_that_stands_before_the_installation_is_wrong(make):
    assert software.check_clock(make(now=lambda: 0.0)).state == WARN
    assert software.check_clock(make(now=lambda: 2000.0), installed_at=1000.0).state == OK


def test_the_python_is_judged():
    assert software.check_python((3, 6, 9)).state == FAIL
    assert software.check_python((3, 8, 0)).state == OK


def test_commands_of_this_computer():
    assert run_command(["no-such-command-anywhere"]) is None
    assert run_command([sys.executable, "-c", "print(1)"]) == Answer(0, "1\n", "")


class OnePicture(Camera):
    """Gives nothing at first, then one picture for ever."""

    def __init__(self, clock, brightness=128, after=1.0) -> None:
        self._clock, self._brightness, self._after = clock, brightness, after

    def latest(self, max_age):
        if self._clock.now() < self._after:
            raise StaleFrame("no frame yet")
        return Frame(0, self._clock.now(), np.full((480, 640, 3), self._brightness, np.uint8))


class NoPicture(Camera):
    """Says why there is none."""

    def latest(self, max_age):
        raise CameraError("there is no camera at /dev/video0: plug one in")


def test_the_camera_shows_a_picture_is_black_or_says_nothing():
    clock = SimulatedClock()
    assert parts.look_through(OnePicture(clock), clock) == Finding(OK, "640 x 480, first picture after 1.0 s")
    assert "cap" in parts.look_through(OnePicture(clock, brightness=0), clock).remedy
    assert parts.look_through(OnePicture(clock, after=1e6), clock).state == FAIL


def test_why_there_is_no_picture_comes_with_its_remedy():
    found = examine(Check("camera", partial(parts.look_through, NoPicture(), SimulatedClock())))
    assert found == Finding(FAIL, "there is no camera at /dev/video0", "plug one in")


class Card(Speaker):
    """A speaker that can be opened, or not."""

    def __init__(self, works) -> None:
        self._works = works

    def open(self):
        if not self._works:
            raise SoundError("no sound output (ALSA: it is busy): plug it in again")

    def play(self, clip, mix=False):
        raise AssertionError("the doctor looks, and makes no noise")

    def hush(self):
        pass

    def busy(self):
        return False


def outputs(*work, card=None):
    return SimpleNamespace(find_card=lambda: card, make=lambda card: [Card(works) for works in work])


def test_the_sound_card_opens_another_one_does_or_none():
    usb = SimpleNamespace(name="USB Audio", id="Device")
    assert parts.find_output(outputs(True, True, card=usb)) == Finding(OK, "USB Audio (Device)")
    assert parts.find_output(outputs(False, True, card=usb)) == Finding(
        WARN, "no sound output (ALSA: it is busy)", "plug it in again")
    with pytest.raises(SoundError):
        parts.find_output(outputs(False))


class NoMicrophone(Microphone):
    def open(self):
        raise MicrophoneError("there is no microphone: plug one in, or choose names: [teaching] naming = \"list\"")

    def start(self):
        pass

    read = stop = start


def test_without_a_microphone_it_goes_on_less_well():
    found = parts.listen(NoMicrophone())
    assert found.state == WARN
    assert found.remedy == 'plug one in, or choose names: [teaching] naming = "list"'


class BrokenVoice(TonguelessVoice):
    def render(self, texts):
        raise VoiceError("espeak-ng failed (no message): run `fingerpost doctor`")


def test_the_voice_speaks_or_its_remedy_is_not_the_doctor_again():
    assert parts.render("one", TonguelessVoice()).state == OK
    broken = parts.render("one", BrokenVoice())
    assert broken == Finding(FAIL, "espeak-ng failed (no message)", "run `sudo apt install espeak-ng`")


def test_the_keyboard_stands_in_for_buttons():
    assert parts.feel(KeyboardButtons(), SimulatedClock()).state == ABSENT


@pytest.mark.skipif(have_library() is not None, reason=have_library() or "")
@pytest.mark.parametrize(("low", "state"), [((), OK), ((29,), FAIL)])
def test_buttons_on_the_header(monkeypatch, low, state):
    chip = Board()
    chip.low.update(low)
    chip.install(monkeypatch)
    clock = SimpleNamespace(now=time.monotonic, sleep=time.sleep)
    found = parts.feel(GpioButtons(Pins(29, 31, "jetson-nano"), clock), clock)
    assert found.state == state
    assert not low or "resistors" in found.remedy


def test_tensorrt_is_looked_for_where_there_is_a_gpu(make, tmp_path):
    assert parts.probe(None, make()).state == ABSENT
    nano = make({**NANO, "dev/nvhost-gpu": ""})
    assert "nvidia-jetpack" in parts.probe(None, nano).remedy
    assert parts.probe(str(tmp_path / "no-python"), nano).state == WARN


def test_models_that_ship_are_whole():
    assert parts.check_models(Settings()).state == OK


def test_a_missing_model_is_named_with_its_remedy(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    real = Path(__file__).resolve().parents[2] / "models" / "manifest.json"
    (tmp_path / "models" / "manifest.json").write_bytes(real.read_bytes())
    monkeypatch.setenv("FINGERPOST_HOME", str(tmp_path))
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "state"))
    found = parts.check_models(Settings())
    assert found.state in (WARN, FAIL)
    assert found.remedy


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
    for check in plan_parts(Settings(), running=True):
        if check.name in HELD:
            assert "systemctl stop fingerpost" in examine(check).remedy


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


def test_one_sentence_when_all_is_well():
    assert doctor.choose_phrases(FOUND[:1]) == ["doctor_well"]


def test_every_check_has_its_words():
    book = english()
    assert all(book.text(Utterance("doctor_" + check.name)) for check in plan_checks(Machine(), Settings()))


def test_the_checks_look_at_this_machine_without_a_crash():
    checks = [check for check in plan_checks(Machine(), Settings()) if not check.part]
    assert all(finding.state in (OK, WARN, FAIL, ABSENT) for _, finding in go_round(checks))
