"""What several looks come to: names, hedged names, doubt, and nothing there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fingerpost.core.deciding.pointing import judge, speak
from fingerpost.core.rules import Rules
from fingerpost.core.types import NOTHING, Guess
from tests.story import Story

RULES = Rules()
NONE = (Guess(NOTHING, 1.0),)


def score(name, value):
    """A look in which a detector gives that name."""
    return (Guess(name, value, calibrated=False),)


def answer(*looks):
    return judge(looks, RULES, 1.0)


@pytest.mark.parametrize(("looks", "phrase"), [
    ([NONE] * 3, "nothing"),
    ([NONE, NONE, score("cup", 0.9)], "nothing"),
    ([NONE, score("cup", 0.45), score("cup", 0.45)], "unsure"),
    ([NONE, score("cup", 0.9), score("cup", 0.9)], "maybe"),
    ([score("cup", 0.5)] * 3, "maybe"),
    ([score("cup", 0.49)] * 3, "unsure"),
    ([score("cup", 1.0)] * 3, "maybe"),
    ([score("cup", 0.9), score("tin", 0.9), score("pan", 0.9)], "unsure"),
    ([(Guess("cup", 0.99),)] * 3, "named"),
    ([(Guess("cup", 0.99),), (Guess("cup", 0.99),), score("cup", 0.99)], "maybe"),
    ([(Guess("taught:1", 0.97), Guess("cup", 0.02, calibrated=False))] * 3, "named"),
    ([(Guess("taught:1", 0.6), Guess(NOTHING, 0.4))] * 3, "unsure"),
    ([(), (), ()], "unsure"),
])
def test_looks_come_to_an_answer(looks, phrase):
    assert answer(*looks).phrase == phrase


guesses = some.builds(Guess, some.sampled_from(["cup", "tin", NOTHING]), some.floats(0, 1), some.booleans())


@given(some.lists(some.lists(guesses, max_size=3, unique_by=lambda guess: guess.object_id).map(tuple), min_size=1,
                  max_size=4))
def test_nothing_is_never_spoken_as_a_name(looks):
    said = answer(*looks)
    assert NOTHING not in [guess.object_id for guess in said.guesses]
    assert ("thing" in dict(speak(said).slots)) == (said.phrase in ("named", "maybe"))


def test_nothing_there_is_said_once_and_explained_on_request():
    story = Story()
    story.thing = NONE
    for at in ((300.0, 200.0), (380.0, 200.0)):
        for _ in range(20):  # long enough to be heard: what the next rest cuts off at once is said again
            story.frame(at)
    assert story.said() == ["nothing"]
    assert story.press("action").press("action").said() == ["nothing", "why_nothing"]


def test_what_is_not_sure_is_told_apart_from_nothing_there():
    story = Story().rest("", at=(300.0, 200.0))
    story.thing = NONE
    for _ in range(10):
        story.frame((380.0, 200.0))
    assert story.said() == ["unsure", "nothing"]
