"""Which frames a slice takes, and what it counts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fingerpost.learning.evaluation.sights import Sight
from fingerpost.learning.evaluation.slices import measure_slices, measure_traits

PALE, TAN, BROWN, DEEP = (240, 205, 190), (190, 145, 110), (120, 80, 55), (70, 45, 30)
TIP, KNUCKLE = (0.5, 0.4), (0.5, 0.6)


@pytest.fixture
def photograph(tmp_path):
    """Writes a frame with a finger of one colour and returns what was seen in it."""

    def write(ground=100, skin=TAN, tip=TIP, knuckle=KNUCKLE, blur=0, checks=False,
              error_px=0.0, presence=0.9, side=""):
        frame = np.full((480, 640, 3), ground, np.uint8)
        if checks:
            frame[(np.indices((480, 640)) // 12).sum(axis=0) % 2 == 0] = 30
        start, end = (tuple(np.multiply(place, (640, 480)).astype(int).tolist()) for place in (tip, knuckle))
        cv2.line(frame, start, end, skin, 25)
        if blur:
            frame = cv2.GaussianBlur(frame, (0, 0), blur)
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.png"
        cv2.imwrite(str(path), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        label = np.array(tip)
        place = label + (error_px / 640, 0)
        return Sight(path, label, place, presence, 0.004, np.array([place, place, knuckle]), side)

    return write


def test_a_slice_counts_its_own_frames_and_their_misses(photograph):
    hands = [photograph(ground=20, error_px=4), photograph(ground=20, error_px=8),
             photograph(ground=20, presence=0.1), photograph(ground=240, error_px=30)]
    slices = measure_slices(hands, 0.5)
    assert slices["dark"] == {"n": 3, "found": 2, "median_px": pytest.approx(6), "within_20px": 2}
    assert slices["bright"] == {"n": 1, "found": 1, "median_px": pytest.approx(30), "within_20px": 0}


def test_a_slice_without_frames_is_left_out(photograph):
    slices = measure_slices([photograph(side="left")], 0.5)
    assert {"plain", "left_hand", "middle"} <= set(slices)
    assert not {"dark", "bright", "blurred", "patterned", "right_hand", "unknown_hand", "edge"} & set(slices)


def test_a_slice_in_which_all_are_missed_has_no_median(photograph):
    slices = measure_slices([photograph(ground=20, presence=0.0)], 0.5)
    assert slices["dark"] == {"n": 1, "found": 0, "median_px": None, "within_20px": 0}


@pytest.mark.parametrize(("looks", "name"), [
    ({"ground": 20}, "dark"), ({"ground": 240}, "bright"), ({"blur": 15}, "blurred"), ({"checks": True}, "patterned"),
    ({"skin": PALE}, "light_skin"), ({"skin": TAN}, "medium_skin"), ({"skin": BROWN}, "brown_skin"),
    ({"skin": DEEP}, "dark_skin"), ({"side": "right"}, "right_hand"), ({"tip": (0.05, 0.4)}, "edge"),
    ({"knuckle": (0.5, 0.5)}, "small_hand"), ({"knuckle": (0.5, 0.8)}, "large_hand"),
])
def test_each_frame_is_in_the_slice_it_looks_like(photograph, looks, name):
    assert name in measure_slices([photograph(**looks)], 0.5)


def test_the_hand_itself_is_no_pattern(photograph):
    striped = photograph()
    frame = cv2.imread(str(striped.path))
    frame[192:288:6, 305:335] = 0  # lines across the finger
    cv2.imwrite(str(striped.path), frame)
    assert measure_traits(striped).edges == pytest.approx(0, abs=0.002)


def test_where_the_finger_has_no_length_its_skin_and_ground_are_unknown(photograph):
    slices = measure_slices([photograph(knuckle=TIP)], 0.5)
    assert not {"patterned", "plain", "light_skin", "medium_skin", "brown_skin", "dark_skin"} & set(slices)


def test_a_knuckle_outside_the_frame_breaks_nothing(photograph):
    traits = measure_traits(photograph(tip=(0.9, 0.95), knuckle=(1.4, 1.3)))
    assert np.isfinite([traits.brightness, traits.sharpness, traits.tone_degrees, traits.length]).all()
