"""What the board's own sensors say, as files of the kernel: how hot it is, and whether its supply holds."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from typing import List, NamedTuple, Optional

from ..core.events import Vitals
from .power import has_mains, read_battery

UNREAL_ZONES = ("PMIC-Die",)
"""The Nano says 100 degrees of it at all times (https://github.com/dusty-nv/jetson-inference/issues/1206)."""
RAILS = ("POM_5V_IN", "VDD_IN")
"""How a Nano and its successors call the input of the power monitor."""
LOW_VOLTS, LEAST_VOLTS = 4.75, 4.0
"""5 V less 5 %; the chip slows down at about 4.5 V (https://forums.developer.nvidia.com/t/276251). Below 4 V no board
would run: what says less is no voltage."""
BRAKES = ("*-throttle-alert", "*-balanced", "*-heavy", "cpufreq-*", "thermal-cpufreq-*")
"""The cooling devices that slow the chip down, whereas others are fans: of an Orin, of the kernel's driver soctherm on
older boards, and of its driver cpufreq_cooling on any."""


class Files:
    """The files of a computer, below a root; tests make up others."""

    def __init__(self, root: Path = Path("/")) -> None:
        self.root = root

    def read(self, path: str) -> str:
        """What a file says, without the blanks around it; empty where it says nothing."""
        try:
            return (self.root / path.lstrip("/")).read_text(encoding="utf-8", errors="replace").strip("\0\n ")
        except OSError:
            return ""

    def find(self, pattern: str) -> List[str]:
        """The paths that match a pattern, as paths of that machine."""
        return ["/" + str(path.relative_to(self.root)) for path in sorted(self.root.glob(pattern.lstrip("/")))]


class Heat(NamedTuple):
    """How hot it is, and where."""

    celsius: float
    zone: str


class Sensors:
    """All of them. What one does not tell, or no board has, is None."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._dips = count_dips(files)

    def read(self, at: float) -> Vitals:
        """How the board is now; `at` is in monotonic seconds. It sags also where it did since the last time."""
        supplies = self._files.root / "sys/class/power_supply"
        heat, volts, dips = find_hottest(self._files), read_volts(self._files), count_dips(self._files)
        sags = dips > self._dips or (volts is not None and volts < LOW_VOLTS)
        self._dips = dips
        return Vitals(at, heat.celsius if heat else None, volts, sags, is_braked(self._files), read_battery(supplies),
                      has_mains(supplies))


def find_hottest(files: Files) -> Optional[Heat]:
    """The hottest of the kernel's thermal zones (https://docs.kernel.org/driver-api/thermal/sysfs-api.html)."""
    zones = []
    for zone in files.find("/sys/class/thermal/thermal_zone*"):
        kind, value = files.read(zone + "/type"), files.read(zone + "/temp")
        if kind not in UNREAL_ZONES and value.isdigit():  # a sensor that is off says nothing, or less than zero
            zones.append(Heat(int(value) / 1000.0, kind))
    return max(zones) if zones else None


def is_braked(files: Files) -> bool:
    """Whether the chip has slowed itself down against heat."""
    return any(files.read(device + "/cur_state") not in ("", "0")
               for device in files.find("/sys/class/thermal/cooling_device*")
               if any(fnmatch(files.read(device + "/type"), brake) for brake in BRAKES))


def read_volts(files: Files) -> Optional[float]:
    """The voltage at the input, from the power monitor: an iio device up to JetPack 4, hwmon later."""
    places = [(path, path.replace("rail_name_", "in_voltage") + "_input")
              for path in files.find("/sys/bus/i2c/devices/*/iio:device*/rail_name_*")]
    places += [(path, path.replace("_label", "_input"))
               for path in files.find("/sys/bus/i2c/devices/*/hwmon/hwmon*/in*_label")]
    for name, value in places:
        millivolts = files.read(value)
        if files.read(name) in RAILS and millivolts.isdigit() and int(millivolts) / 1000.0 >= LEAST_VOLTS:
            return int(millivolts) / 1000.0
    return None


def count_dips(files: Files) -> int:
    """How often the supply was too weak since the start, where the kernel counts that: not on the first Nano."""
    counts = [files.read(path) for path in files.find("/sys/class/hwmon/hwmon*/oc1_event_cnt")]
    return sum(int(count) for count in counts if count.isdigit())
