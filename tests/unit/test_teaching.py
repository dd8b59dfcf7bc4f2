"""The decisions of teaching and naming, told as stories."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fingerpost.core.actions import (
    Chime,
    ForgetThing,
    Keep,
    Learn,
    Listen,
    RenameThing,
    Report,
    StopListening,
    UndoChange,
)
from fingerpost.core.deciding.teaching import wants_more
from fingerpost.core.events import Changed, Fault, Kept, Learned, Listened, Recovered, Status
from fingerpost.core.rules import Rules
from fingerpost.core.state import BY_LIST, BY_NEXT, BY_VOICE, MENU, NAMING, POINTING, TEACHING, Menu
from tests.story import Story

KNOWN = Status(1.0, "12:30", None, ("taught:1", "taught:2"), ("cup", "tin"))


def with_samples(naming_by):
    """A wearer in the teaching mode with two samples taken."""
    story = Story(TEACHING)
    story.state = replace(story.state, naming_by=naming_by)
    return story.happen(Kept(0.0, 2))


def in_menu(item, naming_by=BY_NEXT):
    """A wearer in the menu who has chosen the item."""
    story = Story(MENU)
    story.state = replace(story.state, naming_by=naming_by, menu=Menu.at(item))
    return story.press("action", "long")


def test_the_wearer_says_the_name_and_it_is_learned():
    story = with_samples(BY_VOICE).press("action", "long")
    assert story.state.mode == NAMING
    assert story.actions[-1] == Listen()
    assert story.said() == ["say_name"]
    story.happen(Listened(1.0, 0.7))
    assert story.actions == [Chime("recorded"), Learn(voice=True)]
    assert story.state.mode == TEACHING


def test_what_is_not_heard_is_asked_for_once_more_and_then_left_to_the_list():
    story = with_samples(BY_VOICE).press("action", "long").happen(Listened(1.0, 0.0))
    assert story.actions[-1] == Listen()
    assert story.said() == ["say_name", "heard_nothing"]
    story.happen(Listened(2.0, 0.0))
    assert story.actions == [Report()]
    assert story.happen(KNOWN).said() == ["which_name", "list_name"]
    story.press("action").press("action", "long")
    assert story.actions[-1] == Learn("tin")
    assert story.state.mode == TEACHING


def test_a_press_cancels_and_the_samples_stay():
    story = with_samples(BY_VOICE).press("action", "long").press("action")
    assert StopListening() in story.actions
    assert story.said() == ["say_name", "cancelled"]
    assert (story.state.mode, story.state.waiting_samples) == (TEACHING, 2)
    assert story.happen(Listened(1.0, 0.7)).actions == []


def test_a_microphone_that_fails_leaves_the_choice_to_the_list():
    story = with_samples(BY_VOICE).press("action", "long").happen(Fault("microphone", 1.0)).happen(KNOWN)
    assert story.said() == ["say_name", "fault_microphone", "which_name", "list_name"]
    assert story.state.faults == {"microphone"}
    story.press("mode").press("action", "long").happen(Listened(2.0, 0.7))
    assert story.state.faults == set()


def test_a_fault_of_another_part_is_not_spoken_into_the_recording():
    story = with_samples(BY_VOICE).press("action", "long").happen(Fault("camera", 1.0))
    assert StopListening() in story.actions
    assert story.said() == ["say_name", "fault_camera"]
    assert story.state.mode == TEACHING
    assert story.press("action", "long").happen(Recovered("camera", 2.0)).said() == ["say_name"]
    assert story.state.faults == set()


@pytest.mark.parametrize("part", ["gpu", "buttons", "action_button"])
def test_a_fault_that_naming_does_not_feel_is_told_and_the_recording_begins_anew(part):
    story = with_samples(BY_VOICE).press("action", "long").happen(Fault(part, 1.0))
    assert story.actions[-1] == Listen(), "what is spoken into a recording must not become the name"
    assert story.said() == ["say_name", "fault_" + part, "say_name"]
    assert (story.state.mode, story.state.waiting_samples) == (NAMING, 2)


def test_a_finger_that_stayed_is_not_greeted_when_the_name_has_been_said():
    story = Story(TEACHING).rest("")
    story.state = replace(story.state, naming_by=BY_VOICE)
    story.happen(Kept(story.at, 1)).press("action", "long").rest("", seconds=3.0)
    story.actions = []
    assert story.happen(Listened(story.at, 0.7)).rest("").chimed() == ["recorded"]


@pytest.mark.parametrize(("naming_by", "first"), [(BY_LIST, Report()), (BY_NEXT, Learn())])
def test_without_a_voice_a_list_or_the_next_name(naming_by, first):
    assert with_samples(naming_by).press("action", "long").actions[-1] == first


def test_leaving_the_list_of_names_goes_back_to_teaching():
    story = with_samples(BY_LIST).press("action", "long").happen(KNOWN).press("mode")
    assert (story.state.mode, story.state.waiting_samples) == (TEACHING, 2)
    assert story.said()[-1] == "cancelled"


def test_what_a_sample_resembles_is_told_once():
    story = Story(TEACHING)
    for count, alike in enumerate(["", "taught:1", "taught:1", "taught:2"], 1):
        story.happen(Kept(0.0, count, alike))
    assert story.said() == ["sample_like:taught:1", "sample_like:taught:2"]


def test_a_sample_that_comes_late_is_not_talked_about_while_the_wearer_speaks():
    story = with_samples(BY_VOICE).press("action", "long")
    story.said()
    assert story.happen(Kept(1.0, 3, "taught:1")).said() == []
    assert story.state.waiting_samples == 3


@pytest.mark.parametrize(("samples", "likeness", "more"), [
    (1, 1.0, True), (3, 0.95, True), (4, 0.95, False), (4, 0.7, True), (7, 0.7, True), (8, 0.7, False)])
def test_it_knows_when_to_stop_asking(samples, likeness, more):
    assert wants_more(Learned(0.0, "taught:1", samples, likeness), Rules()) == more


def test_another_look_that_was_asked_for_needs_no_name():
    story = with_samples(BY_VOICE).happen(Learned(0.0, "taught:1", 2)).happen(Kept(1.0, 1, "taught:1"))
    assert story.said() == ["learned_more:taught:1", "sample_more:taught:1"]
    assert story.press("action", "long").actions[-1] == Learn(object_id="taught:1")


def test_whoever_leaves_teaching_has_had_enough_of_that_thing():
    story = with_samples(BY_NEXT).happen(Learned(0.0, "taught:1", 2)).press("mode").press("mode")
    assert story.happen(Kept(1.0, 1)).press("action", "long").actions[-1] == Learn()


def test_samples_that_wait_for_a_name_are_told_of():
    story = with_samples(BY_NEXT).press("mode").press("mode")
    assert story.said() == ["pointing_on", "teaching_on", "samples_waiting"]


def test_a_thing_is_forgotten_from_the_menu():
    story = in_menu("forget").happen(KNOWN)
    assert story.said() == ["which_forget", "list_thing:taught:1"]
    story.press("action").press("action", "long")
    assert story.actions[-1] == ForgetThing("taught:2")
    assert story.said() == ["list_thing:taught:2"]
    assert story.happen(Changed(1.0, "forgotten", "taught:2")).said() == ["change_forgotten:taught:2", "menu_forget"]
    assert story.press("mode").press("mode").state.mode == POINTING


@pytest.mark.parametrize("item", ["forget", "rename", "known"])
def test_with_nothing_taught_there_is_nothing_to_choose(item):
    story = in_menu(item).happen(Status(1.0, "12:30", None, ()))
    assert story.said() == ["known_none"]
    assert story.state.menu == Menu.at(item)


def test_two_presses_lead_from_a_list_of_things_to_pointing():
    story = in_menu("forget").happen(KNOWN).press("mode")
    assert story.said()[-1] == "menu_things"
    assert story.press("mode").state.mode == POINTING


def test_a_thing_is_renamed_by_voice_or_from_the_list():
    story = in_menu("rename", BY_VOICE).happen(KNOWN).press("action", "long").happen(Listened(1.0, 0.7))
    assert story.actions[-1] == RenameThing("taught:1")
    assert story.state.mode == MENU
    story = in_menu("rename").happen(KNOWN).press("action", "long").happen(KNOWN).press("action", "long")
    assert story.actions[-1] == RenameThing("taught:1", "cup")


def test_naming_samples_after_renaming_names_the_samples():
    story = in_menu("rename", BY_VOICE).happen(KNOWN).press("action", "long").press("mode").press("mode")
    story.press("mode").happen(Kept(1.0, 1)).press("action", "long").happen(Listened(1.0, 0.7))
    assert story.actions[-1] == Learn(voice=True)


def test_undo_says_what_it_undid_and_samples_may_wait_again():
    story = in_menu("undo")
    assert story.actions[-1] == UndoChange()
    story.happen(Changed(1.0, "unlearned", "taught:1", waiting=4))
    assert story.said() == ["change_unlearned:taught:1", "menu_undo"]
    assert story.state.waiting_samples == 4
    assert story.happen(Changed(1.0, "nothing")).said() == ["change_nothing", "menu_undo"]


def test_power_off_is_asked_twice_in_a_list_too():
    story = in_menu("forget").happen(KNOWN).press("both", "long").press("action").press("both", "long")
    assert story.said()[-1] == "confirm_power_off"


def test_a_thing_too_far_away_is_not_sampled():
    story = Story(TEACHING).rest("Kiwi")
    story.state = replace(story.state, view=replace(story.state.view, detail=0.05))
    story.said()
    assert story.press("action").chimed() == ["unsure"]
    assert story.said() == ["sample_too_far"]


def test_every_sample_of_one_more_look_says_what_it_belongs_to():
    story = with_samples(BY_NEXT).happen(Learned(0.0, "taught:1", 2)).happen(Kept(1.0, 1)).happen(Kept(2.0, 2))
    assert story.said() == ["learned_more:taught:1", "sample_more:taught:1", "sample_more:taught:1"]


def test_a_look_at_another_known_thing_ends_one_more_look():
    story = with_samples(BY_NEXT).happen(Learned(0.0, "taught:1", 2)).happen(Kept(1.0, 1, "taught:2"))
    assert story.said() == ["learned_more:taught:1", "sample_like:taught:2"]
    assert story.press("action", "long").actions[-1] == Learn()


@pytest.mark.parametrize("more", [False, True])
def test_done_held_again_while_it_learns_does_not_learn_twice(more):
    story = with_samples(BY_NEXT)
    story.state = replace(story.state, more_of="taught:1" if more else "")
    story.press("action", "long").said()
    assert story.press("action", "long").said() == ["nothing_to_learn"]
    assert not any(isinstance(action, Learn) for action in story.actions)


@pytest.mark.parametrize("part", ["memory", "eyes"])
def test_samples_that_could_not_be_learned_wait_again(part):
    story = with_samples(BY_NEXT).press("action", "long").happen(Fault(part, 1.0)).press("action", "long")
    assert story.actions[-1] == Learn()
    assert story.happen(Learned(2.0, "taught:1", 4)).happen(Fault("memory", 3.0)).state.waiting_samples == 0


def test_a_sample_that_is_kept_while_it_learns_is_learned_too():
    story = with_samples(BY_NEXT).press("action", "long").happen(Kept(1.0, 3))
    assert story.state.waiting_samples == 0
    assert story.happen(Fault("memory", 1.0)).state.waiting_samples == 3


def test_an_old_picture_is_not_taken_as_a_sample():
    story = Story(TEACHING).rest("Kiwi")
    story.at += 0.6
    assert story.press("action").chimed()[-1] == "unsure"
    assert story.said() == ["sample_no_picture"]
    story.rest("Kiwi").press("action")
    assert Keep(story.index) in story.actions


@pytest.mark.parametrize("naming_by", [BY_VOICE, BY_LIST])
def test_whoever_cancels_a_renaming_hears_where_they_are_in_the_menu(naming_by):
    story = in_menu("rename", naming_by).happen(KNOWN).press("action", "long")
    story = story.happen(KNOWN) if naming_by == BY_LIST else story
    story.said()
    assert story.press("mode").said() == ["cancelled", "menu_things"]
    assert story.press("mode").state.mode == POINTING
