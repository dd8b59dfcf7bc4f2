"""The units: only what systemd 237 knows, nothing that keeps camera, sound, buttons or GPU away, and as closed as that
allows."""

from __future__ import annotations

import ipaddress
import re
import shutil
import subprocess
from collections import Counter

import pytest

from fingerpost.announcements import STOPPED, find_announcement
from fingerpost.cli import main
from fingerpost.commands.install import OOM_POLICY, USER, fill_in, find_systemd
from fingerpost.home import asset_home
from fingerpost.launcher import RESTART_STATUS, Record, count_start
from fingerpost.settings import Settings
from fingerpost.upkeep.attendant import NOTE
from fingerpost.upkeep.stick.place import MOUNT

FOLDER = asset_home() / "systemd"
UNITS = ("fingerpost.service", "fingerpost-failed.service")
PAGE, PAGE_STARTER = "fingerpost-companion.service", "fingerpost-companion.path"
OLD = 208
"""The release of 2013, and those before it."""
SINCE = {
    "Unit": {"Description": OLD, "After": OLD, "Requisite": OLD, "PartOf": OLD, "OnFailure": OLD,
             "ConditionPathExists": OLD,
             "StartLimitIntervalSec": 230, "StartLimitBurst": 230},
    "Service": {
        "Type": OLD, "NotifyAccess": OLD, "ExecStart": OLD, "ExecStopPost": OLD, "Restart": OLD, "RestartSec": OLD,
        "TimeoutStartSec": OLD, "TimeoutStopSec": OLD, "WatchdogSec": OLD, "LimitCORE": OLD, "Environment": OLD,
        "KillMode": OLD, "Nice": OLD, "OOMScoreAdjust": OLD, "MemoryMax": 231, "IPAddressAllow": 235,
        "User": OLD, "UMask": OLD, "NoNewPrivileges": OLD, "CapabilityBoundingSet": OLD, "PrivateTmp": OLD,
        "PrivateNetwork": OLD, "SystemCallFilter": OLD, "SystemCallErrorNumber": 209, "SystemCallArchitectures": 209,
        "RuntimeDirectory": 211, "RuntimeDirectoryMode": 211, "RestrictAddressFamilies": 211, "ProtectSystem": 214,
        "SuccessExitStatus": OLD, "RestartForceExitStatus": 215, "ReadWritePaths": 231,
        "ProtectHome": 214, "AmbientCapabilities": 229, "RestrictRealtime": 231, "ProtectKernelTunables": 232,
        "ProtectKernelModules": 232, "ProtectControlGroups": 232, "RemoveIPC": 232, "RestrictNamespaces": 233,
        "StateDirectory": 235, "StateDirectoryMode": 235, "LockPersonality": 235, "KeyringMode": 235,
        "IPAddressDeny": 235},
    "Install": {"WantedBy": OLD},
    "Path": {"PathChanged": OLD},
}
"""The keys that may be used, each with the release of systemd from which on it is known: NEWS of systemd, and "Added in
version ..." in systemd.unit(5), systemd.service(5), systemd.exec(5) and systemd.resource-control(5)."""
GROUPS_237 = {"@aio", "@basic-io", "@chown", "@clock", "@cpu-emulation", "@debug", "@default", "@file-system",
              "@io-event", "@ipc", "@keyring", "@memlock", "@module", "@mount", "@network-io", "@obsolete",
              "@privileged", "@process", "@raw-io", "@reboot", "@resources", "@setuid", "@signal", "@swap", "@sync",
              "@timer"}
"""Groups of system calls: `systemd-analyze syscall-filter` of release 237."""


REPEATED = {"Environment"}
"""Keys whose lines add up; of any other the last line would count, or all of them, unseen."""


def read_keys(name):
    """(section, key, value) of each line."""
    section = ""
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, value = line.split("=", 1)
            yield section, key, value


