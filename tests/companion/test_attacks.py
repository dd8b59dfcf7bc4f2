"""Attacks on the companion page, over real sockets: each is refused, and the page goes on serving its helper."""

from __future__ import annotations

import re
import socket

import pytest

pytest.importorskip("aiohttp", reason="the companion needs fingerpost[companion]")
pytest.importorskip("cryptography", reason="the companion needs fingerpost[companion]")

from fingerpost.companion.pages import OPEN_PATHS
from fingerpost.companion.safety.guard import LIVE, SAFE, STRANGER_BURST
from fingerpost.companion.safety.pairing import WINDOW_SECONDS
from tests.visitors import Visitor, listen

SECRETS = (b"PRIVATE KEY", b"root:", b"def ", b"Traceback")
"""What no answer ever holds."""
BODILESS = ("/api/leave", "/api/bursts", "/api/objects/undo")
"""What is asked for without telling anything: whatever is sent with it is not even read."""
TRAVERSALS = ("../key.pem", "..%2fkey.pem", "%2e%2e%2fkey.pem", "..%5ckey.pem", "%252e%252e%252fkey.pem",
              "....//key.pem", "%2fetc%2fpasswd", "key.pem%00.jpg", "..", "%2e%2e",
              "x" * 2000, "%ff%fe", "$(id)", "-rf")


def routes_of(running, fill="x1"):
    """Method and path of every route, with something in the place of each id."""
    found = {(route.method, re.sub(r"\{[^}]*\}", fill, route.resource.canonical))
             for route in running.companion.app.router.routes()}
    assert len(found) > 10
    return sorted(found)


def test_without_a_session_every_route_is_shut(running, stranger):
    for method, path in routes_of(running):
        running.clock.at += 1.0
        answer = stranger.ask(method, path, {} if method not in SAFE else None, Origin=stranger.origin)
        if path in OPEN_PATHS:
            assert answer.status in (200, 400, 404, 429), (method, path)
        elif path.startswith(("/api/", "/static/", LIVE)):
            assert answer.status == 401, (method, path)
        else:
            assert (answer.status, answer.headers["Location"]) == (303, "/pair"), (method, path)


def test_a_session_that_is_made_up_is_none(running, stranger):
    for cookie in (f"fingerpost-{running.port}=", f"fingerpost-{running.port}=x", "__Host-fingerpost=x",
                   f"fingerpost-{running.port}=\u00e9", "a\"b;;=,", "x=" + "y" * 3000):
        assert stranger.ask("GET", "/api/session", Cookie=cookie).status == 401


def test_another_site_cannot_have_the_browser_do_anything(running, helper):
    for method, path in routes_of(running):
        running.clock.at += 1.0
        if method in SAFE and path != LIVE:
            continue
        for origin in ("http://evil.example", "null", None, f"http://localhost:{running.port}",
                       f"http://127.0.0.1:{running.port}.evil.example", helper.origin + "/"):
            answer = helper.ask(method, path, {} if method not in SAFE else None, Origin=origin)
            assert answer.status == 403, (method, path, origin)
        assert helper.ask(method, path, {} if method not in SAFE else None, Origin=helper.origin,
                          Sec_Fetch_Site="same-site").status == 403, (method, path)


def test_without_the_token_nothing_is_changed(running, helper):
    for method, path in routes_of(running):
        running.clock.at += 1.0
        if method not in SAFE and path not in OPEN_PATHS:
            for token in (None, "", "x", helper.token[:-1], helper.token + "\u00e9"):
                assert helper.ask(method, path, {}, X_Fingerpost_Token=token).status == 403, (method, path)


def test_what_another_site_embeds_is_refused(helper):
    for site in ("cross-site", "same-site"):
        assert helper.ask("GET", "/api/session", Sec_Fetch_Site=site).status == 403
    assert helper.ask("GET", "/api/session", Sec_Fetch_Site="same-origin").status == 200


