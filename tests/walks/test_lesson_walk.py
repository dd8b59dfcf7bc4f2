"""The whole first lesson as it is heard: the device's own loop, networks and voice over held pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fingerpost.cli import main
from fingerpost.commands.replay import replay
from fingerpost.devices.replay import Recording
from fingerpost.observers import Transcript
from fingerpost.settings import Settings
from tests.lessonwalk import FRAMES_PER_SECOND, HOLD_SECONDS, make_lesson

WORDS = """
Ready.
To go on in English, hold one button until I speak.
Welcome. I show you how I work. To leave, hold both buttons: then the lesson waits in the menu.
There are two buttons. Press one of them briefly.
That was action.
Now press the other one briefly.
That was mode.
Now hold action until I speak.
That was action, held.
Press action to hear another voice. Hold action to keep it. Hold mode to go back a step.
This is the low voice.
This is the high voice.
This is the low voice.
How loud shall I be? Action: louder. Mode: softer. Hold action to keep it.
Volume 10.
Volume 9.
Volume 10.
How fast shall I speak? Action: faster. Mode: slower. Hold action to keep it.
Speech rate 170.
Speech rate 190.
Speech rate 170.
Which hand do you point with? Action changes it. Hold action to keep it.
You point with your right hand.
You point with your left hand.
You point with your right hand.
Now the camera. Stretch out your arm and point straight ahead. Hold action to go on without.
I see no hand. Stretch out your arm and point straight ahead.
Turn the camera a little to the left.
Well done. The camera is well aimed.
Put some things on a table. Point at one and hold still. To skip a step, hold mode.
Not sure.
Not sure means that I do not know it. You can teach me such a thing.
Press action to hear it again.
Not sure.
Now teach me a thing that I do not know. Press mode.
Teaching. Point at the thing and press action.
Press action for each look, and turn the thing a little between them. I say when it is enough.
Looks so far: 1. Turn it a little, and press action again.
Looks so far: 2. Turn it a little, and press action again.
Looks so far: 3. Turn it a little, and press action again.
That is enough. Hold action, and I learn it.
Learned thing one.
Now press mode, to point again.
Pointing.
Point at what you have taught me, and hold still.
thing one
I have found it again.
If I am to forget it, press mode, then hold mode. To keep it, press action.
Teaching. Point at the thing and press action.
Now hold mode, and I forget it. To keep it, press mode.
Undone. I no longer know thing one.
The lesson is over. Hold both buttons for the menu. Press both briefly, and I say what they do.
""".strip().splitlines()


@pytest.mark.timeout(600)
def test_the_first_lesson_is_heard_word_by_word(tmp_path):
    frames, presses = make_lesson(tmp_path)
    transcript = Transcript(write=lambda line: None)
    recording = Recording(frames, FRAMES_PER_SECOND, HOLD_SECONDS)
    loop = replay(recording, Settings(), [transcript], presses, lesson="language")
    assert [text for _, text in transcript.heard if not text.startswith("[")] == WORDS
    assert loop.state.mode == "pointing"
    assert not loop.state.lesson.step


def test_a_replay_begins_at_the_step_that_is_asked_for(tmp_path, capsys):
    picture = tmp_path / "desk.png"
    cv2.imwrite(str(picture), np.full((480, 640, 3), 120, np.uint8))
    assert main(["replay", str(picture), "--lesson", "hand"]) == 0
    heard = capsys.readouterr().out
    assert "We go on with the first lesson." in heard
    assert "Which hand do you point with?" in heard
