"""The doctor on made-up machines: a Nano, an Orin Nano, a laptop with nothing."""

from __future__ import annotations

import signal
import sys
from functools import partial

import pytest

from fingerpost.doctor import board, software
from fingerpost.doctor.finding import ABSENT, FAIL, OK, WARN
from fingerpost.doctor.machine import Answer, run_command
from tests.machines import COMMANDS, GB, MONITOR, NANO, ORIN, RUNNING, make_machine


@pytest.fixture
def make(tmp_path):
    """Makes up a machine of files and commands."""
    return partial(make_machine, tmp_path / "root")


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
    ("service", {"systemctl": Answer(0, RUNNING.replace("=active", "=activating"))}, WARN, "journalctl -u fingerpost"),
    ("service", {"systemctl": Answer(0, RUNNING.replace("NRestarts=0", "NRestarts=3"))}, WARN, "journalctl"),
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


def closed(monkeypatch, folder):
    """Have nobody be let write a folder, not even root."""
    monkeypatch.setattr(software.os, "access", lambda path, mode: str(path) != str(folder))


def test_a_state_folder_that_cannot_be_written(make, monkeypatch, tmp_path):
    closed(monkeypatch, tmp_path)
    finding = software.check_permissions(make(NANO), tmp_path / "state")
    assert finding.state == FAIL
    assert f"chown -R ann {tmp_path / 'state'}`" in finding.remedy, "what lies above it is none of ours"


def test_the_services_folder_is_not_taken_from_it(make, monkeypatch, tmp_path):
    monkeypatch.setattr(software, "DEVICE_STATE", tmp_path)
    closed(monkeypatch, tmp_path)
    finding = software.check_permissions(make(NANO), tmp_path)
    assert finding.state == FAIL
    assert "sudo -u fingerpost" in finding.remedy
    assert "chown" not in finding.remedy


@pytest.mark.parametrize(("files", "words"), [
    (NANO, "`sudo nvpmodel -m 1`"), (ORIN, "fewer watts"), ({}, "do less")], ids=["nano", "orin", "laptop"])
def test_against_heat_a_mode_is_named_by_number_on_the_first_nano_only(make, files, words):
    hot = {**files, "sys/class/thermal/thermal_zone0/type": "cpu", "sys/class/thermal/thermal_zone0/temp": "90000"}
    remedy = board.check_temperature(make(hot)).remedy
    assert words in remedy
    assert ("-m 1" in remedy) == (files is NANO)


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