@pytest.mark.parametrize("how", [
    {"Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "image"}, {"Sec_Fetch_Mode": "cors", "Sec_Fetch_Dest": "empty"},
    {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "iframe"}, {}])
def test_another_site_cannot_use_up_the_pace_of_who_wants_to_pair(running, stranger, how):
    for path in ("/pair", "/static/base.css", "/") * STRANGER_BURST:
        assert stranger.ask("GET", path, Sec_Fetch_Site="cross-site", **how).status == 403
    assert stranger.ask("GET", "/pair", Sec_Fetch_Site="none").status == 200


def test_a_link_on_another_site_leads_here(stranger):
    assert stranger.ask("GET", "/pair", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate",
                        Sec_Fetch_Dest="document").status == 200


def test_a_foreign_name_of_this_machine_is_refused(running, helper):
    for host in ("evil.example", f"evil.example:{running.port}", "127.0.0.1", f"127.0.0.1:{running.port + 1}",
                 f"127.0.0.1:{running.port}@evil.example", f"[::1]:{running.port}", "", None):
        for path in ("/pair", "/api/session", "/static/base.css"):
            assert helper.ask("GET", path, Host=host).status in (400, 403), (host, path)
    both = f"GET /pair HTTP/1.1\r\nHost: {helper.host}\r\nHost: evil.example\r\nConnection: close\r\n\r\n".encode()
    assert helper.shout(both).split()[1] in (b"400", b"403")


def test_no_other_site_is_allowed_anything(running, helper):
    answer = helper.ask("OPTIONS", "/api/session", Origin="http://evil.example",
                        Access_Control_Request_Method="POST")
    assert answer.status == 403
    for path in ("/", "/pair", "/api/session", "/nowhere", "/static/base.css"):
        answer = helper.ask("GET", path)
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert helper.ask("GET", "/api/session").headers["Cache-Control"] == "no-store"


def test_no_path_leads_out(running, helper):
    for method, path in [*routes_of(running, "{}"), ("GET", "/{}"), ("GET", "/static/../{}")]:
        for part in TRAVERSALS if "{}" in path else ():
            running.clock.at += 1.0
            answer = helper.ask(method, path.replace("{}", part), {} if method not in SAFE else None)
            assert 400 <= answer.status < 500 or answer.status == 503, (method, path, part)
            assert not any(secret in answer.body for secret in SECRETS), (method, path, part)


def test_bodies_that_are_no_json_are_refused(running, helper):
    bodies = (b"", b"{", b"[" * 60000, b"null", b"[]", b"NaN", b"\xff\xfe", b'{"name": NaN}', b'{"code": 1e999}',
              b'{"name": "\\ud800"}', b'{"' + b"x" * 70000 + b'": 1}', b'{"name": {"name": "x"}}',
              b'{"x": ' + b"9" * 5000)
    for method, path in routes_of(running):
        if method != "POST" or path in BODILESS:
            continue
        for body in bodies:
            running.clock.at += 1.0
            answer = helper.ask(method, path, body, Content_Type="application/json")
            assert 400 <= answer.status < 500, (path, body[:20])
            assert answer.json["error"]
        assert helper.ask(method, path, b"name=x", Content_Type="text/plain").status in (404, 415), path
    assert running.serves(helper)


def test_bodies_that_are_too_long_are_refused(running, helper):
    long = b'{"name": "' + b"x" * (2 << 20) + b'"}'
    for method, path in routes_of(running):
        if method == "POST" and path not in BODILESS:
            running.clock.at += 1.0
            assert helper.ask(method, path, long, Content_Type="application/json").status in (404, 413, 415), path
    assert running.serves(helper)


def test_a_thousand_wrong_codes(running, stranger):
    running.await_code()
    right = running.code
    wrong = [code for code in (f"{number:06d}" for number in range(1001)) if code != right][:1000]
    answers = []
    for number, code in enumerate(wrong):
        answers.append(stranger.ask("POST", "/api/pair", {"code": code}).status)
        running.clock.at += 0.001
        if number % 20 == 0:  # not so fast that the pace alone would stop it
            running.clock.at += 0.1
    assert answers.count(403) <= 5
    assert answers.count(403) + answers.count(429) == 1000
    late = stranger.ask("POST", "/api/pair", {"code": right})
    assert late.status == 429
    assert int(late.headers["Retry-After"]) > 0
    running.clock.at += WINDOW_SECONDS
    assert stranger.ask("POST", "/api/pair", {"code": right}).status == 403


def test_nothing_can_be_put_into_the_headers_of_an_answer(running, helper):
    for path in ("/%0d%0aSet-Cookie:%20a=b", "/static/%0d%0aSet-Cookie:%20a=b",
                 "/api/objects/%0d%0aSet-Cookie:a=b/1.jpg"):
        for visitor in (helper, Visitor(running.port)):
            assert visitor.ask("GET", path).headers["Set-Cookie"] is None
    assert helper.ask("POST", "/api/pair", {"code": "1\r\nSet-Cookie: a=b"}).headers["Set-Cookie"] is None
    injected = helper.shout(f"GET /pair HTTP/1.1\r\nHost: {helper.host}\r\nX: a\rSet-Cookie: a=b\r\n"
                            "Connection: close\r\n\r\n".encode())
    assert b"Set-Cookie" not in injected.partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize("request_", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 100,
    b"GET / HTTP/1.1\r\nHost: HOST\r\nContent-Length: -1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"POST /api/pair HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /api/pair HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    b"POST /api/pair HTTP/1.1\r\nHost: HOST\r\nOrigin: http://HOST\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"a" * 20000 + b"\r\n\r\n",
])
def test_what_is_no_proper_request_is_refused(stranger, request_, caplog):
    with stranger.dial() as line:
        line.sendall(request_.replace(b"HOST", stranger.host.encode()))
        line.shutdown(socket.SHUT_WR)
        answer = listen(line)
    assert not answer or answer.split()[1] in (b"400", b"403", b"413", b"414", b"431"), answer[:60]
    assert not any(secret in answer for secret in SECRETS)
    assert "the companion failed" not in caplog.text  # who sends such floods no log


def test_what_was_said_names_no_attacker(running):
    assert all(line.startswith("Open http://127.0.0.1:") for line in running.said)
