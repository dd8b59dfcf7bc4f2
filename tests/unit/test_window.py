"""The window, over a real socket: what is seen and heard through it, what may be asked, and who is let in."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import struct
from dataclasses import replace

import cv2
import pytest

from fingerpost.core.errors import WindowError
from fingerpost.core.events import Changed, Fault, Learned, Recognised, Recovered, Tick
from fingerpost.core.preferences import Preferences
from fingerpost.core.state import ASLEEP, MENU
from fingerpost.core.types import Guess, Press
from fingerpost.core.visits import SECRET, DoorChanged, OpenDoor, Paired, Preferred, TellCode, Watched
from fingerpost.vision.requests import Reread, TeachThing
from fingerpost.window import glass, view
from fingerpost.window.client import MOST_NEWS, Link, Listener
from fingerpost.window.messages import pack, pack_pictures
from tests.desk import RED, TIP, draw
from tests.room import Room, until, visit, wait_until


@pytest.fixture
def room(tmp_path):
    with Room(tmp_path) as room:
        yield room


def come_in(room):
    """A companion that does nothing by itself."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(30)
    connection.connect(str(room.path))
    return connection


def take_all(connection):
    """What comes until the other side hangs up."""
    found = b""
    try:
        while True:
            part = connection.recv(1 << 20)
            if not part:
                return found
            found += part
    except ConnectionError:
        return found


# What is seen

def test_a_look_is_the_frame_with_what_the_device_makes_of_it(room):
    picture = draw(RED)
    index = room.see(picture)
    look = visit(room, lambda link: link.look())
    assert (look.index, look.mode) == (index, "pointing")
    assert look.pixels.tolist() == picture.tolist()
    assert (round(look.tip["x"]), round(look.tip["y"])) == TIP
    assert (look.tip["dx"], look.tip["dy"]) == (0.0, -1.0)
    left, top, right, bottom = look.outline
    assert look.crop.tolist() == picture[top:bottom, left:right].tolist()
    assert 0.0 < look.brightness < 1.0
    assert 0.0 <= look.age_seconds < view.MOST_AGE_SECONDS


@pytest.mark.parametrize("size", [(2160, 3840), (3000, 4000)])
def test_of_a_large_frame_a_small_copy_is_shown_with_tip_and_outline_where_they_belong(room, size, caplog):
    small = draw(RED)
    height, width = small.shape[:2]
    picture = cv2.resize(small, size[::-1], interpolation=cv2.INTER_NEAREST)
    room.see(picture)
    looks = visit(room, lambda link: see_twice(room, link, picture))
    for look in looks:
        assert look.pixels.shape == (round(1280 * size[0] / size[1]), 1280, 3)
        assert max(look.crop.shape) <= 640
        assert abs(look.tip["x"] / 1280 - TIP[0] / width) < 0.01
        assert abs(look.tip["y"] / look.pixels.shape[0] - TIP[1] / height) < 0.01
        left, top, right, bottom = look.outline
        shown = cv2.resize(look.pixels[top:bottom, left:right], look.crop.shape[1::-1])
        assert abs(shown.astype(float) - look.crop).mean() < 8.0
    assert not caplog.text


async def see_twice(room, link, picture):
    """Two looks, one after the other."""
    first = await link.look()
    room.see(picture)
    return first, await link.look(first.index)


def test_a_frame_without_a_finger_is_seen_too(room):
    room.see(draw(RED, pointing=False))
    look = visit(room, lambda link: link.look())
    assert (look.tip, look.outline, look.crop) == (None, None, None)


def test_only_the_newest_frame_is_seen_and_none_twice(room):
    async def story(link):
        for _ in range(5):
            newest = room.see(draw(RED))
        first = await link.look()
        again = await link.look(first.index, patience_seconds=0.2)
        later = asyncio.ensure_future(link.look(first.index, patience_seconds=30))
        await asyncio.sleep(0.05)
        room.see(draw(None))
        return newest, first, again, await later

    newest, first, again, later = visit(room, story)
    assert (first.index, again, later.index) == (newest, None, newest + 1)


