"""States that the device can be in, events that can come to it, and what answers the decision around it."""

from __future__ import annotations

from dataclasses import replace
from typing import List, Tuple

from fingerpost.core.actions import Action, Hush, Listen, Recognise, Report, Say, StopListening
from fingerpost.core.decide import decide
from fingerpost.core.deciding.errands import BACK_UP, ERRANDS, READY, SHARE
from fingerpost.core.events import (
    Changed,
    ErrandDone,
    Event,
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
    Touched,
    Vitals,
    WayChanged,
)
from fingerpost.core.menutree import GROUPS, RINGS
from fingerpost.core.preferences import BRIEF, FULL, Preferences
from fingerpost.core.state import (
    ASLEEP,
    BY_VOICE,
    HEAT,
    LESSON,
    MENU,
    MODES,
    NAMING,
    POINTING,
    STOPPING,
    TEACHING,
    Answer,
    Menu,
    Naming,
    State,
    Strain,
)
from fingerpost.core.steps import AIM, PRACTICE, STEPS, Lesson
from fingerpost.core.types import ACTION, BOTH, LONG, MODE, NOTHING, SHORT, URGENT, Fingertip, Guess, Press, Utterance
from fingerpost.core.visits import GUESSED, MISSING, DoorChanged, Paired, Preferred, Watched
from tests.story import CLEAR

TIP = Fingertip(300.0, 200.0, (0.0, -1.0), 0.9)
ELSEWHERE = Fingertip(100.0, 300.0, (0.0, -1.0), 0.9)
AT_THE_EDGE = Fingertip(300.0, 5.0, (0.0, -1.0), 0.9, length=100.0)
END_ON = Fingertip(300.0, 200.0, (0.6, -0.8), 0.9, length=20.0)
DARK = replace(CLEAR, brightness=0.01)
PARTS = ("camera", "eyes", "gpu", "memory", "microphone", "companion", "buttons", "mode_button", "action_button")
SHOWN = ("gpu", "memory", "microphone")
"""Parts that show by what they do that they work again."""
PRESSES = [Press(button, kind, 1.0, afar) for button in (MODE, ACTION, BOTH) for kind in (SHORT, LONG)
           for afar in (False, True)]
FRAMES = [Seen(1, 1.0, TIP, CLEAR), Seen(2, 1.0, None, CLEAR), Seen(3, 1.0, AT_THE_EDGE, CLEAR),
          Seen(4, 1.0, END_ON, CLEAR), Seen(5, 1.0, ELSEWHERE, CLEAR), Seen(6, 1.0, TIP, DARK)]
LOOKS: List[Tuple[Guess, ...]] = [
    (Guess("Kiwi", 0.9),), (Guess("taught:1", 0.99),), (Guess("Kiwi", 0.4),), (Guess(NOTHING, 0.9),), ()]
CHANGES: List[Event] = [
    Kept(1.0, 1), Kept(1.0, 1, "taught:2"), Forgotten(1.0, 0), Learned(1.0, "taught:1", 3), Learned(1.0, "taught:1", 1),
    Listened(1.0, 0.0), Listened(1.0, 0.7),
    *(Changed(1.0, change, "taught:1") for change in ("forgotten", "renamed", "returned", "unlearned", "undone")),
    Changed(1.0, "nothing"), Changed(1.0, "taught", "taught:3"), Changed(1.0, "elsewhere"),
    ModelChanged(1.0, newer=True), ModelChanged(1.0, newer=False, name="fingertip"),
    WayChanged(1.0, "crop"), WayChanged(1.0, ""), Preparing(1.0), Preparing(1.0, minutes=True)]
VISITS: List[Event] = [
    Preferred(1.0, "volume", 6), Preferred(1.0, "language", "de"), Preferred(1.0, "language", "../en"),
    Preferred(1.0, "verbosity", FULL), Preferred(1.0, "diary", False), Preferred(1.0, "colour", 3),
    Preferred(1.0, "voice", "high"), Preferred(1.0, "hand", "left"), Preferred(1.0, "tick", True),
    DoorChanged(1.0, True, "123456", "https://192.168.55.1:8138", "AB:CD"), DoorChanged(1.0, False),
    DoorChanged(1.0, False, reason=GUESSED), DoorChanged(1.0, False, reason=MISSING),
    Watched(1.0, 2), Watched(1.0, 0), Paired(1.0)]
TROUBLE: List[Event] = [
    *(Fault(part, 1.0) for part in PARTS), *(Recovered(part, 1.0) for part in PARTS if part not in SHOWN),
    Vitals(1.0), Vitals(1.0, celsius=50.0), Vitals(1.0, celsius=88.0), Vitals(1.0, celsius=99.0),
    Vitals(1.0, sagging=True), Vitals(1.0, throttled=True), Vitals(1.0, battery_percent=9, charging=False)]
ENDINGS: List[Event] = [
    *(ErrandDone(1.0, errand, "missing") for errand in ERRANDS), ErrandDone(1.0, "restore", "known"),
    *(ErrandDone(1.0, errand, "done", (("count", "2"),)) for errand in (SHARE, BACK_UP))]
STATUSES = [
    Status(1.0, "12:30", None, (), ("cup",)),
    Status(1.0, "12:30", 70, ("taught:1", "taught:2"), ("cup", "tin"), celsius=40.0, version="1.2.3", stick=True)]
EVENTS: List[Event] = [
    Tick(1.0), Touched(1.0), *FRAMES, *(Recognised(1, 1.0, look) for look in LOOKS), *CHANGES, *VISITS, *TROUBLE,
    *ENDINGS, *PRESSES]
