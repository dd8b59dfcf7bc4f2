"""Which pins of the board's header the buttons are wired to: hardware/pins.toml, or the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, NamedTuple

from ..core.errors import SettingsError
from ..tomlfile import read_toml

BOARD = Path("/proc/device-tree/model")
AUTO = "auto"


class Pins(NamedTuple):
    """Both buttons' pins, in BOARD numbering: as printed on the board."""

    mode: int
    action: int
    profile: str
    """Where they stand: the name of a profile, or "settings"."""


def is_jetson(board: Path = BOARD) -> bool:
    """Whether this machine is a Jetson, by what the device tree says."""
    return "Jetson" in read_board(board)


def read_board(board: Path = BOARD) -> str:
    """The board's name, such as "NVIDIA Jetson Nano Developer Kit"; empty on a machine without a device tree."""
    try:
        return board.read_text(encoding="utf-8").strip("\0\n")
    except (OSError, UnicodeDecodeError):
        return ""


def find_pins(profiles: Path, profile: str = AUTO, mode: int = 0, action: int = 0, board: Path = BOARD) -> Pins:
    """The pins of a profile, "auto" for that of this board; `mode` and `action`, where not 0, go before it.

    Raises SettingsError when there is no such profile, or both buttons would share a pin.
    """
    if mode and action:
        pins = Pins(mode, action, "settings")
    else:
        tables = read_toml(profiles)
        name = _recognise(tables, board) if profile == AUTO else profile
        if name not in tables:
            raise SettingsError(f"there are no pins for {name or read_board(board) or 'this machine'}: write "
                                f"[buttons] profile = one of {', '.join(tables)}, or mode_pin and action_pin")
        pins = Pins(mode or tables[name]["mode"], action or tables[name]["action"], name)
    if pins.mode == pins.action:
        raise SettingsError(f"both buttons are on pin {pins.mode}: give [buttons] mode_pin and action_pin two pins")
    return pins


def _recognise(tables: Dict[str, Any], board: Path) -> str:
    """The name of the profile whose model this board is; empty where there is none."""
    model = read_board(board)
    return next((name for name, table in tables.items() if table["model"] in model), "")
