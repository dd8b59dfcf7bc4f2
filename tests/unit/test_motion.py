"""The evaluation of the tracker: known jitter and known lag are measured as such."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from fingerpost.core.errors import DataError
from fingerpost.core.types import Fingertip
from fingerpost.learning.evaluation import motion
from fingerpost.learning.evaluation.motion import Motion
from tests.dots import parse

AT = np.arange(0.0, 6.0, 1.0 / 30)


def path(at):
    """Rest, a slow turn and back, rest."""
    swing = np.sin(np.clip(at - 2.0, 0.0, 2.0) * np.pi)
    return np.stack([300.0 + 150.0 * swing, 240.0 - 80.0 * swing], axis=1)


def noisy(places, noise_px, seed=0):
    return places + np.random.default_rng(seed).normal(0.0, noise_px / np.sqrt(2), places.shape)


def test_jitter_at_rest_is_what_was_put_in():
    figures = motion.summarise([Motion(AT, noisy(path(AT), 5.0), noisy(path(AT), 1.5, seed=1))])
    assert figures["rest_jitter_raw_px"] == pytest.approx(5.0, rel=0.2)
    assert figures["rest_jitter_px"] == pytest.approx(1.5, rel=0.2)
    assert 90 <= figures["rest_frames"] <= 120


@pytest.mark.parametrize("lag", [0.0, 0.6, 1.5, 3.0])
def test_the_lag_is_found_between_the_frames(lag):
    figures = motion.summarise([Motion(AT, noisy(path(AT), 2.0), path(AT - lag / 30))])
    assert figures["lag_frames"] == pytest.approx(lag, abs=0.1)
    assert figures["moving_frames"] > 40


def test_clips_count_by_their_frames_and_missed_frames_do_not_matter():
    raw = noisy(path(AT), 2.0)
    raw[::7] = np.nan
    still = Motion(AT, noisy(np.full((len(AT), 2), 200.0), 2.0), np.full((len(AT), 2), 200.0))
    figures = motion.summarise([Motion(AT, raw, path(AT - 1.0 / 30)), still])
    assert figures["frames"] == figures["followed"] == 2 * len(AT)
    assert figures["found"] == 2 * len(AT) - len(AT[::7])
    assert figures["lag_frames"] == pytest.approx(1.0, abs=0.1)
    assert motion.summarise([still])["lag_frames"] is None


def test_without_a_hand_there_are_nulls():
    nothing = np.full((len(AT), 2), np.nan)
    figures = motion.summarise([Motion(AT, nothing, nothing)])
    assert (figures["found"], figures["rest_jitter_px"], figures["lag_frames"]) == (0, None, None)


def test_smoothing_leaves_a_straight_line_as_it_is_to_its_ends():
    at = np.sort(np.random.default_rng(0).uniform(0.0, 2.0, 50))
    line = np.stack([100.0 + 50.0 * at, 200.0 - 30.0 * at], axis=1)
    places, velocities = motion.smooth(at, line)
    assert places == pytest.approx(line, abs=1e-6)
    assert velocities == pytest.approx(np.tile([50.0, -30.0], (50, 1)), abs=1e-6)


class BrightestPixel:
    """A finder that takes the brightest pixel for the fingertip."""

    threshold = 0.5

    def guess(self, pixels):
        y, x = np.unravel_index(pixels[..., 0].argmax(), pixels.shape[:2])
        return Fingertip(float(x), float(y), (0.0, -1.0), 0.9, 40.0)


def write_frames(folder, count):
    folder.mkdir(parents=True)
    for index in range(count):
        picture = np.zeros((120, 160, 3), np.uint8)
        picture[60, 40 + 2 * index] = 255
        cv2.imwrite(str(folder / f"{index}.png"), picture)


def test_a_folder_of_frames_is_followed_and_drawn(tmp_path):
    pytest.importorskip("matplotlib", reason="plots need fingerpost[train]")
    write_frames(tmp_path / "frames", 12)
    found = motion.follow(BrightestPixel(), tmp_path / "frames")
    assert found.raw[0] == pytest.approx([160.0, 240.0])  # scaled to a frame of 640x480
    assert found.found.all()
    motion.draw_motion(found, tmp_path / "plot.png")
    assert cv2.imread(str(tmp_path / "plot.png")) is not None


def test_a_single_picture_is_no_motion(tmp_path):
    write_frames(tmp_path / "frames", 1)
    with pytest.raises(DataError, match="give a video"):
        motion.follow(BrightestPixel(), tmp_path / "frames")


def test_a_folder_stands_for_its_videos(tmp_path):
    (tmp_path / "b.mp4").touch()
    (tmp_path / "a.MP4").touch()
    assert motion.list_clips([tmp_path, Path("frames")]) == [tmp_path / "a.MP4", tmp_path / "b.mp4", Path("frames")]


def test_clips_of_the_same_name_count_both(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib", reason="plots need fingerpost[train]")
    monkeypatch.setattr(motion, "OnnxBackend", lambda *_: contextlib.nullcontext())
    monkeypatch.setattr(motion, "FingertipFinder", lambda *_: BrightestPixel())
    for folder in ("a", "b"):
        write_frames(tmp_path / folder / "walk", 12)
    clips = [str(tmp_path / folder / "walk") for folder in ("a", "b")]
    args = parse(motion, "--data", *clips, "--plots", tmp_path / "plots", "--json")
    assert motion.main(args) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["frames"] == 24
    assert list(figures["clips"]) == clips
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == ["1-walk.png", "2-walk.png"]