"""What may come at any time, and end nothing for good."""
RARE_EVENTS: List[Event] = [*STATUSES, ErrandDone(1.0, "reset", READY), Vitals(1.0, battery_percent=2, charging=False)]
"""What is asked for; and after what the device switches off, or starts anew."""


PLACES = [*map(Menu.of, GROUPS), *(Menu.at(item) for item in ("undo", "backup", "reset", "companion", "lesson")),
          *(Menu(ring, (ring, switch) if switch else (ring,)) for ring, switch in RINGS.items()),
          Menu("verbosity", ("verbosity", "tick"), 1), Menu("language", ("language", "voice"), 1),
          Menu("forget", ("taught:1",)), Menu("rename", ("taught:1", "taught:2"), 1), Menu("name", ("cup", "tin"), 1)]
SETUP = [step for step in STEPS if step not in PRACTICE]
STATES = [State(mode=mode) for mode in MODES if mode != LESSON] + [
    State(untold=(Utterance("stopped_by_power"),)),
    State(mode=POINTING, answer=Answer("named", 0.0, (Guess("Kiwi", 0.9),))),
    State(mode=POINTING, preferences=Preferences(verbosity=BRIEF), viewers=1),
    State(mode=POINTING, preferences=Preferences(verbosity=FULL), faults=frozenset({"companion"})),
    State(mode=POINTING, news="objects_newer"), State(mode=POINTING, errand="update"),
    State(mode=POINTING, strain=Strain(spared=True, told=True), faults=frozenset({HEAT})),
    State(mode=TEACHING, waiting_samples=2, naming_by=BY_VOICE), State(mode=TEACHING, learning_samples=2),
    State(mode=TEACHING, waiting_samples=2, more_of="taught:1"), State(mode=TEACHING, just_learned="taught:1"),
    State(mode=NAMING, naming=Naming(unheard=1)), State(mode=NAMING, door=True, viewers=1, errand="backup"),
    State(mode=NAMING, naming=Naming("taught:1"), unready=True),
    State(mode=NAMING, naming=Naming("taught:1", unheard=1)),
    State(mode=ASLEEP, faults=frozenset({"mode_button", HEAT})),
    *(State(mode=MENU, menu=place) for place in PLACES), State(mode=MENU, unready=True, status=STATUSES[1]),
    State(mode=MENU, menu=Menu.at("companion"), door=True, viewers=1),
    State(mode=MENU, confirm_until=9.0, confirms="off"),
    State(mode=MENU, menu=Menu.at("reset"), confirm_until=9.0, confirms="reset"),
    State(mode=MENU, menu=Menu("rename", ("taught:1",)), naming_by=BY_VOICE),
    State(mode=MENU, menu=Menu("name", ("cup",)), naming=Naming("taught:1")),
    *(State(lesson=Lesson(step)) for step in STEPS),
    *(State(mode=MENU, lesson=Lesson(step, left=True)) for step in STEPS),
    State(mode=POINTING, lesson=Lesson(AIM), faults=frozenset({"action_button"})),
    *(State(mode=LESSON, lesson=Lesson(step)) for step in SETUP), State(mode=LESSON, lesson=Lesson(AIM), unready=True),
    *(State(mode=mode, lesson=Lesson(step, thing="taught:1")) for step in PRACTICE for mode in (POINTING, TEACHING))]


class Surroundings:
    """A device around the decision: it answers reports and looks at once, and has a microphone and a mute mouth.

    What cannot be true of any device after an event is an AssertionError.
    """

    def __init__(self, state: State, status: Status, at: float = 0.0) -> None:
        self.state, self.at = state, at
        self.records = state.mode == NAMING
        self.look: Tuple[Guess, ...] = ()
        """What the next look will find."""
        self.done: List[Action] = []
        """All that was asked for."""
        self.waiting: List[Utterance] = []
        """What waits to be said; nothing ever is."""
        self._status = status

    def take(self, event: Event) -> None:
        """That event comes now."""
        if isinstance(event, Listened) or (isinstance(event, Fault) and event.part == "microphone"):
            self.records = False  # so the ear has ended it
        self.state, actions = decide(self.state, replace(event, at=self.at))
        for action in actions:
            self._act(action)
        assert self.state.mode in MODES
        if self.state.mode != STOPPING:
            assert self.records == (self.state.mode == NAMING), f"the microphone, after {event}"

    def press(self, *presses: Tuple[str, str]) -> None:
        """The wearer presses buttons, a second after each other."""
        for button, kind in presses:
            self.at += 1.0
            self.take(Press(button, kind, self.at))

    def _act(self, action: Action) -> None:
        self.done.append(action)
        if isinstance(action, Say):
            self._say(action.utterance)
        elif isinstance(action, Hush):
            self.waiting = [old for old in self.waiting if action.spares_urgent and old.priority >= URGENT]
        elif isinstance(action, Report):
            self.take(self._status)
        elif isinstance(action, Recognise):
            self.take(Recognised(action.frame_index, self.at, self.look))
        elif isinstance(action, Listen):
            self.records = True
        elif isinstance(action, StopListening):
            assert self.records, "there is no recording to break off"
            self.records = False

    def _say(self, new: Utterance) -> None:
        """As the mouth queues it (core/speech.py), in any order."""
        waiting = [old for old in self.waiting if old != new and not old.topic == new.topic != ""]
        self.waiting = [old for old in waiting if old.priority >= URGENT or not new.interrupts] + [new]
