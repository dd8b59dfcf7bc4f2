"""The first lesson, told as a story: word by word, left and taken up at each step, and each step's misses."""

from __future__ import annotations

import pytest

from fingerpost.core.actions import Sleep, UndoChange
from fingerpost.core.deciding.lesson.prompting import prompt
from fingerpost.core.events import Changed, Fault, Forgotten, Kept, Learned, Recovered
from fingerpost.core.preferences import HIGH, LEFT, Preferences
from fingerpost.core.state import MENU, NAMING, POINTING, STARTING, TEACHING, State
from fingerpost.core.steps import PRACTICE, STEPS, Lesson
from tests.pupil import LANGUAGES, THING, Pupil, at_step
from tests.story import Story


def test_the_whole_lesson_word_by_word():
    pupil = Pupil()
    assert pupil.frame().said() == ["ready", "lesson_language"]
    assert pupil.hears("action") == ["language_chosen", "lesson_language"]
    assert pupil.hears("mode", "long") == ["lesson_welcome", "lesson_buttons"]
    assert pupil.hears("action") == ["lesson_was_action", "lesson_other_button"]
    assert pupil.hears("mode") == ["lesson_was_mode", "lesson_hold_action"]
    assert pupil.hears("action", "long") == ["lesson_held_action", "lesson_voice", "voice_low"]
    assert pupil.hears("action") == ["voice_high"]
    assert pupil.hears("action", "long") == ["lesson_volume", "volume_chosen"]
    assert pupil.hears("mode", "long") == ["volume_chosen"]
    assert pupil.hears("action", "long") == ["lesson_words_per_minute", "rate_chosen"]
    assert pupil.hears("action") == ["rate_chosen"]
    assert pupil.hears("action", "long") == ["lesson_hand", "hand_right"]
    assert pupil.hears("action") == ["hand_left"]
    assert pupil.hears("action", "long") == ["lesson_aim"]
    assert pupil.rest(at=(320.0, 260.0), seconds=3.0).said() == ["lesson_aimed", "lesson_point"]
    assert pupil.away().rest("Kiwi").said() == ["named:Kiwi", "lesson_answer_named", "lesson_again"]
    assert pupil.hears("action") == ["named:Kiwi", "lesson_teach"]
    assert pupil.hears("mode") == ["teaching_on", "lesson_sample_first"]
    assert pupil.teaches().said() == ["lesson_sample_next"] * 3 + [
        "lesson_sample_enough", f"learned:{THING}", "lesson_mode_to_point"]
    assert pupil.hears("mode") == ["pointing_on", "lesson_find"]
    assert pupil.away().rest(THING).said() == [f"named:{THING}", "lesson_found", "lesson_undo"]
    assert pupil.hears("mode") == ["lesson_undo_now"]
    assert pupil.hears("mode", "long") == [f"change_unlearned:{THING}", "lesson_end"]
    assert (pupil.state.mode, pupil.state.lesson) == (POINTING, Lesson())
    assert pupil.state.preferences == Preferences(9, 190, "de", voice=HIGH, hand=LEFT)


def test_the_hand_that_has_aimed_the_camera_points_at_nothing_yet():
    pupil = at_step("aim").rest(at=(320.0, 260.0), seconds=6.0)
    assert pupil.said() == ["lesson_aimed", "lesson_point"]
    pupil.rest(at=(320.0, 300.0))
    assert pupil.said() == ["unsure"]
    assert pupil.waits(7.0).said() == ["lesson_aimed", "lesson_point"], "the answer has cut it off"
    assert pupil.rest("Kiwi").said()[-1] == "lesson_again"


def test_the_hand_that_has_aimed_the_camera_may_stay_in_view_on_its_way_to_a_thing():
    pupil = at_step("aim").rest(at=(320.0, 260.0), seconds=3.0)
    pupil.said()
    assert pupil.rest("Kiwi", at=(150.0, 300.0)).said() == ["named:Kiwi", "lesson_answer_named", "lesson_again"]


