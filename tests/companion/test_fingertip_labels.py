"""Labelled fingertips: what is kept of them, and how the page saves, shows and deletes them."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest

from fingerpost.companion import space
from fingerpost.companion.device import live
from fingerpost.companion.lessons import fingertips
from fingerpost.companion.lessons.labels import Labels
from fingerpost.core.errors import DataError
from fingerpost.wholefile import write_whole
from tests.pages import PlayedLink, read, visit

PICTURE = np.full((48, 64, 3), (200, 30, 30), np.uint8)


@pytest.fixture(autouse=True)
def _space_enough(monkeypatch):
    monkeypatch.setattr(space, "measure_free_mb", lambda folder: 10_000.0)


@pytest.fixture
def labels(tmp_path):
    return Labels(tmp_path / "fingertips")


def test_a_label_is_a_row_and_a_picture_beside_it(labels, tmp_path):
    first, count = labels.add(PICTURE, (12.34, 20.0))
    second, _ = labels.add(PICTURE, None)
    assert count == 1
    assert (tmp_path / "fingertips" / "fingertips.csv").read_text() == (
        f"image,x,y\nimages/{first}.jpg,12.3,20.0\nimages/{second}.jpg,,\n")
    picture = cv2.imread(str(tmp_path / "fingertips" / "images" / f"{first}.jpg"))
    assert picture.shape == (48, 64, 3)
    assert abs(int(picture[0, 0, 2]) - 200) < 10, "red stays red"


def test_training_reads_the_table(labels, tmp_path):
    datasets = pytest.importorskip("fingerpost.learning.datasets")
    labels.add(PICTURE, (12.0, 20.0))
    labels.add(PICTURE, None)
    rows = datasets.read_table(tmp_path / "fingertips" / "fingertips.csv")
    assert [row.points for row in rows] == [{"tip": (12.0, 20.0)}, {}]
    assert datasets.read_hands(tmp_path / "fingertips", "tip", (64, 48)).present.tolist() == [True, False]


def test_a_deleted_label_leaves_nothing(labels, tmp_path):
    first, _ = labels.add(PICTURE, (1.0, 2.0))
    second, _ = labels.add(PICTURE, (3.0, 4.0))
    assert labels.remove(first) == 1
    assert [label.id for label in labels.all()] == [second]
    assert [path.stem for path in (tmp_path / "fingertips" / "images").iterdir()] == [second]
    assert labels.remove(first) is None
    assert labels.picture(first) is None


def test_rows_that_people_add_stay_and_are_not_reached_by_the_page(labels, tmp_path):
    table = tmp_path / "fingertips" / "fingertips.csv"
    labels.add(PICTURE, (1.0, 2.0))
    with table.open("a") as file:
        file.write("../../secret.jpg,5,6\n")
    labels.add(PICTURE, (3.0, 4.0))
    assert "../../secret.jpg,5.0,6.0" in table.read_text()
    assert [label.id for label in labels.all()][1] == ""
    assert labels.picture("") is None
    assert labels.remove("") is None


@pytest.mark.parametrize("text", ["", "a,b,c\n", "image,x,y\nimages/1.jpg,5\n", "image,x,y\nimages/1.jpg,five,6\n",
                                  "image,x,y\nimages/1.jpg,nan,6\n"])
def test_a_spoilt_table_is_told_and_not_overwritten(labels, tmp_path, text):
    table = tmp_path / "fingertips" / "fingertips.csv"
    table.parent.mkdir()
    table.write_text(text)
    with pytest.raises(DataError, match="mend it|write image,x,y"):
        labels.add(PICTURE, None)
    assert table.read_text() == text


def test_a_full_card_is_told(labels, monkeypatch):
    def fail(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fingerpost.companion.lessons.labels.write_whole", fail)
    with pytest.raises(DataError, match="make room on the card"):
        labels.add(PICTURE, None)


def test_a_card_that_is_nearly_full_is_not_filled(labels, monkeypatch):
    monkeypatch.setattr(space, "measure_free_mb", lambda folder: 100.0)
    with pytest.raises(DataError, match="less than 500 MB are free"):
        labels.add(PICTURE, None)


def test_what_is_in_no_table_leaves_no_picture(labels, tmp_path, monkeypatch):
    def fail_at_table(path, data):
        if path.suffix == ".csv":
            raise OSError(28, "No space left on device")
        write_whole(path, data)

    monkeypatch.setattr("fingerpost.companion.lessons.labels.write_whole", fail_at_table)
    with pytest.raises(DataError, match="make room on the card"):
        labels.add(PICTURE, None)
    assert not list((tmp_path / "fingertips" / "images").iterdir())


def test_two_companions_lose_none_of_each_others_labels(tmp_path):
    def label():
        labels = Labels(tmp_path / "fingertips")
        for _ in range(10):
            labels.add(PICTURE, (1.0, 2.0))

    threads = [threading.Thread(target=label) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({found.id for found in Labels(tmp_path / "fingertips").all()}) == 20


def test_there_is_an_end(labels, monkeypatch):
    monkeypatch.setattr("fingerpost.companion.lessons.labels.MOST", 1)
    labels.add(PICTURE, None)
    with pytest.raises(DataError, match="delete some"):
        labels.add(PICTURE, None)


def test_a_click_saves_the_frame_that_was_shown(tmp_path):
    link = PlayedLink()

    async def story(client):
        async with client.ws_connect("/live") as socket:
            while (await socket.receive()).type.name != "BINARY":
                pass
            link.pixels = np.zeros((480, 640, 3), np.uint8)
            saved = await read(await client.post("/api/fingertips", json={"index": 1, "x": 320, "y": 200.5}))
            assert saved["count"] == 1
            await read(await client.post("/api/fingertips", json={"index": 1, "x": None, "y": None}))
        found = await read(await client.get("/api/fingertips"))
        assert (found["count"], found["hands"], found["empty"]) == (2, 1, 1)
        newest, oldest = found["last"]
        assert (newest["x"], newest["y"]) == (None, None)
        assert oldest == {"id": saved["id"], "x": 320.0, "y": 200.5, "width": 640, "height": 480,
                          "at": int(saved["id"]) / 1000}
        response = await client.get(f"/api/fingertips/{saved['id']}.jpg")
        assert response.content_type == "image/jpeg"
        picture = cv2.imdecode(np.frombuffer(await response.read(), np.uint8), cv2.IMREAD_COLOR)
        assert abs(float(picture.mean()) - 90) < 3, "the one that was shown, not the one that came after"
        assert await read(await client.delete(f"/api/fingertips/{saved['id']}")) == {"count": 1}
        await read(await client.delete(f"/api/fingertips/{saved['id']}"), 404)
        await read(await client.get(f"/api/fingertips/{saved['id']}.jpg"), 404)

    visit([live, fingertips], tmp_path, link, story)


@pytest.mark.parametrize(("sent", "status"), [
    ({"index": 7, "x": 1, "y": 1}, 410),
    ({"index": 1, "x": 1, "y": None}, 400),
    ({"index": 1, "x": 641, "y": 1}, 400),
    ({"index": 1, "x": 1, "y": -1}, 400),
    ({"index": "1", "x": 1, "y": 1}, 400),
])
def test_what_is_no_label_is_refused(tmp_path, sent, status):
    async def story(client):
        async with client.ws_connect("/live") as socket:
            while (await socket.receive()).type.name != "BINARY":
                pass
            assert "error" in await read(await client.post("/api/fingertips", json=sent), status)
        assert (await read(await client.get("/api/fingertips")))["count"] == 0

    visit([live, fingertips], tmp_path, PlayedLink(), story)


def test_addresses_reach_nothing_but_labels(tmp_path):
    (tmp_path / "fingertips").mkdir()
    (tmp_path / "fingertips" / "secret.jpg").write_bytes(b"secret")

    async def story(client):
        for address in ("secret.jpg", "..%2Fsecret.jpg", "%2e%2e%2fkey.jpg", "0.jpg", "1.jpg%00"):
            response = await client.get(f"/api/fingertips/{address}")
            assert response.status in (403, 404), address

    visit([live, fingertips], tmp_path, PlayedLink(), story)
