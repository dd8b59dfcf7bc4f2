"""Recording a new thing: crops while the button is held, looked through, named, kept."""

from __future__ import annotations

import asyncio

import cv2
import numpy as np
import pytest

from fingerpost.companion.device import gallery, live
from fingerpost.companion.lessons import bursts, things
from fingerpost.memory.objects import ObjectStore
from tests.pages import PlayedLink, read, visit


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    monkeypatch.setattr(bursts, "PACE_SECONDS", 0.001)
    monkeypatch.setattr(gallery, "PACE_SECONDS", 0.001)


def record(folder, link, story):
    visit([live, things, bursts], folder, link, story)


async def record_until(client, wanted):
    """Begin, wait for so many crops, stop; the recording's address."""
    address = "/api/bursts/" + (await read(await client.post("/api/bursts")))["id"]
    while (await read(await client.get(address)))["crops"] < wanted:
        await asyncio.sleep(0.005)
    await client.post(address + "/stop")
    return address


def test_a_recording_is_named_and_taught(tmp_path):
    link = PlayedLink()

    def learn(kind, fields):
        if kind == "teach":
            with ObjectStore(tmp_path / "objects.sqlite") as store:
                store.add(fields["name"], [(np.zeros((8, 8, 3), np.uint8), np.ones(4, np.float32))] * len(
                    fields["crops"]), "f" * 64)
            link.say("changed")

    link.answer = learn

    async def story(client):
        address = await record_until(client, 3)
        found = await read(await client.get(address))
        assert not found["recording"]
        assert found["numbers"] == list(range(found["crops"]))
        response = await client.get(address + "/1.jpg")
        assert cv2.imdecode(np.frombuffer(await response.read(), np.uint8), cv2.IMREAD_COLOR).shape == (224, 224, 3)
        dropped = await read(await client.delete(address + "/1"))
        assert dropped["crops"] == found["crops"] - 1
        assert 1 not in dropped["numbers"]
        await read(await client.delete(address + "/1"), 404)
        await read(await client.get(address + "/1.jpg"), 404)
        thing = await read(await client.post(address + "/keep", json={"name": "mug"}))
        assert thing["samples"] == found["crops"] - 1
        await read(await client.get(address), 404)

    record(tmp_path, link, story)
    assert link.asked("watched")[0] == {"viewers": 1}, "who records looks"
    assert link.asked("watched")[-1] == {"viewers": 0}
    assert [kind for kind, _, _ in link.sent].index("watched") == 0


def test_it_ends_by_itself(tmp_path):
    async def story(client):
        address = await record_until(client, 20)
        await asyncio.sleep(0.05)
        assert (await read(await client.get(address)))["crops"] == 20

    record(tmp_path, PlayedLink(), story)


def test_it_ends_after_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(bursts, "LONGEST_SECONDS", 0.02)
    link = PlayedLink()
    link.tip = None

    async def story(client):
        address = "/api/bursts/" + (await read(await client.post("/api/bursts")))["id"]
        while (await read(await client.get(address)))["recording"]:
            await asyncio.sleep(0.005)
        assert (await read(await client.post(address + "/stop")))["crops"] == 0
        answer = await read(await client.post(address + "/keep", json={"name": "mug"}), 409)
        assert "finger" in answer["error"]

    record(tmp_path, link, story)


def test_a_device_that_goes_ends_it(tmp_path):
    link = PlayedLink()
    link.awake = False

    async def story(client):
        address = "/api/bursts/" + (await read(await client.post("/api/bursts")))["id"]
        await asyncio.sleep(0.05)
        assert (await read(await client.get(address)))["recording"], "it waits for one that sleeps"
        link.appear(False)
        while (await read(await client.get(address)))["recording"]:
            await asyncio.sleep(0.005)
        assert "fingerpost run" in (await read(await client.post("/api/bursts"), 503))["error"]

    record(tmp_path, link, story)


def test_there_is_one_at_a_time_and_few_are_remembered(tmp_path):
    async def story(client):
        link.awake = False
        first = "/api/bursts/" + (await read(await client.post("/api/bursts")))["id"]
        await read(await client.post("/api/bursts"), 409)
        link.awake = True
        await client.post(first + "/stop")
        others = [await record_until(client, 1) for _ in range(bursts.MOST_BURSTS)]
        await read(await client.get(first), 404)
        await read(await client.delete(others[0]))
        await read(await client.get(others[0]), 404)
        await read(await client.get(others[1]))

    link = PlayedLink()
    record(tmp_path, link, story)


def test_one_that_nobody_asks_for_is_forgotten(tmp_path, monkeypatch):
    async def story(client):
        address = await record_until(client, 1)
        monkeypatch.setattr(bursts, "KEPT_SECONDS", 0.01)
        await read(await client.get(address))
        await asyncio.sleep(0.1)
        await read(await client.get(address), 404)

    record(tmp_path, PlayedLink(), story)


def test_a_name_that_is_none_costs_nothing(tmp_path):
    async def story(client):
        address = await record_until(client, 1)
        await read(await client.post(address + "/keep", json={"name": " "}), 409)
        await read(await client.post(address + "/keep", json={"name": "mug", "path": "/etc"}), 400)
        assert (await read(await client.get(address)))["crops"] >= 1

    record(tmp_path, PlayedLink(), story)


def test_crops_are_kept_small_enough_for_the_window(tmp_path):
    link = PlayedLink()
    link.crop = np.zeros((1080, 1080, 3), np.uint8)

    async def story(client):
        address = await record_until(client, 1)
        burst = client.app[bursts.BURSTS][address.rsplit("/", 1)[1]]
        assert burst.crops[0].shape == (640, 640, 3)

    record(tmp_path, link, story)
