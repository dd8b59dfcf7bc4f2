"""Training on the page: begun, watched, compared, let go live, and taken back; and one that is real."""

from __future__ import annotations

import asyncio
import json
import sys
from functools import partial

import numpy as np
import pytest

pytest.importorskip("aiohttp", reason="the companion needs fingerpost[companion]")

from fingerpost.companion import space
from fingerpost.companion.lessons.labels import Labels
from fingerpost.companion.workshop import kinds as kinds_module
from fingerpost.companion.workshop import models, worker
from fingerpost.companion.workshop import routes as workshop
from fingerpost.companion.workshop.jobs import Jobs
from fingerpost.home import asset_home
from fingerpost.installed import InstalledModels
from tests.generations import ENTRY, install, open_models
from tests.pages import PlayedLink, read, visit

FAKE = '''
import hashlib, json, os, sys, time
words = sys.argv[1:]
def option(name): return words[words.index(name) + 1]
if "--stage" in words:
    if os.path.exists("hold"): time.sleep(100)
    print("epoch 1  loss 0.5  top1 0.25", flush=True)
    folder, content = option("--stage"), b"new"
    os.makedirs(folder)
    open(folder + "/objects.onnx", "wb").write(content)
    entry = dict(ENTRY, file="objects.onnx", bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    json.dump({"models": [entry]}, open(folder + "/manifest.json", "w"))
    json.dump({"before": {"taught things": {"right": 1}}, "after": {"taught things": {"right": 2}}},
              open(folder + "/figures.json", "w"))
else:
    os.makedirs(option("--plots") if "--plots" in words else option("--out"))
    open((option("--plots") if "--plots" in words else option("--out")) + "/chart.png", "wb").write(b"png")
    print(json.dumps({"table": {"fp32": {"MB": 1.0}}}))
'''.replace("ENTRY", repr(ENTRY))
"""A command that does at once what `train taught` and the others do in the end."""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A companion in whose place a fake command trains, and where an objects model ships that is nothing but bytes."""
    open_models(tmp_path, monkeypatch)
    (tmp_path / "fake.py").write_text(FAKE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(space, "measure_free_mb", lambda folder: 10_000.0)
    monkeypatch.setattr(kinds_module.importlib.util, "find_spec", lambda name: True)
    monkeypatch.setattr(workshop, "Jobs", partial(Jobs, command=[sys.executable, str(tmp_path / "fake.py")]))
    monkeypatch.setattr(workshop, "Ground", lambda folder, store, settings: kinds_module.Ground(
        folder, store, kinds_module.TeachingSettings(retrain_data=str(tmp_path))))
    (tmp_path / "objects.sqlite").write_text("")
    return tmp_path


def play(home, story):
    visit([workshop, models], home, PlayedLink(False), story)


async def start(client, **sent):
    return await read(await client.post("/api/jobs", json=sent))


async def finish(client, job_id):
    """Everything about a job once it has ended."""
    while True:
        job = await read(await client.get(f"/api/jobs/{job_id}"))
        if job["state"] != "running":
            return job
        await asyncio.sleep(0.05)


def test_a_training_goes_live_on_a_click_and_back_on_another(home):
    async def story(client):
        job = await start(client, kind="objects", epochs=3)
        assert job["options"] == {"epochs": 3, "scope": "head"}
        job = await finish(client, job["id"])
        assert (job["state"], job["reason"]) == ("done", "")
        assert job["curve"] == [{"epoch": 1.0, "loss": 0.5, "top1": 0.25}]
        assert (job["before"], job["after"]) == ({"taught things": {"right": 1}}, {"taught things": {"right": 2}})
        assert job["network"] == {"name": "objects", "bytes": 3, "live": False}
        assert job["can_go_live"]
        (model,) = await read(await client.get("/api/models"))
        assert (model["installed"], model["can_roll_back"], len(model["generations"])) == (False, False, 1)

        job = await read(await client.post(f"/api/jobs/{job['id']}/go-live"))
        assert (job["network"]["live"], job["can_go_live"]) == (True, False)
        assert InstalledModels().load("objects").path.read_bytes() == b"new"
        (model,) = await read(await client.get("/api/models"))
        assert (model["bytes"], model["live"], model["can_roll_back"]) == (3, True, True)
        assert model["figures"] == {"taught things": {"right": 2}}
        assert [each["live"] for each in model["generations"]] == [True, False]

        model = await read(await client.post("/api/models/objects/rollback"))
        assert (model["installed"], model["live"], model["can_roll_back"]) == (False, True, False)
        assert (await read(await client.get(f"/api/jobs/{job['id']}")))["can_go_live"]
        assert "none before it" in (await read(await client.post("/api/models/objects/rollback"), 409))["error"]

        await read(await client.delete(f"/api/jobs/{job['id']}"))
        await read(await client.get(f"/api/jobs/{job['id']}"), 404)
        assert (await read(await client.get("/api/jobs")))["last"] == []

    play(home, story)


def test_a_job_is_cancelled_and_others_wait(home):
    (home / "hold").touch()

    async def story(client):
        job = await start(client, kind="objects")
        listed = await read(await client.get("/api/jobs"))
        assert (listed["running"], listed["last"][0]["state"]) == (job["id"], "running")
        assert "cancel it" in (await read(await client.post("/api/jobs", json={"kind": "objects"}), 409))["error"]
        await read(await client.delete(f"/api/jobs/{job['id']}"), 409)
        await read(await client.post(f"/api/jobs/{job['id']}/go-live"), 409)
        assert (await read(await client.post(f"/api/jobs/{job['id']}/cancel")))["state"] == "cancelled"
        await read(await client.post(f"/api/jobs/{job['id']}/cancel"), 409)
        assert not (await read(await client.get(f"/api/jobs/{job['id']}")))["can_go_live"]

    play(home, story)


def test_when_one_is_seen_to_have_ended_the_next_may_begin(home):
    async def story(client):
        for _ in range(5):
            job = await finish(client, (await start(client, kind="report", model="objects"))["id"])
            assert (await read(await client.get("/api/jobs")))["running"] is None
            await read(await client.delete(f"/api/jobs/{job['id']}"))

    play(home, story)


def test_what_compression_costs_comes_with_a_picture(home):
    async def story(client):
        job = await finish(client, (await start(client, kind="report", model="objects", formats=["pq", "fp32"]))["id"])
        assert job["options"] == {"model": "objects", "formats": ["fp32", "pq"]}
        assert job["table"] == {"table": {"fp32": {"MB": 1.0}}}
        assert job["pictures"] == ["chart.png"]
        assert not job["can_go_live"]
        address = f"/api/jobs/{job['id']}/pictures/"
        picture = await client.get(address + "chart.png")
        assert (picture.status, picture.content_type, await picture.read()) == (200, "image/png", b"png")
        for name in ("..%2Fjob.json", "job.json", "..%2F..%2F..%2Fobjects.sqlite", "x.png"):
            assert (await client.get(address + name)).status == 404

    play(home, story)


@pytest.mark.parametrize(("sent", "status"), [
    ({}, 400), ({"kind": "rm"}, 400), ({"kind": "objects", "epochs": 0}, 400),
    ({"kind": "objects", "epochs": "3"}, 400), ({"kind": "objects", "epochs": 10 ** 9}, 400),
    ({"kind": "objects", "scope": "--out"}, 400),
    ({"kind": "objects", "data": "/etc"}, 400), ({"kind": "objects", "model": "objects"}, 400),
    ({"kind": "report", "formats": ["--out"]}, 400), ({"kind": "report", "formats": [["fp32"]]}, 400),
    ({"kind": "report", "model": "../objects"}, 400), ({"kind": "fingertip"}, 409), ({"kind": "detector"}, 409)])
def test_nothing_but_what_is_offered_can_be_started(home, sent, status):
    async def story(client):
        assert (await read(await client.post("/api/jobs", json=sent), status))["error"]
        assert (await read(await client.get("/api/jobs")))["last"] == []

    play(home, story)


def test_what_is_not_there_is_told(home):
    async def story(client):
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("POST", "/go-live"),
                             ("GET", "/pictures/x.png")):
            await read(await client.request(method, "/api/jobs/..%2F" + path), 404)
            await read(await client.request(method, "/api/jobs/abc" + path), 404)
        await read(await client.post("/api/models/..%2Fobjects/rollback"), 404)
        await read(await client.post("/api/models/nothing/rollback"), 404)

    play(home, story)


def test_a_damaged_network_is_not_live_and_can_be_rolled_back(home):
    install(InstalledModels(), b"whole").path.write_bytes(b"broken")

    async def story(client):
        (model,) = await read(await client.get("/api/models"))
        assert (model["installed"], model["live"], model["can_roll_back"]) == (False, True, True)
        assert [(each["problem"], each["live"]) for each in model["generations"]] == [("damaged", False), ("", True)]
        assert len((await read(await client.post("/api/models/objects/rollback")))["generations"]) == 1

    play(home, story)


def test_what_can_be_done_here_is_told_with_its_options(home):
    async def story(client):
        kinds = (await read(await client.get("/api/jobs")))["kinds"]
        assert list(kinds) == ["fingertip", "objects", "detector", "evaluate", "study", "report"]
        assert kinds["objects"]["ready"]
        assert kinds["objects"]["options"][0] == {"type": "number", "name": "epochs", "default": 10, "least": 1,
                                                  "most": 60}
        assert not kinds["fingertip"]["ready"]
        assert "3 are needed" in kinds["fingertip"]["why_not"]
        json.dumps(kinds)

    play(home, story)


def cut_frames(count):
    """Frames of the bundled walk in which a finger points, and where the shipped network sees its tip."""
    import cv2

    from fingerpost.inference.onnx import OnnxBackend
    from fingerpost.models import ModelStore
    from fingerpost.vision.fingertip import FingertipFinder

    info = ModelStore().load("fingertip")
    walk = cv2.VideoCapture(str(asset_home() / "assets" / "walks" / "teaching" / "walk.mp4"))
    with OnnxBackend(info.path, 1) as backend:
        finder = FingertipFinder(backend, info)
        frames = []
        while len(frames) < count:
            known, pixels = walk.read()
            assert known, "the walk has too few frames with a hand"
            pixels = np.ascontiguousarray(pixels[:, :, ::-1])
            points, presence = finder.locate(pixels)
            if presence > 0.9:
                frames.append((pixels, tuple(map(float, points[0]))))
    return frames


@pytest.mark.timeout(600)  # four processes load torch or the runtime, on a machine that may be busy
def test_five_labelled_fingertips_become_a_network_that_goes_live(tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="training needs fingerpost[train]")
    pytest.importorskip("onnx", reason="training needs fingerpost[train]")
    pytest.importorskip("matplotlib", reason="training needs fingerpost[train]")
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(space, "measure_free_mb", lambda folder: 10_000.0)
    monkeypatch.setattr(worker, "NICENESS", 0)  # a test must not wait for whatever else runs here
    labels = Labels(tmp_path / "fingertips")
    for pixels, tip in cut_frames(5):
        labels.add(pixels, tip)

    async def story(client):
        job = await finish(client, (await start(client, kind="fingertip", epochs=1))["id"])
        assert (job["state"], job["reason"]) == ("done", "")
        assert job["notes"]["held_out"] == {"hands": 2, "empty": 0}
        assert "2 frames" in job["notes"]["caution"]
        assert job["before"]["n"] == job["after"]["n"] == 2
        assert job["after"]["median_px"] < 20
        assert [entry["epoch"] for entry in job["curve"]] == [1.0]
        assert job["pictures"] == ["curves.png", "worst.jpg"]
        await read(await client.post(f"/api/jobs/{job['id']}/go-live"))
        live = InstalledModels().load("fingertip")
        assert live.installed
        assert live.figures == job["after"]
        await read(await client.post("/api/models/fingertip/rollback"))
        assert not InstalledModels().load("fingertip").installed
        assert (tmp_path / "jobs" / job["id"] / "model" / "fingertip.onnx").exists()
        assert not list((tmp_path / "jobs" / job["id"]).rglob("*.pt"))

    visit([workshop, models], tmp_path, PlayedLink(False), story)
