"""The faintest sound: only who wants it hears it, and only while they are kept waiting."""

from __future__ import annotations

import pytest

from fingerpost.core.decide import decide
from fingerpost.core.events import Fault, Preparing, Seen, Status, Tick
from fingerpost.core.preferences import BRIEF, Preferences
from fingerpost.core.state import ASLEEP, MENU, NAMING, POINTING, STARTING, TEACHING
from fingerpost.core.types import Fingertip, Press
from tests.story import CLEAR, Story

WANTED = Preferences(tick=True)
TIP = Fingertip(300.0, 200.0, (0.0, -1.0), 0.9)


def wait(story, seconds):
    """Time passes without an event; how often it ticks."""
    before = story.chimed().count("tick")
    for _ in range(round(seconds * 10)):
        story.at = round(story.at + 0.1, 6)
        story.happen(Tick(story.at))
    return story.chimed().count("tick") - before


def see(story, index, seconds=0.1):
    """A frame with a finger at rest; a look that it asks for does not come back."""
    story.at = round(story.at + seconds, 6)
    story.state, actions = decide(story.state, Seen(index, story.at, TIP, CLEAR))
    story.actions += actions


def rest(story, looks_seconds):
    """A finger rests so long, and nothing is answered."""
    see(story, 1)
    see(story, 2, 0.5)
    return wait(story, looks_seconds)


def test_an_answer_that_does_not_come_ticks_every_one_and_a_half_seconds():
    assert rest(Story(preferences=WANTED), 0.4) == 0
    assert rest(Story(preferences=WANTED), 0.6) == 1
    assert rest(Story(preferences=WANTED), 5.0) == 3
    assert rest(Story(), 5.0) == 0


def test_an_answer_or_guidance_or_its_earcon_ends_it():
    for story in (Story(preferences=WANTED).rest("Kiwi"), Story(preferences=WANTED).rest("", at=(300.0, 3.0)),
                  Story(preferences=Preferences(tick=True, verbosity=BRIEF)).rest("", at=(300.0, 3.0))):
        assert wait(story, 0.3) == 0
        assert "tick" not in story.rest("Kiwi", at=(300.0, 200.0), seconds=5.0).chimed()


def test_a_hand_on_its_way_waits_for_nothing():
    story = Story(preferences=WANTED).move((20.0, 400.0), (620.0, 300.0), 100.0)
    assert "tick" not in story.chimed()


@pytest.mark.parametrize(("mode", "ticks"), [
    (POINTING, True), (TEACHING, True), (MENU, True), (NAMING, False), (ASLEEP, False)])
def test_during_an_errand_it_ticks_but_neither_into_a_recording_nor_in_sleep(mode, ticks):
    story = Story(mode, preferences=WANTED, errand="backup").frame()
    assert bool(wait(story, 4.0)) == ticks


def test_while_a_network_is_prepared_it_ticks_until_there_is_a_picture():
    story = Story(preferences=WANTED).frame().happen(Preparing(0.2, minutes=True))
    assert wait(story, 5.9) == 0, "it speaks, which is urgent"
    assert wait(story, 4.5) == 3
    assert wait(story.frame(), 5.0) == 0


def test_at_the_start_it_ticks_and_not_where_a_fault_explains_the_wait():
    story = Story(STARTING, preferences=WANTED)
    assert wait(story, 4.0) == 0, "it speaks"
    assert wait(story, 3.0) == 2
    story.happen(Fault("camera", story.at))
    assert wait(story, 4.0) == 0


def test_a_look_that_was_asked_for_may_take_its_time_and_then_it_ticks():
    story = Story(preferences=WANTED)
    see(story, 1)
    story.state, _ = decide(story.state, Press("action", "long", story.at))
    story.state, _ = decide(story.state, Status(story.at, "12:30", None, ()))
    assert wait(story, 1.4) == 0
    assert wait(story, 0.2) == 1


@pytest.mark.parametrize(("events", "seconds"), [
    ((Press("action", "short", 0.1),), 4.0), ((Fault("gpu", 0.1),), 6.0),
    ((Fault("gpu", 0.1), Fault("buttons", 0.1)), 12.0), ((Fault("gpu", 0.1), Press("action", "short", 0.1)), 4.0)])
def test_never_into_words(events, seconds):
    story = Story(preferences=WANTED, errand="backup").frame()
    for event in events:
        story.happen(event)
    assert wait(story, seconds - 0.1) == 0
    assert wait(story, 0.2) == 1