def test_several_may_look_at_once_each_at_its_own_pace(room):
    async def story(link):
        slow, quick, found = None, -1, []
        room.see(draw(RED))
        for _ in range(3):
            looks = [asyncio.ensure_future(link.look(quick, 30)), asyncio.ensure_future(link.look(-1, 30))]
            quick, slow = [(await look).index for look in looks]
            found.append((quick, slow))
            room.see(draw(RED))
        return found

    assert visit(room, story) == [(1, 1), (2, 2), (3, 3)]


@pytest.mark.parametrize("how", ["asleep", "old"])
def test_what_is_no_longer_seen_is_not_shown(room, how):
    room.see(draw(RED), age_seconds=10.0 if how == "old" else 0.0)
    if how == "asleep":
        room.state = replace(room.state, mode=ASLEEP)
        room.happen(Tick(1.0))
    assert visit(room, lambda link: link.look(patience_seconds=0.2)) is None


def test_nothing_is_copied_while_nobody_looks(room, monkeypatch):
    copies, shown = [], []
    monkeypatch.setattr(view, "pack_pictures", lambda pictures: copies.append(1) or pack_pictures(pictures))
    show = room.eyes.show
    monkeypatch.setattr(room.eyes, "show", lambda *given: shown.append(1) or show(*given))

    def live():
        for _ in range(20):
            room.see(draw(RED))

    async def story(link):
        live()
        assert not copies, "whoever has come in has not asked for anything yet"
        await link.look()

    live()
    assert (copies, shown) == ([], [])
    visit(room, story)
    assert (copies, shown) == ([1], [1])
    live()
    assert copies == [1]


def test_one_who_asks_and_does_not_listen_is_sent_away_and_holds_up_nothing(room, monkeypatch, caplog):
    monkeypatch.setattr(glass, "MOST_WAITING_BYTES", 1 << 20)
    with come_in(room) as stuck:
        wait_until(lambda: room.view.is_watched)
        while room.view.is_watched:
            try:
                stuck.sendall(20 * pack("next", after=-1))
            except ConnectionError:
                break
            room.see(draw(RED))
            room.view.on_heard(1.0, "x" * 10000, "named")
        wait_until(lambda: not room.view.is_watched)
    assert "does not listen" in caplog.text
    assert visit(room, lambda link: link.look()) is not None


def test_what_is_heard_and_guessed_and_what_fails_is_told(room):
    async def story(link):
        with link.listen() as listener:
            room.view.on_heard(1.0, "Kiwi.", "named")
            room.happen(Recognised(7, 1.0, (Guess("Kiwi", 0.9), Guess("Lime", 0.1))))
            room.happen(Fault("camera", 1.0, "plug it in"))
            room.happen(Recovered("camera", 1.0))
            room.happen(Learned(1.0, "taught:1", 3))
            room.happen(Changed(1.0, "nothing"))
            room.happen(Changed(1.0, "forgotten", "taught:1"))
            return [await listener.get() for _ in range(6)]

    heard, guesses, *others = visit(room, story)
    assert (heard["kind"], heard["text"], heard["phrase"]) == ("heard", "Kiwi.", "named")
    assert heard["at"] > 1e9
    assert guesses == {"kind": "guesses", "index": 7, "guesses": [
        {"id": "Kiwi", "name": "kiwi", "confidence": 0.9}, {"id": "Lime", "name": "lime", "confidence": 0.1}]}
    assert others == [{"kind": "fault", "part": "camera", "reason": "plug it in"},
                      {"kind": "recovered", "part": "camera"}, {"kind": "changed"}, {"kind": "changed"}]


def test_the_state_is_told_at_once_and_whenever_it_changes(room):
    room.state = replace(room.state, faults=frozenset(["memory"]), slept_through=frozenset(["camera"]))
    room.happen(Tick(1.0))

    async def story(link):
        first = link.state
        with link.listen() as listener:
            for mode in ("pointing", "pointing", MENU, MENU):
                room.state = replace(room.state, mode=mode, preferences=Preferences(volume=3))
                room.happen(Tick(2.0))
            room.view.on_heard(1.0, "end", "end")
            changes = []
            while not changes or changes[-1]["kind"] != "heard":
                changes.append(await listener.get())
        return first, changes, link.state

    first, changes, last = visit(room, story)
    assert first["faults"] == ["camera", "memory"]
    assert (first["mode"], first["waiting"], first["taught"], first["door"]) == ("pointing", 0, 0, False)
    assert first["preferences"] == {"volume": 10, "words_per_minute": 170, "language": "en", "verbosity": 2,
                                    "diary": True, "voice": "low", "hand": "right", "tick": False}
    assert [change.get("mode") for change in changes] == ["pointing", "menu", None]
    assert last["preferences"]["volume"] == 3


