"""Days on which the thing cannot be seen at first: the hand is on its way, at the edge, or before it."""

from __future__ import annotations

import math

import pytest

from fingerpost.core.actions import Hush, Keep, Recognise, Say
from fingerpost.core.deciding.guidance import find_hindrance
from fingerpost.core.preferences import LEFT as LEFT_HAND
from fingerpost.core.preferences import Preferences
from fingerpost.core.rules import Rules
from fingerpost.core.state import ASLEEP, MENU, POINTING, TEACHING
from fingerpost.core.types import Fingertip, Guess
from tests.story import CLEAR, Story

TOP, LEFT = (300.0, 30.0), (8.0, 240.0)


@pytest.mark.parametrize("speed", [30.0, 60.0, 150.0, 600.0])
def test_a_hand_that_passes_through_hears_nothing_and_nothing_is_looked_at(speed):
    story = Story().away().move((40.0, 400.0), (600.0, 300.0), speed)
    assert not any(isinstance(action, Recognise) for action in story.actions)
    assert story.chimed() == ["finger"]
    assert story.said() == []


def test_the_thing_is_named_soon_after_the_hand_has_stopped():
    story = Story().move((40.0, 400.0), (300.0, 200.0), 60.0)
    assert story.said() == []
    assert story.rest("Kiwi", seconds=0.8).said() == ["named:Kiwi"]


def test_a_hand_that_trembles_is_not_kept_waiting_for_ever():
    story = Story()
    story.thing = (Guess("Kiwi", 0.99),)
    for step in range(40):
        story.frame((300.0 + 12.0 * math.sin(step / 2), 200.0))
    assert story.said() == ["named:Kiwi"]


def test_a_stir_during_the_rest_does_not_name_the_thing_again():
    story = Story().rest("Kiwi")
    assert story.said() == ["named:Kiwi"]
    story.rest("Kiwi", seconds=4.0).frame((310.0, 200.0)).rest("Kiwi", seconds=1.0)
    assert story.said() == []


def test_a_hand_at_the_edge_is_guided_and_gets_the_name_once_it_is_inside():
    story = Story().rest("Kiwi", at=TOP)
    assert story.said() == ["turn_up"]
    assert story.rest("Kiwi", at=(300.0, 200.0)).said() == ["named:Kiwi"]


def test_at_the_edge_nothing_is_looked_at():
    story = Story().rest("Kiwi", at=TOP, seconds=3.0)
    assert not any(isinstance(action, (Recognise, Hush)) for action in story.actions)


@pytest.mark.parametrize(("at", "direction", "phrase"), [
    ((300.0, 30.0), (0.0, -1.0), "turn_up"),
    ((300.0, 450.0), (0.0, 1.0), "turn_down"),
    ((40.0, 240.0), (-1.0, 0.0), "turn_left"),
    ((600.0, 240.0), (1.0, 0.0), "turn_right"),
    ((5.0, 240.0), (0.0, -1.0), "turn_left"),
    ((50.0, 90.0), (-0.8, -0.6), "turn_left"),
    ((40.0, 240.0), (1.0, 0.0), ""),
    ((300.0, 470.0), (0.0, -1.0), ""),
])
def test_the_head_turns_to_where_the_finger_points(at, direction, phrase):
    assert find_hindrance(Fingertip(*at, direction, 0.9, length=100.0), CLEAR, Rules()) == phrase


@pytest.mark.parametrize(("length", "phrase"), [(20.0, "hand_covers_right"), (100.0, ""), (0.0, "")])
def test_a_finger_seen_end_on_covers_the_thing(length, phrase):
    assert find_hindrance(Fingertip(300.0, 240.0, (0.6, -0.8), 0.9, length), CLEAR, Rules()) == phrase


def test_a_covered_thing_is_named_when_the_finger_comes_from_the_side():
    story = Story().rest("Kiwi", length=20.0)
    assert story.said() == ["hand_covers_right"]
    assert story.rest("Kiwi", length=90.0).said() == ["named:Kiwi"]


def test_guidance_comes_once_per_rest_however_long_that_is():
    assert Story().rest("Kiwi", at=TOP, seconds=30.0).said() == ["turn_up"]


