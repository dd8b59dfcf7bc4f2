"""How much is said of what the wearer points at: in few words, in the usual ones, and in many."""

from __future__ import annotations

import pytest

from fingerpost.core.actions import Say
from fingerpost.core.events import Fault, Recovered
from fingerpost.core.preferences import BRIEF, FULL, NORMAL, Preferences
from fingerpost.core.types import NOTHING, Guess
from fingerpost.core.visits import (
    Paired,
    Watched,
)
from tests.story import Story

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
