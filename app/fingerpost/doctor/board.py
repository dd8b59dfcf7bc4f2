"""Checks of the board itself: memory, power mode, supply, heat."""

from __future__ import annotations

from typing import Iterator, Tuple

from ..core.rules import Rules
from ..devices.sensors import LOW_VOLTS, count_dips, find_hottest, read_volts
from .finding import ABSENT, FAIL, OK, WARN, Finding
from .machine import Machine

SMALL_MEMORY_GB = 6.0
"""With less, compiling an engine or learning needs swap; naming does not."""
SLOW_MODES = ("5W", "7W")
ALARM = "soctherm: OC ALARM"
"""What the kernel of the first Nano says when the supply is too weak (https://github.com/OE4T/meta-tegra/issues/538)."""
COOLING = "let air reach the heat sink, fit a fan"
FIRST_NANO = "Jetson Nano"
"""Its name begins so; on later boards, and with later JetPacks, the power modes have other numbers."""
SUPPLY_REMEDY = "use a supply of 5 V and 4 A at the round socket (jumper J48), or a shorter, thicker cable"


def check_swap(machine: Machine) -> Finding:
    """Whether memory is enough for what takes most of it."""
    sizes = dict(_read_sizes(machine.read("/proc/meminfo")))
    if "MemTotal" not in sizes:
        return Finding(ABSENT, "this system does not tell how much memory it has")
    files = [line for line in machine.read("/proc/swaps").splitlines()[1:] if "zram" not in line]
    text = f"{sizes['MemTotal']:.1f} GB of memory, {sizes.get('SwapTotal', 0.0):.1f} GB of swap"
    if files or sizes["MemTotal"] >= SMALL_MEMORY_GB:
        return Finding(OK, text)
    return Finding(WARN, f"{text}, none of it on the card: enough to name things, not to learn or to compile",
                   "make a swap file, as hardware/board.md shows")


def check_power(machine: Machine) -> Finding:
    """The power mode of a Jetson, and whether its clocks are fixed (`jetson_clocks`)."""
    answer = machine.ask(["nvpmodel", "-q"])
    if answer is None:
        if machine.is_jetson:
            return Finding(WARN, "there is no `nvpmodel`", "run `sudo apt install nvidia-l4t-nvpmodel`")
        return Finding(ABSENT, "no Jetson, no power modes")
    mode = next((line.split(":", 1)[1].strip() for line in answer.output.splitlines() if "Power Mode:" in line), "")
    if not mode:
        return Finding(WARN, f"the power mode is not known ({answer.complaint or 'no answer'})",
                       "run `sudo nvpmodel -q`")
    cpu = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_"
    fixed = machine.read(cpu + "min_freq") == machine.read(cpu + "max_freq") != ""
    text = f"{mode}, clocks {'fixed at their highest' if fixed else 'follow the load'}"
    if mode.startswith(SLOW_MODES):
        return Finding(WARN, f"{text}: names come later", "run `sudo nvpmodel -m 0`, unless the battery is too weak")
    return Finding(OK, text)


def check_supply(machine: Machine) -> Finding:
    """Whether the supply holds its voltage, now and, as far as the kernel has noticed, since the start."""
    volts = read_volts(machine)
    text = f"{volts:.2f} V" if volts else "its voltage cannot be read"
    log = machine.ask(["dmesg"]) if machine.is_jetson else None
    dips = count_dips(machine) + (log.output.count(ALARM) if log is not None else 0)
    if dips:
        return Finding(WARN, f"{text}, too low {dips} times since the start", SUPPLY_REMEDY)
    if volts is None:
        return Finding(ABSENT, text)
    return Finding(WARN, text, SUPPLY_REMEDY) if volts < LOW_VOLTS else Finding(OK, text)


def check_temperature(machine: Machine) -> Finding:
    """The hottest of the sensors."""
    hottest = find_hottest(machine)
    if hottest is None:
        return Finding(ABSENT, "this system does not tell how hot it is")
    text = f"{hottest.celsius:.0f} degrees ({hottest.zone})"
    if hottest.celsius < Rules.strained_celsius:
        return Finding(OK, text)
    return Finding(FAIL if hottest.celsius >= Rules.hottest_celsius else WARN, text, _name_cooling(machine))


def _name_cooling(machine: Machine) -> str:
    """What to do against heat. The modes of a board that is not the first Nano are in its /etc/nvpmodel.conf."""
    if FIRST_NANO in machine.board:
        return f"{COOLING}, or run `sudo nvpmodel -m 1`"
    if machine.is_jetson:
        return f"{COOLING}, or take a mode with fewer watts: `grep 'POWER_MODEL ID' /etc/nvpmodel.conf` lists them"
    return f"{COOLING}, or let it do less at a time"


def _read_sizes(meminfo: str) -> Iterator[Tuple[str, float]]:
    """Names and gigabytes."""
    for line in meminfo.splitlines():
        name, _, value = line.partition(":")
        if value.split()[:1] and value.split()[0].isdigit():
            yield name, int(value.split()[0]) * 1024 / 1e9
