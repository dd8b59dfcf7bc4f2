"""How a helper comes in to the companion page: on the device's own computer, and through the wearer's door."""

from __future__ import annotations

import asyncio
import stat
import threading
import time

import pytest

pytest.importorskip("aiohttp", reason="the companion needs fingerpost[companion]")
pytest.importorskip("cryptography", reason="the companion needs fingerpost[companion]")

from fingerpost.companion.lessons.bursts import BURSTS
from fingerpost.companion.safety.addresses import find_address, list_addresses
from fingerpost.companion.safety.certificates import load_certificate, names_in, read_certificate
from fingerpost.companion.safety.doors import Door
from fingerpost.companion.safety.pairing import LIFE_SECONDS, MOST_WRONG
from fingerpost.companion.server import STEP_SECONDS
from tests.visitors import ADDRESS, Visitor, other_than, run_companion, wait_for


def test_the_cable_is_the_first_address_and_inner_networks_are_none():
    known = {"wlan0": "10.0.0.7", "l4tbr0": ADDRESS, "docker0": "172.17.0.1", "lo": "127.0.0.1", "eth0": None}
    assert list_addresses(sorted(known), known.get) == [ADDRESS, "10.0.0.7"]
    assert find_address("lo") == "127.0.0.1"
    assert find_address("nosuch0") is None


def test_the_certificate_stays_until_it_will_not_do(tmp_path):
    first = load_certificate(tmp_path, ["192.168.55.1", "jetson.local"])
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    assert load_certificate(tmp_path, ["jetson.local"]).fingerprint == first.fingerprint
    second = load_certificate(tmp_path, ["10.0.0.7", "jetson.local"])
    assert second.fingerprint != first.fingerprint
    assert set(names_in(read_certificate(tmp_path / "cert.pem"))) == {"10.0.0.7", "jetson.local", "192.168.55.1"}
    assert load_certificate(tmp_path, ["192.168.55.1"]).fingerprint == second.fingerprint
    (tmp_path / "cert.pem").write_bytes(b"spoilt")
    assert load_certificate(tmp_path, ["192.168.55.1"]).fingerprint != second.fingerprint
    assert len(first.fingerprint.split(":")) == 32


def test_a_key_that_is_not_the_certificates_is_replaced(tmp_path):
    (tmp_path / "other").mkdir()
    load_certificate(tmp_path, ["jetson.local"])
    load_certificate(tmp_path / "other", ["jetson.local"])
    (tmp_path / "key.pem").write_bytes((tmp_path / "other" / "key.pem").read_bytes())
    assert load_certificate(tmp_path, ["jetson.local"]).context is not None


def test_a_browser_pairs_works_and_leaves(tmp_path):
    with run_companion(tmp_path) as running:
        visitor = running.visitor(paired=False)
        assert visitor.ask("GET", "/").headers["Location"] == "/pair"
        code = running.code
        paired = visitor.pair(code[:3] + " " + code[3:])
        assert paired.status == 200
        for part in ("HttpOnly", "SameSite=Strict", "Path=/"):
            assert part in paired.headers["Set-Cookie"]
        assert running.link.told("paired")
        session = visitor.ask("GET", "/api/session").json
        assert session["network"] is False
        assert session["device"] is True
        assert visitor.ask("POST", "/api/leave", {}).status == 200
        assert visitor.ask("GET", "/api/session").status == 401
        wait_for(lambda: len(running.said) == 2)
        assert running.code != code


def test_the_wearer_opens_the_door_and_closes_it(tmp_path):
    with run_companion(tmp_path) as running:
        helper = running.open_network()
        told = running.link.told("opened")[-1]
        assert told["address"].startswith(f"https://{ADDRESS}:")
        assert told["fingerprint"] == load_certificate(tmp_path, [ADDRESS]).fingerprint
        assert told["code"] != running.code
        assert helper.pair(running.code).status == 403
        paired = helper.pair(told["code"])
        assert paired.headers["Set-Cookie"].startswith("__Host-fingerpost=")
        assert "Secure" in paired.headers["Set-Cookie"]
        assert helper.ask("GET", "/api/session").json["network"] is True
        line = helper.dial()
        running.hear(kind="door", open=False)
        wait_for(lambda: running.link.told("closed"))
        assert running.link.told("closed")[-1]["reason"] == ""
        assert line.recv(1) == b""
        with pytest.raises(OSError):
            helper.ask("GET", "/api/session")


