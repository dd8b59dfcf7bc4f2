"""The peer runs elsewhere, is counted as we are, and says in one line what it lacks."""

from __future__ import annotations

import importlib
import io
import json
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from fingerpost.core.errors import ModelError
from fingerpost.learning.evaluation import peers
from fingerpost.learning.evaluation.peers import Answer
from fingerpost.learning.evaluation.sights import Sight

LABEL = np.array([0.5, 0.25])


@pytest.fixture
def python(tmp_path):
    """Writes a stand-in for the Python that has MediaPipe; it is given the child's path and does as it likes."""

    def write(body):
        path = tmp_path / "python"
        path.write_text(f"#!{sys.executable}\nimport json, sys\n{body}")
        path.chmod(0o755)
        return str(path)

    return write


def test_the_peer_is_asked_about_every_picture_in_order(python, tmp_path):
    echo = python("for path in sys.stdin.read().splitlines():\n"
                  "    print(json.dumps({'tip': [len(path), int(sys.argv[-1])], 'joint': None, 'ms': 7.5,"
                  " 'ms_tracking': None}))\n")
    answers = peers.ask_mediapipe(echo, [Path("a.jpg"), Path("long name.jpg")], threads=2)
    assert answers == [Answer([5, 2], None, 7.5, None), Answer([13, 2], None, 7.5, None)]


@pytest.mark.parametrize("body", ["import no_such_package_as_mediapipe\n",
                                  "sys.exit('no_such_package')\n",
                                  "print('no_such_package', file=sys.stderr)\n"])
def test_a_peer_that_does_not_run_names_reason_and_remedy(python, body):
    with pytest.raises(ModelError, match="no_such_package.*pip install mediapipe") as caught:
        peers.ask_mediapipe(python(body), [Path("a.jpg")], threads=2)
    assert "\n" not in str(caught.value)


def test_a_python_that_is_not_there_names_the_remedy(tmp_path):
    with pytest.raises(ModelError, match="pip install mediapipe"):
        peers.ask_mediapipe(str(tmp_path / "none"), [Path("a.jpg")], threads=2)


def sight(labelled=True):
    return Sight(Path("a.jpg"), LABEL if labelled else None, LABEL, 0.9, 0.004)


def answer(short_px, aside_px=0.0, ms_tracking=6.0):
    """A finger that points up, seen `short_px` below the label and to its side; the last segment is 30 px long."""
    tip = LABEL + (aside_px / 640, short_px / 480)
    return Answer(tip.tolist(), (tip + (0, 30 / 480)).tolist(), 12.0, ms_tracking)


NO_HAND = Answer(None, None, 9.0, None)


def test_the_figures_of_the_peer():
    answers = [answer(9), answer(9), answer(9, aside_px=4), answer(40), NO_HAND, NO_HAND, answer(0, ms_tracking=8.0)]
    figures = peers.measure_mediapipe([sight()] * 5 + [sight(labelled=False)] * 2, answers)
    assert figures["found"] == 4
    assert figures["median_px"] == pytest.approx((9 + np.hypot(9, 4)) / 2, abs=0.01)
    assert figures["within_20px"] == 3  # the missed hand counts as outside
    assert figures["median_px_corrected"] == pytest.approx(2)  # 0, 0, 4 and 31
    assert figures["within_20px_corrected"] == 3
    assert figures["false_hands"] == 0.5
    assert figures["ms_per_image"] == 12
    assert figures["ms_tracking"] == 6


def test_time_is_measured_where_a_hand_is_labelled():
    hand, empty = sight(), sight(labelled=False)
    assert peers.measure_mediapipe([hand, empty, empty], [answer(9), NO_HAND, NO_HAND])["ms_per_image"] == 12
    assert peers.measure_mediapipe([empty, empty], [NO_HAND, NO_HAND])["ms_per_image"] == 9


def test_the_offset_is_a_share_of_the_last_segment():
    tips, joints = np.array([(100.0, 100.0), (300.0, 100.0)]), np.array([(100.0, 120.0), (260.0, 100.0)])
    labels = np.array([(100.0, 95.0), (310.0, 100.0)])
    assert peers.estimate_offset(tips, joints, labels) == pytest.approx(0.25)


def test_a_peer_that_finds_nothing_gives_nulls():
    figures = peers.measure_mediapipe([sight()], [NO_HAND])
    assert figures["found"] == 0
    assert figures["median_px_corrected"] is None
    assert figures["ms_tracking"] is None


class Hands(nullcontext):
    """MediaPipe's class: sees a hand in bright pictures."""

    def __init__(self, static_image_mode, max_num_hands):
        super().__init__(self)

    def process(self, pixels):
        marks = [SimpleNamespace(x=number / 100, y=0.5) for number in range(21)]
        return SimpleNamespace(multi_hand_landmarks=[SimpleNamespace(landmark=marks)] if pixels.mean() > 100 else None)


def test_the_child_answers_a_line_per_picture(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "mediapipe",
                        SimpleNamespace(solutions=SimpleNamespace(hands=SimpleNamespace(Hands=Hands))))
    child = importlib.import_module("fingerpost.learning.evaluation.mediapipe_child")
    monkeypatch.setattr(child, "limit_threads", lambda count: None)  # the test keeps its cores
    paths = [str(tmp_path / name) for name in ("hand.png", "none.png")]
    for path, grey in zip(paths, (200, 20)):
        cv2.imwrite(path, np.full((12, 16, 3), grey, np.uint8))
    monkeypatch.setattr(sys, "argv", ["child", "2"])
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(paths)))
    child.main()
    hand, none = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (hand["tip"], hand["joint"], hand["knuckle"]) == ([0.08, 0.5], [0.07, 0.5], [0.05, 0.5])
    assert none["tip"] is None
    assert none["ms_tracking"] is None
    assert hand["ms_tracking"] is not None
