"""The settings page: what is preferred, with a device and without, and the buttons pressed from afar."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from fingerpost.companion.device import controls
from fingerpost.core.preferences import Preferences
from fingerpost.settings import Settings
from fingerpost.upkeep.preferences import load_preferences
from tests.pages import PlayedLink, read, visit


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path))
    return tmp_path


def playing(**preferred):
    """A device that has these preferences, and does what it is asked."""
    link = PlayedLink()
    state = {"mode": "pointing", "preferences": asdict(Preferences(**preferred))}
    link.say("state", **state)

    def obey(kind, fields):
        if kind == "prefer":
            state["preferences"] = {**state["preferences"], fields["name"]: fields["value"]}
            link.say("state", **state)

    link.answer = obey
    return link


def control(folder, link, story):
    visit([controls], folder, link, story)


def test_a_device_tells_what_is_preferred(home):
    async def story(client):
        found = await read(await client.get("/api/settings"))
        assert found["preferences"] == asdict(Preferences(volume=3))
        assert (found["device"], found["mode"]) == (True, "pointing")
        assert set(found["languages"]) >= {"de", "en"}
        assert found["limits"]["volume"] == [0, 10]
        assert found["buttons"] == ["mode", "action", "both"]

    control(home, playing(volume=3), story)


def test_a_device_is_asked_to_change_it(home):
    link = playing()

    async def story(client):
        changed = await read(await client.post("/api/settings", json={"name": "volume", "value": 4}))
        assert changed["preferences"]["volume"] == 4
        await read(await client.post("/api/settings", json={"name": "diary", "value": False}))
        await read(await client.post("/api/settings", json={"name": "diary", "value": False}))
        for name, value in (("voice", "high"), ("hand", "left"), ("tick", True)):
            changed = await read(await client.post("/api/settings", json={"name": name, "value": value}))
            assert changed["preferences"][name] == value

    control(home, link, story)
    assert link.asked("prefer") == [
        {"name": name, "value": value} for name, value in (
            ("volume", 4), ("diary", False), ("voice", "high"), ("hand", "left"), ("tick", True))]
    assert not (home / "preferences.json").exists(), "that is the device's"


def test_a_device_that_does_not_answer_is_told(home, monkeypatch):
    monkeypatch.setattr(controls, "_ANSWER_SECONDS", 0.01)
    link = playing()
    link.answer = lambda kind, fields: None

    async def story(client):
        answer = await read(await client.post("/api/settings", json={"name": "volume", "value": 4}), 503)
        assert "try again" in answer["error"]

    control(home, link, story)


def test_without_a_device_it_is_kept_for_the_next_start(home):
    async def story(client):
        found = await read(await client.get("/api/settings"))
        assert (found["device"], found["mode"]) == (False, None)
        await read(await client.post("/api/settings", json={"name": "language", "value": "de"}))
        changed = await read(await client.post("/api/settings", json={"name": "verbosity", "value": 1}))
        assert (changed["preferences"]["language"], changed["preferences"]["verbosity"]) == ("de", 1)

    control(home, PlayedLink(device=False), story)
    assert json.loads((home / "preferences.json").read_text()) == {"language": "de", "verbosity": 1}
    assert load_preferences(Settings().speech, home).language == "de"


def test_a_full_card_is_told(home, monkeypatch):
    monkeypatch.setattr(controls, "keep_preferences", lambda before, after, folder: None)

    async def story(client):
        answer = await read(await client.post("/api/settings", json={"name": "volume", "value": 1}), 409)
        assert "make room" in answer["error"]

    control(home, PlayedLink(device=False), story)


@pytest.mark.parametrize("sent", [
    {"name": "volume", "value": 11}, {"name": "volume", "value": "10"}, {"name": "volume", "value": True},
    {"name": "language", "value": "../../etc"}, {"name": "diary", "value": 1}, {"name": "loudness", "value": 1},
    {"name": "voice", "value": "alto"}, {"name": "hand", "value": "both"}, {"name": "tick", "value": "yes"},
    {"name": "__class__", "value": 1}, {"name": "volume"}, {"value": 3}, {"name": "volume", "value": 1.5},
])
def test_what_cannot_be_preferred_is_refused(home, sent):
    link = playing()

    async def story(client):
        assert (await read(await client.post("/api/settings", json=sent), 400))["error"]

    control(home, link, story)
    assert link.sent == []


def test_buttons_are_pressed_from_afar(home):
    link = playing()

    async def story(client):
        await read(await client.post("/api/press", json={"button": "both", "press": "long"}))
        for sent in ({"button": "power", "press": "long"}, {"button": "mode", "press": "ever"}, {"button": "mode"}):
            await read(await client.post("/api/press", json=sent), 400)
        link.appear(False)
        await read(await client.post("/api/press", json={"button": "mode", "press": "short"}), 503)

    control(home, link, story)
    assert link.sent == [("press", {"button": "both", "press": "long"}, b"")]