@pytest.mark.parametrize(("thing", "confidence", "words"), [
    ("Kiwi", 0.92, ["maybe:Kiwi", "lesson_answer_maybe", "lesson_again"]),
    ("", 0.0, ["unsure", "lesson_answer_unsure", "lesson_again"]),
    ("nothing", 0.99, ["nothing", "lesson_answer_nothing"])])
def test_each_answer_is_explained(thing, confidence, words):
    pupil = at_step("point").away().rest(thing, confidence)
    assert pupil.said() == words


def test_what_was_to_be_heard_again_but_has_gone_is_pointed_at_again():
    pupil = at_step("point").away().rest("Kiwi")
    pupil.said()
    assert pupil.hears("mode") == ["teaching_on", "lesson_mode_to_point"]
    assert pupil.hears("mode") == ["pointing_on", "lesson_point"]
    assert pupil.hears("action") == ["nothing_to_repeat"]
    assert pupil.away().rest("Kiwi").said() == ["named:Kiwi", "lesson_again"]


def test_a_sample_that_fails_is_told_of_and_one_that_is_taken_back_is_asked_for_again():
    pupil = at_step("teach")
    pupil.press("mode").said()
    assert pupil.hears("action") == ["sample_no_picture"]
    pupil.frame((300.0, 200.0))
    assert pupil.hears("action") == ["lesson_sample_next"]
    pupil.press("mode", "long").happen(Forgotten(pupil.at, 0))
    assert pupil.said() == ["sample_removed", "lesson_sample_first"]
    assert pupil.hears("mode") == ["pointing_on", "lesson_teach"]


def test_a_name_that_is_spoken_is_not_talked_over():
    pupil = at_step("teach")
    pupil.state = State(mode=NAMING, lesson=Lesson("teach"), waiting_samples=4, languages=LANGUAGES)
    assert pupil.waits(60.0).said() == []
    assert pupil.hears("action") == ["cancelled", "lesson_sample_enough"]


def test_memory_that_fails_leaves_the_lesson_where_it_was():
    pupil = at_step("teach")
    pupil.press("mode")
    pupil.frame((300.0, 200.0)).press("action").press("action", "long").said()
    pupil.happen(Fault("memory", pupil.at))
    assert pupil.said() == ["fault_memory", "lesson_sample_next"]


def test_a_thing_that_is_not_found_again_is_looked_for_three_times():
    pupil = at_step("find")
    for _ in range(2):
        assert pupil.rest("Kiwi").said() == ["named:Kiwi", "lesson_not_found"]
        pupil.away(4.0)
    assert pupil.rest("").said() == ["unsure", "lesson_not_found_last", "lesson_undo"]


def test_who_keeps_the_thing_presses_action():
    pupil = at_step("undo").away()
    assert pupil.hears("action") == ["lesson_kept", "lesson_end"]
    assert not pupil.asked(UndoChange)
    assert pupil.state.lesson == Lesson()


def test_who_leaves_teaching_again_keeps_it_too():
    pupil = at_step("undo")
    assert pupil.hears("mode") == ["lesson_undo_now"], "and nothing of samples"
    assert pupil.hears("mode") == ["pointing_on", "lesson_kept", "lesson_end"]
    assert not pupil.asked(UndoChange)


def test_a_finger_that_still_rests_does_not_cut_the_last_words_off():
    pupil = at_step("undo")
    pupil.press("mode").rest(THING)
    assert pupil.hears("mode", "long") == [f"change_unlearned:{THING}", "lesson_end"]
    assert pupil.rest(THING, seconds=3.0).said() == []
    assert pupil.away().rest("Kiwi").said() == ["named:Kiwi"]


def test_a_thing_that_is_taken_back_at_once_is_not_looked_for():
    pupil = at_step("teach")
    pupil.press("mode")
    pupil.teaches().said()
    assert pupil.hears("mode", "long") == [f"change_unlearned:{THING}", "lesson_end"]


