"""The board's own sensors, as files of kernels that are made up."""

from __future__ import annotations

import pytest

from fingerpost.core.events import Vitals
from fingerpost.devices.sensors import Files, Sensors, find_hottest
from fingerpost.upkeep.vitals import VitalSigns, is_news
from tests.machines import MONITOR, NANO, ORIN

BATTERY = "sys/class/power_supply/BAT0/"
THERMAL = "sys/class/thermal/"
ALERT = {THERMAL + "cooling_device3/type": "cpu-throttle-alert\n", THERMAL + "cooling_device3/cur_state": "0\n"}
FAN = {THERMAL + "cooling_device0/type": "pwm-fan\n", THERMAL + "cooling_device0/cur_state": "2\n"}


@pytest.fixture
def board(tmp_path):
    """Writes files of the kernel, and gives the sensors that read them."""
    def write(*trees):
        for name, content in ((name, content) for tree in trees for name, content in tree.items()):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(content)
        return Sensors(Files(tmp_path))

    return write


def test_a_nano(board):
    assert board(NANO, FAN).read(1.0) == Vitals(1.0, celsius=44.0, volts=5.072)


def test_an_orin_nano(board):
    found = board(ORIN, FAN, ALERT).read(1.0)
    assert found == Vitals(1.0, celsius=52.1, volts=4.936), "the events before the start are not of now"


def test_a_computer_without_sensors(board):
    assert board().read(1.0) == Vitals(1.0)
    assert board({"sys/class/power_supply/AC/type": "Mains\n"}).read(1.0) == Vitals(1.0)


def test_a_laptop_on_its_battery(board):
    found = board({BATTERY + "capacity": "17\n", BATTERY + "status": "Discharging\n"}).read(1.0)
    assert (found.battery_percent, found.charging) == (17, False)


def test_sensors_that_are_off_or_talk_nonsense_are_passed_over(board, tmp_path):
    for name, value in (("off", "-256000"), ("none", ""), ("broken", "?"), ("PMIC-Die", "100000")):
        board({THERMAL + f"thermal_zone-{name}/type": name, THERMAL + f"thermal_zone-{name}/temp": value})
    assert find_hottest(Files(tmp_path)) is None


def test_a_supply_sags_while_its_voltage_is_low_and_when_the_kernel_has_counted_a_dip(board):
    sensors = board(ORIN)
    assert not sensors.read(1.0).sagging
    board({"sys/class/hwmon/hwmon1/oc1_event_cnt": "2\n"})
    assert sensors.read(2.0).sagging
    assert not sensors.read(3.0).sagging
    assert board(NANO, {MONITOR + "in_voltage0_input": "4700\n"}).read(1.0).sagging


@pytest.mark.parametrize(("kind", "braked"), [
    ("cpu-throttle-alert", True), ("gpu-throttle-alert", True), ("cpu-balanced", True), ("tegra-heavy", True),
    ("cpufreq-cpu0", True), ("thermal-cpufreq-0", True), ("pwm-fan", False), ("Fan", False), ("LCD", False),
    ("intel_powerclamp", False), ("hot-surface-alert", False)])
def test_the_chip_is_slowed_down_by_its_brakes_and_not_by_a_fan(board, kind, braked):
    sensors = board({THERMAL + "cooling_device1/type": kind + "\n", THERMAL + "cooling_device1/cur_state": "1\n"})
    assert sensors.read(1.0).throttled == braked
    board({THERMAL + "cooling_device1/cur_state": "0\n"})
    assert not sensors.read(2.0).throttled


def test_they_are_read_every_five_seconds_and_told_of_when_something_changed_or_after_half_a_minute(board):
    told = []
    duty = VitalSigns(board(NANO), told.append)
    for second in range(0, 62, 2):
        if second == 16:
            board({THERMAL + "thermal_zone0/temp": "46000\n"})
        duty.step(float(second))
    assert [(vitals.at, vitals.celsius) for vitals in told] == [(0.0, 44.0), (18.0, 46.0), (48.0, 46.0)]


BEFORE = Vitals(1.0, celsius=50.0, volts=5.0, battery_percent=60)


@pytest.mark.parametrize(("after", "news"), [
    (Vitals(9.0, 50.9, 5.1, battery_percent=60), False), (Vitals(9.0, 51.0, 5.0, battery_percent=60), True),
    (Vitals(9.0, None, 5.0, battery_percent=60), True), (Vitals(9.0, 50.0, 5.0, battery_percent=59), True),
    (Vitals(9.0, 50.0, 5.0, sagging=True, battery_percent=60), True),
    (Vitals(9.0, 50.0, 5.0, throttled=True, battery_percent=60), True),
    (Vitals(9.0, 50.0, 5.0, battery_percent=60, charging=False), True)])
def test_a_little_warmth_and_the_voltage_are_no_news(after, news):
    assert is_news(BEFORE, after) == news