def test_timings_and_logs_are_told_when_asked_for(room):
    for number in range(3):
        room.journal.handle(logging.LogRecord("x", logging.WARNING, "x", 1, f"line {number}", (), None))

    async def story(link):
        for _ in range(5):
            room.see(draw(RED))
            await asyncio.sleep(0.01)
        return await link.ask("timings"), await link.ask("logs", after=1)

    timings, logs = visit(room, story)
    assert timings["frames_per_second"] > 1.0
    assert timings["stages"]["fingertip"]["n"] == 5
    assert [(record["number"], record["level"], record["text"]) for record in logs["records"]] == [
        (2, "warning", "line 1"), (3, "warning", "line 2")]


def test_each_of_two_who_ask_at_once_has_the_answer_to_its_own_question(room):
    for number in range(3):
        room.journal.handle(logging.LogRecord("x", logging.WARNING, "x", 1, f"line {number}", (), None))

    async def story(link):
        return await asyncio.gather(*(link.ask("logs", after=after) for after in (0, 2, 1)))

    answers = visit(room, story)
    assert [len(answer["records"]) for answer in answers] == [3, 1, 2]


# What may be asked

def test_what_a_companion_does_reaches_the_loop_and_the_eyes(room):
    pictures = [draw(RED)[:40, :50], draw(None)[:30, :30]]

    async def story(link):
        link.send("press", button="both", press="long")
        link.send("prefer", name="volume", value=6)
        link.send("watched", viewers=2)
        link.send("watched", viewers=2)
        link.send("paired")
        link.send("opened", code="123456", address="https://a:1", fingerprint="AB")
        link.send("closed", reason="guessed")
        sizes, payload = pack_pictures(pictures)
        link.send("teach", payload, name="mug", crops=sizes)
        link.send("reread")
        await until(lambda: len(room.requests) == 2)

    visit(room, story)
    timeless = [replace(event, at=0.0) for event in room.events]
    assert timeless[:6] == [Press("both", "long", 0.0, afar=True), Preferred(0.0, "volume", 6),
                            Watched(0.0, 2), Paired(0.0), DoorChanged(0.0, True, "123456", "https://a:1", "AB"),
                            DoorChanged(0.0, False, reason="guessed")]
    teach, reread = room.requests
    assert isinstance(teach, TeachThing)
    assert teach.name == "mug"
    assert [picture.tolist() for picture in teach.pictures] == [picture.tolist() for picture in pictures]
    assert reread == Reread()


def test_what_holds_the_code_is_not_shown(room):
    async def story(link):
        with link.listen() as listener:
            for phrase in (*SECRET, "named"):
                room.view.on_heard(1.0, "123456", phrase)
            return await listener.get()

    assert visit(room, story)["phrase"] == "named"


def test_a_companion_is_busy_until_it_says_otherwise_or_goes(room):
    async def story(link):
        for jobs in (1, 0, 1):
            link.send("busy", jobs=jobs)
            await until(lambda jobs=jobs: room.hands.jobs == jobs)

    visit(room, story)
    wait_until(lambda: room.hands.jobs == 0)


def test_whoever_goes_looks_on_no_longer_and_leaves_no_door_open(room):
    async def story(link):
        link.send("watched", viewers=1)
        link.send("opened", code="1", address="a", fingerprint="f")
        await until(lambda: len(room.events) == 2)

    visit(room, story)
    wait_until(lambda: len(room.events) == 4)
    assert [replace(event, at=0.0) for event in room.events[2:]] == [Watched(0.0, 0), DoorChanged(0.0, False)]


def test_a_door_that_was_not_open_is_no_news_when_the_companion_ends(room):
    async def story(link):
        link.send("closed", reason="")
        link.send("closed", reason="offline")
        await until(lambda: room.events)

    visit(room, story)
    assert [(event.open, event.reason) for event in room.events] == [(False, "offline")]


