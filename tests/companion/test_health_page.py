"""The health page: checks, log, timings, and what was said."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from fingerpost.companion import errands
from fingerpost.companion.device import health
from fingerpost.companion.errands import Errand, run_errand
from tests.pages import PlayedLink, read, visit

CHECKS = {"ok": False, "checks": [{"name": "camera", "state": "fail", "text": "none", "remedy": "plug it in"}]}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path))
    return tmp_path


def examine(folder, link, story):
    visit([health], folder, link, story)


def test_the_doctor_comes_once_for_all_who_ask(home, monkeypatch):
    rounds = []

    async def run(words, limit_seconds):
        rounds.append(words)
        await asyncio.sleep(0.05)
        return Errand(1, json.dumps(CHECKS), "")

    monkeypatch.setattr(health, "run_errand", run)

    async def story(client):
        answers = await asyncio.gather(*[client.get("/api/health/checks") for _ in range(3)])
        assert [await read(answer) for answer in answers] == [CHECKS] * 3
        assert len(rounds) == 1
        await read(await client.get("/api/health/checks"))
        assert rounds == [["doctor", "--json"]] * 2

    examine(home, PlayedLink(), story)


def test_a_doctor_that_cannot_come_is_told(home, monkeypatch):
    async def hang(words, limit_seconds):
        raise asyncio.TimeoutError

    async def fail(words, limit_seconds):
        return Errand(1, "", "settings.toml:3: there is no section 'sound'")

    async def story(client):
        monkeypatch.setattr(health, "run_errand", hang)
        assert "fingerpost doctor" in (await read(await client.get("/api/health/checks"), 409))["error"]
        monkeypatch.setattr(health, "run_errand", fail)
        assert "no section" in (await read(await client.get("/api/health/checks"), 409))["error"]

    examine(home, PlayedLink(), story)


def test_the_log_and_the_timings_are_the_devices(home):
    link = PlayedLink()
    records = [{"number": 8, "at": 5.0, "level": "warning", "text": "the camera has gone"}]
    stages = {"fingertip": {"n": 3, "mean_ms": 20.0, "median_ms": 19.0, "p95_ms": 30.0}}

    def answer(kind, fields):
        if kind == "logs":
            link.say("logs", records=[record for record in records if record["number"] > fields["after"]])
        else:
            link.say("timings", frames_per_second=9.5, stages=stages)

    link.answer = answer

    async def story(client):
        assert await read(await client.get("/api/health/logs")) == {"records": records}
        assert await read(await client.get("/api/health/logs?after=8")) == {"records": []}
        for after in ("-1", "x", "%C2%B2", "9" * 30):
            await read(await client.get(f"/api/health/logs?after={after}"), 400)
        assert await read(await client.get("/api/health/timings")) == {"frames_per_second": 9.5, "stages": stages}
        link.appear(False)
        assert "fingerpost run" in (await read(await client.get("/api/health/timings"), 503))["error"]

    examine(home, link, story)


def test_the_diary_is_read_and_deleted(home):
    folder = home / "diary"
    folder.mkdir()
    (folder / "2026-03-01.jsonl").write_text('{"at": 1, "text": "Ready.", "phrase": "ready"}\n')
    (folder / "2026-03-02.jsonl").write_text('{"at": 2.5, "text": "Tee\u2028 für zwei", "phrase": "name"}\n{"at": 3, ')

    async def story(client):
        assert await read(await client.get("/api/diary")) == {"on": True, "days": [
            {"day": "2026-03-02", "lines": [{"at": 2.5, "text": "Tee\u2028 für zwei"}]},
            {"day": "2026-03-01", "lines": [{"at": 1.0, "text": "Ready."}]}]}
        await read(await client.delete("/api/diary"))
        assert not folder.exists()
        assert (await read(await client.get("/api/diary")))["days"] == []
        await read(await client.delete("/api/diary"))

    examine(home, PlayedLink(device=False), story)


def test_a_diary_that_is_off_is_told(home):
    (home / "preferences.json").write_text('{"diary": false}')

    async def story(client):
        assert not (await read(await client.get("/api/diary")))["on"]

    examine(home, PlayedLink(device=False), story)


def test_an_errand_is_a_command_of_its_own_and_its_last_words_are_told():
    done = asyncio.run(run_errand(["--version"], 60.0))
    assert done.code == 0
    assert done.output.startswith("fingerpost ")
    failed = asyncio.run(run_errand(["nonsense"], 60.0))
    assert failed.code == 2
    assert failed.complaint.startswith("there is no command 'nonsense'")


def test_an_errand_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path, monkeypatch):
    script, note = tmp_path / "slow.sh", tmp_path / "pid"
    script.write_text(f"#!/bin/sh\nsleep 60 &\necho $! > {note}.part\nmv {note}.part {note}\nwait\n")
    script.chmod(0o755)
    monkeypatch.setattr(errands.sys, "executable", str(script))

    async def story():
        errand = asyncio.ensure_future(run_errand(["doctor"], 60.0))
        while not note.exists():
            await asyncio.sleep(0.01)
        errand.cancel()
        await asyncio.gather(errand, return_exceptions=True)

    asyncio.run(story())
    child = int(note.read_text())
    for _ in range(500):
        if not _runs(child):
            return
        time.sleep(0.01)
    pytest.fail("the sleep goes on")


def _runs(process):
    """Whether it is there, and no zombie that nobody has looked after yet."""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