def test_the_same_guidance_does_not_come_again_soon_but_another_does():
    story = Story().rest("", at=TOP).rest("", at=(400.0, 30.0)).rest("", at=LEFT)
    assert story.said() == ["turn_up", "turn_left"]
    assert story.rest("", at=(200.0, 30.0), seconds=8.0).said() == ["turn_up"]


def test_guidance_cuts_nothing_off_and_comes_after_no_answer_of_the_same_rest():
    story = Story().rest("Kiwi", at=(300.0, 110.0))
    assert story.said() == ["named:Kiwi"]
    assert story.rest("Kiwi", at=(300.0, 90.0), seconds=3.0).said() == []
    story.rest("Kiwi", at=(400.0, 30.0))
    assert [action.utterance.interrupts for action in story.asked(Say)] == [False]
    assert story.said() == ["turn_up"]


def test_the_guidance_is_for_the_hand_that_points():
    story = Story(preferences=Preferences(hand=LEFT_HAND)).rest("Kiwi", length=20.0)
    assert story.said() == ["hand_covers_left"]
    assert story.press("action").said() == ["hand_covers_left"]
    story = Story(TEACHING, preferences=Preferences(hand=LEFT_HAND)).rest("Kiwi", length=20.0)
    assert story.press("action").said() == ["hand_covers_left"]


def test_who_followed_the_guidance_hears_the_name_even_if_it_was_said_before():
    story = Story().rest("Kiwi", at=(300.0, 200.0)).rest("Kiwi", at=TOP).rest("Kiwi", at=(400.0, 200.0))
    assert story.said() == ["named:Kiwi", "turn_up", "named:Kiwi"]


def test_say_again_repeats_the_guidance_and_not_the_old_name():
    story = Story().rest("Kiwi", at=(300.0, 200.0)).rest("Lime", at=TOP)
    assert story.press("action").said() == ["named:Kiwi", "turn_up", "turn_up"]
    assert story.rest("Lime", at=(420.0, 200.0)).press("action").said() == ["named:Lime", "named:Lime"]


def test_a_second_try_that_goes_wrong_in_the_same_way_is_not_met_with_silence():
    story = Story().rest("", at=TOP)
    assert story.said() == ["turn_up"]
    assert story.away().rest("", at=TOP).chimed()[-1] == "unsure"
    assert story.said() == []


def test_a_hand_that_points_at_nothing_is_not_nagged():
    story = Story()
    for _ in range(60):
        story.rest("", at=TOP, seconds=2.0).rest("", at=(400.0, 30.0), seconds=2.0)
    assert story.said().count("turn_up") <= 6


def test_a_finger_that_wavers_at_the_limit_is_looked_at_and_not_guided():
    story = Story()
    story.thing = (Guess("Kiwi", 0.99),)
    for step in range(12):
        story.frame((300.0, 56.5 + step % 2 * 2.0))
    assert story.said() == ["named:Kiwi"]


@pytest.mark.parametrize("finger", [{"at": TOP}, {"length": 15.0}], ids=str)
def test_what_cannot_be_seen_is_not_learned(finger):
    story = Story(TEACHING).rest("Kiwi", **finger)
    story.press("action")
    assert not any(isinstance(action, Keep) for action in story.actions)
    assert story.said() == ["turn_up" if "at" in finger else "hand_covers_right"]


def test_waking_forgets_what_was_said_before():
    story = Story().rest("", at=TOP).press("mode", "long").press("mode", "long")
    story.said()
    assert story.rest("", at=TOP).said() == ["turn_up"]


@pytest.mark.parametrize("finger", [{"at": TOP}, {"at": LEFT}, {"length": 15.0}], ids=str)
@pytest.mark.parametrize("mode", [MENU, TEACHING, ASLEEP, POINTING])
def test_only_in_pointing_is_the_finger_guided_unasked(mode, finger):
    said = Story(mode).rest("Kiwi", **finger, seconds=1.0).said()
    assert bool({"turn_up", "turn_left", "hand_covers_right"} & set(said)) == (mode == POINTING)
