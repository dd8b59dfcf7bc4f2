"""Which sound cards there are, and which one is meant."""

from __future__ import annotations

import os

import pytest

from fingerpost.devices.cards import find_card, list_cards, playing_on
from fingerpost.devices.pluggable import Outputs
from tests.sockets import plug


@pytest.fixture
def asound(tmp_path):
    return tmp_path / "asound"


def test_cards_are_read_with_their_first_output(asound, tmp_path):
    hdmi, headset = list_cards(plug(asound, "hdmi", "mute Camera", "Device"), tmp_path)
    assert (hdmi.number, hdmi.id, hdmi.name, hdmi.usb, hdmi.pcm) == (
        0, "tegrahda", "tegra-hda", False, "plughw:CARD=tegrahda,DEV=3")
    assert (headset.number, headset.id, headset.name, headset.usb, headset.pcm) == (
        2, "Device", "USB Audio Device", True, "plughw:CARD=Device,DEV=0")


def test_the_first_usb_card_that_plays_is_chosen_unless_one_is_named(asound):
    cards = list_cards(plug(asound, "hdmi", "mute Camera", "Device", "Headset"))
    assert [card.id for card in (find_card(cards, ""), find_card(cards, "Headset"), find_card(cards, "tegrahda"))] == [
        "Device", "Headset", "tegrahda"]
    assert find_card(cards, "Camera") is None
    assert find_card(list_cards(plug(asound, "hdmi")), "") is None


def test_without_alsa_or_cards_there_are_none(asound):
    assert list_cards(asound) == []
    assert list_cards(plug(asound)) == []


def test_a_card_that_was_pulled_and_plugged_in_again_is_another_one(asound, tmp_path):
    node = tmp_path / "controlC0"
    node.write_text("")
    outputs = Outputs(asound=plug(asound, "Device"), nodes=tmp_path)
    before = outputs.find_card()
    assert outputs.find_card() == before
    node.unlink()
    assert outputs.find_card() != before


@pytest.mark.parametrize(("driver", "used"), [(None, "alsa"), ("disk", "disk")])
def test_sdl_is_told_the_card_while_it_opens_it_and_a_driver_of_the_users_choice_stays(monkeypatch, driver, used):
    monkeypatch.delenv("AUDIODEV", raising=False)
    monkeypatch.delenv("SDL_AUDIODRIVER", raising=False)
    if driver:
        monkeypatch.setenv("SDL_AUDIODRIVER", driver)
    with playing_on("plughw:CARD=Device,DEV=0"):
        assert (os.environ["SDL_AUDIODRIVER"], os.environ["AUDIODEV"]) == (used, "plughw:CARD=Device,DEV=0")
    with playing_on(""):
        assert (os.environ.get("SDL_AUDIODRIVER"), os.environ.get("AUDIODEV")) == (driver, None)
