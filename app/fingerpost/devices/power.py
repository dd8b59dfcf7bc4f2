"""What the system says of batteries and mains (Linux power_supply class)."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

SUPPLIES = Path("/sys/class/power_supply")


def read_battery(supplies: Path = SUPPLIES) -> Optional[int]:
    """Charge of the first battery in percent, or None. Those of mice and such do not count."""
    for supply in sorted(supplies.glob("*")):
        charge = _read(supply / "capacity")
        if charge.isdigit() and not _is_of_a_part(supply):
            return int(charge)
    return None


def has_mains(supplies: Path = SUPPLIES) -> bool:
    """Whether no battery is being drained: the device is plugged in, or has none. Those of mice and such do not count.
    """
    return not any(_read(supply / "status") == "Discharging" and not _is_of_a_part(supply)
                   for supply in supplies.glob("*"))


def _is_of_a_part(supply: Path) -> bool:
    """Whether it feeds a mouse or such, and not the device: sysfs-class-power, "scope"."""
    return _read(supply / "scope") == "Device"


def _read(path: Path) -> str:
    """What a file of the kernel says; empty where it says nothing."""
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
