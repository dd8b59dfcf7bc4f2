"""Pictures of a video that are held still."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fingerpost.core.errors import DataError
from fingerpost.devices.stills import Still, Stills


@pytest.fixture
def video(tmp_path):
    """Three seconds at ten pictures a second, of which each is a little lighter."""
    path = tmp_path / "video.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10.0, (64, 48))
    for number in range(30):
        writer.write(np.full((48, 64, 3), 8 * number, np.uint8))
    writer.release()
    return path


def test_each_picture_is_held_for_its_time_and_may_come_again(video):
    frames = list(Stills(video, [Still(2.0, 1.0), Still(0.5, 0.5), Still(2.0, 0.3)], fps=10.0))
    assert [frame.index for frame in frames] == list(range(18))
    assert [frame.at for frame in frames] == pytest.approx([index / 10 for index in range(18)])
    brightness = [frame.pixels.mean() for frame in frames]
    assert brightness == pytest.approx([160] * 10 + [40] * 5 + [160] * 3, abs=4)


def test_it_can_be_seen_twice_and_drawn_on(video):
    stills = Stills(video, [Still(0.0, 0.5)], fps=10.0)
    for frame in stills:
        frame.pixels[:] = 255
    assert all(frame.pixels.mean() < 10 for frame in stills)


def test_a_picture_past_the_end_is_one_clear_line(video):
    with pytest.raises(DataError, match=r"ends before 7 s: name an earlier picture"):
        list(Stills(video, [Still(1.0, 1.0), Still(7.0, 1.0)], fps=10.0))
