"""Heat and power as a story: what the sensors say, and what the wearer hears and the device does about it."""

from __future__ import annotations

import pytest

from fingerpost.core.actions import Pace, PowerOff, Say
from fingerpost.core.deciding.leisure import follow
from fingerpost.core.events import ErrandDone, Fault, Vitals
from fingerpost.core.state import ASLEEP, MENU, NAMING, POINTING, STARTING, STOPPING, TEACHING
from fingerpost.core.types import URGENT, Utterance
from tests.story import Story

COOL, WARM, HOT = {"celsius": 45.0}, {"celsius": 86.0}, {"celsius": 98.0}
LOW = {"charging": False}


def feel(story, seconds=5.0, **vitals):
    """So much later the sensors say that; returns the phrases that follow, and the paces."""
    story.at += seconds
    story.happen(Vitals(story.at, **vitals))
    paces = [pace.per_second for pace in story.asked(Pace)]
    return story.said(), paces


def test_a_board_without_sensors_is_left_alone():
    story = Story()
    assert feel(story) == ([], [])
    assert feel(story, **COOL) == ([], [])


def test_a_warm_board_is_spared_until_it_was_cool_for_a_minute():
    story = Story()
    assert feel(story, **WARM) == (["strained_heat"], [5.0])
    assert feel(story, celsius=91.0) == ([], [])
    assert feel(story, celsius=82.0) == ([], []), "cooler, but not cool"
    assert feel(story, **COOL) == ([], [])
    assert feel(story, 50.0, **COOL) == ([], [])
    assert feel(story, celsius=81.0) == ([], []), "the minute begins anew"
    assert feel(story, **COOL) == ([], [])
    assert feel(story, 60.0, **COOL) == (["eased"], [None])
    assert feel(story, 60.0, **COOL) == ([], [])


@pytest.mark.parametrize(("vitals", "phrase"), [
    ({"throttled": True}, "strained_heat"), ({"sagging": True}, "strained_power"),
    ({"celsius": 50.0, "throttled": True}, "strained_heat"), ({"celsius": 50.0, "sagging": True}, "strained_power"),
])
def test_a_board_that_slows_itself_down_or_whose_supply_sags_is_spared(vitals, phrase):
    story = Story()
    assert feel(story, **vitals) == ([phrase], [5.0])
    assert feel(story, **vitals) == ([], [])
    feel(story, celsius=50.0)
    assert feel(story, 60.0, celsius=50.0) == (["eased"], [None])


def test_each_strain_is_told_of_once_an_hour():
    story = Story()
    assert feel(story, **WARM)[0] == ["strained_heat"]
    assert feel(story, sagging=True, **WARM) == (["strained_power"], [])
    feel(story, **COOL)
    assert feel(story, 60.0, **COOL) == (["eased"], [None])
    assert feel(story, **WARM) == ([], [5.0]), "a board at its limit comes and goes"
    feel(story, **COOL)
    assert feel(story, 60.0, **COOL) == ([], [None]), "who was not told is not told that it is over"
    assert feel(story, 3600.0, **WARM) == (["strained_heat"], [5.0])
    assert feel(story, 3600.0, **WARM) == (["strained_heat"], []), "nor is it forgotten while it lasts"


def test_a_board_that_is_too_hot_rests_until_it_is_cooler():
    story = Story().rest("Kiwi")
    feel(story, **WARM)
    story.at += 5.0
    story.happen(Vitals(story.at, **HOT))
    assert story.chimed() == ["fault"]
    assert story.asked(Pace) == [Pace(0.0)]
    assert story.said() == ["fault_heat"]
    assert story.rest("Kiwi").said() == [], "a picture that was under way is not looked at"
    assert story.state.view is None
    assert feel(story, celsius=90.5) == ([], [])
    assert feel(story, **HOT) == ([], [])
    assert feel(story, celsius=90.0) == (["recovered_heat"], [5.0])
    assert story.rest("Kiwi").said() == ["named:Kiwi"]
    assert feel(story, **WARM) == ([], []), "it is spared still, as the wearer knows"
    feel(story, **COOL)
    assert feel(story, 60.0, **COOL) == (["eased"], [None])


def test_it_is_said_each_time_that_it_rests():
    story = Story()
    for _ in range(2):
        assert feel(story, **HOT) == (["fault_heat"], [0.0])
        assert feel(story, **COOL) == (["recovered_heat"], [5.0])


@pytest.mark.parametrize(("mode", "press"), [
    (STARTING, ("action", "short")), (STARTING, ("mode", "short")), (POINTING, ("action", "short")),
    (TEACHING, ("action", "short")), (ASLEEP, ("mode", "short"))])
def test_a_press_meanwhile_says_why(mode, press):
    story = Story(mode)
    feel(story, **HOT)
    assert "fault_heat" in story.press(*press).said()


def test_menu_and_power_off_stay_in_reach_while_it_rests():
    story = Story()
    feel(story, **HOT)
    assert story.press("both", "long").state.mode == MENU
    story.press("both", "long").press("both", "long")
    assert story.asked(PowerOff)


def test_a_sleeper_is_told_of_what_cannot_wait_alone():
    story = Story(ASLEEP)
    assert feel(story, **WARM) == ([], [5.0])
    assert feel(story, battery_percent=15, **LOW)[0] == []
    assert feel(story, **HOT) == (["fault_heat"], [0.0])
    assert feel(story, celsius=88.0) == ([], [5.0])
    assert story.press("mode").said() == ["awake", "battery_low"]
    assert feel(story, battery_percent=15, **LOW, **WARM)[0] == []


