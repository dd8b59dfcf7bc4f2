"""Which box the finger means: on its line, beside it, behind it, in one another, side by side."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fingerpost.core.types import Box, Detection, Fingertip
from fingerpost.vision.aim import choose, cross, overlap, weigh

WIDTH, HEIGHT = 640, 480


def tip(x, y, degrees=-90.0):
    """A fingertip that points at that angle, clockwise from the right; by default upwards."""
    angle = math.radians(degrees)
    return Fingertip(x, y, (math.cos(angle), math.sin(angle)), 0.9)


def thing(name, *box, score=0.8):
    return Detection(name, score, Box(*box))


def choice(finger, *things, last=None):
    found = choose(things, finger, WIDTH, last)
    return found.name if found else ""


BOTTLE = thing("bottle", 280, 80, 360, 300)
LABEL = thing("label", 290, 180, 350, 240)
TABLE = thing("table", 0, 60, 640, 480)
CUP = thing("cup", 400, 180, 480, 300)


@pytest.mark.parametrize(("finger", "name"), [
    (tip(320, 340), "bottle"), (tip(440, 340), "cup"), (tip(440, 340, -145), "bottle"), (tip(360, 340, -60), "cup"),
    (tip(320, 250), "bottle"), (tip(100, 240, 0), "bottle"), (tip(560, 240, 180), "cup"), (tip(320, 20, 90), "bottle"),
])
def test_the_thing_on_the_fingers_line_is_meant(finger, name):
    assert choice(finger, BOTTLE, CUP) == name


@pytest.mark.parametrize("finger", [tip(320, 40), tip(320, 340, 90), tip(540, 240, 0), tip(200, 340), tip(100, 340)])
def test_where_none_is_pointed_at_nothing_is_chosen(finger):
    assert choice(finger, BOTTLE, CUP) == ""
    assert choose([], finger, WIDTH) is None


def test_what_is_just_missed_may_be_meant_but_not_before_what_is_met():
    beside = tip(270, 330)
    assert choice(beside, BOTTLE) == "bottle"
    assert choice(beside, BOTTLE, thing("tin", 240, 80, 275, 300)) == "tin"


def test_the_hand_itself_lies_behind_the_finger():
    hand = thing("person", 300, 318, 420, 480, score=0.99)
    assert choice(tip(330, 320), hand) == ""
    assert choice(tip(330, 320), hand, BOTTLE) == "bottle"


def test_what_is_touched_comes_before_what_is_behind_it():
    shelf = thing("clock", 280, 10, 360, 70, score=0.9)
    for y in (305, 290, 200, 150):
        assert choice(tip(320, y), BOTTLE, shelf) == "bottle"
    assert choice(tip(320, 90), BOTTLE, shelf) == "clock", "the finger has passed the bottle"


@pytest.mark.parametrize(("finger", "name"), [
    (tip(320, 440), "label"), (tip(320, 220), "label"), (tip(320, 150), "bottle"), (tip(240, 120, 0), "bottle"),
    (tip(440, 400), "cup"), (tip(120, 400), "table"), (tip(440, 100, 0), "table"),
])
def test_of_things_in_one_another_the_innermost_on_the_line_is_meant(finger, name):
    assert choice(finger, TABLE, BOTTLE, LABEL, CUP) == name


def test_something_doubtful_or_far_away_inside_a_thing_does_not_take_its_place():
    assert choice(tip(320, 440), BOTTLE, replace(LABEL, confidence=0.2)) == "bottle"
    assert choice(tip(620, 240, 180), thing("sofa", 0, 60, 640, 480), thing("mug", 10, 220, 40, 260)) == "sofa"


def test_two_names_for_one_place_are_no_nest():
    assert choice(tip(320, 340), BOTTLE, thing("vase", 280, 80, 360, 300, score=0.7)) == "bottle"


LEFT, RIGHT = thing("left", 200, 100, 320, 300), thing("right", 320, 100, 440, 300)


def test_at_the_border_of_two_neighbours_the_last_one_stays():
    finger = tip(322, 340)
    assert choice(finger, LEFT, RIGHT) == "right"
    assert choice(finger, LEFT, RIGHT, last=LEFT.box) == "left"
    assert choice(finger, LEFT, RIGHT, last=Box(210, 105, 325, 310)) == "left", "boxes waver too"
    assert choice(tip(360, 340), LEFT, RIGHT, last=LEFT.box) == "right"
    assert choice(finger, LEFT, RIGHT, last=Box(0, 0, 50, 50)) == "right"


def test_what_was_chosen_last_is_dropped_where_the_finger_leaves_it():
    assert choice(tip(560, 340), LEFT, RIGHT, last=RIGHT.box) == ""


def make_box(left, top, width, height):
    return Box(left, top, left + width, top + height)


boxes = some.builds(make_box, some.integers(0, 500), some.integers(0, 400), some.integers(8, 300),
                    some.integers(8, 300))
things = some.lists(some.builds(Detection, some.sampled_from("abc"), some.floats(0.3, 1.0), boxes), max_size=6)
tips = some.builds(tip, some.integers(0, WIDTH), some.integers(0, HEIGHT), some.integers(-180, 180))


@given(things, tips, some.none() | boxes)
def test_the_choice_is_one_of_the_things_and_speaks_for_itself(found, finger, last):
    chosen = choose(found, finger, WIDTH, last)
    assert (chosen is None) == all(weigh(one, finger, WIDTH).weight == 0.0 for one in found)
    assert chosen is None or chosen in found


@given(things, tips)
def test_what_lies_wholly_behind_the_tip_is_never_meant(found, finger):
    chosen = choose(found, finger, WIDTH)
    if chosen is not None:
        dx, dy = finger.direction
        box = chosen.box
        corners = [(x, y) for x in (box.left, box.right) for y in (box.top, box.bottom)]
        assert max((x - finger.x) * dx + (y - finger.y) * dy for x, y in corners) > 0.0


@given(things, tips, some.sampled_from([2, 3]))
def test_a_larger_picture_changes_nothing(found, finger, scale):
    larger = [replace(one, box=Box(*(scale * side for side in vars(one.box).values()))) for one in found]
    weights = [weigh(one, finger, WIDTH).weight for one in found]
    scaled = replace(finger, x=scale * finger.x, y=scale * finger.y)
    assert [weigh(one, scaled, scale * WIDTH).weight for one in larger] == pytest.approx(weights)


@given(things, tips)
def test_left_and_right_are_alike(found, finger):
    mirrored = [replace(one, box=Box(WIDTH - one.box.right, one.box.top, WIDTH - one.box.left, one.box.bottom))
                for one in found]
    other = replace(finger, x=WIDTH - finger.x, direction=(-finger.direction[0], finger.direction[1]))
    weights = [weigh(one, finger, WIDTH).weight for one in found]
    assert [weigh(one, other, WIDTH).weight for one in mirrored] == pytest.approx(weights)


@given(things, tips)
def test_once_chosen_a_thing_stays_chosen_while_nothing_changes(found, finger):
    chosen = choose(found, finger, WIDTH)
    if chosen is not None and all(one is chosen or overlap(one.box, chosen.box) < 0.5 for one in found):
        assert choose(found, finger, WIDTH, chosen.box) == chosen


@given(boxes, tips)
def test_the_line_is_in_the_box_between_where_it_enters_and_leaves_it(box, finger):
    chord = cross(box, finger)
    if chord is not None:
        middle = sum(chord) / 2
        x, y = finger.x + middle * finger.direction[0], finger.y + middle * finger.direction[1]
        assert box.left - 0.01 <= x <= box.right + 0.01
        assert box.top - 0.01 <= y <= box.bottom + 0.01
