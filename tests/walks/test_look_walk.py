"""Every answer to "what do you see?", over pictures made for it and by the networks that ship."""

from __future__ import annotations

import itertools
import re
from contextlib import ExitStack
from dataclasses import replace

import cv2
import numpy as np
import pytest

from fingerpost import wiring
from fingerpost.core.actions import Keep, Learn
from fingerpost.core.playback import Playback
from fingerpost.core.rules import Rules
from fingerpost.core.types import Frame, Press
from fingerpost.devices.replay import Recording, SimulatedClock
from fingerpost.home import asset_home
from fingerpost.settings import Settings
from tests.day import Transcriber
from tests.parts import PressedButtons, SilentSpeaker, TonguelessVoice

WALK = asset_home() / "assets" / "walks" / "teaching" / "walk.mp4"
TABLE_AT, MUG_AT, BOX_AT = 1.0, 5.0, 30.0
"""When the walk shows the table alone, a finger at a mug, and one at a box."""
NOISE = np.random.default_rng(3).normal(0.0, 4.0, (480, 640, 3))


class Wearer:
    """Holds a picture before the device, and asks."""

    def __init__(self, stack, folder, patch):
        self.clock, self.transcriber, self.index = SimulatedClock(), Transcriber(), 0
        patch.setattr(wiring, "open_voice", lambda settings, *rest, **more: TonguelessVoice())
        self.body = wiring.assemble(stack, Settings(), self.clock, SilentSpeaker(self.clock),
                                    folder / "objects.sqlite", [self.transcriber])

    def ask(self, pixels, after_seconds=1.5, rules=None):
        """What is heard when action is held after so long, up to the time of day."""
        playback = Playback(self.body.eyes, PressedButtons(), self.clock)
        loop = self.body.loop(playback.submit, [self.transcriber], announced=True)
        loop.state = replace(loop.state, rules=rules or Rules())
        playback.run(loop, self.body.mouth, self.frames(pixels, after_seconds))
        self.transcriber.words.clear()
        loop.feed(Press("action", "long", self.clock.now()))
        playback.run(loop, self.body.mouth, self.frames(pixels, 1.5))
        self.clock.sleep(2.0)  # the tracker forgets the finger
        return list(itertools.takewhile(lambda word: not re.match(r"It is \d", word), self.transcriber.words))

    def frames(self, pixels, seconds):
        """Ten frames a second of the same picture, each with noise of its own."""
        start = self.clock.now()
        for number in range(round(seconds * 10)):
            self.index += 1
            noisy = pixels + np.roll(NOISE, 7 * self.index, axis=1) * (pixels.mean() > 1.0)
            yield Frame(self.index, start + (number + 1) / 10, np.clip(noisy, 0, 255).astype(np.uint8))

    def teach(self, pixels):
        """The thing past the finger in that picture is known from now on."""
        for frame in self.frames(pixels, 0.4):
            self.body.eyes.see(frame)
            self.body.eyes.do(Keep(frame.index), frame.at)
        self.body.eyes.do(Learn("box"), self.clock.now())


@pytest.fixture(scope="module")
def wearer(tmp_path_factory):
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        yield Wearer(stack, tmp_path_factory.mktemp("look"), patch)


@pytest.fixture(scope="module")
def pictures():
    """A picture for each answer."""
    wanted, shown = iter((TABLE_AT, MUG_AT, BOX_AT)), []
    due = next(wanted)
    for frame in Recording(WALK):
        if frame.at >= due:
            shown.append(frame.pixels)
            due = next(wanted, float("inf"))
        if len(shown) == 3:
            break
    table, mug, box = shown
    return {"table": table, "mug": mug, "box": box, "dim": table * 0.4, "dark": table * 0.08,
            "bright": np.full_like(table, 254), "black": np.zeros_like(table), "covered": draw_cover((190, 70, 50)),
            "covered in the dark": draw_cover((14, 9, 8)), "blurred": cv2.GaussianBlur(table, (0, 0), 14),
            "page": draw_page(), "up": shift(mug, -260)}


def draw_cover(colour):
    """A finger on the lens: skin without focus, darker to the edges."""
    rows, columns = np.mgrid[-1:1:480j, -1:1:640j]
    light = 1.0 - 0.25 * (rows ** 2 + columns ** 2) + 0.1 * columns
    return light[..., None] * np.array(colour, np.float64)


def draw_page():
    """A sheet full of text, which differs from place to place as little as a cover."""
    page = np.full((480, 640, 3), 190.0)
    page[100:400:20, 150:500] = 60.0
    return page


def shift(pixels, down):
    """The picture moved, its last row repeated."""
    move = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, down]])
    return cv2.warpAffine(pixels, move, (640, 480), borderMode=cv2.BORDER_REPLICATE)


@pytest.mark.parametrize(("picture", "words"), [
    ("table", ["I see no hand.", "The light is good."]),
    ("dim", ["I see no hand.", "The light is good."]),
    ("dark", ["It is too dark.", "I see no hand."]),
    ("bright", ["It is too bright.", "I see no hand."]),
    ("black", ["It is too dark, or the camera is covered.", "I see no hand."]),
    ("covered", ["The camera is covered, or sees only one colour.", "I see no hand."]),
    ("page", ["I see no hand.", "The light is good."]),
    ("covered in the dark", ["It is too dark, or the camera is covered.", "I see no hand."]),
    ("blurred", ["The picture is out of focus or shaken.", "I see no hand."]),
    ("up", ["I see your finger.", "Turn your head up."]),
    ("mug", ["I see a finger pointing at something I do not know.", "The light is good."]),
])
def test_the_answer_to_each_picture(wearer, pictures, picture, words):
    assert wearer.ask(pictures[picture]) == words


def test_a_hand_that_hides_the_thing(wearer, pictures):
    """No finger of the walk is seen end-on; by these rules, the one at the mug looks as short as if it were."""
    end_on = replace(Rules(), covered_share=0.15)
    assert wearer.ask(pictures["mug"], rules=end_on) == [
        "I see your finger.", "Your hand covers it. Point more from the right."]


@pytest.mark.parametrize("after_seconds", [0.2, 1.5])
def test_a_thing_that_was_taught_is_named_whether_the_finger_has_rested_or_just_come(wearer, pictures, after_seconds):
    wearer.teach(pictures["box"])
    assert wearer.ask(pictures["box"], after_seconds) == ["I see a finger pointing at box.", "The light is good."]
