"""From network outputs to a fingertip, a crop and names."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from fingerpost.core.actions import Recognise
from fingerpost.core.deciding.picture import is_blurred
from fingerpost.core.ports import Backend
from fingerpost.core.rules import Rules
from fingerpost.core.types import Fingertip, Frame
from fingerpost.models import ModelInfo
from fingerpost.vision.crop import crop_past
from fingerpost.vision.eyes import Eyes
from fingerpost.vision.fingertip import FingertipFinder, decode_points, soft_argmax
from fingerpost.vision.preprocess import judge, measure_detail, to_input
from fingerpost.vision.recognise import Recogniser, TaughtHead
from fingerpost.vision.wider import WiderNames
from tests.desk import draw


def bump(x, y, height=15, width=20):
    """A heat map with a round peak at (x, y) in [0, 1]."""
    rows, columns = np.mgrid[0:height, 0:width]
    distance = (columns + 0.5 - x * width) ** 2 + (rows + 0.5 - y * height) ** 2
    return (8.0 * np.exp(-distance / 4.0)).astype(np.float32)


@given(some.floats(0.1, 0.9), some.floats(0.1, 0.9))
def test_soft_argmax_finds_a_peak_between_the_cells(x, y):
    found = soft_argmax(bump(x, y))
    assert abs(found[0] - x) * 20 < 0.35
    assert abs(found[1] - y) * 15 < 0.35


def test_soft_argmax_prefers_a_blob_to_a_hot_cell():
    logits = bump(0.3, 0.3)
    logits[12, 17] = 9.0
    assert abs(soft_argmax(logits)[0] - 0.3) < 0.1


def test_both_heads_give_points():
    maps = np.stack([bump(0.2, 0.5), bump(0.4, 0.5), bump(0.6, 0.5)])[None]
    assert decode_points(maps)[:, 0] == pytest.approx([0.2, 0.4, 0.6], abs=0.02)
    assert decode_points(np.array([[-1.0, -1.0, 0.0, 0.0, 1.0, 1.0]]))[:, 0] == pytest.approx([0.0, 0.5, 1.0])


class Canned(Backend):
    """A network that always answers the same."""

    def __init__(self, *outputs):
        self.outputs = outputs

    def run(self, array):
        return self.outputs


def info(**changes):
    facts = {"name": "net", "path": Path("net.onnx"), "sha256": "0" * 64, "bytes": 1, "input": (1, 3, 120, 160),
             "mean": (0.5, 0.5, 0.5), "std": (0.25, 0.25, 0.25), "outputs": ("a", "b"), "labels": None,
             "threshold": 0.5, "parameters": 1, "multiply_adds": 1, "licence": "", "data": "", "figures": {},
             "rebuild": ""}
    return ModelInfo(**{**facts, **changes})


@pytest.mark.parametrize(("logit", "found"), [(3.0, True), (-3.0, False)])
def test_presence_decides_whether_there_is_a_finger(logit, found):
    maps = np.stack([bump(0.5, 0.2), bump(0.5, 0.3), bump(0.5, 0.7)])[None]
    finder = FingertipFinder(Canned(maps, np.array([[logit]], np.float32)), info())
    tip = finder.find(np.zeros((480, 640, 3), np.uint8))
    assert (tip is not None) == found
    if tip:
        assert (tip.x, tip.y) == pytest.approx((320, 96), abs=8)
        assert tip.direction == pytest.approx((0.0, -1.0), abs=0.01)
        assert tip.length == pytest.approx(0.5 * 480, abs=16)


def test_the_eyes_follow_the_finger_from_frame_to_frame():
    maps = np.stack([bump(0.5, 0.2), bump(0.5, 0.3), bump(0.5, 0.7)])[None]
    net = Canned(maps, np.array([[-9.0]], np.float32))
    eyes = Eyes(FingertipFinder(net, info()), recogniser([0.0, 0.0, 0.0], [1.0, 0.0]),
                SimpleNamespace(renew=lambda: False), 0.35)
    seen = []
    for index, logit in enumerate([-9.0, 9.0, -9.0, -9.0, 9.0, 9.0, -9.0, 9.0]):
        net.outputs = (maps, np.array([[logit]], np.float32))
        seen.append(eyes.see(Frame(index, index / 10, np.zeros((480, 640, 3), np.uint8))).fingertip is not None)
    assert seen == [False] * 5 + [True] * 3, "one frame makes no hand, and one frame ends none"
    assert eyes.do(Recognise(6), 0.7).guesses, "the thing is looked up where the finger was followed to"
    assert eyes.do(Recognise(3), 0.7).guesses == ()


angles = some.floats(0.0, 6.28)


@given(some.floats(0, 639), some.floats(0, 479), angles)
def test_the_crop_is_a_square_inside_the_frame(x, y, angle):
    box = crop_past(Fingertip(x, y, (float(np.cos(angle)), float(np.sin(angle))), 1.0), 640, 480)
    assert box.right - box.left == box.bottom - box.top == 224
    assert box.left >= 0
    assert box.right <= 640
    assert box.top >= 0
    assert box.bottom <= 480


@given(angles)
def test_the_crop_begins_at_the_tip_and_leaves_the_finger_out(angle):
    dx, dy = float(np.cos(angle)), float(np.sin(angle))
    box = crop_past(Fingertip(320.0, 240.0, (dx, dy), 1.0), 2000, 2000, share=0.1)
    centre = ((box.left + box.right) / 2 - 320, (box.top + box.bottom) / 2 - 240)
    assert max(abs(centre[0]), abs(centre[1])) == pytest.approx(100, abs=2)
    assert centre[0] * dy - centre[1] * dx == pytest.approx(0.0, abs=3)


def test_preprocessing_normalises_each_channel():
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[..., 0] = 255
    array = to_input(pixels, (16, 12), (0.5, 0.5, 0.5), (0.25, 0.5, 1.0))
    assert array.shape == (1, 3, 12, 16)
    assert array.dtype == np.float32
    assert array[0, :, 0, 0] == pytest.approx([2.0, -1.0, -0.5])


def test_quality_tells_dark_from_bright_and_sharp_from_blurred():
    noise = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)
    assert judge(noise).sharpness > judge(np.full_like(noise, 128)).sharpness
    assert judge(np.zeros_like(noise)).brightness == 0.0
    assert (judge(noise).width, judge(noise).height) == (640, 480)


def draw_scene(blur_px=0.0, light=1.0, noise=0.0):
    """Bright and dark rectangles of all sizes, out of focus, in dim light, seen through noise."""
    rng = np.random.default_rng(1)
    scene = np.full((480, 640, 3), 120, np.uint8)
    for x, y, side, grey in rng.integers((0, 0, 20, 10), (600, 440, 160, 250), (60, 4)):
        cv2.rectangle(scene, (int(x), int(y)), (int(x + side), int(y + side)), (int(grey),) * 3, -1)
    if blur_px:
        scene = cv2.GaussianBlur(scene, (0, 0), blur_px)
    return np.clip(scene * light + noise * rng.standard_normal(scene.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("noise", [0.0, 3.0, 8.0])
@pytest.mark.parametrize("light", [1.0, 0.4])
def test_noise_makes_no_picture_sharp(noise, light):
    rules = Rules()
    assert not is_blurred(judge(draw_scene(light=light, noise=noise)), rules)
    assert is_blurred(judge(draw_scene(16.0, light, noise)), rules)


@pytest.mark.parametrize("noise", [0.0, 3.0, 8.0])
@pytest.mark.parametrize("light", [1.0, 0.3, 0.1])
def test_contrast_tells_a_scene_in_any_light_from_a_covered_lens(light, noise):
    covered = Rules().covered
    rows, columns = np.mgrid[-1:1:480j, -1:1:640j]
    skin = (1.0 - 0.3 * (rows ** 2 + columns ** 2) + 0.3 * columns)[..., None] * (180.0, 80.0, 60.0) * light
    skin += noise * np.random.default_rng(2).standard_normal(skin.shape)
    assert judge(np.clip(skin, 0, 255).astype(np.uint8)).contrast < covered
    assert covered < judge(draw_scene(light=light, noise=noise)).contrast <= 1.0
    assert covered < judge(draw_scene(8.0, light, noise)).contrast


def test_a_black_picture_has_no_contrast():
    assert judge(np.zeros((480, 640, 3), np.uint8)).contrast == 0.0


def recogniser(logits, embedding, taught=None, wider=None):
    head = TaughtHead(middle=0.6, width=0.06)
    head.fit(taught or {})
    net = Canned(np.array([logits], np.float32), np.array([embedding], np.float32))
    return Recogniser(net, info(input=(1, 3, 16, 16), labels=("Kiwi", "Lime", "other")), head, wider)


CROP = np.zeros((20, 20, 3), np.uint8)


def test_the_built_in_names_are_ranked_and_other_is_never_named():
    guesses = recogniser([2.0, 1.0, 5.0], [1.0, 0.0]).guess(CROP)
    assert [guess.object_id for guess in guesses] == ["Kiwi", "Lime"]
    assert guesses[0].confidence < 0.1


def test_what_is_other_is_named_by_the_wider_network():
    wide = Canned(np.array([[0.0, 8.0]], np.float32), np.zeros((1, 2), np.float32))
    wider = WiderNames(wide, info(input=(1, 3, 16, 16), labels=("cup", "coffee mug")))
    named = recogniser([2.0, 1.0, 9.0], [1.0, 0.0], wider=wider).guess(CROP)
    assert named[0].object_id == "coffee mug"
    assert named[0].confidence == pytest.approx(1.0, abs=0.01)
    assert sum(guess.confidence for guess in named) == pytest.approx(1.0)


def test_a_network_that_was_retrained_on_taught_things_adds_to_what_the_head_believes():
    labels = ("Kiwi", "taught:1", "taught:2", "other")
    head = TaughtHead(middle=0.6, width=0.06)
    head.fit({"taught:1": np.array([[1.0, 0.0]], np.float32)})
    net = Canned(np.array([[0.0, 3.0, 9.0, 0.0]], np.float32), np.array([[0.8, 0.6]], np.float32))
    retrained = Recogniser(net, info(input=(1, 3, 16, 16), labels=labels), head)
    assert retrained.names == ("Kiwi",)
    guesses = {guess.object_id: guess.confidence for guess in retrained.guess(CROP)}
    assert set(guesses) == {"Kiwi", "taught:1"}, "taught:2 was forgotten"
    assert guesses["taught:1"] > head.probabilities(np.array([0.8, 0.6]))["taught:1"]


def test_a_taught_thing_wins_over_the_built_in_name_it_contradicts():
    guesses = recogniser([9.0, 0.0, 0.0], [1.0, 0.0], {"taught:1": np.array([[1.0, 0.02]], np.float32)}).guess(CROP)
    assert guesses[0].object_id == "taught:1"
    assert guesses[0].confidence > 0.9


def test_what_does_not_look_like_a_taught_thing_keeps_its_built_in_name():
    guesses = recogniser([9.0, 0.0, 0.0], [1.0, 0.0], {"taught:1": np.array([[0.0, 1.0]], np.float32)}).guess(CROP)
    assert guesses[0].object_id == "Kiwi"
    assert guesses[0].confidence > 0.9


def test_detail_tells_a_thing_from_a_bare_desk_and_from_one_that_is_far_away():
    crops = [draw(colour, pointing=False, size=size)[58:170, 104:216] for colour, size in (
        (None, 80), ((220, 40, 40), 20), ((220, 40, 40), 80))]
    bare, far, near = [measure_detail(crop) for crop in crops]
    assert bare == 0.0
    assert 0.0 < far < 0.1 < 0.3 < near <= 1.0
