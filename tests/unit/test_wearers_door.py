"""The door to the companion page, as the wearer opens and closes it at the menu and hears of it."""

from __future__ import annotations

import pytest

from fingerpost.core.actions import RunErrand, Say
from fingerpost.core.deciding.errands import ERRANDS
from fingerpost.core.events import Changed, Fault, Recovered, Tick
from fingerpost.core.loop import Loop
from fingerpost.core.menutree import GROUPS
from fingerpost.core.state import (
    MENU,
    NAMING,
    Menu,
    Naming,
    State,
)
from fingerpost.core.types import Press
from fingerpost.core.visits import (
    CLOSED,
    GUESSED,
    MISSING,
    OFFLINE,
    DoorChanged,
    OpenDoor,
    Paired,
    TellCode,
    Watched,
)
from tests.parts import QuietMouth, status
from tests.story import Story

OPENED = DoorChanged(1.0, True, "123456", "https://192.168.55.1:8138", "ab:cd:01:23:45:67:89:EF:00:11")


def choose_companion(story):
    """Open the menu, go to the companion page and choose it; what was said on the way is forgotten."""
    story.press("both", "long").press("mode", "long").press("mode", "long")
    assert story.state.menu.item == "companion"
    story.said()
    return story.press("action", "long")


def test_the_wearer_opens_the_door_hears_how_to_come_in_and_closes_it():
    story = choose_companion(Story())
    assert story.asked(OpenDoor) == [OpenDoor(True)]
    assert story.said() == ["companion_opens"]
    story.happen(OPENED)
    told = story.asked(Say)[0].utterance
    assert dict(told.slots) == {"address": "https://192.168.55.1:8138", "code": "123456"}
    assert story.said() == ["companion_open", "menu_companion_open"]
    assert story.state.door
    story.press("action", "long").happen(OPENED)
    assert story.said()[-1] == "menu_close", "an open door leads on, to where it is closed"
    assert story.press("action", "long").asked(OpenDoor) == [OpenDoor(False)]
    assert story.said() == ["one_moment"]
    assert story.happen(DoorChanged(9.0, False)).said() == ["companion_closed", "menu_companion"]
    assert not story.state.door
    assert story.state.menu == Menu.at("companion")


@pytest.mark.parametrize("again", [False, True])
def test_whoever_goes_to_the_open_door_hears_code_and_fingerprint_and_can_have_them_again(again):
    story = choose_companion(Story(door=True))
    if again:
        story.happen(OPENED).press("action").said()
        story.press("action", "long")
    assert story.asked(TellCode) == [TellCode()]
    assert story.said() == ["one_moment"]
    story.happen(OPENED)
    fingerprint = story.asked(Say)[1].utterance
    assert dict(fingerprint.slots) == {"fingerprint": "ABCD0123456789EF"}
    assert story.said() == ["companion_code", "companion_fingerprint", "menu_code" if again else "menu_close"]


@pytest.mark.parametrize(("reason", "said"), [
    (CLOSED, "companion_closed"), (GUESSED, "companion_guessed"), (MISSING, "companion_missing"),
    (OFFLINE, "companion_offline"), ("who knows", "companion_closed"),
])
def test_why_the_door_is_closed_is_heard_and_cuts_nothing_off(reason, said):
    story = Story(door=True).happen(DoorChanged(1.0, False, reason=reason))
    assert not any(action.utterance.interrupts for action in story.asked(Say))
    assert story.said() == [said]
    assert not story.state.door


def test_without_a_companion_page_the_menu_says_so():
    mouth = QuietMouth()
    loop = Loop(State(mode=MENU, menu=Menu.at("companion")), mouth, None, status)
    loop.feed(Press("action", "long", 1.0))
    assert mouth.said == ["companion_opens", "companion_missing", "menu_companion"]


def test_where_there_is_a_door_the_loop_asks_there():
    went = []
    loop = Loop(State(), QuietMouth(), None, status, door=went.append)
    for item in ("companion", "code", "close"):
        loop.state = State(mode=MENU, menu=Menu.at(item), door=item != "companion")
        loop.feed(Press("action", "long", 1.0))
    assert went == [OpenDoor(True), TellCode(), OpenDoor(False)]


