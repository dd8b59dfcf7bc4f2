"""Another model names things: that is told once, when it can be heard and disturbs nothing."""

from __future__ import annotations

import pytest

from fingerpost.core.events import Listened, ModelChanged, Tick
from fingerpost.core.state import ASLEEP, MENU, NAMING, POINTING, STARTING, STOPPING, TEACHING
from tests.story import Story


def tell(story, newer=True):
    """The change, and a moment later; what is said then."""
    story.happen(ModelChanged(story.at, newer))
    return tick(story)


def tick(story):
    story.happen(Tick(story.at))
    return story.said()


@pytest.mark.parametrize(("newer", "phrase"), [(True, "model_newer"), (False, "model_older")])
def test_it_is_told_once(newer, phrase):
    story = Story()
    assert [tell(story, newer), tick(story)] == [[phrase], []]


@pytest.mark.parametrize(("mode", "said"), [
    (STARTING, ["starting"]), (POINTING, ["model_newer"]), (TEACHING, ["model_newer"]), (NAMING, []),
    (MENU, ["model_newer"]), (ASLEEP, []), (STOPPING, []),
])
def test_in_every_mode(mode, said):
    assert tell(Story(mode=mode)) == said


def test_a_device_that_starts_says_first_that_it_is_ready():
    story = Story(mode=STARTING)
    assert [tell(story), story.frame().said(), tick(story)] == [["starting"], ["ready"], ["model_newer"]]


def test_a_sleeper_hears_it_when_awake():
    story = Story()
    story.press("mode", "long").said()
    assert tell(story) == []
    assert story.press("mode").said() == ["awake"]
    assert tick(story) == ["model_newer"]


def test_it_is_not_spoken_into_a_recording():
    story = Story(mode=NAMING)
    assert tell(story) == []
    story.happen(Listened(story.at, 0.7)).said()
    assert tick(story) == ["model_newer"]


def test_it_waits_until_the_finger_has_gone():
    story = Story().rest("Kiwi")
    assert story.said() == ["named:Kiwi"]
    assert tell(story) == []
    assert story.away().said() == []
    assert tick(story) == ["model_newer"]


def test_of_two_changes_the_last_is_told():
    story = Story(mode=ASLEEP)
    tell(story, newer=True)
    tell(story, newer=False)
    story.press("mode").said()
    assert [tick(story), tick(story)] == [["model_older"], []]
