"""The decision, told as stories."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fingerpost.core.actions import Forget, Hush, Keep, Learn, PowerOff, Recognise, Sleep
from fingerpost.core.decide import decide
from fingerpost.core.events import Fault, Forgotten, Kept, Learned, Recognised, Recovered, Seen, Status, Tick, Touched
from fingerpost.core.state import (
    ASLEEP,
    LESSON,
    MENU,
    MODES,
    NAMING,
    POINTING,
    STARTING,
    STOPPING,
    TEACHING,
    Dwell,
    Menu,
    Naming,
    State,
)
from fingerpost.core.steps import STEPS, Lesson
from fingerpost.core.types import Fingertip, Guess, Press, Quality
from tests.story import CLEAR, Story

TIP = Fingertip(300.0, 200.0, (0.0, -1.0), 0.9)


def test_it_says_that_it_starts_and_when_it_is_ready():
    story = Story(mode=STARTING)
    story.happen(Tick(0.0)).happen(Tick(0.1)).frame()
    assert story.chimed() == ["ready"]
    assert story.said() == ["starting", "ready"]
    assert story.state.mode == POINTING


def test_a_resting_finger_gets_one_name_and_only_one():
    assert Story().rest("Kiwi", seconds=5.0).said() == ["named:Kiwi"]


def test_a_hand_that_only_passes_through_hears_nothing():
    story = Story()
    for x in range(0, 640, 40):
        story.frame((float(x), 200.0))
    assert story.said() == []


@pytest.mark.parametrize(("confidence", "phrase"), [(0.97, "named:Kiwi"), (0.92, "maybe:Kiwi"), (0.8, "unsure")])
def test_doubt_is_heard(confidence, phrase):
    assert Story().rest("Kiwi", confidence).said() == [phrase]


def test_something_unknown_is_not_sure():
    assert Story().rest("").said() == ["unsure"]


def test_looks_that_disagree_are_not_sure():
    story = Story()
    story.state, _ = decide(story.state, Seen(0, 0.0, TIP, CLEAR))
    for index, name in enumerate(["Kiwi", "Lime", "Plum"], start=5):
        story.state, _ = decide(story.state, Seen(index, index * 0.1, TIP, CLEAR))
        story.happen(Recognised(index, index * 0.1, (Guess(name, 0.95),)))
    assert story.said() == ["unsure"]


def test_the_same_thing_is_not_named_again_for_a_finger_that_wanders():
    story = Story().rest("Kiwi")
    assert story.said() == ["named:Kiwi"]
    assert story.rest("Kiwi", at=(340.0, 200.0)).said() == []


def test_a_hand_that_comes_back_asks_anew():
    story = Story().rest("Kiwi").away(1.5)
    story.said()
    assert story.rest("Kiwi").said() == ["named:Kiwi"]


def test_pointing_at_something_new_silences_what_is_being_said():
    story = Story().rest("Kiwi")
    story.actions = []
    story.rest("Lime", at=(100.0, 100.0))
    assert isinstance(story.actions[0], Hush)
    assert story.said() == ["named:Lime"]


def test_a_short_gap_does_not_end_the_dwell_but_a_long_one_does():
    story = Story().rest("Kiwi")
    story.said()
    assert story.frame().frame().rest("Kiwi").said() == []
    assert story.state.dwell is not None
    assert story.away(1.0).state.dwell is None


def test_an_answer_about_an_older_dwell_is_dropped():
    story = Story()
    story.state, _ = decide(story.state, Seen(1, 0.1, TIP, CLEAR))
    story.state, _ = decide(story.state, Seen(2, 0.6, TIP, CLEAR))
    assert story.state.dwell.pending == 2
    story.frame((10.0, 10.0))
    assert story.happen(Recognised(2, 0.6, (Guess("Kiwi", 0.99),))).said() == []


def test_looks_that_take_longer_than_a_finger_may_be_lost_are_counted_all_the_same():
    """No frame is seen while the slow processor looks, and time passes."""
    story = Story()
    for index in range(4):
        story.state, _ = decide(story.state, Seen(index, index * 0.1, TIP, CLEAR))
    for index, at in ((5, 0.5), (6, 2.0), (7, 3.5)):
        story.state, actions = decide(story.state, Seen(index, at, TIP, CLEAR))
        assert [type(action) for action in actions if not isinstance(action, Hush)] == [Recognise]
        for tenth in range(1, 14):
            story.happen(Tick(at + tenth / 10))
        story.happen(Recognised(index, at, (Guess("Kiwi", 0.99),)))
        story.happen(Tick(at + 1.4))
    assert (story.said(), story.chimed()) == (["named:Kiwi"], [])


def test_after_a_slow_look_a_finger_that_has_gone_is_missed_as_soon_as_ever():
    story = Story().rest("", seconds=0.3)
    story.state, _ = decide(story.state, Seen(9, 0.9, TIP, CLEAR))
    assert story.state.dwell.pending == 9
    story.happen(Tick(2.0)).happen(Recognised(9, 0.9, (Guess("Kiwi", 0.99),)))
    assert story.happen(Tick(2.4)).state.dwell is not None
    assert story.happen(Tick(2.5)).state.dwell is None


def test_a_look_that_never_comes_back_ends_with_the_fault_that_it_becomes():
    story = Story()
    story.state = State(mode=POINTING, faults=frozenset({"eyes"}), dwell=Dwell(300.0, 200.0, 0.0, 0.5, pending=5))
    assert story.happen(Tick(3.0)).state.dwell is not None
    assert story.happen(Fault("eyes", 3.5)).state.dwell is None
    assert story.said() == []


@pytest.mark.parametrize("question", ["look", "known"])
def test_who_asks_while_things_are_learned_anew_hears_why_they_are_not_known(question):
    for relearning in (False, True):
        story = Story()
        story.state = State(mode=POINTING, question=question)
        story.happen(Status(1.0, "12:30", None, ("taught:1",), relearning=relearning))
        assert ("relearning" in story.said()) == relearning


def test_the_finger_is_greeted_when_it_comes_and_not_on_every_frame():
    story = Story().away().rest("Kiwi")
    assert story.chimed() == ["finger"]


def test_say_again_then_say_more():
    story = Story()
    story.thing = (Guess("Kiwi", 0.97), Guess("Lime", 0.02))
    for _ in range(10):
        story.frame((300.0, 200.0))
    assert story.said() == ["named:Kiwi"]
    story.press("action").press("action").press("action")
    assert story.said() == ["named:Kiwi", "runner_up:Lime", "named:Kiwi"]


def test_say_more_gives_the_reason_for_doubt():
    story = Story().rest("")
    assert story.press("action").press("action").said() == ["unsure", "unsure", "why_unknown"]
    story = Story().rest("Kiwi", 0.5)
    assert story.press("action").press("action").said()[-1] == "why_resembles:Kiwi"
    story = Story()
    story.thing = (Guess("Kiwi", 0.4), Guess("Lime", 0.35))
    for _ in range(10):
        story.frame((300.0, 200.0))
    assert story.press("action").press("action").said()[-1] == "why_between:Kiwi"


def test_teaching_a_thing():
    story = Story().press("mode")
    assert story.state.mode == TEACHING
    story.rest("Kiwi").press("action")
    assert story.chimed()[-1] == "recorded"
    assert Keep(story.index) in story.actions
    assert "named:Kiwi" not in story.said()
    story.happen(Kept(story.at, 1)).press("action", "long")
    assert Learn() in story.actions
    story.happen(Learned(story.at, "taught:1", 1))
    assert story.said() == ["learned_more:taught:1"]
    assert story.state.waiting_samples == 0


def test_enough_samples_are_not_asked_for_more():
    story = Story(TEACHING).happen(Learned(0.0, "taught:1", 4))
    assert story.said() == ["learned:taught:1"]


@pytest.mark.parametrize(("tip", "quality", "phrase"), [
    (None, CLEAR, "sample_no_finger"),
    ((9.0, 9.0), Quality(640, 480, 0.01, 200.0), "sample_too_dark"),
    ((9.0, 9.0), Quality(640, 480, 0.5, 1.0), "sample_blurred"),
])
def test_a_useless_sample_is_refused_with_its_reason(tip, quality, phrase):
    story = Story(TEACHING).frame(tip, quality).press("action")
    assert story.said() == [phrase]
    assert not any(isinstance(action, Keep) for action in story.actions)


def test_undo_and_done_need_samples():
    story = Story(TEACHING)
    assert story.press("mode", "long").press("action", "long").said() == ["nothing_to_undo", "nothing_to_learn"]
    story.happen(Kept(story.at, 2)).press("mode", "long")
    assert Forget() in story.actions
    assert story.happen(Forgotten(story.at, 1)).said() == ["sample_removed"]


def test_what_do_you_know():
    story = Story(MENU, menu=Menu.at("known")).press("action", "long")
    story.happen(Status(1.0, "12:30", None, ("taught:1", "taught:2")))
    assert story.said() == ["known_list"]
    story.press("action", "long").happen(Status(1.0, "12:30", None, ()))
    assert story.said() == ["known_none"]


def test_power_off_is_asked_twice():
    story = Story(MENU).press("both", "long")
    assert story.said() == ["confirm_power_off"]
    story.press("both", "long")
    assert isinstance(story.actions[-1], PowerOff)
    assert story.state.mode == STOPPING


def test_the_question_whether_to_switch_off_lapses():
    story = Story(MENU).press("both", "long")
    story.at += 31.0
    assert story.press("both", "long").state.mode == MENU


def test_sleep_and_wake():
    story = Story().press("mode", "long")
    assert story.actions[-1] == Sleep(True)
    assert story.rest("Kiwi").said() == ["sleeping"]
    assert story.press("action").said() == []
    story.press("mode")
    assert Sleep(False) in story.actions
    assert story.state.mode == POINTING


def test_a_fault_is_announced_once_and_drops_what_was_seen():
    story = Story().rest("Kiwi", seconds=0.6)
    story.said()
    pending = story.state.dwell
    story.happen(Fault("camera", story.at)).happen(Fault("camera", story.at + 1))
    assert story.chimed() == ["fault"]
    assert story.said() == ["fault_camera"]
    assert pending is not None
    assert story.state.dwell is None
    assert story.happen(Recognised(story.index, story.at, (Guess("Kiwi", 0.99),))).said() == []
    story.happen(Recovered("camera", story.at)).happen(Recovered("camera", story.at))
    assert story.said() == ["recovered_camera"]


@pytest.mark.parametrize("part", ["gpu", "buttons", "mode_button", "microphone"])
def test_a_fault_of_what_seeing_does_not_need_leaves_the_dwell_and_the_name_that_is_due(part):
    story = Story()
    for index, at in ((0, 0.0), (5, 0.5)):
        story.state, actions = decide(story.state, Seen(index, at, TIP, CLEAR))
    assert actions[-1] == Recognise(5)
    story.happen(Fault(part, 0.6))
    assert story.said() == ["fault_" + part]
    assert story.state.dwell.pending == 5
    assert story.state.view is not None


def test_a_fault_for_good_is_heard_once_and_not_at_every_waking():
    story = Story().happen(Fault("gpu", 0.0)).happen(Fault("camera", 0.0))
    story.said()
    for _ in range(2):
        assert story.press("mode", "long").press("mode").said() == ["sleeping", "awake", "fault_camera"]


def test_a_fault_for_good_that_came_during_sleep_is_heard_once_at_waking():
    story = Story(ASLEEP).happen(Fault("gpu", 0.0))
    assert story.press("mode").said() == ["awake", "fault_gpu"]
    assert story.press("mode", "long").press("mode").said() == ["sleeping", "awake"]


def test_a_press_during_a_fault_tells_the_fault():
    assert Story().happen(Fault("camera", 0.0)).press("action").said() == ["fault_camera", "fault_camera"]


@pytest.mark.parametrize("part", ["memory", "microphone"])
def test_a_fault_that_pointing_does_not_feel_is_not_told_again(part):
    assert Story().happen(Fault(part, 0.0)).press("action").said() == ["fault_" + part, "nothing_to_repeat"]


def test_a_button_that_goes_down_hushes_and_changes_nothing_else():
    for mode in set(MODES) - {LESSON, STOPPING}:
        state = State(mode=mode)
        assert decide(state, Touched(1.0)) == (state, (Hush(),))
    after, actions = decide(State(mode=LESSON, lesson=Lesson(STEPS[1])), Touched(1.0))
    assert (after.mode, after.lesson.step, actions[:1]) == (LESSON, STEPS[1], (Hush(),))  # it notes what was cut off


def test_every_press_hushes():
    for mode in MODES[:-1]:
        for button in ("mode", "action", "both"):
            for kind in ("short", "long"):
                _, actions = decide(State(mode=mode), Press(button, kind, 1.0))
                assert actions[0] == Hush()


def test_a_stuck_mode_button_that_has_sent_the_device_to_sleep_leaves_it_to_action_to_wake_it():
    story = Story().press("mode", "long").press("action")
    assert (story.said(), story.state.mode) == (["sleeping"], ASLEEP)
    story.happen(Fault("mode_button", 20.0)).said()
    for kind in ("short", "long"):
        story.state = replace(story.state, mode=ASLEEP)
        assert story.press("action", kind).said() == ["awake", "fault_mode_button"]
        assert story.state.mode == POINTING
    story.happen(Recovered("mode_button", 30.0)).press("mode", "long").press("action", "long")
    assert story.state.mode == ASLEEP


@pytest.mark.parametrize(("button", "kind"), [("action", "short"), ("mode", "short"), ("mode", "long")])
def test_without_a_camera_at_the_start_every_press_tells_why_nothing_is_seen(button, kind):
    story = Story(mode=STARTING)
    assert story.press(button, kind).said() == ["starting"]
    story.happen(Fault("camera", 1.0)).said()
    assert story.press(button, kind).said() == ["fault_camera"]
    assert story.state.mode == STARTING


def test_what_it_sees_at_the_start_is_asked_for_as_well():
    story = Story(mode=STARTING).press("action", "long").happen(Status(1.0, "12:30", None, ()))
    assert story.said() == ["starting", "clock"]
    story.happen(Fault("camera", 1.0)).said()
    assert story.press("action", "long").happen(Status(2.0, "12:30", None, ())).said() == ["fault_camera", "clock"]


def test_without_a_camera_at_the_start_it_can_be_switched_off():
    story = Story(mode=STARTING).happen(Fault("camera", 0.0))
    story.press("both", "long").press("both", "long").press("both", "long")
    assert story.said()[1:] == ["menu_on", "menu_things", "confirm_power_off", "stopping"]
    assert story.state.mode == STOPPING


def test_out_of_the_menu_the_start_goes_on():
    story = Story(mode=STARTING).press("both", "long")
    story.said()
    assert story.press("mode").said() == ["starting"]
    assert story.state.mode == STARTING
    assert story.frame().said() == ["ready"]
    assert story.state.mode == POINTING
    assert story.press("both", "long").press("mode").said()[-1] == "pointing_on"


def test_ready_is_said_in_the_menu_too_and_once():
    story = Story(mode=STARTING).press("both", "long")
    story.said()
    story.frame().frame()
    assert story.chimed() == ["ready"]
    assert (story.said(), story.state.mode) == (["ready"], MENU)
    assert story.press("mode").said() == ["pointing_on"]
    assert story.rest("Kiwi").said() == ["named:Kiwi"]


def test_ready_is_not_said_into_a_recording():
    story = Story(mode=STARTING).press("both", "long")
    story.state = replace(story.state, mode=NAMING, naming=Naming("taught:1"))
    story.said()
    assert story.frame().said() == []
    assert story.press("mode").frame().said() == ["cancelled", "menu_things", "ready"]


def test_asleep_nothing_is_seen():
    assert Story(ASLEEP).rest("Kiwi").happen(Fault("camera", 1.0)).said() == []


def test_a_button_that_got_stuck_and_so_sent_the_device_to_sleep_is_announced():
    story = Story(ASLEEP).happen(Fault("mode_button", 1.0)).happen(Recovered("mode_button", 9.0))
    assert story.said() == ["fault_mode_button", "recovered_mode_button"]
