""""What do you see?": what is wrong comes first, and nothing cuts the answer off but the wearer."""

from __future__ import annotations

import pytest

from fingerpost.core.actions import Hush, Recognise, Report, Say
from fingerpost.core.decide import decide
from fingerpost.core.events import Fault, Preparing, Recognised, Seen, Status, Tick, Touched
from fingerpost.core.preferences import LEFT, Preferences
from fingerpost.core.state import POINTING, STARTING
from fingerpost.core.types import NOTHING, Fingertip, Guess, Press, Quality
from tests.story import CLEAR, Story

COVERED = Quality(640, 480, 0.4, 2.0, contrast=0.03)
PAGE = Quality(640, 480, 0.7, 400.0, contrast=0.02)
"""A sheet full of text: coarse parts do not differ, fine ones do."""
BLACK = Quality(640, 480, 0.01, 0.0, contrast=0.0)
TIP = Fingertip(300.0, 200.0, (0.0, -1.0), 0.9)


def ask(story, **status):
    """The wearer asks, the device answers; what is said."""
    story.press("action", "long")
    assert isinstance(story.actions[-1], Report)
    filled = {"time": "12:30", "battery_percent": None, "taught": (), **status}
    return story.happen(Status(story.at, **filled)).said()


@pytest.mark.parametrize(("tip", "quality", "said"), [
    (None, CLEAR, ["no_hand", "light_good"]),
    (None, Quality(640, 480, 0.02, 50.0), ["too_dark", "no_hand"]),
    (None, Quality(640, 480, 0.97, 50.0), ["too_bright", "no_hand"]),
    (None, Quality(640, 480, 0.5, 3.0), ["blurred", "no_hand"]),
    (None, COVERED, ["camera_covered", "no_hand"]),
    (None, PAGE, ["no_hand", "light_good"]),
    (None, BLACK, ["dark_or_covered", "no_hand"]),
    (None, Quality(640, 480, 0.02, 50.0, contrast=0.3), ["too_dark", "no_hand"]),
    ((300.0, 1.0), CLEAR, ["hand_seen", "turn_up"]),
    ((300.0, 1.0), Quality(640, 480, 0.02, 50.0), ["too_dark", "hand_seen", "turn_up"]),
    ((300.0, 200.0), CLEAR, ["see_unsure", "light_good"]),
    ((300.0, 200.0), COVERED, ["blurred", "see_unsure"]),
    ((300.0, 200.0), PAGE, ["see_unsure", "light_good"]),
    ((300.0, 200.0), Quality(640, 480, 0.5, 3.0), ["blurred", "see_unsure"]),
], ids=str)
def test_what_is_wrong_comes_first_and_the_light_is_good_only_where_nothing_is(tip, quality, said):
    assert ask(Story().frame(tip, quality)) == [*said, "clock"]


def test_a_picture_in_dim_light_may_be_less_sharp():
    assert "blurred" not in ask(Story().frame(None, Quality(640, 480, 0.1, 4.0)))
    assert "blurred" in ask(Story().frame(None, Quality(640, 480, 0.3, 4.0)))


def test_a_hand_that_hides_the_thing_is_told_with_the_way_out():
    story = Story(preferences=Preferences(hand=LEFT)).frame((300.0, 200.0), length=20.0)
    assert ask(story) == ["hand_seen", "hand_covers_left", "clock"]


@pytest.mark.parametrize(("guesses", "said"), [
    ((Guess("Kiwi", 0.98),), "see_named:Kiwi"), ((Guess("Kiwi", 0.92),), "see_maybe:Kiwi"),
    ((Guess("Kiwi", 0.5),), "see_unsure"), ((), "see_unsure"), ((Guess(NOTHING, 0.99),), "see_nothing"),
    ((Guess("Kiwi", 0.8, calibrated=False),), "see_maybe:Kiwi"),
])
def test_the_thing_is_judged_by_the_rules_of_every_answer_whether_it_was_answered_or_not(guesses, said):
    moving, resting = Story(), Story()
    moving.thing = resting.thing = guesses
    moving.frame((300.0, 200.0))
    for _ in range(10):
        resting.frame((300.0, 200.0))
    resting.said()
    for story in (moving, resting):
        assert ask(story)[0] == said


