"""Another model names things, or another way to look is ready after minutes: that is told once, when it can be heard to
its end and disturbs nothing."""

from __future__ import annotations

import pytest

from fingerpost.core.decide import AGAIN_SECONDS, NEWS_SECONDS, URGENT_SECONDS
from fingerpost.core.deciding.replies import WORDS_SECONDS
from fingerpost.core.events import Fault, Listened, ModelChanged, Tick, WayChanged
from fingerpost.core.state import ASLEEP, MENU, NAMING, POINTING, STARTING, STOPPING, TEACHING
from fingerpost.core.types import URGENT, Utterance
from tests.story import Story

ONCE, NEVER = ["objects_newer"], []


def tell(story, newer=True):
    """The change, and a moment later; what is said then."""
    story.happen(ModelChanged(story.at, newer))
    return tick(story)


def tick(story, seconds=0.0):
    """Time passes without a frame; what is said then."""
    story.at += seconds
    story.happen(Tick(story.at))
    return story.said()


@pytest.mark.parametrize(("newer", "phrase"), [(True, "objects_newer"), (False, "objects_older")])
def test_it_is_told_once(newer, phrase):
    story = Story()
    assert [tell(story, newer), tick(story), tick(story, NEWS_SECONDS + 0.1), tick(story, 60.0)] == [
        [phrase], [], [], []]
    assert story.state.news == ""


@pytest.mark.parametrize("name", ["fingertip", "detector"])
def test_it_is_told_what_has_changed(name):
    story = Story().happen(ModelChanged(0.0, newer=True, name=name))
    assert tick(story) == [name + "_newer"]


@pytest.mark.parametrize(("mode", "said"), [
    (STARTING, ["starting"]), (POINTING, ONCE), (TEACHING, NEVER), (NAMING, NEVER), (MENU, NEVER), (ASLEEP, NEVER),
    (STOPPING, NEVER),
])
def test_in_every_mode(mode, said):
    assert tell(Story(mode=mode)) == said


@pytest.mark.parametrize(("mode", "at_once"), [
    (POINTING, True), (MENU, True), (STARTING, True), (TEACHING, False), (NAMING, False), (ASLEEP, False),
])
def test_another_way_to_look_is_told_at_once_only_where_that_disturbs_nothing(mode, at_once):
    story = Story(mode=mode)
    story.happen(WayChanged(story.at, "detector"))
    assert story.said() == (["way_whole_things"] if at_once else [])
    assert (story.state.news == "way_whole_things") != at_once


def test_a_device_that_starts_says_first_that_it_is_ready():
    story = Story(mode=STARTING)
    assert [tell(story), story.frame().said(), tick(story), tick(story, WORDS_SECONDS + 0.1)] == [
        ["starting"], ["ready"], NEVER, ONCE]


def test_it_waits_until_the_greetings_are_over():
    greetings = ("stopped_by_power", "update_confirmed")
    story = Story(mode=STARTING, announced=True, untold=tuple(Utterance(greeting, priority=URGENT)
                                                              for greeting in greetings))
    assert [tell(story), story.frame().said()] == [NEVER, ["ready", *greetings]]
    assert [tick(story, 3 * URGENT_SECONDS - 1.0), tick(story, 1.0)] == [NEVER, ONCE]


def test_a_sleeper_hears_it_when_awake():
    story = Story()
    story.press("mode", "long").said()
    assert tell(story) == NEVER
    assert story.press("mode").said() == ["awake"]
    assert tick(story, WORDS_SECONDS + 0.1) == ONCE


@pytest.mark.parametrize("mode", [TEACHING, MENU])
def test_it_waits_until_the_wearer_is_back_to_pointing(mode):
    story = Story(mode=mode)
    assert [tell(story), story.press("mode").said(), tick(story, WORDS_SECONDS + 0.1)] == [NEVER, ["pointing_on"], ONCE]


def test_it_is_not_spoken_into_a_recording():
    story = Story(mode=NAMING)
    assert tell(story) == NEVER
    story.happen(Listened(story.at, 0.7)).press("mode").said()
    assert tick(story, WORDS_SECONDS + 0.1) == ONCE


def test_it_waits_until_the_finger_has_gone():
    story = Story().rest("Kiwi", seconds=5.0)
    assert story.said() == ["named:Kiwi"]
    assert tell(story) == NEVER
    assert [story.away(0.8).said(), tick(story), story.away(0.5).said(), tick(story)] == [[], NEVER, [], ONCE]


CUTS = {
    "a press": lambda story: story.press("action"),
    "a name": lambda story: story.rest("Kiwi").away(),
    "a fault": lambda story: story.happen(Fault("camera", story.at)),
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_what_is_cut_off_is_told_again_but_not_at_once(cut):
    story = Story()
    assert tell(story) == ONCE
    cut(story).said()
    assert [tick(story), tick(story, AGAIN_SECONDS), tick(story, NEWS_SECONDS + 0.1)] == [NEVER, ONCE, NEVER]
    assert story.state.news == ""


def test_what_only_waits_its_turn_behind_it_does_not_cut_it_off():
    story = Story()
    tell(story)
    story.frame((600.0, 5.0))
    assert [tick(story, NEWS_SECONDS + 0.1), tick(story, 60.0)] == [NEVER, NEVER]


def test_of_two_changes_the_last_is_told():
    story = Story(mode=ASLEEP)
    tell(story, newer=True)
    tell(story, newer=False)
    story.press("mode").said()
    assert [tick(story, WORDS_SECONDS + 0.1), tick(story)] == [["objects_older"], []]
