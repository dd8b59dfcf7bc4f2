"""What was taught, at the page: listed, shown, renamed, forgotten, undone, and taught from uploads."""

from __future__ import annotations

import asyncio

import aiohttp
import cv2
import numpy as np
import pytest

from fingerpost.companion.device import live
from fingerpost.companion.errands import Errand
from fingerpost.companion.lessons import teaching, things
from fingerpost.companion.lessons.shelf import Shelf
from fingerpost.memory.lock import StoreLock
from fingerpost.memory.objects import ObjectStore
from tests.pages import PlayedLink, read, visit

BACKBONE = "f" * 64


def crops(count, shade=90):
    return [(np.full((224, 224, 3), shade + number, np.uint8), np.eye(8, dtype=np.float32)[number])
            for number in range(count)]


def teach(folder, name, count=2):
    with ObjectStore(folder / "objects.sqlite") as store:
        return store.add(name, crops(count), BACKBONE).object_id


def names(folder):
    with ObjectStore(folder / "objects.sqlite") as store:
        return [thing.name for thing in store.objects()]


def look_at(folder, story, link=None):
    visit([live, things], folder, link or PlayedLink(device=False), story)


def test_an_empty_store_is_listed(tmp_path):
    async def story(client):
        assert await read(await client.get("/api/objects")) == {"objects": [], "waiting": 0, "undo": False}
        assert await read(await client.post("/api/objects/undo")) == {"undone": None}

    look_at(tmp_path, story)


def test_things_are_listed_with_their_pictures(tmp_path):
    teach(tmp_path, "tea")
    mug = teach(tmp_path, "mug", 3)

    async def story(client):
        found = await read(await client.get("/api/objects"))
        assert found["objects"][1] == {"id": mug, "name": "mug", "samples": 3, "voice": False}
        assert found["undo"]
        samples = await read(await client.get(f"/api/objects/{mug}/samples"))
        assert len(samples) == 3
        response = await client.get(f"/api/objects/{mug}/{samples[1]}.jpg")
        picture = cv2.imdecode(np.frombuffer(await response.read(), np.uint8), cv2.IMREAD_COLOR)
        assert abs(float(picture.mean()) - 91) < 3

    look_at(tmp_path, story)


def test_a_picture_is_shown_only_as_that_of_its_own_thing(tmp_path):
    tea, mug = teach(tmp_path, "tea"), teach(tmp_path, "mug")

    async def story(client):
        samples = await read(await client.get(f"/api/objects/{tea}/samples"))
        await read(await client.get(f"/api/objects/{mug}/{samples[0]}.jpg"), 404)
        for thing in ("taught:99", "1", "mug", "taught:1%20OR%201", "..", "%2e%2e%2f"):
            response = await client.get(f"/api/objects/{thing}/samples")
            assert response.status in (403, 404), thing
        await read(await client.get(f"/api/objects/{mug}/{'9' * 40}.jpg"), 404)

    look_at(tmp_path, story)


def test_a_thing_is_renamed_forgotten_and_brought_back(tmp_path):
    mug = teach(tmp_path, "mug")
    link = PlayedLink()

    async def story(client):
        renamed = await read(await client.post(f"/api/objects/{mug}/rename", json={"name": " cup "}))
        assert renamed["name"] == "cup"
        assert await read(await client.delete(f"/api/objects/{mug}")) == {"forgotten": "cup"}
        assert (await read(await client.get("/api/objects")))["objects"] == []
        assert await read(await client.post("/api/objects/undo")) == {"undone": "forget cup"}
        assert await read(await client.post("/api/objects/undo")) == {"undone": "rename mug to cup"}

    look_at(tmp_path, story, link)
    assert names(tmp_path) == ["mug"]
    assert len(link.asked("reread")) == 4, "the device hears of each change"


def test_a_picture_is_deleted_and_brought_back(tmp_path):
    tea, mug = teach(tmp_path, "tea", 1), teach(tmp_path, "mug", 3)
    link = PlayedLink()

    async def story(client):
        only, first, second, third = [number for thing in (tea, mug)
                                      for number in await read(await client.get(f"/api/objects/{thing}/samples"))]
        assert (await read(await client.delete(f"/api/objects/{mug}/{second}")))["samples"] == 2
        assert await read(await client.get(f"/api/objects/{mug}/samples")) == [first, third]
        await read(await client.get(f"/api/objects/{mug}/{second}.jpg"), 404)
        await read(await client.delete(f"/api/objects/{mug}/{second}"), 404)
        await read(await client.delete(f"/api/objects/{mug}/{only}"), 404)
        assert "only picture" in (await read(await client.delete(f"/api/objects/{tea}/{only}"), 409))["error"]
        assert await read(await client.post("/api/objects/undo")) == {"undone": "drop a picture of mug"}
        assert await read(await client.get(f"/api/objects/{mug}/samples")) == [first, second, third]

    look_at(tmp_path, story, link)
    assert len(link.asked("reread")) == 2


