"""Every state against every event, every row of the button table, and the way back to pointing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from fingerpost.core.decide import decide
from fingerpost.core.events import (
    Changed,
    Fault,
    Forgotten,
    Kept,
    Learned,
    Listened,
    ModelChanged,
    Preparing,
    Recognised,
    Recovered,
    Seen,
    Status,
    Tick,
    WayChanged,
)
from fingerpost.core.preferences import BRIEF, FULL, Preferences
from fingerpost.core.state import (
    ASLEEP,
    BY_LIST,
    BY_NEXT,
    BY_VOICE,
    MENU,
    MODES,
    NAMING,
    POINTING,
    STARTING,
    STOPPING,
    TEACHING,
    Menu,
    Naming,
    State,
)
from fingerpost.core.types import Fingertip, Guess, Press
from fingerpost.core.visits import GUESSED, MISSING, DoorChanged, Paired, Preferred, Watched
from tests.story import CLEAR, Story

TIP = Fingertip(300.0, 200.0, (0.0, -1.0), 0.9)
AT_THE_EDGE = Fingertip(300.0, 5.0, (0.0, -1.0), 0.9, length=100.0)
END_ON = Fingertip(300.0, 200.0, (0.6, -0.8), 0.9, length=20.0)
EVENTS = [
    Tick(1.0), Seen(1, 1.0, TIP, CLEAR), Seen(2, 1.0, None, CLEAR), Seen(3, 1.0, AT_THE_EDGE, CLEAR),
    Seen(4, 1.0, END_ON, CLEAR), Recognised(1, 1.0, (Guess("Kiwi", 0.9),)),
    Recognised(1, 1.0, ()), Fault("camera", 1.0), Recovered("camera", 1.0), Kept(1.0, 1), Forgotten(1.0, 0),
    Learned(1.0, "taught:1", 3), Status(1.0, "12:30", None, ()), Fault("microphone", 1.0), Kept(1.0, 1, "taught:2"),
    Status(1.0, "12:30", None, ("taught:1",), ("cup", "tin")), Listened(1.0, 0.0), Listened(1.0, 0.7),
    Changed(1.0, "forgotten", "taught:1"), Changed(1.0, "nothing"), ModelChanged(1.0, newer=True),
    ModelChanged(1.0, newer=False, name="fingertip"),
    WayChanged(1.0, "crop"), WayChanged(1.0, ""), Changed(1.0, "taught", "taught:3"), Changed(1.0, "elsewhere"),
    Preferred(1.0, "volume", 6), Preferred(1.0, "language", "de"), Preferred(1.0, "language", "../en"),
    Preferred(1.0, "verbosity", FULL), Preferred(1.0, "diary", False), Preferred(1.0, "colour", 3),
    DoorChanged(1.0, True, "123456", "https://192.168.55.1:8138", "AB:CD"), DoorChanged(1.0, False),
    DoorChanged(1.0, False, reason=GUESSED), DoorChanged(1.0, False, reason=MISSING), Watched(1.0, 2), Watched(1.0, 0),
    Paired(1.0), Fault("companion", 1.0), Recovered("companion", 1.0),
    Preparing(1.0), Preparing(1.0, minutes=True),
] + [Press(button, kind, 1.0, afar) for button in ("mode", "action", "both") for kind in ("short", "long")
     for afar in (False, True)]


STATES = [State(mode=mode) for mode in MODES] + [
    State(mode=TEACHING, waiting_samples=2, naming_by=BY_VOICE),
    State(mode=TEACHING, waiting_samples=2, more_of="taught:1"), State(mode=TEACHING, learning_samples=2),
    State(mode=MENU, unready=True), State(mode=NAMING, naming=Naming("taught:1"), unready=True),
    State(mode=NAMING, naming=Naming(unheard=1)), State(mode=NAMING, naming=Naming("taught:1", unheard=1)),
    State(mode=MENU, menu=Menu("name", ("cup", "tin"), 1)), State(mode=MENU, menu=Menu("forget", ("taught:1",))),
    State(mode=MENU, menu=Menu("rename", ("taught:1",)), naming_by=BY_VOICE),
    State(mode=MENU, menu=Menu.at("companion")), State(mode=MENU, menu=Menu.at("code", door=True), viewers=1),
    State(mode=MENU, menu=Menu.at("close", door=True), door=True), State(mode=NAMING, door=True, viewers=1),
    State(mode=POINTING, preferences=Preferences(verbosity=BRIEF), viewers=1),
    State(mode=POINTING, preferences=Preferences(verbosity=FULL), faults=frozenset({"companion"})),
]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.mode)
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_state_takes_every_event(state, event):
    after, actions = decide(state, event)
    assert after.mode in MODES
    assert state.mode != STOPPING or actions == ()


BUTTONS = [("action", "short"), ("action", "long"), ("mode", "short"), ("mode", "long"), ("both", "long")]
TABLE = {
    STARTING: ["starting", "", "starting", "starting", "menu_on"],
    POINTING: ["nothing_to_repeat", "", "teaching_on", "sleeping", "menu_on"],
    TEACHING: ["sample_no_picture", "nothing_to_learn", "pointing_on", "nothing_to_undo", "menu_on"],
    NAMING: ["cancelled"] * 5,
    MENU: ["menu_forget", "", "pointing_on", "", "confirm_power_off"],
    ASLEEP: ["", "", "awake", "awake", ""],
}


@pytest.mark.parametrize("mode", TABLE)
def test_every_row_of_the_button_table(mode):
    said = [Story(mode).press(*button).said() for button in BUTTONS]
    assert [phrases[0] if phrases else "" for phrases in said] == TABLE[mode]


presses = some.builds(Press, some.sampled_from(["mode", "action", "both"]), some.sampled_from(["short", "long"]),
                      some.just(0.0))


@settings(max_examples=60, deadline=None)
@given(some.lists(some.one_of(presses, some.sampled_from(EVENTS)), max_size=60),
       some.sampled_from([BY_VOICE, BY_LIST, BY_NEXT]))
def test_two_presses_lead_back_to_pointing_from_anywhere(events, naming_by):
    state = State(naming_by=naming_by)
    for number, event in enumerate(events):
        changed = event if not isinstance(event, Press) else Press(event.button, event.kind, float(number))
        state, _ = decide(state, changed)
    if state.mode == STOPPING:
        return
    home = STARTING if state.unready or state.mode == STARTING else POINTING
    for _ in range(2):
        if state.mode != home:
            state, _ = decide(state, Press("mode", "short", 99.0))
    assert state.mode == home
    if home == STARTING:
        assert decide(state, EVENTS[1])[0].mode == POINTING
