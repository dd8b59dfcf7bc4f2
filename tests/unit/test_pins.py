"""Which pins the buttons are on: by the board, by a profile's name, or as the settings say."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import pytest

from fingerpost import wiring
from fingerpost.core.errors import ButtonsError, SettingsError
from fingerpost.devices.buttons import KeyboardButtons
from fingerpost.devices.gpio import GpioButtons
from fingerpost.devices.pins import Pins, find_pins, is_jetson
from fingerpost.home import asset_home
from fingerpost.settings import ButtonsSettings, Settings
from fingerpost.tomlfile import read_toml

PROFILES = asset_home() / "hardware" / "pins.toml"
BUSES = {3, 5, 8, 10, 27, 28}
POWER = {1, 2, 4, 6, 9, 14, 17, 20, 25, 30, 34, 39}


@pytest.fixture
def board(tmp_path):
    """Writes what the device tree says of the machine."""
    def write(model):
        path = tmp_path / "model"
        path.write_bytes(model.encode() + b"\0")
        return path
    return write


@pytest.mark.parametrize(("model", "profile"), [
    ("NVIDIA Jetson Nano Developer Kit", "jetson-nano"),
    ("NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super", "jetson-orin-nano"),
])
def test_a_board_is_known_by_its_name(board, model, profile):
    assert is_jetson(board(model))
    assert find_pins(PROFILES, board=board(model)).profile == profile


def test_no_profile_uses_a_pin_of_a_bus_or_of_the_supply():
    for name, table in read_toml(PROFILES).items():
        pins = {table["mode"], table["action"]}
        assert len(pins) == 2, name
        assert not pins & (BUSES | POWER), name
        assert pins <= set(range(1, 41)), name


def test_pins_of_the_settings_go_before_those_of_the_profile(tmp_path):
    none = tmp_path / "none"
    assert find_pins(PROFILES, mode=11, action=13, board=none) == Pins(11, 13, "settings")
    assert find_pins(PROFILES, "jetson-nano", mode=11, board=none) == Pins(11, 31, "jetson-nano")


@pytest.mark.parametrize(("profile", "mode", "words"), [
    ("auto", 0, "no pins for this machine.*jetson-nano"),
    ("raspberry", 0, "no pins for raspberry.*jetson-orin-nano"),
    ("jetson-nano", 31, "both buttons are on pin 31"),
])
def test_what_cannot_be_wired_is_one_line_with_its_remedy(tmp_path, profile, mode, words):
    with pytest.raises(SettingsError, match=words):
        find_pins(PROFILES, profile, mode, board=tmp_path / "none")


def test_a_desk_has_the_keyboard_and_a_jetson_its_pins(board):
    assert isinstance(wiring.choose_buttons(Settings().buttons, board("Some other board")), KeyboardButtons)
    assert isinstance(wiring.choose_buttons(Settings().buttons, board("NVIDIA Jetson Nano")), GpioButtons)
    wired = ButtonsSettings(source="gpio", mode_pin=11, action_pin=13)
    assert isinstance(wiring.choose_buttons(wired, board("Some other board")), GpioButtons)


def test_buttons_that_cannot_be_read_leave_the_keyboard_and_that_is_said(monkeypatch, caplog):
    def open_never(self):
        raise ButtonsError("the pins cannot be read: mend them")

    monkeypatch.setattr(GpioButtons, "open", open_never)
    settings = replace(Settings(), buttons=ButtonsSettings("gpio", mode_pin=11, action_pin=13))
    with ExitStack() as stack:
        buttons = wiring.open_buttons(settings, stack)
        assert isinstance(buttons, KeyboardButtons)
        assert [fault.part for fault in buttons.faults()] == ["buttons"]
        assert buttons.faults() == []
    assert "mend them" in caplog.text
    assert "keyboard" in caplog.text