def test_a_single_look_says_maybe_where_several_alike_name_plainly():
    story = Story().rest("Kiwi", 0.96, seconds=0.2)
    assert ask(story)[0] == "see_maybe:Kiwi"
    assert ask(Story().rest("Kiwi", 0.96, seconds=0.6))[0] == "see_named:Kiwi", "two looks of the rest were there"


def test_a_rest_that_was_answered_is_not_looked_at_again():
    story = Story().rest("Kiwi")
    story.said()
    story.press("action", "long").happen(Status(story.at, "12:30", None, ()))
    assert not story.asked(Recognise)
    assert story.said() == ["see_named:Kiwi", "light_good", "clock"]


def test_say_again_repeats_the_name_that_was_told():
    story = Story().rest("Kiwi", seconds=0.2)
    assert ask(story)[0] == "see_named:Kiwi"
    assert story.press("action").said() == ["named:Kiwi"]


def test_the_answer_that_was_due_for_the_same_rest_does_not_cut_it_off():
    for seconds in (0.1, 0.3, 0.5, 0.6):
        story = Story().rest("Kiwi", seconds=seconds)
        assert ask(story)[0] == "see_named:Kiwi"
        assert story.rest("Kiwi", seconds=3.0).asked(Hush) == []
        assert story.said() == []


def see(story, index, at, tip=TIP):
    """A frame whose look takes longer than the test: nothing answers it."""
    story.state, actions = decide(story.state, Seen(index, at, tip, CLEAR))
    return actions


def test_looks_that_were_under_way_are_not_told_twice():
    story = Story()
    see(story, 1, 0.1)
    see(story, 2, 0.6)
    assert story.state.dwell.pending == 2
    story.state, _ = decide(story.state, Press("action", "long", 0.7))
    story.state, actions = decide(story.state, Status(0.7, "12:30", None, ()))
    assert actions == (Recognise(2),)
    assert story.happen(Recognised(2, 0.9, (Guess("Kiwi", 0.99),))).said() == ["see_named:Kiwi", "light_good", "clock"]
    assert story.happen(Recognised(2, 0.9, (Guess("Kiwi", 0.99),))).said() == []
    assert see(story, 3, 1.0) == see(story, 4, 2.0) == ()


def test_a_slow_look_is_waited_for_and_the_finger_not_missed():
    story = Story()
    see(story, 1, 0.1)
    story.state, _ = decide(story.state, Press("action", "long", 0.2))
    story.state, _ = decide(story.state, Status(0.2, "12:30", None, ()))
    for tenth in range(20):
        story.happen(Tick(0.3 + tenth / 10))
    assert story.happen(Recognised(1, 2.3, ())).said() == ["see_unsure", "light_good", "clock"]
    assert see(story, 2, 2.4) == see(story, 3, 3.4) == ()


@pytest.mark.parametrize("event", [Press("action", "short", 1.0), Press("mode", "short", 1.0), Fault("eyes", 1.0)],
                         ids=lambda event: type(event).__name__)
def test_after_a_press_or_a_fault_nobody_hears_the_rest(event):
    story = Story()
    see(story, 1, 0.1)
    story.state, _ = decide(story.state, Press("action", "long", 0.2))
    story.state, _ = decide(story.state, Status(0.2, "12:30", None, ()))
    story.happen(event).said()
    assert story.happen(Recognised(1, 1.1, (Guess("Kiwi", 0.99),))).said() == []


@pytest.mark.parametrize("event", [Fault("companion", 0.3), Press("action", "short", 0.3), Touched(0.3)],
                         ids=lambda event: type(event).__name__)
def test_a_rest_whose_look_was_given_up_gets_its_own_answer(event):
    story = Story()
    see(story, 1, 0.1)
    story.state, _ = decide(story.state, Press("action", "long", 0.2))
    story.state, _ = decide(story.state, Status(0.2, "12:30", None, ()))
    story.happen(event).said()
    story.happen(Recognised(1, 0.4, (Guess("Kiwi", 0.99),)))
    story.at = 0.4
    assert story.rest("Kiwi").said() == ["named:Kiwi"]