def test_the_code_is_told_again_and_a_new_one_once_it_was_used(tmp_path):
    with run_companion(tmp_path) as running:
        helper = running.open_network()
        first = running.link.told("opened")[-1]
        running.hear(kind="code")
        wait_for(lambda: len(running.link.told("opened")) == 2)
        assert running.link.told("opened")[-1] == first
        helper.pair(first["code"])
        running.hear(kind="code")
        wait_for(lambda: len(running.link.told("opened")) == 3)
        assert running.link.told("opened")[-1] == {**first, "code": running.link.told("opened")[-1]["code"]}
        assert running.link.told("opened")[-1]["code"] != first["code"]


def test_asking_for_the_code_does_not_open_the_door(tmp_path):
    with run_companion(tmp_path) as running:
        running.hear(kind="code")
        wait_for(lambda: running.link.told("closed"))
        assert not running.link.told("opened")


def test_the_door_closes_when_nobody_comes(tmp_path):
    with run_companion(tmp_path) as running:
        running.open_network()
        running.clock.at += LIFE_SECONDS
        wait_for(lambda: running.link.told("closed"))
        assert running.link.told("closed")[-1]["reason"] == ""


def test_the_door_closes_when_the_last_helper_leaves(tmp_path):
    with run_companion(tmp_path) as running:
        helper = running.open_network()
        helper.pair(running.link.told("opened")[-1]["code"])
        helper.ask("POST", "/api/leave", {})
        wait_for(lambda: running.link.told("closed"))


def test_the_door_closes_when_codes_are_guessed(tmp_path):
    with run_companion(tmp_path) as running:
        stranger = running.open_network()
        for _ in range(MOST_WRONG):
            stranger.pair(other_than(running.link.told("opened")[-1]["code"]))
        wait_for(lambda: running.link.told("closed"))
        assert running.link.told("closed")[-1]["reason"] == "guessed"
        assert running.visitor().ask("GET", "/api/session").status == 200  # on the device itself all is as before


def test_the_door_closes_with_the_device(tmp_path):
    with run_companion(tmp_path) as running:
        helper = running.open_network()
        running.hear(kind="device", device=False)
        wait_for(lambda: running.link.told("closed"))
        with pytest.raises(OSError):
            helper.ask("GET", "/pair")


def test_the_wearer_opens_it_anew_while_it_closes(tmp_path):
    with run_companion(tmp_path) as running:
        running.open_network()
        begun, may_end, close = threading.Event(), threading.Event(), Door.close

        async def close_slowly(door):
            begun.set()
            while not may_end.is_set():
                await asyncio.sleep(0.01)
            await close(door)

        running.companion.opening._door.close = close_slowly.__get__(running.companion.opening._door)
        running.clock.at += LIFE_SECONDS
        assert begun.wait(20.0)
        running.hear(kind="door", open=True)
        wait_for(lambda: not running.companion.opening.hosts)
        may_end.set()
        wait_for(lambda: len(running.link.told("opened")) == 2)
        assert [message["kind"] for message in running.link.sent] == ["opened", "closed", "opened"]
        address = running.link.told("opened")[-1]["address"]
        assert Visitor(int(address.rpartition(":")[2]), secure=True).ask("GET", "/pair").status == 200


def test_what_was_recorded_goes_with_the_last_session(tmp_path):
    with run_companion(tmp_path) as running:
        helper = running.visitor()
        recording = Recording()
        running.companion.app[BURSTS]["x1"] = recording
        helper.ask("POST", "/api/leave", {})
        assert "x1" not in running.companion.app[BURSTS]
        assert recording.is_cut


class Recording:
    """One of which nothing is known but whether it goes on."""

    is_cut = False

    def cut(self):
        """End it."""
        self.is_cut = True

    async def stop(self):
        """The same."""
        self.cut()


def test_without_a_network_the_wearer_hears_so(tmp_path):
    with run_companion(tmp_path) as running:
        running.companion.opening._addresses = list
        running.hear(kind="door", open=True)
        wait_for(lambda: running.link.told("closed"))
        assert running.link.told("closed")[-1]["reason"] == "offline"


# While it works, and when it is no longer wanted


def test_the_device_is_told_while_a_job_runs_also_one_that_comes_meanwhile(tmp_path):
    with run_companion(tmp_path) as running:
        running.companion._jobs._running = object()
        wait_for(lambda: running.link.told("busy"))
        running.hear(kind="device", device=True)
        wait_for(lambda: len(running.link.told("busy")) == 2)
        running.companion._jobs._running = None
        wait_for(lambda: len(running.link.told("busy")) == 3)
        assert [message["jobs"] for message in running.link.told("busy")] == [1, 1, 0]


def test_a_page_without_a_device_is_busy_all_the_same(tmp_path):
    with run_companion(tmp_path, device=False) as running:
        running.companion._jobs._running = object()
        time.sleep(2 * STEP_SECONDS)
        assert running.visitor().ask("GET", "/api/session").status == 200
        running.companion._jobs._running = None
