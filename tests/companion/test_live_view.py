"""The live view: the newest picture, one at a time, every word, and no look unannounced."""

from __future__ import annotations

import asyncio
import json

import cv2
import numpy as np

from fingerpost.companion.device import gallery as gallery_module
from fingerpost.companion.device import live
from fingerpost.companion.device.gallery import Gallery, encode_look
from fingerpost.window.client import Look
from tests.pages import TIP, PlayedLink, visit


def unpack(data):
    """The header, the frame and the crop of a picture message."""
    length = int.from_bytes(data[:4], "big")
    head = json.loads(data[4:4 + length])
    end = len(data) - head["crop_bytes"]
    return head, data[4 + length:end], data[end:]


def decode(jpeg):
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


async def next_picture(socket):
    while True:
        message = await socket.receive(5)
        if message.type.name == "BINARY":
            return unpack(message.data)


async def next_words(socket, kind):
    while True:
        message = await socket.receive(5)
        if message.type.name == "TEXT":
            news = json.loads(message.data)
            if news["kind"] == kind:
                return news


def watch(tmp_path, link, story):
    async def run(client):
        async with client.ws_connect("/live") as socket:
            await story(client, socket)
        await asyncio.sleep(0.05)

    visit([live], tmp_path, link, run)


def test_a_picture_tells_what_the_device_sees(tmp_path):
    async def story(client, socket):
        head, frame, crop = await next_picture(socket)
        assert head == {"index": 1, "size": [480, 640], "tip": TIP, "outline": [208, 0, 432, 200], "mode": "pointing",
                        "brightness": 0.5, "sharpness": 100.0, "has_crop": True, "crop_bytes": len(crop)}
        assert decode(frame).shape == (480, 640, 3)
        assert decode(crop).shape == (224, 224, 3)

    watch(tmp_path, PlayedLink(), story)


def test_without_a_finger_there_is_no_crop():
    look = Look(3, np.zeros((480, 640, 3), np.uint8), None, None, None, 0.1, 2.0, "teaching")
    head, frame, crop = unpack(encode_look(look))
    assert head["tip"] is None
    assert head["outline"] is None
    assert not head["has_crop"]
    assert crop == b""
    assert decode(frame) is not None


def test_a_large_frame_is_sent_small_and_told_in_its_own_pixels():
    red = np.zeros((1080, 1920, 3), np.uint8)
    red[..., 0] = 255
    head, frame, _ = unpack(encode_look(Look(1, red, {**TIP, "x": 1900.0}, None, None, 0.1, 2.0, "pointing")))
    assert head["size"] == [1080, 1920]
    assert head["tip"]["x"] == 1900.0
    picture = decode(frame)
    assert picture.shape == (360, 640, 3)
    assert picture[0, 0, 2] > 200, "red stays red"


def test_the_next_picture_waits_until_the_last_one_was_taken(tmp_path):
    link = PlayedLink()

    async def story(client, socket):
        await next_picture(socket)
        await asyncio.sleep(0.3)
        assert len(link.asked("next")) == 1
        link.index = 40
        await socket.send_str("next")
        head, _, _ = await next_picture(socket)
        assert head["index"] == 41, "the newest; what came meanwhile is left out"

    watch(tmp_path, link, story)


def test_no_frame_is_asked_for_before_the_wearer_is_told(tmp_path):
    link = PlayedLink()

    async def story(client, socket):
        await next_picture(socket)
        async with client.ws_connect("/live") as other:
            await next_picture(other)

    watch(tmp_path, link, story)
    assert [kind for kind, _, _ in link.sent][:2] == ["watched", "next"]
    assert [fields["viewers"] for fields in link.asked("watched")] == [1, 2, 1, 0]


