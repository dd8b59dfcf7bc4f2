"""Following the tip: still when it rests, close behind when it moves, deaf to a single wrong frame."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from fingerpost.core.rules import Rules
from fingerpost.core.types import Fingertip
from fingerpost.vision.tracking import Tracker

UP = (0.0, -1.0)


def tip(x, y=240.0, confidence=0.9, direction=UP, length=100.0):
    return Fingertip(float(x), float(y), direction, confidence, length)


def follow(tips, fps=30, tracker=None, start=0.0):
    tracker = tracker or Tracker()
    return [tracker.update(seen, start + index / fps) for index, seen in enumerate(tips)]


def seen(tips):
    return [found is not None for found in tips]


def sweep(fps=30, noise_px=5.0, seed=0):
    """Two seconds of rest, a second of motion at 400 px/s, two seconds of rest: times, true and noisy places."""
    at = np.arange(0.0, 5.0, 1.0 / fps)
    true = np.stack([120.0 + 400.0 * np.clip(at - 2.0, 0.0, 1.0), np.full_like(at, 240.0)], axis=1)
    return at, true, true + np.random.default_rng(seed).normal(0.0, noise_px, true.shape)


@pytest.mark.parametrize("seed", range(3))
def test_noise_at_rest_is_taken_away_and_motion_is_kept(seed):
    at, true, noisy = sweep(seed=seed)
    found = np.array([(one.x, one.y) for one in follow([tip(*place) for place in noisy])])
    resting = ((at > 0.5) & (at < 2.0)) | (at > 3.5)
    assert np.sqrt(((noisy - true)[resting] ** 2).mean()) > 4.0
    assert np.sqrt(((found - true)[resting] ** 2).mean()) < 2.0
    moving = (at >= 2.0) & (at < 3.1)
    costs = [((found[moving, 0] - np.interp(at[moving] - lag / 30, at, true[:, 0])) ** 2).sum()
             for lag in np.arange(0.0, 4.0, 0.1)]
    assert np.argmin(costs) / 10 <= 1.0
    assert np.abs(found - true).max() < 40.0


def test_the_speed_tells_rest_from_motion():
    at, _, noisy = sweep()
    speeds = np.array([one.speed for one in follow([tip(*place) for place in noisy])])
    slow = Rules().rest_speed * 640
    assert (speeds[(at > 0.5) & (at < 2.0)] < slow).mean() > 0.9
    assert (speeds[(at > 2.2) & (at < 3.0)] > slow).all()
    assert (speeds[at > 3.5] < slow).mean() > 0.9
    assert speeds[(at > 2.5) & (at < 3.0)].mean() == pytest.approx(400, rel=0.15)


def test_direction_and_length_are_steadied_too():
    random = np.random.default_rng(1)
    angles = random.normal(0.3, 0.15, 60)
    found = follow([tip(300, direction=(math.cos(angle), math.sin(angle)), length=random.normal(90, 8))
                    for angle in angles])[30:]
    turned = [math.atan2(one.direction[1], one.direction[0]) for one in found]
    assert np.std(turned) < 0.06
    assert np.std([one.length for one in found]) < 4.0
    assert np.mean([one.length for one in found]) == pytest.approx(90, abs=4)


def test_one_false_frame_is_no_hand_and_two_of_three_are():
    assert seen(follow([None, tip(300), None, None, tip(100), None, None])) == [False] * 7
    assert seen(follow([None, tip(300), None, tip(300), tip(300)])) == [False, False, False, True, True]


def test_the_first_frame_and_the_first_after_a_gap_are_believed():
    tracker = Tracker()
    assert tracker.update(tip(300), 5.0).x == 300.0
    assert tracker.update(tip(100), 6.0).x == 100.0
    assert tracker.update(tip(400), 0.0).x == 400.0, "another recording has begun"


def test_a_missed_frame_is_bridged_and_a_hand_that_leaves_is_gone():
    tips = [tip(300)] * 10 + [None] + [tip(300)] * 3 + [None] * 6
    assert seen(follow(tips)) == [True] * 18 + [False] * 2
    assert seen(follow(tips, fps=10)) == [True] * 15 + [False] * 5


def test_a_followed_hand_may_fall_below_the_threshold_for_a_moment():
    doubtful = tip(300, confidence=0.6)
    tracker = Tracker(threshold=0.9)
    assert not any(follow([tip(300, confidence=0.1)] + [doubtful] * 20, tracker=tracker))
    assert all(follow([tip(300, confidence=0.95)] * 5 + [doubtful] * 15, tracker=tracker, start=5.0))
    assert not follow([doubtful] * 20, tracker=tracker, start=5.0 + 20 / 30)[-1]


def test_a_single_frame_elsewhere_is_ignored_but_a_jump_is_followed():
    tips = [tip(300)] * 10 + [tip(500, 60)] + [tip(300)] * 5
    assert [one.x for one in follow(tips)] == [pytest.approx(300.0)] * 16
    tips = [tip(300)] * 10 + [tip(500, 60)] * 3
    assert [(one.x, one.y) for one in follow(tips)[9:]] == [(300, 240), (300, 240), (500, 60), (500, 60)]


def test_a_quick_hand_is_followed_at_ten_frames_a_second():
    found = follow([tip(60 + 80 * step) for step in range(7)], fps=10)
    assert all(abs(one.x - (60 + 80 * step)) < 90 for step, one in enumerate(found))
    assert found[-1].x == pytest.approx(540, abs=20)


offsets = some.floats(-9, 9)
places = some.tuples(some.floats(0, 639), some.floats(0, 479))
angles = some.floats(-math.pi, math.pi)
tips = some.one_of(some.none(), some.builds(
    lambda place, angle, confidence, length: tip(*place, confidence, (math.cos(angle), math.sin(angle)), length),
    places, angles, some.floats(0, 1), some.floats(0, 300)))
pauses = some.one_of(some.floats(0.001, 0.3), some.sampled_from([0.0, 1.0, -3.0]))


@settings(max_examples=150, deadline=None)
@given(some.lists(some.tuples(tips, pauses), max_size=40))
def test_whatever_comes_the_answer_is_sound(frames):
    tracker, at = Tracker(), 0.0
    for seen_tip, pause in frames:
        at += pause
        found = tracker.update(seen_tip, at)
        if found is not None:
            assert 0.0 <= found.x <= 639.01
            assert 0.0 <= found.y <= 479.01
            assert math.hypot(*found.direction) == pytest.approx(1.0)
            assert 0.0 <= found.speed < float("inf")
            assert 0.0 <= found.length < 301.0


@settings(max_examples=100, deadline=None)
@given(some.lists(some.tuples(offsets, offsets, some.floats(0.005, 0.2)), min_size=1, max_size=40))
def test_a_still_tip_is_never_overshot(frames):
    tracker, at = Tracker(), 0.0
    for index, (dx, dy, pause) in enumerate(frames, start=1):
        at += pause
        found = tracker.update(tip(300 + dx, 240 + dy), at)
        for value, column in ((found.x - 300, 0), (found.y - 240, 1)):
            moved = [frame[column] for frame in frames[:index]]
            assert min(moved) - 1e-6 <= value <= max(moved) + 1e-6


def test_a_tip_that_does_not_move_stays_exactly():
    found = follow([tip(300)] * 50)
    assert [(round(one.x, 9), round(one.y, 9), round(one.speed, 6)) for one in found] == [(300.0, 240.0, 0.0)] * 50
    assert follow([Fingertip(300.0, 240.0, UP, 0.9)] * 3)[-1].length == 0.0, "an unknown length stays unknown"


def test_the_size_of_the_frame_changes_nothing_but_the_unit():
    small, large = Tracker(), Tracker()
    for step in range(20):
        tip = Fingertip(200.0 + 3 * step, 150.0, (0.0, -1.0), 0.9, length=80.0)
        double = replace(tip, x=2 * tip.x, y=2 * tip.y, length=2 * tip.length)
        ours, theirs = small.update(tip, step / 10, 640), large.update(double, step / 10, 1280)
        assert (2 * ours.x, 2 * ours.y, 2 * ours.speed) == pytest.approx((theirs.x, theirs.y, theirs.speed))


def test_a_frame_of_another_size_begins_anew():
    tracker = Tracker()
    for step in range(5):
        tracker.update(Fingertip(600.0, 100.0, (0.0, -1.0), 0.9, length=80.0), step / 10, 640)
    assert tracker.update(Fingertip(300.0, 50.0, (0.0, -1.0), 0.9, length=40.0), 0.5, 320).x == pytest.approx(300.0)