@pytest.mark.parametrize("wish", [("fly", {}, b""), ("press", {"button": "nose", "press": "long"}, b""),
                                  ("prefer", {"name": "volume", "value": 11}, b""),
                                  ("prefer", {"name": "language", "value": "../x"}, b""),
                                  ("prefer", {"name": "language", "value": "xx"}, b""),
                                  ("teach", {"name": " ", "crops": [[1, 1]]}, b"abc"),
                                  ("teach", {"name": "mug", "crops": [[1, 1]]}, b"ab"),
                                  ("closed", {"reason": "whatever"}, b"")])
def test_a_wish_that_makes_no_sense_is_logged_and_nothing_else(room, wish, caplog):
    kind, fields, payload = wish

    async def story(link):
        link.send(kind, payload, **fields)
        link.send("paired")
        await until(lambda: room.events)

    visit(room, story)
    assert [type(event) for event in room.events] == [Paired]
    assert not room.requests
    assert len([record for record in caplog.records if record.name.endswith("glass")]) == 1


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", struct.pack(">II", 2, 0) + b"[]", b"\xff" * 8,
                                  struct.pack(">II", 100, 0) + b"{"])
def test_bytes_that_are_no_message_end_the_connection_and_nothing_else(room, data):
    with come_in(room) as visitor:
        visitor.sendall(data)
        visitor.shutdown(socket.SHUT_WR)
        take_all(visitor)
    room.see(draw(RED))
    assert visit(room, lambda link: link.look()) is not None


def test_the_wearer_s_wishes_reach_a_companion_at_once_or_when_it_comes(room):
    async def stay(link):
        with link.listen() as listener:
            for action in (OpenDoor(True), TellCode(), OpenDoor(False)):
                room.view.on_action(action, 1.0)
            return [await listener.get() for _ in range(3)]

    async def come(link):
        with link.listen() as listener:
            room.view.on_heard(1.0, "end", "end")
            return await listener.get()

    assert visit(room, stay) == [{"kind": "door", "open": True}, {"kind": "code"}, {"kind": "door", "open": False}]
    wait_until(lambda: not room.view.is_watched)
    assert visit(room, come)["kind"] == "heard", "nothing of what went before"


def take_until_state(room):
    """The kinds that one hears who comes in, up to the first look at the state of the device and what follows on it."""
    with come_in(room) as visitor:
        visitor.sendall(pack("timings"))
        found = b""
        while b"frames_per_second" not in found:
            found += visitor.recv(1 << 16)
        return found


@pytest.mark.parametrize("later", [None, OpenDoor(False), DoorChanged(2.0, False, reason="missing"),
                                   Fault("companion", 2.0, "it does not start")])
def test_a_door_that_was_to_be_opened_before_there_was_a_companion_is_opened_once(room, later):
    room.view.on_action(OpenDoor(True), 1.0)
    if isinstance(later, OpenDoor):
        room.view.on_action(later, 2.0)
    elif later is not None:
        room.happen(later)
    assert (b'"door"}' in take_until_state(room)) == (later is None)
    wait_until(lambda: not room.view.is_watched)
    room.happen(DoorChanged(3.0, True))
    assert b'"door"}' not in take_until_state(room)


@pytest.mark.parametrize("answer", [None, DoorChanged(2.0, True), Fault("companion", 2.0, "it does not answer")])
def test_a_companion_that_comes_back_is_asked_once_more_for_as_long_as_the_wearer_waits(room, answer):
    with come_in(room):
        wait_until(lambda: room.view.is_watched)
        room.view.on_action(OpenDoor(True), 1.0)
        if answer is not None:
            room.happen(answer)
    wait_until(lambda: not room.view.is_watched)
    assert (b'"door"}' in take_until_state(room)) == (answer is None)


# Who is let in