@pytest.mark.parametrize(("name", "status"), [("tea", 409), ("", 409), ("  ", 409), ("x" * 100, 409), ("a\nb", 400)])
def test_what_cannot_be_its_name_is_refused(tmp_path, name, status):
    teach(tmp_path, "tea")
    mug = teach(tmp_path, "mug")

    async def story(client):
        answer = await read(await client.post(f"/api/objects/{mug}/rename", json={"name": name}), status)
        assert answer["error"]

    look_at(tmp_path, story)
    assert names(tmp_path) == ["tea", "mug"]


def test_a_thing_that_is_gone_is_told(tmp_path):
    mug = teach(tmp_path, "mug")
    with ObjectStore(tmp_path / "objects.sqlite") as store:
        store.forget("mug")

    async def story(client):
        await read(await client.post(f"/api/objects/{mug}/rename", json={"name": "cup"}), 404)
        await read(await client.delete(f"/api/objects/{mug}"), 404)
        await read(await client.get(f"/api/objects/{mug}/samples"), 404)

    look_at(tmp_path, story)


def test_the_store_is_let_go_of_soon(tmp_path):
    teach(tmp_path, "mug")

    async def story():
        shelf = Shelf(tmp_path / "objects.sqlite", linger_seconds=0.05)
        assert len(await shelf.ask(lambda store: store.objects())) == 1
        lock = StoreLock(tmp_path / "objects.sqlite")
        lock.share()
        await asyncio.sleep(0.3)
        with lock.alone():
            pass
        lock.release()
        assert len(await shelf.ask(lambda store: store.objects())) == 1, "and opened again"
        await shelf.close()

    asyncio.run(story())


def form(name, *pictures):
    data = aiohttp.FormData()
    data.add_field("name", name, content_type="text/plain")
    for picture in pictures:
        data.add_field("images", cv2.imencode(".jpg", picture)[1].tobytes(), filename="a.jpg")
    return data


def test_uploads_are_taught_by_the_device(tmp_path):
    link = PlayedLink()

    def learn(kind, fields):
        if kind == "teach":
            link.say("changed")  # of something else
            with ObjectStore(tmp_path / "objects.sqlite") as store:
                store.add(fields["name"], crops(len(fields["crops"])), BACKBONE)
            link.say("changed")

    link.answer = learn

    async def story(client):
        large = np.full((900, 1200, 3), 99, np.uint8)
        answer = await client.post("/api/objects/upload", data=form("mug", large, large))
        assert (await read(answer))["samples"] == 2
        answer = await client.post("/api/objects/upload", data=form("mug", np.full((90, 120, 3), 99, np.uint8)))
        assert (await read(answer))["samples"] == 3

    look_at(tmp_path, story, link)
    kind, fields, payload = link.sent[0]
    assert (kind, fields["name"], fields["crops"]) == ("teach", "mug", [[480, 640]] * 2)
    assert len(payload) == 2 * 3 * 480 * 640


def test_what_the_device_cannot_keep_is_told(tmp_path):
    link = PlayedLink()
    link.answer = lambda kind, fields: link.say("fault", part="memory", reason="the card is full; free some space")

    async def story(client):
        answer = await client.post("/api/objects/upload", data=form("mug", np.zeros((90, 120, 3), np.uint8)))
        assert "free some space" in (await read(answer, 409))["error"]
        link.answer = lambda kind, fields: link.appear(False)
        answer = await client.post("/api/objects/upload", data=form("mug", np.zeros((90, 120, 3), np.uint8)))
        assert "fingerpost run" in (await read(answer, 503))["error"]

    look_at(tmp_path, story, link)


def test_without_a_device_a_process_learns(tmp_path, monkeypatch):
    asked = []

    async def run_errand(words, limit_seconds):
        asked.append(words)
        assert cv2.imread(words[3]).shape == (90, 120, 3)
        with ObjectStore(tmp_path / "objects.sqlite") as store:
            store.add(words[2], crops(1), BACKBONE)
        return Errand(0, "Learned", "")

    monkeypatch.setattr(teaching, "run_errand", run_errand)

    async def story(client):
        answer = await client.post("/api/objects/upload", data=form("--help", np.zeros((90, 120, 3), np.uint8)))
        assert (await read(answer))["name"] == "--help"

    look_at(tmp_path, story)
    assert asked[0][:3] == ["teach", "--", "--help"]


def test_a_process_that_fails_is_told(tmp_path, monkeypatch):
    async def run_errand(words, limit_seconds):
        return Errand(1, "", "objects is damaged: fetch it again")

    monkeypatch.setattr(teaching, "run_errand", run_errand)

    async def story(client):
        answer = await client.post("/api/objects/upload", data=form("mug", np.zeros((90, 120, 3), np.uint8)))
        assert (await read(answer, 409))["error"] == "objects is damaged: fetch it again"
        await read(await client.post("/api/objects/upload", data=form("mug")), 400)
        await read(await client.post("/api/objects/upload", data=form("  ", np.zeros((9, 9, 3), np.uint8))), 409)

    look_at(tmp_path, story)
