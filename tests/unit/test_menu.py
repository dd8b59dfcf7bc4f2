"""The menu by button: every item by presses, what each says of itself, rings of values, and the shortest ways."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import replace
from pathlib import Path

import pytest

from fingerpost.core.actions import ChangeWay, Hush, PowerOff, RunErrand, Say, UndoChange
from fingerpost.core.decide import decide
from fingerpost.core.deciding.errands import ERRANDS
from fingerpost.core.deciding.menu.words import speak_item
from fingerpost.core.events import Changed, ErrandDone, Status, WayChanged
from fingerpost.core.menutree import GROUPS, RINGS, find_path
from fingerpost.core.preferences import BRIEF, FULL, LIMITS, Preferences
from fingerpost.core.state import (
    ASLEEP,
    MENU,
    NAMING,
    POINTING,
    STARTING,
    STOPPING,
    TEACHING,
    Menu,
    Naming,
    State,
)
from fingerpost.core.steps import Lesson
from fingerpost.core.types import Press
from fingerpost.core.visits import OpenDoor, Prefer
from tests.story import Story

DOCUMENT = Path(__file__).parents[2] / "docs" / "BUTTONS.md"
TAUGHT = Status(0.0, "12:30", None, ("taught:1", "taught:2"), ("cup", "tin"), version="1.2.3", stick=True)
ITEMS = sorted({item for items in GROUPS.values() for item in items})
BUTTONS = [(button, kind) for button in ("mode", "action", "both") for kind in ("short", "long")]


def at(item, status=TAUGHT, **changes):
    """A wearer in the menu, at that item."""
    story = Story(MENU, menu=Menu.at(item), status=status, **changes)
    story.status = status
    return story


def within(ring, switch=False, **changes):
    """A wearer among the values of a preference, or at the switch that they end with; the entrance is said."""
    story = at(ring, languages=("de", "en"), **changes).press("action", "long")
    story.said()
    if switch:
        story.state = replace(story.state, menu=story.state.menu.step(1))
    return story


# Moving about


def test_the_menu_opens_at_its_first_item_and_goes_round_both_ways():
    story = Story().press("both", "long")
    assert story.said() == ["menu_on", "menu_things"]
    onward = [story.press("action").said()[0] for _ in GROUPS["top"]]
    assert onward == ["menu_" + item for item in GROUPS["top"][1:] + GROUPS["top"][:1]]
    back = [story.press("mode", "long").said()[0] for _ in GROUPS["top"]]
    assert back == onward[-2::-1] + onward[-1:]


@pytest.mark.parametrize("item", ITEMS)
def test_mode_leads_from_any_item_to_the_top_and_out(item):
    story = at(item)
    if find_path(item):
        assert story.press("mode").said() == ["menu_" + find_path(item)[0] + (
            "_plugged" if item in GROUPS["stick"] else "")]
    assert story.press("mode").said() == ["pointing_on"]
    assert story.state.mode == POINTING


@pytest.mark.parametrize("mode", [STARTING, POINTING, TEACHING])
def test_the_menu_is_left_to_pointing_or_to_the_start(mode):
    assert Story(mode).press("both", "long").press("mode").state.mode == (STARTING if mode == STARTING else POINTING)


def test_a_group_is_entered_at_its_first_item():
    assert at("things").press("action", "long").said() == ["menu_change"]
    assert at("change").press("action", "long").said() == ["menu_forget"]


# What each item says of itself


@pytest.mark.parametrize(("item", "status", "changes", "phrase", "slots"), [
    ("things", {}, {}, "menu_things", {"count": "2"}),
    ("known", {"taught": ()}, {}, "menu_known", {"count": "0"}),
    ("forget", {}, {}, "menu_forget", {"count": "2"}),
    ("reset", {}, {}, "menu_reset", {"count": "2"}),
    ("change", {}, {}, "menu_change", {}),
    ("way", {}, {}, "menu_way", {}),
    ("way", {}, {"way": "crop"}, "menu_way_crop", {}),
    ("way", {}, {"way": "detector"}, "menu_way_detector", {}),
    ("share", {"stick": False}, {}, "menu_share", {}),
    ("share", {}, {}, "menu_share_plugged", {}),
    ("backup", {"stick": False}, {}, "menu_backup", {}),
    ("restore", {}, {}, "menu_restore_plugged", {}),
    ("update", {"stick": False}, {}, "menu_update", {"version": "1.2.3"}),
    ("update", {}, {}, "menu_update_plugged", {"version": "1.2.3"}),
    ("volume", {}, {"preferences": Preferences(volume=3)}, "menu_volume", {"number": "3", "most": "10"}),
    ("words_per_minute", {}, {}, "menu_words_per_minute", {"number": "170"}),
    ("verbosity", {}, {"preferences": Preferences(verbosity=FULL)}, "menu_verbosity_full", {}),
    ("language", {}, {}, "menu_language", {}),
    ("lesson", {}, {}, "menu_lesson", {}),
    ("lesson", {}, {"lesson": Lesson("buttons", left=True)}, "menu_lesson_waits", {"number": "2", "most": "12"}),
    ("companion", {}, {}, "menu_companion", {}),
    ("companion", {}, {"door": True}, "menu_companion_open", {}),
])
def test_an_item_says_how_things_stand(item, status, changes, phrase, slots):
    utterance = speak_item(State(mode=MENU, menu=Menu.at(item), status=replace(TAUGHT, **status), **changes)).utterance
    assert (utterance.phrase, dict(utterance.slots), utterance.interrupts) == (phrase, slots, False)


def test_a_stick_that_is_plugged_in_meanwhile_is_heard_of_at_the_next_step():
    story = at("backup", status=replace(TAUGHT, stick=False))
    assert story.press("action").said() == ["menu_restore"]
    story.status = TAUGHT
    assert story.press("mode", "long").said() == ["menu_backup_plugged"]


def test_the_way_to_look_is_known_as_soon_as_it_changes():
    story = at("way").press("action", "long")
    assert story.asked(ChangeWay)
    story.happen(WayChanged(1.0, "detector")).said()
    assert story.press("action").press("mode", "long").said()[-1] == "menu_way_detector"
    assert story.happen(WayChanged(2.0, "")).state.way == "detector", "there was no other way"


# What each item does


@pytest.mark.parametrize(("item", "action"), [
    ("undo", UndoChange()), ("way", ChangeWay()), ("companion", OpenDoor(True))])
def test_an_item_that_does_something_at_once(item, action):
    assert at(item).press("action", "long").actions[-1] == action


@pytest.mark.parametrize(("item", "said"), [
    ("known", ["known_list"]), ("forget", ["which_forget", "list_thing:taught:1"]),
    ("rename", ["which_rename", "list_thing:taught:1"]),
])
def test_what_is_known_is_told_or_chosen_from(item, said):
    story = at(item).press("action", "long")
    story.said()
    assert story.happen(TAUGHT).said() == said


@pytest.mark.parametrize("item", ITEMS)
def test_every_item_is_good_for_something(item):
    story = at(item).press("action", "long")
    assert [action for action in story.actions if action != Hush()]


@pytest.mark.parametrize("errand", [errand for errand in ERRANDS if errand != "reset"])
def test_an_errand_is_begun_and_its_end_is_told_at_the_place_where_the_wearer_is(errand):
    story = at(errand).press("action", "long")
    assert story.asked(RunErrand) == [RunErrand(errand)]
    assert story.said() == ["begin_" + errand]
    assert story.happen(ErrandDone(1.0, errand, "done")).said() == [f"{errand}_done", f"menu_{errand}_plugged"]


def test_a_reset_is_asked_for_twice():
    story = at("reset").press("action", "long")
    assert story.said() == ["confirm_reset"]
    assert story.press("action", "long").asked(RunErrand) == [RunErrand("reset")]


@pytest.mark.parametrize("between", [[("action", "short"), ("mode", "long")], [("both", "long")]])
def test_what_is_pressed_in_between_takes_the_reset_back(between):
    story = at("reset").press("action", "long")
    for press in between:
        story.press(*press)
    story.said()
    assert story.press("action", "long").said() == ["confirm_reset"]
    assert not story.asked(RunErrand)


def test_a_question_stands_for_as_long_as_it_takes_to_say_it_slowly():
    story = at("reset").press("action", "long")
    story.at += 20.0
    assert story.press("action", "long").asked(RunErrand) == [RunErrand("reset")]


@pytest.mark.parametrize(("naming", "mode"), [(Naming(), TEACHING), (Naming("taught:1"), MENU)])
def test_both_held_cancel_where_a_name_is_asked_for(naming, mode):
    story = Story(MENU, menu=Menu("name", ("cup",)), naming=naming).press("both", "long")
    assert story.said()[0] == "cancelled"
    assert (story.state.mode, story.state.confirm_until) == (mode, None)


def test_power_off_is_asked_for_twice_everywhere_and_is_no_other_question():
    for menu in [Menu.at("undo"), Menu("volume", ("volume",)), Menu("forget", ("taught:1",))]:
        story = Story(MENU, menu=menu).press("both", "long")
        assert story.said() == ["confirm_power_off"]
        assert story.press("both", "long").asked(PowerOff) == [PowerOff()]
    story = at("reset").press("action", "long").press("both", "long")
    assert (story.said(), story.state.mode) == (["confirm_reset", "confirm_power_off"], MENU)
    story = at("volume").press("both", "long").press("action", "long").press("both", "long")
    assert (story.said()[-1], story.state.mode) == ("confirm_power_off", MENU), "something else was chosen in between"


def test_a_renaming_that_is_given_up_leaves_one_press_to_pointing():
    story = at("rename", naming_by="voice").press("action", "long").happen(TAUGHT).press("action", "long")
    assert story.state.mode == NAMING
    story.said()
    assert story.press("action").said() == ["cancelled", "menu_things"]
    assert story.press("mode").state.mode == POINTING


def test_after_a_change_the_item_counts_anew():
    story = at("forget", status=replace(TAUGHT, taught=("taught:2",)))
    story.happen(Changed(1.0, "forgotten", "taught:1"))
    assert [dict(say.utterance.slots) for say in story.asked(Say)] == [{"thing": "taught:1"}, {"count": "1"}]


# Values


@pytest.mark.parametrize("ring", RINGS)
def test_a_ring_is_entered_at_the_value_that_holds_and_left_to_its_item(ring):
    story = at(ring, languages=("de", "en")).press("action", "long")
    assert story.said()[1] == "values_" + ring
    assert not story.asked(Prefer)
    assert story.press("action", "long").state.menu == Menu.at(ring)
    assert story.said()[0].startswith("menu_" + ring)


def test_each_value_holds_at_once_and_is_said_in_the_new_way():
    story = within("volume", preferences=Preferences(volume=4)).press("action")
    assert story.asked(Prefer) == [Prefer(Preferences(volume=5))]
    assert story.said() == ["volume_chosen"]
    assert story.press("mode", "long").press("mode", "long").state.preferences.volume == 3


@pytest.mark.parametrize(("ring", "button", "end"), [
    ("volume", ("action", "short"), LIMITS["volume"][1]), ("volume", ("mode", "long"), LIMITS["volume"][0]),
    ("words_per_minute", ("action", "short"), LIMITS["words_per_minute"][1]),
    ("words_per_minute", ("mode", "long"), LIMITS["words_per_minute"][0]),
])
def test_numbers_end_and_say_so_again(ring, button, end):
    story = within(ring)
    for _ in range(20):
        story.press(*button)
    assert getattr(story.state.preferences, ring) == end
    story.said()
    assert story.press(*button).said()[1:] == ["value_most" if button[0] == "action" else "value_least"]


def test_the_levels_go_round_with_the_tick_between_the_last_and_the_first():
    story = within("verbosity", preferences=Preferences(verbosity=BRIEF))
    assert story.press("action").press("action").press("action").press("action").press("mode", "long").said() == [
        "verbosity_normal", "verbosity_full", "verbosity_brief", "menu_tick_off", "verbosity_brief", "menu_tick_off"]
    assert story.press("mode", "long").said() == ["verbosity_full"]


@pytest.mark.parametrize(("ring", "before"), [("verbosity", Preferences()), ("language", Preferences(language="de"))])
def test_who_goes_to_the_switch_keeps_the_value_that_held(ring, before):
    story = within(ring, preferences=before).press("action")
    assert story.state.preferences != before
    story.press("action")
    assert (story.state.menu.item, story.state.preferences) == (RINGS[ring], before)
    assert len(story.said()) == 3, "the value that was passed, the one that holds again, and the switch"
    story.press("action", "long").press("mode")
    assert getattr(story.state.preferences, ring) == getattr(before, ring)


def test_the_languages_go_round_with_the_voice_between_the_last_and_the_first():
    story = within("language")
    assert story.press("action").said() == ["menu_voice_low"]
    assert story.press("action").said() == ["language_chosen"]
    assert story.state.preferences.language == "de"
    assert story.press("action").state.preferences.language == "en"


@pytest.mark.parametrize(("ring", "switch", "value", "said"), [
    ("verbosity", "tick", True, "tick_on"), ("language", "voice", "high", "voice_high")])
def test_a_switch_changes_only_when_action_is_held(ring, switch, value, said):
    story = within(ring, switch=True)
    assert not story.asked(Prefer)
    story.press("action", "long")
    assert getattr(story.state.preferences, switch) == value
    assert story.said() == [said]
    assert story.press("action", "long").state.preferences == Preferences(), "and back"


# Help


@pytest.mark.parametrize(("story", "said"), [
    (Story(STARTING), ["help_starting"]), (Story(POINTING), ["help_pointing"]), (Story(TEACHING), ["help_teaching"]),
    (Story(MENU), ["help_menu"]), (within("volume"), ["help_values"]), (Story(NAMING), ["cancelled"]),
    (Story(ASLEEP), []), (Story(MENU, menu=Menu("forget", ("taught:1",))), ["help_list"]),
    (Story(MENU, menu=Menu("name", ("cup",))), ["help_name"]), (within("language", switch=True), ["help_switch"]),
], ids=lambda value: value.state.mode if isinstance(value, Story) else "")
def test_both_pressed_briefly_say_what_the_buttons_do_here(story, said):
    before = story.state
    assert story.press("both").said() == said
    assert said == ["cancelled"] or story.state == replace(before, said_at=story.state.said_at)


# The shortest ways


def press(state, button, kind, number):
    """One press; what the device is then asked of itself is answered as by a device with a stick and two things."""
    state, actions = decide(state, Press(button, kind, number / 10))
    question = state.question
    if actions and not question and state.mode == MENU:
        state, _ = decide(state, replace(TAUGHT, at=number / 10))
    return replace(state, question=""), actions


def count_presses(arrives, **changes):
    """The fewest presses from the top of the menu after which `arrives(state)`, found by trying all."""
    start = State(mode=MENU, **changes)
    waiting, known = deque([(start, 0)]), {(MENU, start.menu, start.preferences, None)}
    while waiting:
        state, number = waiting.popleft()
        if arrives(state):
            return number
        for button, kind in BUTTONS:
            after, _ = press(state, button, kind, number)
            place = after.mode, after.menu, after.preferences, after.confirms if after.confirm_until else None
            if after.mode in (MENU, STOPPING) and place not in known:
                known.add(place)
                waiting.append((after, number + 1))
    raise AssertionError("no presses lead there")


def count_to_choose(item):
    """The fewest presses that choose it: to get there, and one more. The code is told on coming to its group."""
    if item == "code":
        return count_presses(lambda state: state.menu.level == "companion", door=True)
    return 1 + count_presses(lambda state: state.menu == Menu.at(item), door=item == "close")


@pytest.fixture(scope="module")
def presses():
    """The fewest presses to each item."""
    found = {item: count_to_choose(item) for item in ITEMS}
    return {**found, "power off": count_presses(lambda state: state.mode == STOPPING)}


def test_nothing_needs_more_than_four_presses_from_the_top(presses):
    print("\n".join(f"{item:18} {number}" for item, number in sorted(presses.items(), key=lambda pair: pair[::-1])))
    assert max(presses.values()) == 4


def test_the_document_counts_the_same_presses(presses):
    rows = re.findall(r"^\| (\S+) \| ([a-z_ ]+) \| .+ \| (\d) \|$", DOCUMENT.read_text(), re.MULTILINE)
    assert {item: int(number) for _, item, number in rows} == presses
    assert {item: group for group, item, _ in rows if group != "-"} == {
        item: group for group, items in GROUPS.items() for item in items}