def test_who_takes_another_sample_keeps_it_too():
    pupil = at_step("undo")
    pupil.press("mode")
    pupil.frame((300.0, 200.0)).said()
    assert pupil.hears("action") == ["lesson_kept", "lesson_end"]


@pytest.mark.parametrize("step", PRACTICE)
def test_mode_held_in_pointing_skips_the_step_and_nobody_falls_asleep(step):
    pupil = at_step(step)
    words = pupil.hears("mode", "long")
    assert words[0] == "lesson_skipped"
    assert pupil.state.lesson.step != step
    assert pupil.state.mode == POINTING
    assert not pupil.press("mode", "long").asked(Sleep) or not pupil.state.lesson.step


@pytest.mark.parametrize("step", STEPS)
def test_both_say_the_step_again(step):
    pupil = at_step(step)
    asked = [action.utterance.phrase for action in prompt(pupil.state)]
    way_out = "lesson_help_practice" if step in PRACTICE else "lesson_help"
    assert pupil.hears("both") == pupil.press("both").said() == asked + [way_out]
    assert pupil.state.lesson.step == step


@pytest.mark.parametrize("step", STEPS)
def test_the_lesson_can_be_left_for_the_menu_and_taken_up_there(step):
    pupil = at_step(step)
    asked = prompt(pupil.state)
    words = pupil.hears("both", "long")
    assert words == ["menu_on", "lesson_waits", "menu_things"]
    assert (pupil.state.mode, pupil.state.lesson.step, pupil.state.lesson.left) == (MENU, step, True)
    pupil.press("mode").said()
    assert pupil.state.mode == POINTING
    pupil.away(60.0).waits(60.0)
    assert pupil.said() == [], "it does not come back by itself"
    pupil.press("both", "long")
    find_lesson(pupil)
    words = pupil.hears("action", "long")
    assert pupil.state.lesson.step == ("point" if step == "again" else step)
    assert words[0] == ("lesson_language" if step == "language" else "lesson_resumed")
    assert step == "again" or asked[0].utterance.phrase in words


def test_a_thing_that_is_forgotten_while_the_lesson_waits_is_not_looked_for():
    pupil = at_step("find").press("both", "long")
    pupil.happen(Changed(pupil.at, "forgotten", "taught:2"))
    assert pupil.state.lesson.thing == THING
    pupil.happen(Changed(pupil.at, "forgotten", THING))
    assert pupil.state.lesson.thing == ""
    find_lesson(pupil)
    assert pupil.hears("action", "long")[-1] == "lesson_end"


def find_lesson(pupil):
    """Go on in the menu until the lesson is spoken of."""
    for _ in range(10):
        if pupil.state.menu.item == "lesson":
            return
        pupil.press("action")
    raise AssertionError("there is no lesson in the menu")


@pytest.mark.parametrize("step", STEPS)
def test_after_a_power_cut_it_goes_on_where_it_was(step):
    pupil = Story(STARTING, announced=True, languages=LANGUAGES, lesson=Lesson(step, thing=THING))
    words = pupil.frame().said()
    began = {"language": ["lesson_language"], "undo": ["lesson_resumed", "lesson_end"],
             "again": ["lesson_resumed", "lesson_point"], "buttons": ["lesson_resumed", "lesson_buttons"]}
    assert words[0] == "ready"
    assert words[1:3] == began.get(step, ["lesson_resumed", "lesson_" + step])


def test_one_that_was_left_waits_over_a_restart():
    pupil = Story(STARTING, announced=True, languages=LANGUAGES, lesson=Lesson("hand", left=True))
    assert pupil.frame().said() == ["ready"]
    assert pupil.state.mode == POINTING


def test_over_it_begins_anew_from_the_menu():
    pupil = Story(languages=LANGUAGES)
    pupil.press("both", "long")
    find_lesson(pupil)
    pupil.said()
    assert pupil.press("action", "long").said() == ["lesson_language"]