def test_a_device_that_starts_anew_is_told_too(tmp_path):
    link = PlayedLink()

    async def story(client, socket):
        await next_picture(socket)
        link.appear(False)
        assert await next_words(socket, "device") == {"kind": "device", "device": False}
        link.sent.clear()
        link.appear()
        await next_words(socket, "device")
        await socket.send_str("next")
        await next_picture(socket)
        assert [kind for kind, _, _ in link.sent] == ["watched", "next"]

    watch(tmp_path, link, story)


def test_a_viewer_waits_for_a_device(tmp_path):
    link = PlayedLink(device=False)

    async def story(client, socket):
        assert not (await next_words(socket, "device"))["device"]
        link.appear()
        head, _, _ = await next_picture(socket)
        assert head["index"] == 1
        assert link.asked("watched") == [{"viewers": 1}]

    watch(tmp_path, link, story)


def test_words_come_at_once_and_nothing_that_is_not_for_the_page(tmp_path):
    link = PlayedLink()
    link.state = {"kind": "state", "mode": "pointing"}

    async def story(client, socket):
        assert await next_words(socket, "state") == {"kind": "state", "mode": "pointing"}
        link.say("logs", records=["secret"])
        link.say("code")
        link.say("heard", at=5.0, text="mug", phrase="name")
        link.say("guesses", index=3, guesses=[{"id": "mug", "name": "mug", "confidence": 0.8}])
        message = await socket.receive(5)
        while message.type.name == "BINARY":
            message = await socket.receive(5)
        assert json.loads(message.data) == {"kind": "heard", "at": 5.0, "text": "mug", "phrase": "name"}
        assert (await next_words(socket, "guesses"))["guesses"][0]["confidence"] == 0.8

    watch(tmp_path, link, story)


def test_nonsense_from_the_browser_is_passed_over_and_floods_end_the_view(tmp_path):
    async def story(client, socket):
        await next_picture(socket)
        await socket.send_str("previous")
        await socket.send_bytes(b"next")
        await socket.send_str("next")
        await next_picture(socket)
        await socket.send_str("x" * 5000)
        while not (await socket.receive(5)).type.name.startswith("CLOS"):
            pass

    watch(tmp_path, PlayedLink(), story)


def test_viewers_share_what_was_fetched(monkeypatch):
    monkeypatch.setattr(gallery_module, "PACE_SECONDS", 5.0)

    async def story():
        link = PlayedLink()
        gallery = Gallery(link)
        with gallery.watched_by("one"), gallery.watched_by("two"):
            first, second = await asyncio.gather(gallery.look(), gallery.look())
            third = await gallery.look()
            assert first is second is third
            assert len(link.asked("next")) == 1
            assert await first.encode() is await second.encode()

    asyncio.run(story())


def test_frames_are_kept_for_a_while_and_for_whoever_still_looks_at_one(monkeypatch):
    monkeypatch.setattr(gallery_module, "PACE_SECONDS", 0.0)
    monkeypatch.setattr(gallery_module, "KEPT_FRAMES", 3)

    async def story():
        gallery = Gallery(PlayedLink())
        with gallery.watched_by("patient"), gallery.watched_by("hasty"):
            for viewer in ("patient", "patient", "hasty", "hasty", "hasty", "hasty", "hasty"):
                gallery.hand_over(viewer, await gallery.look())
            kept = [index for index in range(1, 9) if gallery.find(index) is not None]
            assert kept == [1, 2, 5, 6, 7], "also the one before, for whoever held it while the next was under way"
        assert gallery.find(1) is None

    asyncio.run(story())


def test_large_frames_are_kept_in_small_number(monkeypatch):
    monkeypatch.setattr(gallery_module, "PACE_SECONDS", 0.0)
    monkeypatch.setattr(gallery_module, "KEPT_BYTES", 3_000_000)

    async def story():
        gallery = Gallery(PlayedLink())
        with gallery.watched_by("one"):
            for _ in range(6):
                gallery.hand_over("one", await gallery.look())
            assert [gallery.find(index) is not None for index in (3, 4, 5, 6)] == [False, True, True, True]

    asyncio.run(story())
