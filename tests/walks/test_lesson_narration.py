"""The first lesson from end to end in each language, spoken by the real voice into a WAV file, and listened to by
measuring. All of the device is real but for its two networks; the pupil does what they are told."""

from __future__ import annotations

from contextlib import ExitStack

import cv2
import numpy as np
import pytest

from fingerpost import wiring
from fingerpost.core.loop import Observer
from fingerpost.core.playback import Playback
from fingerpost.core.preferences import Preferences
from fingerpost.core.steps import STEPS, Lesson
from fingerpost.core.types import Clip, Frame
from fingerpost.devices.clips import RATE
from fingerpost.devices.replay import SimulatedClock
from fingerpost.home import list_languages
from fingerpost.settings import Settings
from fingerpost.upkeep.preferences import prefer
from tests.desk import RED, TIP, ColourRecogniser, DotFinder, draw
from tests.listening import Narration, NotingSpeaker
from tests.parts import PressedButtons

LONGEST_MINUTES = 6.0
"""Nobody wants to be taught for longer than that before they begin."""
THINKING_SECONDS = 1.0
FRAMES_PER_SECOND = 5
AT_ONCE = 60
"""Texts that are rendered together, as at a start: all of the lesson, which comes first."""
AWAY, TABLE, AT_THING = draw(None, pointing=False), draw(RED, pointing=False), draw(RED)
TOO_LOW = cv2.circle(AWAY.copy(), (TIP[0], 226), 4, (255, 255, 255), -1)
WELL_AIMED = draw(None)
ACTION, HOLD_ACTION, MODE, HOLD_MODE = (
    (button, kind) for button in ("action", "mode") for kind in ("short", "long"))
SCENES = {"lesson_aimed": TABLE, "lesson_found": TABLE}
"""What the camera sees from the moment at which that is said."""
DEEDS = {
    "lesson_language": [HOLD_ACTION],
    "lesson_buttons": [MODE], "lesson_other_button": [ACTION], "lesson_hold_action": [HOLD_ACTION],
    "lesson_voice": [ACTION, ACTION, HOLD_ACTION], "lesson_volume": [HOLD_MODE, HOLD_MODE, ACTION, HOLD_ACTION],
    "lesson_words_per_minute": [ACTION, HOLD_MODE, HOLD_ACTION], "lesson_hand": [ACTION, ACTION, HOLD_ACTION],
    "lesson_aim": [TOO_LOW], "lesson_camera_lower": [WELL_AIMED],
    "lesson_point": [AT_THING], "lesson_again": [ACTION, TABLE],
    "lesson_teach": [MODE], "lesson_sample_first": [AT_THING, ACTION], "lesson_sample_next": [ACTION],
    "lesson_sample_enough": [HOLD_ACTION], "which_name": [TABLE, HOLD_ACTION],
    "lesson_mode_to_point": [MODE], "lesson_find": [AT_THING],
    "lesson_undo": [MODE], "lesson_undo_now": [HOLD_MODE],
}
"""What the pupil does once that was said, one after the other: presses, and what the camera sees from then on."""


class Pupil(Observer):
    """Hears each phrase to its end, thinks for a moment, and does what it asks for."""

    def __init__(self, buttons: PressedButtons) -> None:
        self.heard, self.picture = [], AWAY
        self._buttons, self._todo, self._asked, self._silent_since = buttons, [], "", None

    def on_heard(self, at, text, phrase):
        if text.startswith("["):
            return
        self.heard.append(phrase)
        self.picture = SCENES.get(phrase, self.picture)
        if phrase in DEEDS and not (self._todo and phrase == self._asked):
            self._asked, self._todo = phrase, list(DEEDS[phrase])

    def live(self, at, idle):
        """A moment goes by; `idle` says whether nothing is being said."""
        if not idle:
            self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = at
        elif self._todo and at - self._silent_since >= THINKING_SECONDS:
            deed = self._todo.pop(0)
            if isinstance(deed, tuple):
                self._buttons.press(*deed, at)
            else:
                self.picture = deed


