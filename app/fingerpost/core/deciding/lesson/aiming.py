"""The step of the first lesson in which the camera is aimed: it watches the hand, and says how to turn the camera."""

from __future__ import annotations

from dataclasses import replace

from ...events import Seen
from ...state import State
from ...types import Fingertip, Quality
from ..picture import COVERED, find_flaw
from ..replies import Outcome
from .course import go_on, note, tell

LEFT_SHARE, RIGHT_SHARE = 1 / 3, 2 / 3
"""Between these shares of the picture's width the tip of an arm that points straight ahead should lie."""
TOP_SHARE, BOTTOM_SHARE = 0.35, 0.75
"""And between these of its height: what is pointed at lies past the tip, so there has to be more room above it. At
0.35, three quarters of the square that is looked at past an upright finger (0.35 of the width) are in the picture."""
AIMED_SECONDS = 2.0
"""The camera is well aimed when the tip has lain there for so long."""
STEADY_SECONDS, HANDLESS_SECONDS = 0.8, 4.0
"""A hint is given when what it says has been true for so long; where no hand is seen, later: the arm takes its time."""
HINT_SECONDS = 6.0
"""Between two hints there is so much time to follow the first."""
PROMPT_SECONDS = 4.0
"""The prompt takes so much longer than a hint."""
MOST_HINTS = 3
"""So often the same is said in a row."""
AIMED, NO_HAND = "lesson_aimed", "lesson_no_hand"


def watch(state: State, seen: Seen) -> Outcome:
    """A frame: go on when the camera is well aimed; else say now and then what to do."""
    progress = state.lesson.progress
    aim, verdict = progress.aim, judge(state, seen)
    if verdict != aim.verdict:
        return note(state, aim=replace(aim, verdict=verdict, since=seen.at, told=0)), ()
    lasted = seen.at - aim.since
    if verdict == AIMED:
        return go_on(state, AIMED) if lasted >= AIMED_SECONDS else (state, ())
    patience = HANDLESS_SECONDS if verdict in (NO_HAND, COVERED) else STEADY_SECONDS
    quiet = seen.at - max(aim.told_at, progress.prompted_at + PROMPT_SECONDS)
    if lasted < patience or quiet < HINT_SECONDS or aim.told >= MOST_HINTS:
        return state, ()
    hints = (COVERED, NO_HAND) if verdict == COVERED else (verdict,)  # a bare wall looks like a covered lens
    return note(state, aim=replace(aim, told_at=seen.at, told=aim.told + 1)), tuple(map(tell, hints))


def judge(state: State, seen: Seen) -> str:
    """The phrase for how the camera is aimed. A tip that is lost for a moment changes nothing."""
    if seen.fingertip is not None:
        return find_turn(seen.fingertip, seen.quality) or AIMED
    verdict = state.lesson.progress.aim.verdict
    lost = state.finger_at is None or seen.at - state.finger_at > state.rules.lost_seconds
    return verdict if verdict and not lost else find_blindness(state) or NO_HAND


def find_turn(tip: Fingertip, quality: Quality) -> str:
    """Where the camera has to turn so that the tip comes to where it should lie, or an empty string. It turns thither
    where the tip is: what it turns to moves towards the middle of the picture."""
    x, y = tip.x / quality.width, tip.y / quality.height
    beyond = {"lesson_camera_left": LEFT_SHARE - x, "lesson_camera_right": x - RIGHT_SHARE,
              "lesson_camera_higher": TOP_SHARE - y, "lesson_camera_lower": y - BOTTOM_SHARE}
    phrase, distance = max(beyond.items(), key=lambda item: item[1])
    return phrase if distance > 0.0 else ""


def find_blindness(state: State) -> str:
    """Why no hand can be seen in such a picture, or an empty string. A desk may well look blurred."""
    flaw = find_flaw(state.view, state.rules) if state.view is not None else ""
    return "" if flaw == "blurred" else flaw