def test_taken_up_before_the_first_picture_it_waits_for_one_where_one_is_needed():
    pupil = Pupil("point")
    pupil.press("both", "long")
    find_lesson(pupil)
    assert pupil.hears("action", "long") == ["starting"]
    assert pupil.state.mode == STARTING
    assert pupil.frame().said() == ["ready", "lesson_resumed", "lesson_point"]


def test_a_prompt_is_said_again_twice_when_nothing_happens():
    pupil = at_step("hand").waits(200.0)
    assert pupil.said() == ["lesson_hand", "hand_right"] * 2
    pupil.press("action").said()
    assert pupil.waits(25.0).said() == ["lesson_hand", "hand_left"]


def test_what_cuts_a_prompt_off_lets_it_be_said_soon_again_with_the_news_before_it():
    pupil = at_step("point").away().rest("Kiwi").away(2.0)
    pupil.said()
    pupil.rest("Plum", seconds=1.0).said()
    assert pupil.waits(7.0).said() == ["lesson_answer_named", "lesson_again"]


def test_faults_go_first_and_nothing_is_asked_for_while_nothing_is_seen():
    pupil = at_step("aim")
    pupil.happen(Fault("camera", pupil.at))
    assert pupil.said() == ["fault_camera"]
    assert pupil.waits(100.0).said() == []
    pupil.happen(Recovered("camera", pupil.at))
    assert pupil.waits(10.0).said() == ["recovered_camera", "lesson_aim"]


def test_what_the_lesson_says_cuts_nothing_off_and_goes_behind_all_else():
    for step in STEPS:
        for action in prompt(at_step(step).state):
            assert (action.utterance.priority, action.utterance.interrupts) == (0, False)
            assert action.utterance.topic


def test_where_no_lesson_goes_on_there_is_no_prompt():
    assert prompt(State(mode=POINTING)) == ()
    assert prompt(State(mode=MENU, lesson=Lesson("hand", left=True))) == ()
    assert prompt(State(mode=STARTING, lesson=Lesson("hand"))) == ()


def test_without_a_lesson_mode_held_puts_the_device_to_sleep():
    assert Story().press("mode", "long").asked(Sleep) == [Sleep(True)]
    assert Story(lesson=Lesson("teach", left=True)).press("mode", "long").asked(Sleep) == [Sleep(True)]


def test_teaching_takes_back_what_it_has_just_learned_but_only_once():
    wearer = Story(TEACHING)
    wearer.happen(Learned(0.0, THING, 4))
    wearer.press("mode").press("mode").press("mode", "long").press("mode", "long")
    assert wearer.asked(UndoChange) == [UndoChange()]
    assert "nothing_to_undo" in wearer.said()


@pytest.mark.parametrize("event", [Kept(1.0, 1), Changed(1.0, "renamed", "taught:2")])
def test_once_something_else_has_changed_it_takes_back_nothing(event):
    wearer = Story(TEACHING, just_learned=THING)
    wearer.happen(event).happen(Forgotten(1.0, 0)).press("mode", "long")
    assert not wearer.asked(UndoChange)


def test_after_sleep_it_takes_back_nothing():
    wearer = Story(just_learned=THING)
    wearer.press("mode", "long").press("mode").press("mode").press("mode", "long")
    assert not wearer.asked(UndoChange)


def test_the_list_of_names_is_no_way_out_of_the_lesson():
    pupil = Pupil("teach", naming_by="list").begins()
    pupil.press("mode")
    pupil.frame((300.0, 200.0)).press("action").press("action", "long").said()
    assert pupil.state.mode == MENU
    assert pupil.waits(60.0).said() == []
    assert pupil.hears("both", "long") == ["cancelled", "lesson_sample_next"], "nor does it lead to switching off"
    pupil.press("action", "long")
    pupil.press("action", "long")
    pupil.happen(Learned(pupil.at, THING, 1))
    assert pupil.said()[-1] == "lesson_mode_to_point"
