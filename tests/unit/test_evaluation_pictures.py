"""The command from its options to its pictures, with the network that ships and a stand-in for the peer."""

from __future__ import annotations

import json
import sys

import cv2
import numpy as np
import pytest

from fingerpost import cli

pytest.importorskip("matplotlib")
PEER = """#!{python}
import json, sys
for path in sys.stdin.read().splitlines():
    print(json.dumps({{"tip": [0.5, 0.5], "joint": [0.5, 0.6], "ms": 9, "ms_tracking": 5}}))
"""


@pytest.fixture
def table(tmp_path):
    """Three labelled frames, and one that is said to show no hand."""
    for number in range(4):
        noise = np.random.default_rng(number).integers(0, 255, (30, 40, 3), np.uint8)
        cv2.imwrite(str(tmp_path / f"{number}.png"), cv2.resize(noise, (160, 120)))
    (tmp_path / "hands.csv").write_text("image,x,y,side\n0.png,80,60,left\n1.png,40,30,right\n2.png,8,60,\n3.png,,,\n")
    return tmp_path / "hands.csv"


@pytest.fixture
def peer(tmp_path):
    path = tmp_path / "python"
    path.write_text(PEER.format(python=sys.executable))
    path.chmod(0o755)
    return str(path)


def test_slices_peer_and_pictures(table, peer, tmp_path, capsys):
    code = cli.main(["evaluate", "fingertip", "--data", str(table), "--slices", "--peer", "mediapipe", "--peer-python",
                     peer, "--plots", str(tmp_path / "plots"), "--beside", str(table), "--threads", "1", "--json"])
    figures = json.loads(capsys.readouterr().out)
    assert code == 0
    assert figures["n"] == 3
    assert figures["slices"]["left_hand"]["n"] == 1
    assert figures["slices"]["middle"]["n"] == 2
    assert figures["mediapipe"]["found"] == 3
    assert figures["mediapipe"]["false_hands"] == 1.0
    written = {path.name for path in (tmp_path / "plots").iterdir()}
    assert written == {"errors.png", "worst.jpg", "worst_empty.jpg", "slices.png", "beside.jpg"}
    assert all(cv2.imread(str(tmp_path / "plots" / name)) is not None for name in written)


def test_beside_needs_a_place_to_draw(table, capsys):
    assert cli.main(["evaluate", "fingertip", "--data", str(table), "--beside", str(table)]) == 1
    assert "--plots" in capsys.readouterr().err


def test_only_hand_free_pictures_can_be_drawn(table, tmp_path):
    table.write_text("image,x,y\n3.png,,\n")
    assert cli.main(["evaluate", "fingertip", "--data", str(table), "--plots", str(tmp_path / "plots"), "--json"]) == 0
    assert [path.name for path in (tmp_path / "plots").iterdir()] == ["worst_empty.jpg"]