@pytest.fixture
def installed(tmp_path):
    """The units as they are installed."""
    assert main(["install", "--root", str(tmp_path)]) == 0
    return [tmp_path / "etc" / "systemd" / "system" / name for name in (*UNITS, PAGE)]


def analyze(*words):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here")
    return subprocess.run(["systemd-analyze", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=120)


@pytest.mark.parametrize("name", [*UNITS, PAGE, PAGE_STARTER])
def test_every_key_is_known_to_the_systemd_of_the_oldest_board(name):
    for section, key, _ in read_keys(name):
        assert SINCE[section][key] <= 237, key


@pytest.mark.parametrize("name", [*UNITS, PAGE])
def test_every_group_of_system_calls_is_known_there_too(name):
    filters = [value for _, key, value in read_keys(name) if key == "SystemCallFilter"]
    assert filters
    for value in filters:
        assert value.startswith("~"), "what is not named is allowed"
        assert set(value[1:].split()) <= GROUPS_237


@pytest.mark.parametrize("name", [*UNITS, PAGE, PAGE_STARTER])
def test_no_key_is_said_twice(name):
    counts = Counter((section, key) for section, key, _ in read_keys(name))
    assert {key for (_, key), count in counts.items() if count > 1} <= REPEATED


@pytest.mark.parametrize("name", UNITS)
def test_none_of_them_reaches_a_network(name):
    keys = {key: value for _, key, value in read_keys(name)}
    assert (keys["PrivateNetwork"], keys["IPAddressDeny"]) == ("yes", "any")
    assert not {"AF_INET", "AF_INET6"} & set(keys["RestrictAddressFamilies"].split())


def test_the_page_reaches_only_machines_nearby_and_never_starts_the_device():
    keys = {key: value for _, key, value in read_keys(PAGE)}
    assert keys["IPAddressDeny"] == "any"
    nearby = [ipaddress.ip_network(word) for word in keys["IPAddressAllow"].split() if "/" in word]
    assert nearby
    assert all(network.is_private for network in nearby)
    assert set(keys["IPAddressAllow"].split()) - {str(network) for network in nearby} == {"localhost", "link-local"}
    assert keys["Requisite"] == keys["PartOf"] == keys["After"] == "fingerpost.service"
    assert not {"Requires", "BindsTo", "Wants", "PrivateNetwork"} & set(keys)


def test_the_page_cannot_take_the_memory_of_the_device():
    keys = {key: value for _, key, value in read_keys(PAGE)}
    share = keys["MemoryMax"]
    assert share.endswith("%")
    assert 50 <= int(share[:-1]) <= 80


def test_the_device_s_note_starts_the_page():
    lines = [(key, value) for _, key, value in read_keys("fingerpost.service")]
    note = next(value for key, value in lines if key == "Environment" and value.startswith(NOTE)).split("=")[1]
    assert [value for _, key, value in read_keys(PAGE_STARTER) if key == "PathChanged"] == [note]
    assert [value for _, key, value in read_keys(PAGE) if key == "ConditionPathExists"] == [note]
    page = [value.partition("=") for _, key, value in read_keys(PAGE) if key == "Environment"]
    assert [value for name, _, value in page if name == NOTE] == [note], "it ends once the note is gone"
    assert note.startswith("/run/" + dict(lines)["RuntimeDirectory"] + "/"), "it is gone at the next start"


def test_nothing_keeps_the_device_from_its_parts():
    keys = {key: value for _, key, value in read_keys("fingerpost.service")}
    assert not set(keys) & {"PrivateDevices", "DevicePolicy", "DeviceAllow", "ProtectClock", "MemoryDenyWriteExecute",
                            "PrivateTmp", "SupplementaryGroups"}
    assert "@resources" not in keys["SystemCallFilter"], "threads of networks are pinned, that of the renderer is nice"


def test_the_device_is_watched_and_has_a_budget_of_failures():
    keys = {key: value for _, key, value in read_keys("fingerpost.service")}
    assert (keys["Type"], keys["NotifyAccess"], keys["Restart"]) == ("notify", "main", "on-failure")
    assert keys["OnFailure"] == "fingerpost-failed.service"
    assert 0 < int(keys["WatchdogSec"]) < int(keys["StartLimitIntervalSec"])
    assert keys["KillMode"] == "mixed", "the device ends its own processes, in order"


def count_starts(record):
    """How many starts it takes until the installed version runs, if each other one crashes at once."""
    starts = 0
    while record.version:
        record, starts = count_start(record, f"crash {starts}" if starts else ""), starts + 1
    return starts


def test_a_device_that_starts_anew_has_not_failed_and_bad_updates_are_given_up_in_time():
    keys = {key: value for _, key, value in read_keys("fingerpost.service")}
    assert keys["RestartForceExitStatus"] == keys["SuccessExitStatus"] == str(RESTART_STATUS)
    # systemd counts every start in the time, wanted ones too (systemd.unit(5), StartLimitBurst=).
    allowed = int(keys["StartLimitBurst"])
    bad_update = count_starts(Record("9.0.0", trial=True))
    assert bad_update == 3
    assert 1 + 3 * bad_update <= allowed, "switched on, and then somebody tries again and again"
    assert 1 + count_starts(Record("9.0.0", previous="8.0.0", trial=True)) <= allowed
    assert count_starts(Record("9.0.0", previous="8.0.0")) == 7 <= allowed


def test_a_device_that_hangs_again_and_again_is_told_of_whatever_it_is_that_hangs():
    keys = {key: value for _, key, value in read_keys("fingerpost.service")}
    table = (asset_home() / "docs" / "decisions" / "016-when-the-watchdog-bites.md").read_text(encoding="utf-8")
    bites = [int(seconds) for seconds in re.findall(r"bite at (\d+) s at the latest", table)]
    assert max(bites) == 135
    start_seconds = 30
    cycle_seconds = start_seconds + max(bites) + int(keys["RestartSec"])
    assert int(keys["StartLimitBurst"]) * cycle_seconds < int(keys["StartLimitIntervalSec"])


def test_the_device_runs_where_root_alone_can_write():
    """Its processes are started with `python -m`, which looks for code in the working directory first."""
    keys = {key for _, key, _ in read_keys("fingerpost.service")}
    assert not keys & {"WorkingDirectory", "RootDirectory", "RootImage"}, "the default is the root directory"


def test_the_stick_is_mounted_for_the_service_and_nothing_on_it_can_be_run():
    keys = {key: value for _, key, value in read_keys("fingerpost.service")}
    assert keys["ReadWritePaths"] == "-" + MOUNT
    rules = (FOLDER / "99-fingerpost.rules").read_text(encoding="utf-8").replace("\\\n", "")
    rule = next(line for line in rules.splitlines() if "systemd-mount" in line)
    assert rule.endswith(f' $devnode {MOUNT}"')
    assert {"nosuid", "nodev", "noexec", f"uid={USER}"} <= set(re.search(r"--options=(\S+)", rule).group(1).split(","))
    assert 'ENV{ID_PART_ENTRY_TYPE}!="0xef|c12a7328-f81f-11d2-ba4b-00a0c93ec93b"' in rule, "EFI partitions"
    assert "--no-block" in rule, "udev would wait for systemd, and systemd for udev"


def test_the_board_goes_off_only_if_the_wearer_wanted_it():
    lines = [(key, value) for _, key, value in read_keys("fingerpost.service")]
    note = next(value for key, value in lines if key == "Environment" and "OFF_NOTE" in value).split("=")[1]
    command = dict(lines)["ExecStopPost"]
    assert command.startswith("+/bin/sh -c '"), "only root may do it (the plus sign is known since release 231)"
    assert f"[ -e {note} ]" in command
    assert note.startswith("/run/" + dict(lines)["RuntimeDirectory"] + "/"), "it is gone at the next start"


def test_the_installed_units_have_nothing_left_to_fill_in(installed):
    for path in installed:
        assert not re.search(r"@\w+@", path.read_text(encoding="utf-8"))


def test_systemd_finds_nothing_wrong_with_them(installed):
    done = analyze("verify", *installed)
    assert (done.stdout, done.returncode) == ("", 0)


def test_systemd_finds_nothing_wrong_with_what_a_newer_one_is_told(installed):
    if find_systemd() < OOM_POLICY[1]:
        pytest.skip(f"the systemd here, if there is one, is older than {OOM_POLICY[1]}")
    texts = fill_in(Settings(), OOM_POLICY[1])
    for path in installed:
        path.write_text(texts[path.name], encoding="utf-8")
    done = analyze("verify", *installed)
    assert (done.stdout, done.returncode) == ("", 0)


def test_systemd_finds_them_closed_enough(installed):
    for path in installed:
        done = analyze("security", "--offline=true", path)
        if "unrecognized option" in done.stdout or "Unknown" in done.stdout:
            pytest.skip("this systemd-analyze judges no files")
        found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
        assert found, done.stdout
        assert float(found.group(1)) <= 4.0


@pytest.fixture
def say_stopped(tmp_path):
    """Runs the script that speaks, with cards, a player and a systemd that are made up; returns what was played."""
    tools, cards, log = tmp_path / "bin", tmp_path / "asound", tmp_path / "played"
    tools.mkdir()
    log.touch()

    def run(state="failed", cards_there=(), silent_card=""):
        scripts = {"systemctl": f"[ $1 = is-active ] && echo {state}",
                   "aplay": f'echo "$*" >> {log}; case "$*" in *plughw:{silent_card or "none"}*) exit 1;; esac'}
        for name, script in scripts.items():
            (tools / name).write_text(f"#!/bin/sh\n{script}\n")
            (tools / name).chmod(0o755)
        for card in cards_there:
            (cards / f"card{card}").mkdir(parents=True)
        done = subprocess.run(["/bin/sh", str(FOLDER / "say-stopped.sh"), "clip.wav", str(cards)], timeout=60,
                              env={"PATH": f"{tools}:/usr/bin:/bin"}, stderr=subprocess.DEVNULL)
        return done.returncode, sorted(log.read_text().splitlines())

    return run


def test_the_end_is_spoken_on_every_card(say_stopped):
    assert say_stopped(cards_there=(0, 1)) == (0, ["-q -D plughw:0 clip.wav", "-q -D plughw:1 clip.wav"])


def test_one_card_that_fails_is_no_failure_but_silence_is(say_stopped):
    assert say_stopped(cards_there=(0, 1), silent_card="0")[0] == 0
    assert say_stopped(cards_there=(2,), silent_card="")[0] == 0


def test_without_a_card_it_fails(say_stopped):
    assert say_stopped() == (1, [])
    assert say_stopped(cards_there=(0,), silent_card="0")[0] == 1


@pytest.mark.parametrize("state", ["activating", "active"])
def test_a_device_that_starts_anew_is_not_said_to_have_stopped(say_stopped, state):
    assert say_stopped(state, cards_there=(0,)) == (0, [])


def test_the_clip_is_the_one_of_the_wearers_language(tmp_path):
    settings = tmp_path / "var" / "lib" / "fingerpost" / "settings.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('[speech]\nlanguage = "de"\n', encoding="utf-8")
    assert main(["install", "--root", str(tmp_path)]) == 0
    unit = (tmp_path / "etc" / "systemd" / "system" / "fingerpost-failed.service").read_text(encoding="utf-8")
    assert f'"{find_announcement("de", STOPPED)}"' in unit
    assert "de" in settings.read_text(encoding="utf-8")
