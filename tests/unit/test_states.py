"""Every state against every event, and every row of the button table."""

from __future__ import annotations

import pytest

from fingerpost.core.actions import Hush, PowerOff, Report, RunErrand, Say
from fingerpost.core.decide import decide
from fingerpost.core.state import ASLEEP, LESSON, MENU, MODES, NAMING, POINTING, STARTING, STOPPING, TEACHING, State
from fingerpost.core.steps import VOLUME, Lesson
from fingerpost.core.types import Press
from fingerpost.core.visits import OpenDoor, TellCode
from tests.situations import EVENTS, PRESSES, RARE_EVENTS, STATES, STATUSES, Surroundings
from tests.story import Story


def describe(state):
    """What tells it from others of its mode, for the name of a test."""
    plain = vars(State())
    return " ".join([state.mode, *(name for name, value in vars(state).items() if value != plain[name])])


@pytest.mark.parametrize("state", STATES, ids=describe)
def test_every_state_takes_every_event(state):
    for event in EVENTS + RARE_EVENTS:
        after, actions = decide(state, event)
        assert after.mode in MODES, event
        assert state.mode != STOPPING or (after, actions) == (state, ()), event


@pytest.mark.parametrize("state", STATES, ids=describe)
def test_a_decision_is_a_pure_value(state):
    before = repr(state)
    for event in EVENTS + RARE_EVENTS:
        outcome = decide(state, event)
        assert hash(outcome) == hash(decide(state, event)), f"{event}: frozen all through, and the same each time"
        assert outcome == decide(state, event), event
    assert repr(state) == before


def test_only_what_ends_the_device_stops_it():
    for state in STATES:
        for event in EVENTS:
            confirmed = isinstance(event, Press) and state.confirm_until is not None
            assert decide(state, event)[0].mode != STOPPING or confirmed or state.mode == STOPPING, (state, event)


@pytest.mark.parametrize("state", STATES, ids=describe)
def test_whoever_presses_hears_something_or_has_it_done(state):
    """Silence would be taken for a dead device. Only one that sleeps has buttons that do nothing, and a dead one."""
    for press in PRESSES:
        device = Surroundings(state, STATUSES[1], at=1.0)
        device.take(press)
        heard = [action for action in device.done if not isinstance(action, (Hush, Report))]
        assert heard or state.mode in (ASLEEP, STOPPING), press


@pytest.mark.parametrize("state", STATES, ids=describe)
def test_whoever_is_not_there_opens_no_door_and_ends_and_exchanges_nothing(state):
    for press in PRESSES:
        device = Surroundings(state, STATUSES[1], at=1.0)
        device.take(press)
        wearers = [action for action in device.done if isinstance(action, (OpenDoor, TellCode, PowerOff, RunErrand))]
        assert not (press.afar and wearers), press


def test_the_table_of_states_and_events():
    """Printed with `pytest -s`: what each event leads to in each mode, and what is said first."""
    states = [next(state for state in STATES if state.mode == mode) for mode in MODES if mode != STOPPING]
    rows = [["", *(state.mode for state in states)]]
    rows += [[name(event), *(tell(state, event) for state in states)] for event in EVENTS + RARE_EVENTS]
    print("\n" + "\n".join("|".join(f"{cell:<24.24}" for cell in row) for row in rows if any(row[1:])))
    for column in zip(*rows[1:]):
        assert any(column), "there is no mode in which nothing ever happens"


def name(event):
    """The event in a few words."""
    values = [value for key, value in vars(event).items() if key != "at" and isinstance(value, (str, int, float))]
    return " ".join([type(event).__name__, *(str(value) for value in values if value)])


def tell(state, event):
    """The mode after the event, where it is another one, and the first phrase that is said."""
    after, actions = decide(state, event)
    said = [action.utterance.phrase for action in actions if isinstance(action, Say)]
    return " ".join(([f"to {after.mode}:"] if after.mode != state.mode else []) + said[:1])


BUTTONS = [("action", "short"), ("action", "long"), ("mode", "short"), ("mode", "long"), ("both", "short"),
           ("both", "long")]
TABLE = {
    STARTING: ["starting", "", "starting", "starting", "help_starting", "menu_on"],
    POINTING: ["nothing_to_repeat", "", "teaching_on", "sleeping", "help_pointing", "menu_on"],
    TEACHING: ["sample_no_picture", "nothing_to_learn", "pointing_on", "nothing_to_undo", "help_teaching", "menu_on"],
    NAMING: ["cancelled"] * 6,
    MENU: ["menu_speaking", "menu_change", "pointing_on", "menu_stick", "help_menu", "confirm_power_off"],
    LESSON: ["volume_chosen", "lesson_words_per_minute", "lesson_voice", "volume_chosen", "lesson_volume", "menu_on"],
    ASLEEP: ["", "", "awake", "awake", "", ""],
}


@pytest.mark.parametrize("mode", TABLE)
def test_every_row_of_the_button_table(mode):
    said = [Story(mode, lesson=Lesson(VOLUME if mode == LESSON else "")).press(*button).said() for button in BUTTONS]
    assert [phrases[0] if phrases else "" for phrases in said] == TABLE[mode]
