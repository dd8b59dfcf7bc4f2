"""The set-up in the first lesson: language, buttons, values, the camera, and buttons that are stuck."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fingerpost.core.events import Fault, Learned, Recovered
from fingerpost.core.state import LESSON, NAMING, POINTING, STARTING, TEACHING, Answer
from fingerpost.core.steps import PRACTICE, STEPS, Lesson
from fingerpost.core.types import Quality
from fingerpost.core.visits import Prefer
from tests.pupil import SETUP, THING, Pupil, at_step
from tests.story import Story


def test_without_a_press_every_language_has_its_turn_twice_and_the_first_one_stays():
    pupil = Pupil()
    pupil.frame().waits(100.0)
    assert [action.preferences.language for action in pupil.asked(Prefer)] == ["de", "en", "de", "en"]
    assert pupil.said() == ["ready", "lesson_language"] + ["language_chosen", "lesson_language"] * 4
    assert pupil.state.lesson.step == "language"
    assert pupil.waits(10.0).said() == ["lesson_language"], "it does not fall silent for good"
    assert pupil.waits(60.0).said() == ["lesson_language"]
    assert pupil.hears("action") == ["lesson_language"], "who comes now hears first what is asked"
    assert pupil.hears("action") == ["language_chosen", "lesson_language"]
    assert pupil.state.preferences.language == "de"


@pytest.mark.parametrize(("seconds", "language"), [
    (11.0, "en"), (12.2, "en"), (13.3, "en"), (14.0, "de"), (25.0, "de"), (26.5, "en")])
def test_a_hold_means_the_language_that_was_heard(seconds, language):
    pupil = Pupil().begins().waits(seconds)
    pupil.said()
    assert pupil.hears("mode", "long")[-2:] == ["lesson_welcome", "lesson_buttons"]
    assert pupil.state.preferences.language == language


def test_a_hold_after_a_press_means_the_language_that_the_press_has_led_to():
    pupil = Pupil().begins().waits(12.2).press("action").press("action", "long")
    assert (pupil.state.lesson.step, pupil.state.preferences.language) == ("buttons", "en")


def test_who_has_chosen_a_language_is_left_in_it():
    pupil = Pupil().begins()
    pupil.press("mode").waits(30.0)
    assert [action.preferences.language for action in pupil.asked(Prefer)] == ["de"]
    assert pupil.said() == ["language_chosen", "lesson_language", "lesson_language"], "it is asked once more"
    assert pupil.waits(200.0).said() == ["lesson_language"] * 4, "and again"


def test_a_device_of_one_language_begins_with_the_buttons():
    pupil = Story(STARTING, announced=True, languages=("en",), lesson=Lesson("language"))
    assert "lesson_buttons" in pupil.frame().said()


def test_the_buttons_may_come_in_any_order_and_what_is_missing_is_asked_for_again():
    pupil = at_step("buttons")
    assert pupil.hears("action", "long") == ["lesson_held_action", "lesson_buttons"]
    assert pupil.hears("mode", "long") == ["lesson_held_mode", "lesson_buttons"]
    assert pupil.hears("mode") == ["lesson_was_mode", "lesson_other_button"]
    assert pupil.hears("mode") == ["lesson_was_mode", "lesson_other_button"]
    assert pupil.hears("action") == ["lesson_was_action", "lesson_voice", "voice_low"]


def test_a_button_that_is_stuck_is_not_asked_for():
    pupil = at_step("buttons")
    pupil.happen(Fault("mode_button", pupil.at))
    assert pupil.said() == ["fault_mode_button", "lesson_other_button"]
    assert pupil.hears("action") == ["lesson_was_action", "lesson_hold_action"]


def test_mode_leads_back_to_where_a_value_is_chosen_again_and_to_the_language():
    pupil = at_step("aim")
    assert pupil.hears("mode") == ["lesson_hand", "hand_right"]
    assert pupil.hears("mode") == ["lesson_words_per_minute", "rate_chosen"]
    assert pupil.hears("mode") == ["lesson_volume", "volume_chosen"]
    assert pupil.hears("mode") == ["lesson_voice", "voice_low"]
    assert pupil.hears("mode") == ["lesson_buttons"]
    assert pupil.hears("mode", "long") == ["lesson_held_mode", "lesson_buttons"]
    assert pupil.hears("mode", "long") == ["lesson_language"]


def test_where_there_is_nothing_to_go_back_to_the_prompt_is_heard_all_the_same():
    pupil = at_step("buttons")
    pupil.state = replace(pupil.state, languages=("en",))
    pupil.press("mode", "long")
    assert pupil.hears("mode", "long") == ["lesson_buttons"]


@pytest.mark.parametrize("step", ["volume", "words_per_minute"])
def test_a_value_has_the_buttons_that_it_has_in_the_menu_and_says_where_it_ends(step):
    pupil = at_step(step)
    before = getattr(pupil.state.preferences, step)
    assert len(pupil.hears("mode", "long")) == 1
    assert getattr(pupil.state.preferences, step) < before
    for _ in range(20):
        pupil.press("action")
    assert pupil.hears("action")[1:] == ["value_most"]


@pytest.mark.parametrize("step", STEPS)
def test_nobody_is_held_by_a_stuck_action_button_and_the_lesson_goes_on_when_it_is_free(step):
    pupil = at_step(step)
    asked = "lesson_point" if step == "again" else "lesson_" + step
    pupil.happen(Fault("action_button", pupil.at))
    assert pupil.away(60.0).waits(60.0).said() == ["fault_action_button"]
    assert (pupil.state.mode, pupil.state.lesson.step, pupil.state.lesson.left) == (POINTING, step, False)
    pupil.happen(Recovered("action_button", pupil.at))
    resumed = [] if step == "language" else ["lesson_resumed"]
    assert pupil.said()[:len(resumed) + 2] == ["recovered_action_button", *resumed, asked]
    assert pupil.state.mode == (LESSON if step in SETUP else POINTING)


@pytest.mark.parametrize("kind", ["short", "long"])
def test_a_button_that_comes_free_in_teaching_or_sleep_lets_the_lesson_go_on_where_the_wearer_points_again(kind):
    pupil = at_step("hand")
    pupil.happen(Fault("action_button", pupil.at))
    pupil.press("mode", kind)
    pupil.happen(Recovered("action_button", pupil.at))
    assert pupil.waits(60.0).said()[-1] == "recovered_action_button", "nobody is asked for what cannot be done here"
    assert pupil.hears("mode")[1:] == ["lesson_resumed", "lesson_hand", "hand_right"]


def test_who_squeezes_the_action_button_in_practice_is_asked_again_in_teaching():
    pupil = at_step("teach").press("mode")
    pupil.happen(Fault("action_button", pupil.at)).said()
    assert pupil.waits(60.0).said() == []
    assert pupil.happen(Recovered("action_button", pupil.at)).said() == [
        "recovered_action_button", "lesson_sample_first"]


@pytest.mark.parametrize("free_first", [True, False])
def test_at_a_first_start_the_lesson_begins_when_the_action_button_is_free(free_first):
    pupil = Pupil()
    pupil.happen(Fault("action_button", 0.0))
    assert pupil.said() == ["fault_action_button"]
    later = [lambda: pupil.frame(), lambda: pupil.happen(Recovered("action_button", pupil.at))]
    for happens in reversed(later) if free_first else later:
        assert pupil.state.mode in (STARTING, POINTING)
        happens()
    assert pupil.said()[-1] == "lesson_language"
    assert pupil.state.mode == LESSON


def test_who_opens_the_menu_meanwhile_finds_the_lesson_there():
    pupil = at_step("hand")
    pupil.happen(Fault("action_button", pupil.at)).said()
    assert pupil.hears("both", "long") == ["menu_on", "lesson_waits", "menu_things"]
    assert pupil.state.lesson.left


@pytest.mark.parametrize("mode", [POINTING, TEACHING])
@pytest.mark.parametrize("step", PRACTICE)
def test_nobody_is_held_by_a_mode_button_that_is_stuck_in_practice(step, mode):
    pupil = at_step(step)
    pupil.state = replace(pupil.state, mode=mode)
    pupil.happen(Fault("mode_button", pupil.at))
    said = pupil.said()
    assert "lesson_mode_to_point" not in said
    assert "lesson_undo_now" not in said
    assert pupil.state.mode == POINTING
    pupil.away(2.0).rest("Kiwi").press("action").away(2.0).rest(THING).away(2.0)
    assert pupil.state.lesson == Lesson()
    assert "lesson_end" in said + pupil.said()


def test_a_mode_button_that_sticks_while_a_name_is_chosen_lets_the_thing_be_found():
    pupil = at_step("teach").press("mode")
    pupil.state = replace(pupil.state, mode=NAMING, waiting_samples=4)
    pupil.happen(Fault("mode_button", pupil.at)).said()
    pupil.state = replace(pupil.state, mode=TEACHING)
    pupil.happen(Learned(pupil.at, THING, 4))
    assert pupil.said() == [f"learned:{THING}", "lesson_find"]
    assert pupil.state.mode == POINTING


def test_without_a_camera_the_set_up_begins_and_the_rest_waits_for_it():
    pupil = Pupil().waits(20.0)
    pupil.said()
    assert pupil.happen(Fault("camera", pupil.at)).said() == ["fault_camera", "lesson_language"]
    pupil.press("action", "long").press("mode").press("action").press("action", "long").said()
    assert pupil.waits(25.0).said() == ["lesson_voice", "voice_low"], "a step that needs no camera is asked for again"
    for step in ("volume", "words_per_minute", "hand"):
        assert pupil.hears("action", "long")[0] == "lesson_" + step
    assert pupil.hears("action", "long") == ["fault_camera", "lesson_aim"]
    assert pupil.hears("action", "long") == ["fault_camera"]
    assert (pupil.state.mode, pupil.state.lesson.step) == (STARTING, "point")
    assert pupil.waits(100.0).said() == []
    pupil.happen(Recovered("camera", pupil.at))
    assert pupil.frame().said() == ["recovered_camera", "ready", "lesson_resumed", "lesson_point"]


def test_a_camera_that_comes_in_the_set_up_makes_the_device_ready_there():
    pupil = Pupil()
    pupil.happen(Fault("camera", 0.0)).happen(Recovered("camera", 1.0)).said()
    assert pupil.frame().said() == ["ready"]
    assert (pupil.state.mode, pupil.state.unready) == (LESSON, False)


def test_without_a_camera_practice_waits():
    pupil = Pupil("point")
    assert pupil.happen(Fault("camera", 0.0)).said() == ["fault_camera"]
    assert pupil.state.mode == STARTING


def test_without_the_mode_button_nothing_is_taught():
    pupil = at_step("again")
    pupil.happen(Fault("mode_button", pupil.at))
    pupil.state = replace(pupil.state, answer=Answer("named", 0.0), lesson=replace(pupil.state.lesson, thing=""),
                          just_learned="")
    pupil.said()
    assert pupil.hears("action")[-1] == "lesson_end"


@pytest.mark.parametrize(("place", "hint"), [
    ((320.0, 440.0), "lesson_camera_lower"), ((320.0, 60.0), "lesson_camera_higher"),
    ((60.0, 260.0), "lesson_camera_left"), ((600.0, 260.0), "lesson_camera_right")])
def test_the_camera_is_turned_to_where_the_hand_is(place, hint):
    pupil = at_step("aim")
    assert pupil.rest(at=place, seconds=40.0).said() == [hint] * 3, "three times, and no more"
    assert pupil.rest(at=(320.0, 260.0), seconds=1.5).said() == []
    assert pupil.rest(at=(320.0, 260.0), seconds=1.0).said() == ["lesson_aimed", "lesson_point"]


def test_hints_leave_time_to_follow_them():
    pupil = at_step("aim").rest(at=(320.0, 440.0), seconds=9.9)
    assert pupil.said() == [], "the prompt is longer than that"
    pupil.rest(at=(320.0, 440.0), seconds=3.0)
    pupil.rest(at=(60.0, 260.0), seconds=2.0)
    assert pupil.said() == ["lesson_camera_lower"]
    assert pupil.rest(at=(60.0, 260.0), seconds=5.0).said() == ["lesson_camera_left"]


def test_no_hand_and_no_light_are_told_and_a_hand_that_passes_changes_nothing():
    pupil = at_step("aim").away(11.0)
    assert pupil.said() == ["lesson_no_hand"]
    for _ in range(80):
        pupil.frame(quality=Quality(640, 480, 0.01, 200.0))
    assert pupil.said() == ["too_dark"]
    pupil.move((320.0, 470.0), (320.0, 20.0), speed=600.0)
    assert pupil.said() == []
    assert pupil.hears("action") == ["lesson_aim"]
    assert pupil.hears("action", "long") == ["lesson_point"], "it can be done without"


def test_a_lens_that_is_covered_is_told_of():
    pupil = at_step("aim")
    for _ in range(120):
        pupil.frame(quality=Quality(640, 480, 0.5, 1.0, contrast=0.0))
    assert pupil.said() == ["camera_covered", "lesson_no_hand"], "or it is a bare wall"


def test_a_tip_that_is_lost_for_a_moment_is_aimed_all_the_same():
    pupil = at_step("aim")
    for _ in range(8):
        pupil.frame((320.0, 260.0)).frame((322.0, 262.0)).frame()
    assert pupil.said() == ["lesson_aimed", "lesson_point"]