@pytest.mark.parametrize(("before", "after"), [(0.99, 0.99), (0.92, 0.99), (0.99, 0.5)])
def test_a_finger_that_wavers_does_not_cut_it_off(before, after):
    story = Story().rest("Kiwi", before)
    ask(story)
    for step in range(12):
        story.rest("Kiwi", after, at=(334.0 - 34.0 * (step % 2), 200.0), seconds=0.7)
    assert not story.asked(Hush)
    assert story.said() == []
    assert story.rest("Lime", at=(334.0, 200.0)).said() == ["named:Lime"], "another thing is named"


@pytest.mark.parametrize("before", ["", "Lime"])
def test_a_new_pointing_silences_it(before):
    story = Story().rest(before, seconds=1.0 if before else 0.2)
    ask(story)
    story.rest("Kiwi", at=(100.0, 300.0))
    assert isinstance(story.actions[0], Hush)
    assert story.said() == ["named:Kiwi"]


def test_nothing_is_silenced_twice_nor_by_a_hand_that_was_not_there():
    story = Story().frame()
    assert ask(story)[0] == "no_hand"
    assert len(story.rest("Kiwi").asked(Hush)) == 1


def test_faults_come_first_and_what_is_broken_hides_the_rest():
    story = Story().rest("Kiwi").happen(Fault("camera", 2.0))
    story.said()
    assert ask(story) == ["fault_camera", "clock"]
    story = Story().frame()
    story.happen(Fault("microphone", 2.0)).said()
    assert ask(story) == ["fault_microphone", "no_hand", "clock"]


def test_without_a_picture_that_is_what_it_says():
    assert ask(Story(STARTING)) == ["starting", "clock"]
    assert ask(Story(POINTING)) == ["no_picture", "clock"]
    story = Story().frame().happen(Preparing(1.0))
    story.said()
    assert ask(story) == ["no_picture", "clock"]


def test_a_picture_that_is_gone_is_not_described():
    story = Story().rest("Kiwi")
    story.said()
    story.at += 0.6
    assert ask(story) == ["no_picture", "clock"]


@pytest.mark.parametrize("pause", [0.6, 3.0])
@pytest.mark.parametrize("seconds", [0.1, 0.3, 1.0])
def test_a_finger_that_is_still_there_in_the_next_picture_does_not_cut_that_off(pause, seconds):
    story = Story().rest("Kiwi", seconds=seconds)
    story.said()
    for _ in range(round(pause * 10)):
        story.at = round(story.at + 0.1, 6)
        story.happen(Tick(story.at))
    assert ask(story) == ["no_picture", "clock"]
    story.rest("Kiwi", seconds=2.0)
    assert not story.asked(Hush)
    assert story.said() == []
    assert story.rest("Lime", at=(100.0, 300.0)).said() == ["named:Lime"], "another thing is named"


def test_what_was_under_way_when_the_device_fell_asleep_is_not_described_an_hour_later():
    story = Story().frame((300.0, 200.0)).press("mode", "long").frame((300.0, 200.0))
    assert story.state.view is None
    story.at += 3600.0
    story.press("mode").said()
    assert ask(story) == ["no_picture", "clock"]


def test_what_is_said_on_waking_is_not_taken_for_its_answer():
    story = Story().frame()
    ask(story)
    story.press("mode", "long").press("mode").said()
    assert not story.rest("Kiwi", seconds=0.3).asked(Hush)


def test_how_the_device_is():
    story = Story(waiting_samples=2).frame()
    assert ask(story, battery_percent=80, celsius=41.6, relearning=True) == [
        "no_hand", "light_good", "samples_waiting", "relearning", "clock", "battery", "board_celsius"]
    story.press("action", "long").happen(Status(story.at, "12:30", 80, (), celsius=41.6, charging=True))
    slots = {action.utterance.phrase: dict(action.utterance.slots) for action in story.asked(Say)}
    assert (slots["clock"], slots["battery_plugged"]) == ({"time": "12:30"}, {"percent": "80"})
    assert (slots["board_celsius"], slots["samples_waiting"]) == ({"celsius": "42"}, {"count": "2"})


def test_all_of_it_waits_its_turn():
    story = Story().frame()
    ask(story)
    story.press("action", "long").happen(Status(story.at, "12:30", 80, ()))
    assert not any(action.utterance.interrupts for action in story.asked(Say))
