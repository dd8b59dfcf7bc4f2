"""Which box the finger means: on its line, beside it, behind it, in one another, side by side."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from fingerpost.core.types import Box, Detection, Fingertip
from fingerpost.vision import aim
from fingerpost.vision.aim import choose, cross, weigh

WIDTH, HEIGHT = 640, 480


def tip(x, y, degrees=-90.0):
    """A fingertip that points at that angle, clockwise from the right; by default upwards."""
    angle = math.radians(degrees)
    return Fingertip(x, y, (math.cos(angle), math.sin(angle)), 0.9)


def thing(name, *box, score=0.8):
    return Detection(name, score, Box(*box))


def choice(finger, *things, last=None):
    found = choose(things, finger, WIDTH, last)
    return found[0].name if found else ""


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
    assert choose([], finger, WIDTH) == []


def test_what_is_just_missed_may_be_meant_but_not_before_what_is_met():
    beside = tip(270, 330)
    assert choice(beside, BOTTLE) == "bottle"
    assert choice(beside, BOTTLE, thing("tin", 240, 80, 275, 300)) == "tin"


@pytest.mark.parametrize(("finger", "least", "most"), [
    (tip(320, 340), 0.95, 1.0), (tip(280, 340), 0.4, 0.6), (tip(265, 340), 0.2, 0.4), (tip(250, 340), 0.0, 0.0),
    (tip(320, 250), 1.0, 1.0),
])
def test_the_chance_that_it_is_pointed_at_falls_with_the_distance_from_the_line(finger, least, most):
    target = weigh(BOTTLE, finger, WIDTH)
    assert least <= target.chance <= most
    assert target.confidence == pytest.approx(0.8 * target.chance)


def test_a_thin_thing_that_is_met_is_meant_however_thin_it_is():
    assert choice(tip(320, 340), thing("pen", 318, 100, 322, 200)) == "pen"


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


LOWER_HALF = (280, 190, 360, 300)


@pytest.mark.parametrize(("name", "place", "score", "meant"), [
    ("bottle", (280, 212, 360, 300), 0.42, 0.95), ("bottle", (290, 180, 350, 240), 0.9, 0.95),
    ("vase", LOWER_HALF, 0.55, 0.95), ("vase", LOWER_HALF, 0.9, 0.9), ("label", (290, 180, 350, 240), 0.55, 0.55),
])
def test_a_doubtful_box_on_a_large_part_of_a_thing_is_a_second_reading_of_it(name, place, score, meant):
    whole = replace(BOTTLE, confidence=0.95)
    found = choose([whole, thing(name, *place, score=score)], tip(320, 340), WIDTH)
    assert found[0].detection.confidence == meant


def test_all_that_may_be_meant_follows_by_how_much_speaks_for_it():
    beside, behind = thing("glass", 365, 180, 400, 300), thing("clock", 300, 10, 340, 60)
    found = [target.name for target in choose([CUP, behind, beside, BOTTLE], tip(350, 340), WIDTH)]
    assert found == ["bottle", "glass", "clock"]
    assert [target.name for target in choose([BOTTLE, LABEL], tip(320, 440), WIDTH)] == ["label", "bottle"]


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


@pytest.mark.parametrize("last", [None, BOTTLE.box, LABEL.box, TABLE.box])
def test_what_was_chosen_last_does_not_hide_what_lies_in_it(last):
    assert choice(tip(320, 440), TABLE, BOTTLE, replace(LABEL, confidence=0.6), last=last) == "label"
    assert choice(tip(320, 440), TABLE, BOTTLE, last=last) == "bottle"
    assert choice(tip(120, 400), TABLE, BOTTLE, LABEL, last=last) == "table"


def waver(first, second):
    """The names of looks at two pictures in turn, each look bound by the one before it."""
    names, last = [], None
    for things in (first, second) * 3:
        found = choose(things, tip(320, 440), WIDTH, last)
        last = found[0].detection.box
        names.append(found[0].name)
    return names


@pytest.mark.parametrize(("steady", "names"), [(aim.STEADY, 1), (1.0, 2)])
@pytest.mark.parametrize("limit", ["weight", "size", "place"])
def test_a_thing_that_only_just_counts_in_another_does_not_come_and_go(limit, steady, names, monkeypatch):
    monkeypatch.setattr(aim, "STEADY", steady)
    # The inner thing is now just within one of the limits to be meant, and now just outside.
    if limit == "weight":
        even = aim.INNER * weigh(BOTTLE, tip(320, 440), WIDTH).weight / weigh(LABEL, tip(320, 440), WIDTH).weight
        pair = [[BOTTLE, replace(LABEL, confidence=0.8 * even * factor)] for factor in (1.1, 0.9)]
    elif limit == "size":
        pair = [[BOTTLE, thing("vase", *LOWER_HALF, score=0.8 * 0.5 / aim.PART * factor)] for factor in (1.1, 0.9)]
    else:
        pair = [[TABLE, thing("bottle", 280, top, 360, 300)] for top in (45, 30)]
    assert len(set(waver(*pair))) == names
    assert len(set(waver(*pair[::-1])[1:])) == names


@pytest.mark.parametrize(("finger", "chance"), [
    (tip(280, 300, -91), 0.44), (tip(280, 300, -90), 0.5), (tip(280, 320, -90), 0.5), (tip(280, 60, -90), 0.0),
    (tip(280, 60, 90), 0.5), (tip(270, 70, -135), 0.0),
])
def test_a_finger_along_an_edge_or_at_a_corner_is_as_likely_to_mean_the_thing_as_beside_it(finger, chance):
    assert weigh(BOTTLE, finger, WIDTH).chance == pytest.approx(chance, abs=0.02)


def make_box(left, top, width, height):
    return Box(left, top, left + width, top + height)


boxes = some.builds(make_box, some.integers(0, 500), some.integers(0, 400), some.integers(8, 300),
                    some.integers(8, 300))
things = some.lists(some.builds(Detection, some.sampled_from("abc"), some.floats(0.3, 1.0), boxes), max_size=6)
tips = some.builds(tip, some.integers(0, WIDTH), some.integers(0, HEIGHT), some.integers(-180, 180))


@given(things, tips, some.none() | boxes)
def test_the_choice_is_one_of_the_things_and_speaks_for_itself(found, finger, last):
    targets = choose(found, finger, WIDTH, last)
    assert len(targets) == sum(weigh(one, finger, WIDTH).weight > 0.0 for one in found)
    assert all(target.detection in found and 0.0 < target.chance <= 1.0 for target in targets)


@given(things, tips)
def test_what_lies_wholly_behind_the_tip_is_never_meant(found, finger):
    for target in choose(found, finger, WIDTH):
        dx, dy = finger.direction
        box = target.detection.box
        corners = [(x, y) for x in (box.left, box.right) for y in (box.top, box.bottom)]
        assert max((x - finger.x) * dx + (y - finger.y) * dy for x, y in corners) > 0.0


@given(things, tips, some.sampled_from([2, 3]))
def test_a_larger_picture_changes_nothing(found, finger, scale):
    larger = [replace(one, box=Box(*(scale * side for side in vars(one.box).values()))) for one in found]
    weights = [weigh(one, finger, WIDTH).weight for one in found]
    scaled = replace(finger, x=scale * finger.x, y=scale * finger.y)
    assert [weigh(one, scaled, scale * WIDTH).weight for one in larger] == pytest.approx(weights)


@given(things, tips)
@example([Detection("a", 1.0, make_box(0, 0, 8, 8))], tip(0, 0, -1))
@example([Detection("a", 1.0, make_box(100, 100, 8, 8))], tip(92, 92, -135))
def test_left_and_right_are_alike(found, finger):
    mirrored = [replace(one, box=Box(WIDTH - one.box.right, one.box.top, WIDTH - one.box.left, one.box.bottom))
                for one in found]
    other = replace(finger, x=WIDTH - finger.x, direction=(-finger.direction[0], finger.direction[1]))
    weights = [weigh(one, finger, WIDTH).weight for one in found]
    assert [weigh(one, other, WIDTH).weight for one in mirrored] == pytest.approx(weights)


@given(things, tips)
def test_once_chosen_a_thing_stays_chosen_while_nothing_changes(found, finger):
    chosen = next(iter(choose(found, finger, WIDTH)), None)
    if chosen is not None and all(one is chosen.detection or one.box != chosen.detection.box for one in found):
        assert choose(found, finger, WIDTH, chosen.detection.box)[0].detection is chosen.detection


@given(boxes, tips)
def test_the_line_is_in_the_box_between_where_it_enters_and_leaves_it(box, finger):
    chord = cross(box, finger)
    if chord is not None:
        middle = sum(chord) / 2
        x, y = finger.x + middle * finger.direction[0], finger.y + middle * finger.direction[1]
        assert box.left - 0.01 <= x <= box.right + 0.01
        assert box.top - 0.01 <= y <= box.bottom + 0.01
