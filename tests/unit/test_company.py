"""A helper at the companion page, as the wearer hears it: what they prefer, who looks on, and what they change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fingerpost.core.actions import Chime, Report, Say
from fingerpost.core.decide import MOST_URGENT_SECONDS
from fingerpost.core.deciding.company import WATCHED_SECONDS
from fingerpost.core.events import Changed, Fault, Kept, Listened, ModelChanged, Recovered, Tick
from fingerpost.core.loop import Loop, describe
from fingerpost.core.preferences import BRIEF, FULL, NORMAL, Preferences
from fingerpost.core.speech import Mouth
from fingerpost.core.state import (
    ASLEEP,
    MENU,
    NAMING,
    POINTING,
    STARTING,
    TEACHING,
    Menu,
    State,
)
from fingerpost.core.types import URGENT, Utterance
from fingerpost.core.visits import (
    GUESSED,
    DoorChanged,
    Paired,
    Prefer,
    Preferred,
    Watched,
)
from fingerpost.devices.clocks import SimulatedClock
from tests.parts import QuietMouth, SilentSpeaker, TonguelessVoice, english, status
from tests.story import Story

OPENED = DoorChanged(1.0, True, "123456", "https://192.168.55.1:8138", "ab:cd:01:23:45:67:89:EF:00:11")
AWAKE = (STARTING, POINTING, TEACHING, MENU)


# What is preferred


@pytest.mark.parametrize(("name", "value", "said"), [
    ("volume", 6, "volume_chosen"), ("words_per_minute", 200, "rate_chosen"), ("language", "de", "language_chosen"),
    ("verbosity", BRIEF, "verbosity_brief"), ("verbosity", FULL, "verbosity_full"), ("diary", False, "diary_off"),
])
@pytest.mark.parametrize("mode", [STARTING, POINTING, TEACHING, ASLEEP])
def test_what_is_preferred_is_done_first_and_then_said_in_the_new_way(mode, name, value, said):
    story = Story(mode, languages=("de", "en")).happen(Preferred(1.0, name, value))
    wanted = replace(Preferences(), **{name: value})
    assert story.state.preferences == wanted
    assert story.actions[0] == Prefer(wanted)
    assert story.said() == [said]


def test_into_a_recording_nothing_is_said():
    story = Story(NAMING).happen(Preferred(1.0, "volume", 3))
    assert story.actions == [Prefer(Preferences(volume=3))]


@pytest.mark.parametrize(("name", "value"), [("volume", 10), ("volume", 99), ("language", "xx"), ("colour", 1)])
def test_what_there_is_not_and_what_is_so_already_changes_nothing(name, value):
    story = Story().happen(Preferred(1.0, name, value))
    assert story.actions == []
    assert story.state.preferences == Preferences()


def test_back_to_normal():
    story = Story(preferences=Preferences(verbosity=FULL, diary=False))
    assert story.happen(Preferred(1.0, "verbosity", NORMAL)).said() == ["verbosity_normal"]
    assert story.happen(Preferred(1.0, "diary", True)).said() == ["diary_on"]


def test_the_loop_carries_wishes_out_and_they_can_be_printed():
    done = []
    loop = Loop(State(mode=POINTING), QuietMouth(), None, status, prefer=done.append)
    loop.feed(Preferred(1.0, "volume", 3))
    assert done == [Preferences(volume=3)]
    line = describe(Prefer(done[0]), 1.0, english())
    assert (line["action"], line["volume"], line["language"]) == ("prefer", 3, "en")


# Who looks on


def tick(story, start, stop):
    """Ticks ten times a second; when the earcon sounded, in seconds."""
    heard = []
    for number in range(round(start * 10), round(stop * 10)):
        story.happen(Tick(number / 10))
        heard += [number / 10] * story.chimed().count("watched")
        story.said()
    return heard


@pytest.mark.parametrize("mode", AWAKE)
def test_who_looks_on_is_heard_at_once_again_and_again_and_no_longer(mode):
    story = Story(mode, announced=True).happen(Watched(10.0, 1))
    assert story.chimed() == ["watched"]
    story.said()
    heard = tick(story, 10.0, 60.0)
    assert heard == pytest.approx([10.0 + number * WATCHED_SECONDS for number in (1, 2, 3)])
    story.happen(Watched(60.0, 0))
    assert story.chimed() == []
    assert tick(story, 60.0, 100.0) == []


def test_one_more_viewer_is_no_new_beginning_but_whoever_comes_back_is():
    story = Story().happen(Watched(1.0, 1)).happen(Watched(2.0, 2)).happen(Watched(3.0, 1))
    assert story.chimed() == ["watched"]
    story.happen(Watched(4.0, 0)).happen(Watched(5.0, 1))
    assert story.chimed() == ["watched"] * 2


def test_into_a_recording_it_does_not_sound_but_right_after():
    story = Story(NAMING).happen(Watched(1.0, 1))
    assert story.chimed() == []
    assert tick(story, 1.0, 40.0) == []
    story.press("action").said()
    assert tick(story, 40.0, 45.0)[:1], "the naming is over"


def quiet_mouth():
    """One whose turn does not come, so that all that is to be said waits."""
    clock = SimulatedClock()
    return Mouth(SilentSpeaker(clock), TonguelessVoice(), english(), {}, clock)


def test_while_the_device_sleeps_nothing_is_shown_and_nothing_sounds_but_right_after():
    story = Story(ASLEEP).happen(Watched(1.0, 1))
    assert tick(story, 1.0, 40.0) == []
    story.press("mode").said()
    assert len(tick(story, 40.0, 45.0)) == 1


def test_what_is_preferred_cuts_nothing_off_and_of_many_steps_only_the_last_waits():
    mouth = quiet_mouth()
    mouth.say(Utterance("helper_joined", priority=URGENT))
    story = Story()
    for number, (name, value) in enumerate([("volume", 6), ("volume", 5), ("words_per_minute", 200), ("volume", 4)]):
        story.happen(Preferred(float(number), name, value))
    for say in story.asked(Say):
        mouth.say(say.utterance)
    assert [waiting.phrase for waiting in mouth._queue] == ["helper_joined", "rate_chosen", "volume_chosen"]
    assert dict(mouth._queue[-1].slots) == {"number": "4"}


@pytest.mark.parametrize("event", [Paired(1.0), DoorChanged(1.0, False, reason=GUESSED), OPENED])
def test_who_points_on_still_hears_who_comes_in_and_how(event):
    mouth = quiet_mouth()
    utterance = Story().happen(event).asked(Say)[0].utterance
    mouth.say(utterance)
    mouth.say(Utterance("nothing", priority=1, interrupts=True))
    assert mouth._queue[0] == utterance


def test_who_has_only_glanced_in_meanwhile_is_heard_all_the_same():
    story = Story().happen(Paired(1.0)).happen(Watched(1.1, 1)).happen(Watched(1.3, 0))
    assert story.chimed() == []
    assert len(tick(story, 1.4, 60.0)) == 1
    story = Story(NAMING).happen(Watched(1.0, 1)).happen(Watched(2.0, 0))
    assert tick(story, 2.0, 10.0) == []
    story.press("action").said()
    assert len(tick(story, 10.0, 60.0)) == 1


def test_it_does_not_sound_over_what_is_just_being_said():
    story = Story(viewers=1, reminded_at=0.0)
    story.rest("Kiwi", seconds=0.7)
    begun = story.at
    assert "named:Kiwi" in story.said()
    story.state = replace(story.state, reminded_at=begun - WATCHED_SECONDS)
    heard = tick(story, begun, begun + 4.0)
    assert len(heard) == 1
    assert 1.0 <= heard[0] - begun <= 2.0
    story = Story().happen(Paired(1.0)).happen(Watched(1.1, 1))
    assert story.chimed() == []
    assert len(tick(story, 1.2, 4.0)) == 1


def test_news_and_reminder_do_not_come_together():
    story = Story(viewers=1).happen(ModelChanged(1.0, newer=True)).happen(Tick(2.0))
    assert story.chimed() == []
    assert story.said() == ["objects_newer"]


# What is changed there


def test_what_is_taught_there_is_told_when_there_is_room():
    story = Story().rest("Kiwi")
    story.said()
    story.happen(Changed(2.0, "taught", "taught:4", waiting=2))
    said = story.asked(Say)
    assert not said[0].utterance.interrupts
    assert story.said() == ["change_taught:taught:4"]
    assert story.state.waiting_samples == 2
    assert story.state.answer is None


def test_any_other_change_there_is_told_too():
    story = Story(TEACHING, more_of="taught:1").happen(Changed(1.0, "elsewhere", waiting=1))
    assert story.said() == ["change_elsewhere"]
    assert story.state.more_of == ""
    assert story.happen(Kept(2.0, 2)).state.waiting_samples == 2


def test_what_was_asked_for_before_a_recording_is_told_after_it():
    story = Story(NAMING).happen(Changed(1.0, "undone", "taught:1", waiting=1))
    assert (story.said(), story.state.waiting_samples) == ([], 1)
    assert story.press("action").said() == ["cancelled", "change_undone:taught:1"]
    assert Story(NAMING).happen(Changed(1.0, "elsewhere")).press("action").said() == ["cancelled"]


@pytest.mark.parametrize("purpose", ["forget", "rename"])
def test_a_list_of_things_that_may_be_gone_gives_way_to_the_menu(purpose):
    story = Story(MENU, menu=Menu(purpose, ("taught:1", "taught:2"), 1)).happen(Changed(1.0, "elsewhere"))
    assert story.said() == ["change_elsewhere", "menu_" + purpose]
    assert story.press("action", "long").asked(Report) == [Report()]


def test_a_list_of_names_stays():
    menu = Menu("name", ("cup", "tin"))
    assert Story(MENU, menu=menu).happen(Changed(1.0, "elsewhere")).state.menu == menu


def test_the_reminder_is_an_earcon_and_nothing_else():
    assert Story().happen(Watched(1.0, 1)).actions == [Chime("watched")]


def test_what_a_helper_chooses_holds_for_a_wearer_among_the_values():
    story = Story(MENU, menu=Menu("verbosity", ("verbosity", "tick"), value=NORMAL))
    story.happen(Preferred(1.0, "verbosity", FULL))
    story.press("action")  # to the switch
    assert story.state.preferences.verbosity == FULL


def test_a_change_that_was_put_off_is_not_cut_off_by_the_name_that_was_recorded():
    story = Story(NAMING, waiting_samples=2)
    story.happen(Changed(1.0, "undone", "taught:1"))
    story.happen(Listened(1.0, 0.7))
    told = [say.utterance for say in story.asked(Say) if say.utterance.phrase == "change_undone"]
    assert told[0].priority == URGENT


def test_a_loose_plug_does_not_hold_up_the_rest_for_minutes():
    story = Story()
    for at in range(20):
        story.happen((Fault if at % 2 else Recovered)("camera", float(at)))
    assert story.state.urgent_until <= 20.0 + MOST_URGENT_SECONDS