def test_a_sleeper_hears_of_the_battery_on_waking_with_the_charge_of_now():
    story = Story(ASLEEP)
    for percent in (18, 14):
        assert feel(story, battery_percent=percent, **LOW)[0] == []
    story.press("mode")
    low, = [said.utterance for said in story.asked(Say) if said.utterance.phrase == "battery_low"]
    assert dict(low.slots) == {"percent": "14"}


def test_a_sleeper_whose_battery_is_charged_hears_nothing_of_it():
    story = Story(ASLEEP)
    feel(story, battery_percent=18, **LOW)
    feel(story, battery_percent=18, charging=True)
    assert story.press("mode").said() == ["awake"]
    assert feel(story, battery_percent=18, **LOW)[0] == ["battery_low"]


def test_waking_does_not_hurry_a_board_that_rests():
    story = Story(ASLEEP)
    feel(story, **HOT)
    story.press("mode")
    assert not story.asked(Pace)
    assert story.said() == ["awake", "fault_heat"]


def test_what_strains_the_board_while_the_wearer_sleeps_is_told_once_they_wake():
    story = Story(ASLEEP)
    feel(story, **WARM)
    story.press("mode").said()
    assert feel(story, **WARM) == (["strained_heat"], [])


def test_nothing_is_said_into_a_recording_but_afterwards():
    story = Story(NAMING)
    for vitals in (WARM, HOT, {"battery_percent": 2, **LOW}):
        assert feel(story, **vitals) == ([], [])
    story.press("action").said()
    assert feel(story, **HOT) == (["fault_heat"], [0.0])


def test_the_battery_is_told_of_at_each_low_charge_once_until_it_was_charged():
    story = Story()
    said = [feel(story, battery_percent=percent, **LOW)[0] for percent in (60, 21, 20, 19, 20, 11, 10, 9, 4)]
    assert said == [[], [], ["battery_low"], [], [], [], ["battery_low"], [], []]
    assert feel(story, battery_percent=30, charging=True) == ([], [])
    assert feel(story, battery_percent=9, **LOW)[0] == ["battery_low"]
    assert feel(story, battery_percent=15, **LOW)[0] == []


@pytest.mark.parametrize("loose", [{"battery_percent": 18, "charging": True}, {}])
def test_a_loose_plug_or_a_gauge_that_skips_does_not_warn_for_ever(loose):
    story = Story()
    said = [feel(story, **vitals)[0] for _ in range(60) for vitals in ({"battery_percent": 18, **LOW}, loose)]
    assert sum(said, []) == ["battery_low"]


def test_after_an_hour_a_battery_that_charges_slowly_counts_as_charged():
    story = Story()
    feel(story, battery_percent=9, **LOW)
    feel(story, 3600.0, battery_percent=17, charging=True)
    assert feel(story, battery_percent=17, **LOW)[0] == ["battery_low"]


def test_a_battery_that_begins_nearly_empty_is_told_of_once():
    story = Story()
    assert [feel(story, battery_percent=8, **LOW)[0] for _ in range(2)] == [["battery_low"], []]


@pytest.mark.parametrize("mode", [POINTING, MENU, ASLEEP, STARTING])
def test_an_empty_battery_ends_the_day_in_order(mode):
    story = Story(mode)
    assert feel(story, battery_percent=3, charging=True) == ([], [])
    story.at += 5.0
    story.happen(Vitals(story.at, battery_percent=3, charging=False))
    assert story.asked(PowerOff)
    assert story.state.mode == STOPPING
    assert story.actions[0].utterance.priority == URGENT
    assert story.said() == ["battery_empty"]


def test_a_spared_board_does_not_retrain():
    story = Story()
    assert not follow(None, Vitals(1.0), story.state).strained
    feel(story, **WARM)
    assert follow(None, Vitals(1.0), story.state).strained
    feel(story, **HOT)
    assert follow(None, Vitals(1.0), story.state).strained


def test_how_the_last_stop_was_is_told_once_when_all_is_ready():
    story = Story(STARTING, untold=(Utterance("stopped_by_power"), Utterance("update_confirmed")))
    assert story.press("action").said() == ["starting"]
    assert story.frame().said() == ["ready", "stopped_by_power", "update_confirmed"]
    assert story.frame().said() == []


def test_without_a_camera_it_is_told_all_the_same():
    story = Story(STARTING, untold=(Utterance("stopped_by_power"),))
    assert story.happen(Fault("camera", 1.0)).said() == ["fault_camera", "stopped_by_power"]


def test_how_an_errand_went_is_put_off_while_a_name_is_recorded():
    story = Story(NAMING, errand="backup", waiting_samples=1)
    assert story.happen(ErrandDone(1.0, "backup", "full")).said() == []
    assert story.press("action").said() == ["cancelled", "backup_full"]


def test_how_an_errand_went_is_told_on_waking():
    story = Story(ASLEEP, errand="backup")
    assert story.happen(ErrandDone(1.0, "backup", "full")).said() == []
    assert story.press("mode").said() == ["awake", "backup_full"]


def test_a_late_word_about_an_update_leaves_another_errand_running():
    story = Story(POINTING, errand="backup")
    assert story.happen(ErrandDone(1.0, "update", "confirmed")).said() == ["update_confirmed"]
    assert story.state.errand == "backup"
