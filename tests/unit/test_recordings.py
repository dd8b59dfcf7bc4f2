"""Videos, folders and images as frames."""

from __future__ import annotations

import cv2
import numpy
import pytest

from fingerpost.core.errors import DataError
from fingerpost.devices.replay import Recording


def write_image(path, level, size=(8, 6)):
    """An image whose red channel is `level`."""
    pixels = numpy.zeros((size[1], size[0], 3), numpy.uint8)
    pixels[..., 2] = level
    assert cv2.imwrite(str(path), pixels)
    return path


def write_video(path, count, fps=20.0):
    """A video that gets brighter from frame to frame."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (64, 48))
    for index in range(count):
        writer.write(numpy.full((48, 64, 3), 10 * index, numpy.uint8))
    writer.release()
    return path


def levels(recording):
    return [int(frame.pixels[0, 0, 0]) for frame in recording]


def test_folder_plays_in_natural_order(tmp_path):
    for level, name in enumerate(["frame2.png", "frame10.PNG", "frame100.png"], 1):
        write_image(tmp_path / name, level)
    (tmp_path / "labels.csv").write_text("not an image")
    recording = Recording(tmp_path, fps=4)
    frames = list(recording)
    assert levels(recording) == [1, 2, 3]
    assert [(frame.index, frame.at) for frame in frames] == [(0, 0.0), (1, 0.25), (2, 0.5)]
    assert frames[0].pixels.shape == (6, 8, 3)


def test_folder_holds_each_image(tmp_path):
    write_image(tmp_path / "a.png", 1)
    write_image(tmp_path / "b.png", 2)
    frames = list(Recording(tmp_path, fps=10, hold_seconds=0.3))
    assert [int(frame.pixels[0, 0, 0]) for frame in frames] == [1, 1, 1, 2, 2, 2]
    assert frames[-1].at == pytest.approx(0.5)
    frames[0].pixels[:] = 99  # whoever draws on a frame must not change the next one
    assert frames[1].pixels.max() == 1


def test_broken_images_are_skipped_and_named(tmp_path):
    write_image(tmp_path / "1.png", 1)
    (tmp_path / "2.png").write_bytes(b"no image")
    (tmp_path / "3.jpg").write_bytes(b"")
    (tmp_path / "4.png").mkdir()
    write_image(tmp_path / "5.png", 5)
    recording = Recording(tmp_path)
    for _ in range(2):
        assert levels(recording) == [1, 5]
        assert [warning.split()[0][-5:] for warning in recording.warnings] == ["2.png", "3.jpg", "4.png"]


def test_one_image_is_a_recording_of_its_own(tmp_path):
    for level in (1, 2, 3):
        write_image(tmp_path / f"frame_{level:03}.png", level)
    assert levels(Recording(tmp_path / "frame_002.png", hold_seconds=0.2)) == [2, 2]


def test_colours_survive_any_stored_form(tmp_path):
    cv2.imwrite(str(tmp_path / "1.png"), numpy.full((4, 4), 7, numpy.uint8))  # grey
    cv2.imwrite(str(tmp_path / "2.png"), numpy.full((4, 4, 4), 7, numpy.uint8))  # with transparency
    cv2.imwrite(str(tmp_path / "3.png"), numpy.full((4, 4, 3), 7 * 257, numpy.uint16))  # 16 bits
    for frame in Recording(tmp_path):
        assert frame.pixels.shape == (4, 4, 3)
        assert frame.pixels.dtype == numpy.uint8
        assert (frame.pixels == 7).all()


def test_video_plays_each_frame_once_at_its_time(tmp_path):
    recording = Recording(write_video(tmp_path / "walk.avi", 12))
    frames = list(recording)
    assert [frame.index for frame in frames] == list(range(12))
    assert [frame.at for frame in frames] == pytest.approx([index / 20 for index in range(12)], abs=1e-3)
    assert [round(frame.pixels.mean() / 10) for frame in frames] == list(range(12))
    assert len(list(recording)) == 12


def test_a_name_with_spaces_and_accents_plays(tmp_path):
    assert len(list(Recording(write_video(tmp_path / "d\u00e9j\u00e0 vu 100%.avi", 3)))) == 3


@pytest.mark.parametrize("name", ["none.mp4", "empty.mp4", "text.mp4", "no_frames.avi", "broken.jpg", "folder"])
def test_what_cannot_be_played_is_one_clear_line(tmp_path, name):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("hello")
    (tmp_path / "broken.jpg").write_text("hello")
    (tmp_path / "folder").mkdir()
    write_video(tmp_path / "no_frames.avi", 0)
    with pytest.raises(DataError, match=name) as raised:
        list(Recording(tmp_path / name))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("number", [0, -1, float("nan"), float("inf")])
def test_impossible_times_are_refused(tmp_path, number):
    with pytest.raises(DataError, match="frames per second cannot be played: give a number above 0"):
        Recording(tmp_path, fps=number)
    with pytest.raises(DataError, match="seconds per image cannot be played"):
        Recording(tmp_path, hold_seconds=number)