def test_a_menu_that_is_open_keeps_its_place():
    story = Story(MENU, menu=Menu.at("undo")).happen(OPENED)
    assert story.said() == ["companion_open", "menu_undo"]
    assert story.happen(DoorChanged(2.0, False)).state.menu == Menu.at("undo")


def test_a_list_that_is_open_stays_as_it_is():
    menu = Menu("forget", ("taught:1", "taught:2"), 1)
    story = Story(MENU, menu=menu).happen(OPENED)
    assert story.state.menu == menu
    assert story.said() == ["companion_open"]


@pytest.mark.parametrize("event", [OPENED, DoorChanged(1.0, False), Paired(1.0), Changed(1.0, "elsewhere"),
                                   Changed(1.0, "taught", "taught:1"), Watched(1.0, 1)])
def test_nothing_of_it_is_said_into_a_recording(event):
    for naming in (Naming(), Naming("taught:1")):
        assert Story(NAMING, naming=naming).happen(event).actions == []


def test_a_page_that_fails_is_told_whenever_it_is_asked_for_and_who_looks_on_is_still_heard():
    story = Story(door=True, viewers=2, reminded_at=0.0).happen(Fault("companion", 1.0, "it does not answer"))
    assert story.said() == ["fault_companion"]
    assert (story.state.door, story.state.viewers) == (True, 2)
    assert story.happen(Tick(20.0)).chimed() == ["watched"]
    assert story.happen(Fault("companion", 2.0)).said() == ["fault_companion"]
    assert story.happen(DoorChanged(3.0, False)).said() == ["companion_closed"]
    assert story.happen(OPENED).said() == ["companion_open"]
    assert not story.state.faults


def test_a_page_that_does_not_work_is_no_news_at_every_waking():
    story = Story().happen(Fault("companion", 1.0))
    story.press("mode", "long").said()
    assert story.press("mode").said() == ["awake"]
    story.happen(Recovered("companion", 2.0))
    assert story.said() == ["recovered_companion"]
    assert not story.state.faults


# From the page itself

AFAR = Press("action", "long", 1.0, afar=True)


@pytest.mark.parametrize("event", [OPENED, DoorChanged(1.0, False)])
@pytest.mark.parametrize("item", ["companion", "code", "close"])
def test_a_helper_can_neither_open_nor_close_the_door_nor_hear_its_code(item, event):
    is_open = item != "companion"
    story = Story(MENU, menu=Menu.at(item), door=is_open).happen(AFAR)
    assert not story.asked(OpenDoor) + story.asked(TellCode)
    assert story.said() == ["only_here"]
    assert story.happen(event).state.door == event.open, "what the wearer has begun goes on"


def test_a_helper_cannot_switch_the_device_off_not_even_where_the_wearer_was_asked():
    story = Story(MENU)
    story.happen(Press("both", "long", 1.0, afar=True))
    assert (story.said(), story.state.confirm_until) == (["only_here"], None)
    story.press("both", "long")
    assert story.said() == ["confirm_power_off"]
    story.happen(Press("both", "long", story.at + 1.0, afar=True))
    assert (story.said(), story.state.mode) == (["only_here"], MENU)


def test_at_an_open_door_a_helper_stays_outside():
    story = Story(MENU, menu=Menu.at("companion"), door=True).happen(AFAR)
    assert not story.asked(TellCode)
    assert (story.said(), story.state.menu) == (["only_here"], Menu.at("companion"))


@pytest.mark.parametrize("errand", ERRANDS)
def test_a_helper_runs_no_errands(errand):
    story = Story(MENU, menu=Menu.at(errand)).happen(AFAR)
    assert not story.asked(RunErrand)
    assert (story.said(), story.state.confirm_until) == (["only_here"], None)


GUARDED = {"companion", "code", "close", *ERRANDS}


@pytest.mark.parametrize("item", sorted({item for items in GROUPS.values() for item in items} - GUARDED))
def test_any_other_item_is_the_same_from_afar(item):
    menu = Menu.at(item)
    near, afar = [Story(MENU, menu=menu).happen(Press("action", "long", 1.0, afar=afar)) for afar in (False, True)]
    assert near.actions == afar.actions
    assert near.state == afar.state
