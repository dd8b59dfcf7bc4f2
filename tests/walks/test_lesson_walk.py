"""A lesson that is taken up in a replay. Word by word, the whole of it is played by test_demo."""

from __future__ import annotations

import cv2
import numpy as np

from fingerpost.cli import main


def test_a_replay_begins_at_the_step_that_is_asked_for(tmp_path, capsys):
    picture = tmp_path / "desk.png"
    cv2.imwrite(str(picture), np.full((480, 640, 3), 120, np.uint8))
    assert main(["replay", str(picture), "--lesson", "hand"]) == 0
    heard = capsys.readouterr().out
    assert "We go on with the first lesson." in heard
    assert "Which hand do you point with?" in heard
