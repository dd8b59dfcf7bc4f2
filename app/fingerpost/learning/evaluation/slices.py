"""The figures of a fingertip evaluation again, for kinds of frames and kinds of hands. Slices overlap."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

import cv2
import numpy as np

from ...core.rules import Rules
from ...progress import Progress
from ...vision.fingertip import KNUCKLE
from ...vision.preprocess import judge
from ..datasets import read_picture
from .sights import HEIGHT, WIDTH, Sight, describe_errors, list_errors

DARK, BRIGHT = 0.25, 0.55
"""Mean brightness of the frame below and above which it counts as dark and as bright."""
BLURRED = Rules().blurred
"""Sharpness (Laplacian variance) around the labelled point below which a frame counts as blurred: the wearable's own
bound. A finger that hardly stands out from its background counts as blurred too."""
WINDOW_PX = 160
"""Side of the square around the point; it is as wide as `judge` works, so every pixel counts."""
PATTERNED = 0.05
"""Share of edge pixels (Canny, 320x240, 100 and 200) away from the hand from which the background is patterned."""
HAND_WIDTH = 1.6
"""The band along finger and forearm that counts as hand is so many finger lengths wide."""
LIGHT_DEGREES, MEDIUM_DEGREES, BROWN_DEGREES = 41.0, 10.0, -30.0
"""Bounds of the individual typology angle: very light and light | intermediate and tan | brown | dark
(Chardon, Cretois and Hourseau 1991; Del Bino and Bernerd 2013). Measured on a photo, light is part of it: a pale hand
in the shade or against the light counts as dark."""
SMALL, LARGE = 0.15, 0.25
"""Length of the finger, as a share of the frame's width, below which a hand is small, and above which it is large."""
EDGE = 0.15
"""A tip closer to the frame's edge than this share of its width or height is toward the edge."""


class Traits(NamedTuple):
    """What a frame and its hand are like; NaN where it cannot be told, and then no slice takes the frame."""

    brightness: float
    sharpness: float
    edges: float
    """Share of edge pixels away from the hand."""
    tone_degrees: float
    """Individual typology angle of the finger's skin."""
    length: float
    """Knuckle to tip, as a share of the frame's width."""
    margin: float
    """Distance of the labelled point from the nearest edge, as a share of width or height."""
    side: str


SLICES: dict[str, Callable[[Traits], bool]] = {
    "dark": lambda traits: traits.brightness < DARK,
    "bright": lambda traits: traits.brightness > BRIGHT,
    "blurred": lambda traits: traits.sharpness < BLURRED,
    "patterned": lambda traits: traits.edges >= PATTERNED,
    "plain": lambda traits: traits.edges < PATTERNED,
    "light_skin": lambda traits: traits.tone_degrees > LIGHT_DEGREES,
    "medium_skin": lambda traits: MEDIUM_DEGREES < traits.tone_degrees <= LIGHT_DEGREES,
    "brown_skin": lambda traits: BROWN_DEGREES < traits.tone_degrees <= MEDIUM_DEGREES,
    "dark_skin": lambda traits: traits.tone_degrees <= BROWN_DEGREES,
    "left_hand": lambda traits: traits.side == "left",
    "right_hand": lambda traits: traits.side == "right",
    "unknown_hand": lambda traits: traits.side == "",
    "small_hand": lambda traits: traits.length < SMALL,
    "large_hand": lambda traits: traits.length > LARGE,
    "edge": lambda traits: traits.margin < EDGE,
    "middle": lambda traits: traits.margin >= EDGE,
}


def measure_slices(hands: list[Sight], threshold: float) -> dict[str, dict[str, Any]]:
    """n, found, median_px and within_20px of each slice of the labelled hands; empty slices are left out."""
    traits = [measure_traits(sight) for sight in Progress(hands, "slices", len(hands))]
    figures = {}
    for name, belongs in SLICES.items():
        chosen = [sight for sight, trait in zip(hands, traits) if belongs(trait)]
        if chosen:
            errors = describe_errors(list_errors(chosen, threshold))
            figures[name] = {"n": len(chosen), **{key: errors[key] for key in ("found", "median_px", "within_20px")}}
    return figures


def measure_traits(sight: Sight) -> Traits:
    """What one labelled frame is like.

    The finger runs from the labelled point to the knuckle that the network sees, which is a guess in a missed hand.
    """
    pixels = read_picture(sight.path)
    frame = cv2.resize(pixels, (int(WIDTH), int(HEIGHT)), interpolation=cv2.INTER_AREA)
    label = np.asarray(sight.label)
    tip, knuckle = (place * (WIDTH, HEIGHT) for place in (label, sight.points[KNUCKLE]))
    length_px = float(np.hypot(*(tip - knuckle)))
    return Traits(judge(frame).brightness, judge(cut_window(frame, tip)).sharpness,
                  measure_edges(frame, tip, knuckle) if length_px > 1 else np.nan,
                  measure_tone(frame, tip, knuckle) if length_px > 1 else np.nan,
                  length_px / WIDTH, float(np.minimum(label, 1 - label).min()), sight.side)


def cut_window(frame: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """The square of `WINDOW_PX` around a point, moved inside the frame where it would leave it."""
    last = (WIDTH - WINDOW_PX, HEIGHT - WINDOW_PX)
    left, top = np.clip(np.round(centre - WINDOW_PX / 2), 0, last).astype(int)
    return frame[top:top + WINDOW_PX, left:left + WINDOW_PX]


def measure_edges(frame: np.ndarray, tip: np.ndarray, knuckle: np.ndarray) -> float:
    """The share of edge pixels outside a broad band along finger and forearm; NaN when the band covers all."""
    grey = cv2.cvtColor(cv2.resize(frame, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    hand = np.zeros_like(grey)
    start, end = (np.round(place / 2).astype(int).tolist() for place in (tip, knuckle + 4 * (knuckle - tip)))
    width = round(HAND_WIDTH * float(np.hypot(*(tip - knuckle))) / 2)
    cv2.line(hand, start, end, 255, max(1, width))
    edges = cv2.Canny(grey, 100, 200)[hand == 0]
    return float((edges > 0).mean()) if len(edges) else float("nan")


def measure_tone(frame: np.ndarray, tip: np.ndarray, knuckle: np.ndarray) -> float:
    """Individual typology angle in degrees, atan((L* - 50) / b*), of the median colour of the finger's middle half."""
    steps = np.linspace(0.25, 0.75, 24)[:, None]
    places = np.clip(np.round(tip + steps * (knuckle - tip)), 0, (WIDTH - 1, HEIGHT - 1)).astype(int)
    colours = frame[None, places[:, 1], places[:, 0]].astype(np.float32) / 255
    lightness, _, yellow = np.median(cv2.cvtColor(colours, cv2.COLOR_RGB2LAB)[0], axis=0)
    return float(np.degrees(np.arctan2(lightness - 50, max(yellow, 1e-3))))
