"""Those who ask the companion page too slowly, too often, or for too much at once."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import socket

import pytest

pytest.importorskip("aiohttp", reason="the companion needs fingerpost[companion]")
pytest.importorskip("cryptography", reason="the companion needs fingerpost[companion]")

from fingerpost.companion.safety.doors import (
    FIRST_SECONDS,
    HEADER_BYTES,
    MOST_CONNECTIONS,
    MOST_OF_ONE,
    MOST_WAITING,
    STRANGER_LIFE_SECONDS,
)
from fingerpost.companion.safety.guard import MOST_LIVE, SESSION_BURST, SESSION_SECONDS, STRANGER_BURST
from tests.visitors import listen, wait_for


def test_a_body_of_untold_length_is_cut_off(stranger):
    with stranger.dial() as line:
        line.sendall(f"POST /api/pair HTTP/1.1\r\nHost: {stranger.host}\r\nOrigin: {stranger.origin}\r\nContent-Type: "
                     "application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        with contextlib.suppress(OSError):
            for _ in range(64):
                line.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
        answer = listen(line)
    assert not answer or answer.startswith(b"HTTP/1.1 413 ")


def test_a_packed_body_is_not_unpacked(stranger):
    bomb = gzip.compress(b" " * (30 << 20))
    for way in ("gzip", "deflate", "br"):
        assert stranger.ask("POST", "/api/pair", bomb, Content_Type="application/json",
                            Content_Encoding=way).status == 400


def test_a_flood_of_headers_is_cut_off(running, stranger):
    flood = f"GET /pair HTTP/1.1\r\nHost: {stranger.host}\r\n".encode()
    flood += b"".join(b"X-%d: %s\r\n" % (number, b"a" * 100) for number in range(HEADER_BYTES // 50))
    assert b"200 OK" not in stranger.shout(flood)


@pytest.mark.parametrize("secure", [False, True])
def test_who_asks_without_waiting_for_answers_is_cut_off(running, stranger, secure):
    visitor = running.open_network() if secure else stranger
    one = f"GET /pair HTTP/1.1\r\nHost: {visitor.host}\r\n\r\n".encode()
    last = one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert visitor.shout(one * (MOST_WAITING - 1) + last).count(b"HTTP/1.1 ") == MOST_WAITING
    assert visitor.shout(one * 20_000).count(b"HTTP/1.1 ") < 1000
    assert visitor.ask("GET", "/pair").status == 200
    running.hear(kind="door", open=False)


def test_what_follows_a_request_for_another_protocol_is_cut_off(stranger):
    head = (f"POST /api/pair HTTP/1.1\r\nHost: {stranger.host}\r\nOrigin: {stranger.origin}\r\nContent-Type: "
            "application/json\r\nContent-Length: 10\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n").encode()
    assert b" 200 " not in stranger.shout(head + b" " * (20 << 20))


def test_a_stranger_does_not_keep_a_connection_but_a_helper_does(running, helper, stranger):
    with stranger.dial() as line, helper.dial() as trusted:
        for _ in range(int(STRANGER_LIFE_SECONDS / FIRST_SECONDS) + 1):
            assert (ask_on(trusted, helper), ask_on(line, stranger)) == (200, 401)
            running.clock.at += FIRST_SECONDS - 1.0
        running.clock.at += STRANGER_LIFE_SECONDS % (FIRST_SECONDS - 1.0)
        assert listen(line) == b""
        assert ask_on(trusted, helper) == 200


def ask_on(line, visitor):
    """The status of the answer to another request on the same connection."""
    cookie = f"Cookie: {visitor.cookie}\r\n" if visitor.cookie else ""
    line.sendall(f"GET /api/session HTTP/1.1\r\nHost: {visitor.host}\r\n{cookie}\r\n".encode())
    answer = http.client.HTTPResponse(line)
    answer.begin()
    answer.read()
    return answer.status


@pytest.mark.parametrize("secure", [False, True])
def test_who_asks_too_slowly_is_cut_off(running, secure):
    visitor = running.open_network() if secure else running.visitor(paired=False)
    with visitor.dial() as silent, visitor.dial() as slow, visitor.dial() as slower:
        slow.sendall(b"GET /pair HTTP/1.1\r\nHost: ")
        slower.sendall(f"POST /api/pair HTTP/1.1\r\nHost: {visitor.host}\r\nOrigin: {visitor.origin}\r\n"
                       "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{".encode())
        wait_for(lambda: any(held[1]._headers is None for held in door_of(running, secure)._visitors.values()))
        running.clock.at += FIRST_SECONDS
        assert [listen(line) for line in (silent, slow, slower)] == [b""] * 3
    running.hear(kind="door", open=False)


def test_who_does_not_agree_upon_tls_is_cut_off(running):
    visitor = running.open_network()
    with socket.create_connection(("127.0.0.1", visitor.port), timeout=20.0) as plain:
        plain.sendall(b"GET /pair HTTP/1.1\r\n\r\n")
        assert b"HTTP" not in listen(plain)
    running.hear(kind="door", open=False)


def test_a_helper_may_take_longer_but_not_for_ever(running, helper):
    head = (f"POST /api/press HTTP/1.1\r\nHost: {helper.host}\r\nOrigin: {helper.origin}\r\nCookie: {helper.cookie}\r\n"
            f"X-Fingerpost-Token: {helper.token}\r\nContent-Type: application/json\r\nConnection: close\r\n"
            "Content-Length: 10\r\n\r\n{").encode()
    with helper.dial() as silent, helper.dial() as slow, helper.dial() as endless:
        slow.sendall(head)
        endless.sendall(head)
        wait_for(lambda: sum(held[1]._headers is None for held in running.companion._door._visitors.values()) == 2)
        running.clock.at += FIRST_SECONDS
        assert listen(silent) == b""
        slow.sendall(b"xxxxxxxxx")
        assert listen(slow).startswith(b"HTTP/1.1 400 ")
        running.clock.at += SESSION_SECONDS
        assert listen(endless) == b""


def door_of(running, secure):
    return running.companion.opening._door if secure else running.companion._door


@pytest.mark.parametrize("secure", [False, True])
def test_there_is_an_end_to_connections(running, secure):
    visitor = running.open_network() if secure else running.visitor(paired=False)
    most = MOST_OF_ONE if secure else MOST_CONNECTIONS
    with contextlib.ExitStack() as stack:
        lines = [stack.enter_context(socket.create_connection(("127.0.0.1", visitor.port), timeout=20.0))
                 for _ in range(most)]
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", visitor.port), timeout=20.0) as surplus:
                assert listen(surplus) == b""
        if secure:  # on the device's own computer all is as before
            assert running.visitor(paired=False).ask("GET", "/pair").status == 200
        for line in lines:
            line.close()
    wait_for(lambda: all(client.fileno() == -1 for client in door_of(running, secure)._visitors))
    assert visitor.ask("GET", "/pair").status == 200
    running.hear(kind="door", open=False)


def test_who_asks_too_often_waits(running, helper, stranger):
    answers = [stranger.ask("GET", "/api/session").status for _ in range(STRANGER_BURST + 5)]
    assert answers.count(401) == STRANGER_BURST
    assert answers[-1] == 429
    assert helper.ask("GET", "/api/session").status == 200  # who has paired is counted apart
    running.clock.at += 1.0
    assert stranger.ask("GET", "/api/session").status == 401
    left = [helper.ask("GET", "/api/session").status for _ in range(SESSION_BURST + 60)]
    assert left[-1] == 429


def test_live_views_are_few_and_end_with_their_session(running, helper):
    def watch(visitor):
        line = visitor.dial()
        line.sendall(f"GET /live HTTP/1.1\r\nHost: {visitor.host}\r\nOrigin: {visitor.origin}\r\nCookie: "
                     f"{visitor.cookie}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
        return line, line.recv(12)

    watching = [watch(helper) for _ in range(MOST_LIVE)]
    assert {head for _, head in watching} == {b"HTTP/1.1 101"}
    surplus, head = watch(helper)
    assert head == b"HTTP/1.1 503"
    helper.ask("POST", "/api/leave", {})
    for line, _ in watching:
        listen(line)
        line.close()
    surplus.close()
