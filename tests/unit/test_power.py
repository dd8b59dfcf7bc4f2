"""Batteries and mains, as the kernel tells of them."""

from __future__ import annotations

import pytest

from fingerpost.devices.power import has_mains, read_battery

MAINS = {"type": "Mains", "online": "1"}
MOUSE = {"type": "Battery", "scope": "Device", "status": "Discharging", "capacity": "3"}


def supply(folder, **supplies):
    """A folder like the kernel's, with a folder of files for each supply."""
    for name, files in supplies.items():
        (folder / name).mkdir()
        for file, content in files.items():
            (folder / name / file).write_text(content + "\n")
    return folder


@pytest.mark.parametrize(("status", "mains"), [
    ("Charging", True), ("Full", True), ("Not charging", True), ("Unknown", True), ("Discharging", False),
])
def test_a_battery_that_is_drained_means_that_there_is_no_mains(tmp_path, status, mains):
    assert has_mains(supply(tmp_path, BAT0={"status": status, "capacity": "70"})) == mains
    assert read_battery(tmp_path) == 70


def test_a_device_without_a_battery_hangs_on_the_mains(tmp_path):
    assert has_mains(tmp_path / "nothing")
    assert has_mains(supply(tmp_path, AC=MAINS, hidpp_battery_0=MOUSE))
    assert read_battery(tmp_path) is None


def test_a_battery_that_says_nonsense_is_passed_over(tmp_path):
    supply(tmp_path, BAT0={"capacity": "?"}, BAT1={"capacity": "40"}, BAT2={"capacity": "90"})
    assert read_battery(tmp_path) == 40


def test_the_battery_of_a_mouse_is_none_of_the_devices(tmp_path):
    """An empty one would switch the device off."""
    assert read_battery(supply(tmp_path, BAT1={"capacity": "90"}, BAT0_of_a_mouse=MOUSE)) == 90
