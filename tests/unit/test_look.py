"""The two ways to look: what is cut out, what the taught things add, and what is drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from fingerpost.core.ports import Backend
from fingerpost.core.types import NOTHING, Box, Detection, Fingertip, Frame
from fingerpost.models import ModelInfo
from fingerpost.vision.aim import Target
from fingerpost.vision.crop import crop_around
from fingerpost.vision.detect import Detector
from fingerpost.vision.look import BoxLooker, CropLooker, share
from fingerpost.vision.preprocess import cut, measure_detail
from fingerpost.vision.recognise import Recogniser, TaughtHead
from tests.shelf import INFO, SHELF, ColourNet, draw_shelf

OBJECTS = ModelInfo("objects", Path("objects.onnx"), "0" * 64, 1, (1, 3, 16, 16), (0.5,) * 3, (0.25,) * 3,
                    ("logits", "embedding"), ("Kiwi", "taught:1", "other"), None, 1, 1, "", "", {}, "")


class Brown(Backend):
    """An object network whose embedding tells brown from everything else, and which counts its runs."""

    def __init__(self):
        self.runs = 0

    def run(self, array):
        self.runs += 1
        red, _, blue = array.mean(axis=(0, 2, 3))
        return np.zeros((1, 3), np.float32), np.array([[1.0, 0.0] if red > blue else [0.0, 1.0]], np.float32)


@pytest.fixture
def net():
    return Brown()


@pytest.fixture
def recogniser(net):
    return Recogniser(net, OBJECTS, TaughtHead(middle=0.6, width=0.06))


@pytest.fixture
def looker(recogniser):
    return BoxLooker(Detector(ColourNet(), INFO), recogniser, CropLooker(recogniser, 0.35))


def see(x, y, at=0.0, places=SHELF):
    """A frame of the shelf and a fingertip that points up."""
    return Frame(int(at * 10), at, draw_shelf(places)), Fingertip(x, y, (0.0, -1.0), 0.9)


def test_a_things_name_is_a_score_and_no_probability(looker):
    (guess,) = looker.look(*see(150, 190))
    assert (guess.object_id, guess.calibrated) == ("soap", False)
    assert guess.confidence == pytest.approx(0.8, abs=0.01)


def test_the_further_the_finger_misses_a_thing_the_less_it_is_believed_and_then_nothing_is(looker):
    scores = {}
    for x in (150, 186, 198, 216):
        (guess,) = looker.look(*see(x, 200, places=SHELF[1:2]))
        scores[x] = (guess.object_id, guess.confidence)
    assert [name for name, _ in scores.values()] == ["soap", "soap", "soap", NOTHING]
    assert 0.8 > scores[186][1] > 0.5 > scores[198][1] > 0.16


def target(name, score, chance=1.0, weight=0.0):
    return Target(Detection(name, score, Box(0, 0, 9, 9)), chance, True, weight or score * chance, 1.0)


@pytest.mark.parametrize(("targets", "shares"), [
    ([target("tea", 0.8)], {"tea": 0.8}),
    ([target("tea", 0.8, 0.5), target("soap", 0.8, 0.5)], {"tea": 0.4, "soap": 0.4}),
    ([target("tea", 0.8), target("soap", 0.8, weight=0.2)], {"tea": 0.8, "soap": 0.05}),
    ([target("label", 0.4), target("tea", 0.9), target("soap", 0.9)], {"label": 0.4, "tea": 0.4}),
    ([target("spoon", 0.8, 0.5), target("spoon", 0.9, 0.5)], {"spoon": 0.8}),
    ([target("spoon", 0.9, 0.4), target("fork", 0.9, 0.3), target("spoon", 0.6, 0.3)], {"spoon": 0.54, "fork": 0.345}),
])
def test_the_chosen_thing_and_the_runner_up_of_another_name_share_the_belief(targets, shares):
    for belief in (1.0, 0.3):
        guesses = share(belief, targets)
        assert {guess.object_id: guess.confidence for guess in guesses} == pytest.approx(
            {name: belief * part for name, part in shares.items()}, abs=1e-9)
        assert not any(guess.calibrated for guess in guesses)


def test_nothing_is_nothing_for_sure_only_to_someone_who_was_taught_nothing(looker, recogniser):
    (guess,) = looker.look(*see(250, 60))
    assert (guess.object_id, guess.confidence) == (NOTHING, 1.0)
    recogniser.head.fit({"taught:1": np.array([[0.6, 0.8]], np.float32)})
    beliefs = {guess.object_id: guess.confidence for guess in looker.look(*see(250, 60))}
    assert set(beliefs) == {NOTHING, "taught:1"}
    assert sum(beliefs.values()) == pytest.approx(1.0)


def test_where_nothing_was_taught_the_object_network_is_spared(looker, net):
    looker.look(*see(150, 190))
    looker.look(*see(250, 60))
    assert net.runs == 0


def test_a_taught_thing_that_the_detector_does_not_know_is_named_all_the_same(looker, recogniser):
    recogniser.head.fit({"taught:1": np.array([[1.0, 0.0]], np.float32)})
    frame, tip = see(250, 200, places=())
    frame.pixels[80:180, 200:300] = (120, 80, 30)
    best = looker.look(frame, tip)[0]
    assert best.object_id == "taught:1"
    assert best.confidence > 0.9
    assert best.calibrated


def draw_table(at):
    """A blue thing as wide as the frame, with something brown on it, and a finger below that."""
    frame, tip = see(260, 200, at, places=(("soap", 0, 20, 320, 180),))
    frame.pixels[100:180, 220:300] = (120, 80, 30)
    return frame, tip


def test_a_taught_thing_that_stands_on_a_large_one_is_named_and_sampled_past_the_finger(looker, recogniser):
    recogniser.head.fit({"taught:1": np.array([[1.0, 0.0]], np.float32)})
    best, table = looker.look(*draw_table(0.0))[:2]
    assert (best.object_id, table.object_id) == ("taught:1", "soap")
    assert best.confidence > 0.9
    assert looker.aim(*draw_table(1.0)) == CropLooker(recogniser, 0.35).aim(*draw_table(1.0))


def test_a_large_thing_that_was_taught_itself_is_named(looker, recogniser):
    recogniser.head.fit({"taught:1": np.array([[0.0, 1.0]], np.float32)})
    assert looker.look(*draw_table(0.0))[0].object_id == "taught:1"


def test_the_belief_in_taught_things_is_the_same_in_both_ways(recogniser):
    recogniser.head.fit({"taught:1": np.array([[0.8, 0.6]], np.float32)})
    crop = np.full((40, 40, 3), (120, 80, 30), np.uint8)
    named = {guess.object_id: guess.confidence for guess in recogniser.guess(crop)}
    (taught,) = recogniser.guess_taught(crop)
    assert taught.confidence == pytest.approx(named["taught:1"])


def test_a_sample_is_the_whole_thing_in_a_square_and_without_a_box_what_is_past_the_finger(looker, recogniser):
    name, left, top, right, bottom = SHELF[1]
    square = looker.aim(*see(150, 190))
    assert square.right - square.left == square.bottom - square.top
    assert (square.left, square.top) < (left, top)
    assert square.right >= right
    assert square.bottom >= bottom
    assert looker.aim(*see(250, 60)) == CropLooker(recogniser, 0.35).aim(*see(250, 60))


@pytest.fixture
def counted(recogniser):
    """A looker and its network, which counts its runs."""
    net = ColourNet()
    looker = BoxLooker(Detector(net, INFO), recogniser, CropLooker(recogniser, 0.35))
    net.runs = 0
    return looker, net


def test_a_frame_is_searched_once_and_means_the_same_thing_each_time(counted):
    looker, net = counted
    looker.look(*see(145, 190, at=0.0))
    frame, tip = see(105, 190, at=1.0)
    square = looker.aim(frame, tip)
    assert looker.look(frame, tip)[0].object_id == "soap"
    assert looker.aim(frame, tip) == square
    assert net.runs == 2


@pytest.mark.parametrize("places", [(("soap", 150, 120, 170, 140),), ()])
def test_what_is_judged_as_too_far_away_is_the_sample(looker, places):
    frame, tip = see(160, 170, places=places)
    detail = looker.measure_detail(frame, tip)
    assert detail == measure_detail(cut(frame.pixels, looker.aim(frame, tip)))
    assert (detail > 0.25) == bool(places)


def test_the_detector_is_not_asked_for_that_where_much_is_past_the_finger(counted):
    looker, net = counted
    frame, tip = see(160, 170)
    frame.pixels[np.indices((240, 320)).sum(axis=0) // 8 % 2 == 0] = 0
    assert looker.measure_detail(frame, tip) > 0.5
    assert net.runs == 0


def test_what_was_chosen_is_drawn_for_a_moment(looker, recogniser):
    past = CropLooker(recogniser, 0.35)
    assert looker.outline(*see(150, 190)) == past.outline(*see(150, 190))
    looker.look(*see(150, 190))
    chosen = looker.outline(*see(150, 190, at=1.0))
    assert list(vars(chosen).values()) == pytest.approx(SHELF[1][1:], abs=5)
    assert looker.outline(*see(150, 190, at=5.0)) == past.outline(*see(150, 190))


@given(some.integers(0, 300), some.integers(0, 220), some.integers(1, 320), some.integers(1, 240))
def test_the_square_about_a_box_lies_in_the_frame_and_holds_the_box_where_it_can(left, top, width, height):
    box = Box(left, top, min(320, left + width), min(240, top + height))
    square = crop_around(box, 320, 240)
    assert square.right - square.left == square.bottom - square.top <= 240
    assert min(square.left, square.top) >= 0
    assert square.right <= 320
    assert square.bottom <= 240
    if max(box.right - box.left, box.bottom - box.top) <= 240:
        assert square.left <= box.left
        assert square.right >= box.right
        assert square.top <= box.top
        assert square.bottom >= box.bottom
