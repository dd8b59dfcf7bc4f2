"""A day in the menu: every item is heard and chosen by button, at a device that is real but for networks and sound."""

from __future__ import annotations

import pytest

from fingerpost import __version__
from fingerpost.core.events import WayChanged
from fingerpost.core.state import WHOLE_THINGS
from fingerpost.devices.buttons import KEYS
from tests.day import spend_day
from tests.desk import RED

MENU = "Menu. Action: next. Hold action: choose. Mode: up, then out. Hold both: switch off."
NEITHER = "Action: next. Hold mode: the one before. Hold action: done."


@pytest.fixture
def day(tmp_path, monkeypatch):
    monkeypatch.setenv("FINGERPOST_STICK", str(tmp_path / "no stick yet"))
    with spend_day(tmp_path, monkeypatch) as day:
        day.live(2.0)
        yield day


def press(day, keys):
    """The keys of a keyboard, one after the other; returns what is heard after the last."""
    return [day.press(*KEYS[key], seconds=1.0) for key in keys][-1]


def teach(day):
    """Teach the red thing, and go into the menu."""
    press(day, "m")
    for _ in range(4):
        day.live(0.5, RED, pointing=True)
        day.press("action", "short", seconds=0.1)
    press(day, "A")
    assert press(day, "A") == ["Learned thing one."]
    return press(day, "mb")


def test_things_are_told_of_renamed_forgotten_and_brought_back(day):
    assert teach(day) == [MENU, "Your things: 1."]
    assert press(day, "A") == ["Change a thing."]
    assert press(day, "a") == ["What do you know? So far: 1."]
    assert press(day, "A") == ["You taught me thing one."]
    assert press(day, "MA") == ["Forget a thing. I know 1."]
    assert press(day, "a") == ["Rename a thing. I know 1."]
    assert press(day, "A") == ["Rename which thing? Action for the next, hold it to choose.", "thing one"]
    assert press(day, "A") == ["Choose a name: action for the next, hold it to choose.", "thing two"]
    assert press(day, "A") == ["Now called thing two.", "Rename a thing. I know 1."]
    assert press(day, "M") == ["Forget a thing. I know 1."]
    assert press(day, "A") == ["Forget which thing? Action for the next, hold it to choose.", "thing two"]
    assert press(day, "A") == ["Forgotten: thing two.", "Forget a thing. I know 0."]
    assert press(day, "M") == ["Undo the last change."]
    assert press(day, "A") == ["Undone. I know thing two again.", "Undo the last change."]
    assert press(day, "m") == ["Your things: 1."]
    assert press(day, "m") == ["Pointing."]


def test_the_way_to_look_says_which_it_is(day):
    assert press(day, "bAaa") == ["How I look: at what is past the finger."]
    day.loop.feed(WayChanged(day.clock.now(), WHOLE_THINGS))
    assert press(day, "aM") == ["How I look: at whole things."]


def test_how_it_speaks_is_changed_while_it_is_heard(day):
    assert press(day, "ba") == ["How I speak."]
    assert press(day, "A") == ["Volume 10 of 10."]
    assert press(day, "A") == ["Volume 10.", "Action: louder. Hold mode: softer. Hold action: done."]
    assert press(day, "a") == ["Volume 10.", "That is the most."]
    assert press(day, "MM") == ["Volume 8."]
    assert press(day, "A") == ["Volume 8 of 10."]
    assert press(day, "a") == ["Speech rate 170."]
    assert press(day, "A") == ["Speech rate 170.", "Action: faster. Hold mode: slower. Hold action: done."]
    assert press(day, "a") == ["Speech rate 190."]
    assert press(day, "A") == ["Speech rate 190."]
    assert press(day, "a") == ["How much I say: as usual."]
    assert press(day, "A") == ["I say as much as usual.", NEITHER]
    assert press(day, "a") == ["I say more."]
    assert press(day, "a") == ["I say as much as usual.",
                               "A faint tick while you wait: off. Hold action to switch it on."]
    assert press(day, "A") == ["I tick while you wait."]
    assert press(day, "M") == ["I say more."]
    assert press(day, "A") == ["How much I say: a lot."]
    assert day.volumes[:2] == [0.9, 0.8]


def test_the_language_is_changed_and_says_so_in_the_new_one(day):
    assert press(day, "baa") == ["Language: English."]
    assert press(day, "A") == ["English.", NEITHER]
    assert press(day, "a") == ["Voice: low. Hold action for the high one."]
    assert press(day, "a") == ["Deutsch."]
    assert press(day, "A") == ["Sprache: Deutsch."]
    assert press(day, "m") == ["Zeigen."]


@pytest.mark.parametrize(("keys", "errand", "without", "plugged"), [
    ("bAM", "share", "Share your things. No stick is plugged in.", "Share your things: copy them to the stick."),
    ("bMA", "backup", "Back up. No stick is plugged in.", "Back up to the stick."),
    ("bMAa", "restore", "Restore. No stick is plugged in.", "Restore from the stick."),
    ("bMAM", "update", f"Update. Version {__version__} runs. No stick is plugged in.",
     f"Update from the stick. Version {__version__} runs."),
])
def test_an_errand_with_the_stick_is_begun_and_what_came_of_it_is_heard_where_the_wearer_is(
        day, tmp_path, keys, errand, without, plugged):
    assert press(day, keys) == [without]
    (tmp_path / "no stick yet").mkdir()
    assert press(day, "aM")[0] == plugged
    assert len(press(day, "A")) == 1
    assert day.errand == errand
    assert len(press(day, "A")) == 1, "one at a time"
    assert day.end_errand("failed")[1] == plugged


def test_everything_is_forgotten_only_when_asked_for_twice(day):
    assert press(day, "bMMM") == ["Reset: forget all that is yours. Things: 0."]
    press(day, "A")
    assert day.errand == ""
    press(day, "A")
    assert day.errand == "reset"


def test_the_first_lesson_can_be_had_from_the_menu(day):
    assert press(day, "baaa") == ["The first lesson once more."]
    press(day, "A")
    assert day.loop.state.lesson.step


def test_the_companion_page_is_asked_for(day):
    assert press(day, "bMM") == ["Open the companion page."]
    assert press(day, "A") == ["I am opening the companion page.", "The companion page is not installed.",
                               "Open the companion page."]


def test_the_stick_says_whether_it_is_there(day, tmp_path):
    assert press(day, "bM") == ["USB stick: none is plugged in."]
    (tmp_path / "no stick yet").mkdir()
    assert press(day, "aM") == ["USB stick: it is plugged in."]


def test_both_say_what_the_buttons_do_and_held_twice_switch_off(day):
    assert press(day, "h")[0].startswith("Action: say it again.")
    assert press(day, "bh")[0].startswith("Action: next. Hold action: choose.")
    assert press(day, "aAAh")[0].startswith("Action: next value.")
    assert press(day, "b") == ["Hold both buttons again to switch off."]
    assert press(day, "b") == ["Goodbye."]
    assert day.loop.switched_off