@pytest.fixture(scope="module", params=list_languages())
def lesson(request, tmp_path_factory):
    """The lesson in one language, once: what was heard, and the narration."""
    folder, clock, buttons = tmp_path_factory.mktemp("lesson"), SimulatedClock(), PressedButtons()
    pupil, preferences = Pupil(buttons), Preferences(language=request.param)
    speaker = NotingSpeaker(folder / "narration.wav", clock)
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("FINGERPOST_STATE", str(folder))
        patch.setattr(wiring, "open_recogniser", lambda stack, settings: ColourRecogniser())
        patch.setattr(wiring, "open_finder", lambda stack, settings: DotFinder())
        stack.enter_context(speaker)
        body = wiring.assemble(stack, prefer(Settings(), preferences), clock, speaker, folder / "objects.sqlite",
                               [pupil], preferences=preferences)
        body.render(body.book.fixed_texts()[:AT_ONCE])
        playback = Playback(body.eyes, buttons, clock)
        loop = body.loop(playback.submit, [pupil], announced=True, lesson=Lesson(STEPS[0]))
        playback.run(loop, body.mouth, frames(pupil, body.mouth))
    return pupil.heard, Narration(speaker), loop.state


def frames(pupil, mouth):
    """They follow each other until the lesson has ended."""
    for index in range(int(LONGEST_MINUTES * 60 * FRAMES_PER_SECOND)):
        if "lesson_end" in pupil.heard:
            return
        pupil.live(index / FRAMES_PER_SECOND, mouth.idle())
        yield Frame(index, index / FRAMES_PER_SECOND, pupil.picture)


def test_every_step_is_gone_through_to_the_end(lesson):
    heard, _, state = lesson
    prompts = [phrase for phrase in heard if phrase in DEEDS]
    assert list(dict.fromkeys(prompts)) == list(DEEDS)
    assert {"voice_high", "hand_left", "lesson_aimed", "lesson_found", "change_unlearned"} <= set(heard)
    assert heard[-1] == "lesson_end"
    assert (state.lesson.step, state.mode) == ("", "pointing")
    assert state.preferences == Preferences(volume=9, language=state.preferences.language)


def test_nothing_clips_and_every_phrase_is_as_loud_as_the_others(lesson):
    narration = lesson[1]
    assert narration.peak < 1.0
    loudness = narration.loudness()
    assert len(loudness) > 30
    assert max(loudness) - min(loudness) < 2.0


def test_no_phrase_runs_into_another_or_is_cut_off_for_a_pupil_who_listens(lesson):
    assert lesson[1].overlaps() == []
    assert lesson[1].cut_off == []


def test_it_is_short(lesson):
    heard, narration, state = lesson
    print(f"{state.preferences.language}: {narration.minutes:.1f} minutes, of which {narration.speaking_minutes():.1f} "
          f"spoken, {len(heard)} phrases, {min(narration.loudness()):.1f} to {max(narration.loudness()):.1f} dB, peak "
          f"{20 * np.log10(narration.peak):.1f} dB")
    assert narration.minutes < LONGEST_MINUTES


def test_who_listens_notices_what_is_wrong(tmp_path):
    clock = SimulatedClock()
    with NotingSpeaker(tmp_path / "narration.wav", clock) as speaker:
        for size, wait_seconds in ((1000, 1.0), (4000, 1.0), (1000, 0.25), (1000, 0.25)):
            speaker.play(Clip(np.full(RATE // 2, size, np.int16), RATE))
            clock.sleep(wait_seconds)
        speaker.hush()
    narration = Narration(speaker)
    assert np.diff(narration.loudness()) == pytest.approx([20 * np.log10(4)], abs=0.1)
    assert (narration.overlaps(), narration.cut_off) == ([2.25], [2.5])
