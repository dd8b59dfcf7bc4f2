"""How much is said of what the wearer points at: in few words, in the usual ones, and in many."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from fingerpost.core.actions import Hush, Recognise, Say
from fingerpost.core.events import Fault, Recovered, Vitals
from fingerpost.core.preferences import BRIEF, FULL, NORMAL, Preferences
from fingerpost.core.types import NOTHING, Guess
from fingerpost.core.visits import (
    Paired,
    Watched,
)
from tests.story import Story

ANSWERS = {"named", "maybe", "unsure", "nothing"}
ADDITIONS = {"runner_up", "why_unknown", "why_between", "why_resembles"}
GUIDANCE = {"turn_left", "turn_right", "turn_up", "turn_down", "hand_covers_right"}
SURE, DOUBTFUL = Guess("Kiwi", 0.97), Guess("Kiwi", 0.5)
RIVAL, NOBODY = Guess("Lime", 0.03), Guess("Lime", 0.01)


@pytest.mark.parametrize(("guesses", "brief", "normal", "full"), [
    ((SURE, RIVAL), ["named:Kiwi"], ["named:Kiwi"], ["named:Kiwi", "runner_up:Lime"]),
    ((SURE, NOBODY), ["named:Kiwi"], ["named:Kiwi"], ["named:Kiwi"]),
    ((Guess("Kiwi", 0.92), RIVAL), ["maybe:Kiwi"], ["maybe:Kiwi"], ["maybe:Kiwi", "runner_up:Lime"]),
    ((DOUBTFUL, Guess("Lime", 0.4)), ["unsure"], ["unsure"], ["unsure", "why_between:Kiwi"]),
    ((DOUBTFUL, RIVAL), ["unsure"], ["unsure"], ["unsure", "why_resembles:Kiwi"]),
    ((), ["unsure"], ["unsure"], ["unsure", "why_unknown"]),
    ((Guess(NOTHING, 0.97),), [], ["nothing"], ["nothing"]),
])
def test_the_same_finger_in_few_words_in_the_usual_ones_and_in_many(guesses, brief, normal, full):
    said = []
    for verbosity in (BRIEF, NORMAL, FULL):
        story = Story(preferences=Preferences(verbosity=verbosity))
        story.thing = guesses
        for _ in range(10):
            story.frame((300.0, 200.0))
        said.append(story.said())
    assert said == [brief, normal, full]


def test_what_is_added_cuts_nothing_off():
    story = Story(preferences=Preferences(verbosity=FULL))
    story.thing = (SURE, RIVAL)
    for _ in range(10):
        story.frame((300.0, 200.0))
    first, second = story.asked(Say)
    assert first.utterance.interrupts
    assert not second.utterance.interrupts
    assert first.utterance.priority == second.utterance.priority


@pytest.mark.parametrize("guesses", [(Guess(NOTHING, 0.97),), ()])
def test_in_few_words_silence_is_no_answer_and_a_press_still_gets_one(guesses):
    story = Story(preferences=Preferences(verbosity=BRIEF))
    story.thing = guesses
    for _ in range(10):
        story.frame((300.0, 200.0))
    if guesses:
        assert "unsure" in story.chimed()
        assert story.said() == []
        assert story.press("action").said() == ["nothing"]
    else:
        assert story.said() == ["unsure"]


def test_in_few_words_guidance_is_an_earcon_and_is_told_at_a_press():
    story = Story(preferences=Preferences(verbosity=BRIEF))
    for _ in range(10):
        story.frame((300.0, 3.0), length=100.0)
    assert story.chimed() == ["finger", "unsure"]
    assert story.said() == []
    assert story.press("action").said() == ["turn_up"]


@pytest.mark.parametrize("verbosity", [BRIEF, NORMAL, FULL])
def test_faults_and_who_looks_on_are_told_however_few_words_are_wanted(verbosity):
    story = Story(preferences=Preferences(verbosity=verbosity))
    assert story.happen(Fault("camera", 1.0)).said() == ["fault_camera"]
    assert story.happen(Recovered("camera", 2.0)).said() == ["recovered_camera"]
    assert story.happen(Paired(3.0)).said() == ["helper_joined"]
    assert story.happen(Watched(9.0, 1)).chimed() == ["watched"]


def test_a_new_pointing_silences_the_old_name_long_before_it_is_looked_at():
    story = Story().rest("Kiwi")
    story.said()
    start = story.at
    story.move((300.0, 200.0), (100.0, 300.0), 1000.0)
    assert not story.asked(Hush)
    arrived = story.at
    while not story.asked(Hush):
        story.frame((100.0, 300.0))
    assert story.at - arrived <= 0.1 + 1e-9 < arrived - start
    assert not story.asked(Recognise)


@pytest.mark.parametrize("place", [(300.0, 3.0), (100.0, 3.0)])
def test_pointing_where_the_thing_cannot_be_seen_silences_too(place):
    story = Story().rest("Kiwi")
    story.said()
    assert len(story.rest("Lime", at=place).asked(Hush)) == 1
    assert story.said() == ["turn_up"]


@pytest.mark.parametrize("speed", [100.0, 150.0, 300.0, 1500.0])
def test_a_hand_that_only_passes_silences_nothing(speed):
    story = Story().rest("Kiwi")
    story.said()
    assert not story.move((300.0, 200.0), (620.0, 300.0), speed).asked(Hush)
    assert story.said() == []


def test_a_finger_that_wavers_hears_the_name_once_and_to_its_end():
    story = Story()
    for step in range(4):
        story.rest("Kiwi", at=(300.0 + 34.0 * (step % 2), 200.0), seconds=0.7)
    assert not story.asked(Hush)
    assert story.said() == ["named:Kiwi"]
    for step in range(40):
        story.rest("Kiwi", at=(300.0 + 34.0 * (step % 2), 200.0), seconds=0.7)
    assert story.said() == [], "however long it wavers"
    assert story.away().rest("Kiwi").said() == ["named:Kiwi"]


def test_a_new_pointing_does_not_silence_what_is_urgent():
    story = Story().rest("Kiwi")
    story.happen(Vitals(story.at, battery_percent=18, charging=False)).said()
    story.rest("Lime", at=(100.0, 300.0))
    assert story.asked(Hush) == [Hush(spares_urgent=True)]
    assert story.press("action").asked(Hush) == [Hush(spares_urgent=True), Hush()]


def test_a_name_that_waited_for_what_is_urgent_was_not_heard():
    story = Story().happen(Vitals(0.0, battery_percent=18, charging=False)).rest("Kiwi", seconds=1.6)
    assert story.said() == ["battery_low", "named:Kiwi"]
    assert story.rest("Kiwi", at=(100.0, 300.0)).said() == ["named:Kiwi"]


def test_a_name_that_was_cut_off_as_it_began_is_said_once_more():
    story = Story().rest("Kiwi", seconds=0.7)
    assert story.said() == ["named:Kiwi"]
    story.frame((420.0, 200.0)).rest("Kiwi", at=(420.0, 200.0), seconds=1.0)
    assert story.said() == ["named:Kiwi"]
    story.rest("Kiwi", at=(420.0, 200.0)).rest("Kiwi", at=(540.0, 200.0), seconds=1.0)
    assert story.said() == []


steps = some.lists(some.tuples(
    some.floats(20.0, 620.0), some.floats(20.0, 460.0), some.sampled_from([0.1, 0.3, 0.5, 1.0, 2.5]),
    some.sampled_from(["Kiwi", "Lime", "", NOTHING]), some.sampled_from([0.99, 0.93, 0.5]),
    some.sampled_from([20.0, 90.0])), max_size=8)


def wander(path, verbosity):
    """A finger that jumps from place to place and rests there; (the rest, what was said in it) of each rest."""
    story, said = Story(preferences=Preferences(verbosity=verbosity)), []
    for x, y, seconds, thing, confidence, length in path:
        story.rest(thing, confidence, seconds, (x, y), length=length)
        said.append(story.said())
    return said


@settings(max_examples=80, deadline=None)
@given(steps)
def test_each_rest_gets_one_answer_at_most_and_fewer_words_are_part_of_more(path):
    brief, normal, full = (wander(path, verbosity) for verbosity in (BRIEF, NORMAL, FULL))
    for few, usual, many in zip(brief, normal, full):
        kinds = [phrase.split(":")[0] for phrase in many]
        assert sum(kind in ANSWERS for kind in kinds) <= 1
        assert sum(kind in GUIDANCE for kind in kinds) <= 1
        assert set(kinds) <= ANSWERS | ADDITIONS | GUIDANCE
        assert set(few) <= set(usual) <= set(many)
        assert not {phrase.split(":")[0] for phrase in usual} & ADDITIONS
        assert not {phrase.split(":")[0] for phrase in few} & (ADDITIONS | GUIDANCE | {"nothing"})


@settings(max_examples=60, deadline=None)
@given(some.lists(some.tuples(some.floats(20.0, 620.0), some.floats(20.0, 460.0)), min_size=2, max_size=6),
       some.floats(100.0, 1500.0), some.sampled_from([BRIEF, NORMAL, FULL]))
def test_a_hand_that_never_stops_hears_nothing(places, speed, verbosity):
    places = [place for place, after in zip(places, places[1:]) if math.dist(place, after) > speed / 5]
    story = Story(preferences=Preferences(verbosity=verbosity)).rest("Kiwi", at=places[0] if places else (300.0, 200.0))
    story.said()
    for start, end in zip(places, places[1:]):
        if math.dist(start, end) > speed / 5:
            steps = int(math.dist(start, end) / speed * 10)
            for share in (step / steps for step in range(1, steps + 1)):
                story.frame((start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])))
    assert story.said() == []
    assert not story.asked(Hush)