def test_a_companion_that_is_not_wanted_is_sent_away_and_looks_on_no_longer(room):
    with come_in(room) as visitor:
        visitor.sendall(pack("watched", viewers=1) + pack("opened", code="1", address="a", fingerprint="f"))
        wait_until(lambda: len(room.events) == 2)
        room.glass.send_away()
        take_all(visitor)
    wait_until(lambda: len(room.events) == 4)
    assert [replace(event, at=0.0) for event in room.events[2:]] == [Watched(0.0, 0), DoorChanged(0.0, False)]
    glass.Glass(room.path, room.view, room.hands).send_away()


def test_a_device_that_ends_while_one_looks_in_has_nothing_to_complain_of(tmp_path, caplog):
    with Room(tmp_path) as room, come_in(room):
        wait_until(lambda: room.view.is_watched)
        room.glass.close()
    assert not caplog.records


def test_another_user_is_sent_away(room, monkeypatch, caplog):
    def report(self, level, option, size):
        assert (level, option) == (socket.SOL_SOCKET, socket.SO_PEERCRED)
        return struct.pack("3i", 1, os.geteuid() + 1, 0)

    monkeypatch.setattr(glass.asyncio.trsock.TransportSocket, "getsockopt", report)
    with come_in(room) as stranger:
        assert take_all(stranger) == b""
    assert not room.view.is_watched
    assert "another user" in caplog.text


def test_the_socket_is_this_user_s_alone(room):
    assert room.path.stat().st_mode & 0o777 == 0o600


def test_a_second_companion_hears_that_there_is_one(room, caplog):
    async def story(link):
        second = Link(room.path)
        connecting = asyncio.ensure_future(second.connect())
        await until(lambda: "another companion" in second.trouble)
        with pytest.raises(WindowError, match="another companion"):
            second.send("paired")
        connecting.cancel()
        assert link.device
        assert not second.device

    visit(room, story)


def test_what_a_killed_device_has_left_is_replaced_but_nothing_of_a_living_one(tmp_path, caplog):
    left = glass.listen(tmp_path / "window.sock")
    left.close()
    assert (tmp_path / "window.sock").exists()
    with Room(tmp_path) as room:
        room.see(draw(RED))
        other = glass.Glass(room.path, room.view, room.hands)
        other.open()
        other.close()
        assert "another device runs" in caplog.text
        assert visit(room, lambda link: link.look()) is not None
    assert not room.path.exists()


def test_a_path_that_no_socket_can_have_is_told_and_the_device_does_without(room, tmp_path, caplog):
    without = glass.Glass(tmp_path / ("x" * 120) / "window.sock", room.view, room.hands)
    without.open()
    without.close()
    assert "cannot be opened" in caplog.text


# The device comes and goes

def test_a_link_follows_the_device_as_it_goes_and_comes_back(tmp_path):
    async def story():
        link = Link(tmp_path / "window.sock")
        with pytest.raises(WindowError, match="fingerpost run"):
            link.send("paired")
        assert await link.look() is None
        with link.listen() as listener:
            connecting = asyncio.ensure_future(link.connect())
            for _ in range(2):
                with Room(tmp_path) as room:
                    assert await listener.get() == {"kind": "device", "device": True}
                    assert (await listener.get())["kind"] == "state"
                    room.see(draw(RED))
                    assert (await link.look(patience_seconds=30)).index == 1
                    waiting = asyncio.ensure_future(link.look(1, patience_seconds=30))
                    await asyncio.sleep(0.05)
                assert await listener.get() == {"kind": "device", "device": False}
                assert await waiting is None
                assert link.state is None
                assert not link.device
            connecting.cancel()

    asyncio.run(asyncio.wait_for(story(), 60))


def test_a_device_that_does_not_answer_is_an_error_with_a_remedy(room, monkeypatch):
    monkeypatch.setattr("fingerpost.window.client.ANSWER_SECONDS", 0.1)

    async def story(link):
        with pytest.raises(WindowError, match="start it anew"):
            await link.ask("reread")

    visit(room, story)


def test_a_listener_who_does_not_listen_misses_the_oldest():
    async def story():
        listeners = set()
        with Listener(listeners) as listener:
            for number in range(MOST_NEWS + 10):
                listener.put({"kind": "heard", "number": number})
            found = []
            async for news in listener:
                found.append(news["number"])
                if len(found) == 2:
                    break
            return listeners == {listener}, found

    assert asyncio.run(story()) == (True, [10, 11])
