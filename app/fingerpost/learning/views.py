"""Object pictures made harder: the views from which naming is learned.

What the wearer's device sees is a square cut past a fingertip: the thing may stand off-centre, smaller than the
cut, before something else, with a bit of finger at one edge. The views imitate that.
"""

from __future__ import annotations

import cv2
import numpy as np

Random = np.random.Generator

POINTED, PASTED = 0.3, 0.2
"""Shares of the views in which the thing lies before a finger, as in the crop past it, and in which it lies anywhere
else."""

_SKINS = np.array([(255, 219, 196), (240, 194, 160), (224, 172, 136), (198, 134, 98), (160, 102, 70),
                   (120, 76, 50), (84, 52, 36), (58, 38, 28)], dtype=np.float32)


def centre_square(pixels: np.ndarray) -> np.ndarray:
    """The largest square in the middle of the picture, as a view."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top:top + side, left:left + side]


def random_cut(pixels: np.ndarray, side: int, rng: Random, least: float = 0.25) -> np.ndarray:
    """A random part of `least` to all of the picture's area, ratio 3:4 to 4:3, squeezed to a square, maybe mirrored."""
    height, width = pixels.shape[:2]
    area = height * width * rng.uniform(least, 1.0)
    ratio = np.exp(rng.uniform(-0.288, 0.288))
    cut_width = min(width, round(np.sqrt(area * ratio)))
    cut_height = min(height, round(np.sqrt(area / ratio)))
    left = rng.integers(0, width - cut_width + 1)
    top = rng.integers(0, height - cut_height + 1)
    part = pixels[top:top + cut_height, left:left + cut_width]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    method = cv2.INTER_AREA if cut_width > 1.5 * side else cv2.INTER_LINEAR
    return cv2.resize(part, (side, side), interpolation=method)


def paste(thing: np.ndarray, scene: np.ndarray, rng: Random) -> np.ndarray:
    """The thing at 50 to 100 % of the scene's side, anywhere in it."""
    side = scene.shape[0]
    small = round(side * rng.uniform(0.5, 1.0))
    left, top = rng.integers(0, side - small + 1, 2)
    return lay(thing, scene, (small, left, top), rng)


def point_at(thing: np.ndarray, scene: np.ndarray, rng: Random) -> np.ndarray:
    """The thing as the crop past a fingertip shows it: 45 to 100 % of the side, before the middle of the edge at which
    the finger ends, or a bit under it. The finger comes from below more often than from a side."""
    side = scene.shape[0]
    small = round(side * rng.uniform(0.45, 1.0))
    left = int(np.clip((side - small) / 2 + rng.normal(0, 0.08) * side, 0, side - small))
    top = int(np.clip(side * (1 - rng.uniform(-0.06, 0.12)) - small, 0, side - small))
    turns = int(rng.choice([0, 0, 0, 1, 3]))  # of the whole, and of the thing the other way: it stays upright
    out = lay(np.rot90(thing, -turns), scene, (small, left, top), rng)
    if rng.random() < 0.6:
        draw_finger(out, rng.uniform(0.0, 0.1) * side, rng.uniform(0.42, 0.58) * side, rng)
    return np.ascontiguousarray(np.rot90(out, turns))


def lay(thing: np.ndarray, scene: np.ndarray, place: tuple[int, int, int], rng: Random) -> np.ndarray:
    """A copy of the scene with the thing as a soft-edged rectangle or ellipse; `place` is its side, left and top."""
    small, left, top = place
    mask: np.ndarray = np.zeros((small, small), np.float32)
    if rng.random() < 0.5:
        cv2.ellipse(mask, (small // 2, small // 2), (small // 2, small // 2), 0, 0, 360, 1.0, -1)
    else:
        mask[2:-2, 2:-2] = 1.0
    mask = cv2.blur(mask, (5, 5))[..., None]
    out = scene.copy()
    window = out[top:top + small, left:left + small]
    thing = cv2.resize(np.ascontiguousarray(thing), (small, small), interpolation=cv2.INTER_AREA)
    window[:] = (mask * thing + (1 - mask) * window).astype(np.uint8)
    return out


def add_finger(pixels: np.ndarray, rng: Random) -> np.ndarray:
    """A skin-coloured finger that reaches in from one edge by up to a quarter of the side."""
    side = pixels.shape[0]
    turns = int(rng.integers(4))
    out = np.ascontiguousarray(np.rot90(pixels, turns))
    draw_finger(out, rng.uniform(0.0, 0.25) * side, rng.uniform(0.2, 0.8) * side, rng)
    return np.ascontiguousarray(np.rot90(out, -turns))


def draw_finger(pixels: np.ndarray, reach: float, along: float, rng: Random) -> None:
    """Draw a finger that reaches in from below by so many pixels, so many pixels along the edge."""
    side = pixels.shape[0]
    slant, width = rng.uniform(-0.4, 0.4), rng.uniform(0.08, 0.2) * side
    tip = np.array([along, side - reach])
    root = np.array([along + slant * side * 0.5, side * 1.5])
    colour = _SKINS[rng.integers(len(_SKINS))] * rng.uniform(0.5, 1.05)
    cv2.line(pixels, tuple(tip.astype(int).tolist()), tuple(root.astype(int).tolist()),
             tuple(np.clip(colour, 0, 255).tolist()), max(2, round(width)), cv2.LINE_AA)


def shift_colours(pixels: np.ndarray, rng: Random, strength: float = 0.35) -> np.ndarray:
    """Brightness, contrast, saturation, a tint and gamma, as one matrix and one table."""
    matrix = np.eye(3) * (1 + rng.uniform(-strength, strength))
    saturation = 1 + rng.uniform(-strength, strength)
    grey = np.full((3, 3), 1 / 3)
    matrix = (saturation * np.eye(3) + (1 - saturation) * grey) @ matrix
    matrix = np.diag(1 + rng.uniform(-0.08, 0.08, 3)) @ matrix
    offset = np.full((3, 1), 255 * rng.uniform(-0.1, 0.1))
    shifted = cv2.transform(pixels, np.hstack([matrix, offset]))
    gamma = np.exp(rng.uniform(-0.4, 0.4))
    table = (255 * (np.arange(256) / 255.0) ** gamma).astype(np.uint8)
    return cv2.LUT(shifted, table)


def soften(pixels: np.ndarray, rng: Random) -> np.ndarray:
    """What a small camera adds: blur, or a loss of resolution, or noise."""
    kind = rng.integers(3)
    height, width = pixels.shape[:2]
    if kind == 0:
        return cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.4, 1.6))
    if kind == 1:
        factor = rng.uniform(0.35, 0.8)
        small = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        return cv2.resize(small, (width, height))
    noise = rng.normal(0, rng.uniform(2, 12), (height, width, 1))
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def make_view(pixels: np.ndarray, scenes: list[np.ndarray], side: int, rng: Random) -> np.ndarray:
    """One view of a picture, RGB uint8 (side, side, 3); `scenes` are what it may be pasted onto."""
    view = random_cut(pixels, side, rng)
    chance = rng.random(4)
    if chance[0] < POINTED and scenes:
        view = point_at(view, random_cut(scenes[rng.integers(len(scenes))], side, rng), rng)
    elif chance[0] < POINTED + PASTED and scenes:
        view = paste(view, random_cut(scenes[rng.integers(len(scenes))], side, rng), rng)
    if chance[1] < 0.2 and chance[0] >= POINTED:
        view = add_finger(view, rng)
    if chance[2] < 0.8:
        view = shift_colours(view, rng)
    if chance[3] < 0.25:
        view = soften(view, rng)
    return view


def mix_batch(views: np.ndarray, labels: np.ndarray, rng: Random) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mixup (Zhang et al., 2018) or CutMix (Yun et al., 2019) of a batch with its own permutation.

    Returns the views, the labels of the second parts, and the first parts' shares (N,). A third stays as it is.
    """
    count, side = views.shape[0], views.shape[1]
    partner = rng.permutation(count)
    shares = np.ones(count, np.float32)
    out = views.copy()
    for index in range(count):
        kind = rng.random()
        if kind < 0.35:
            width, height = (side * rng.uniform(0.25, 0.75, 2)).astype(int)
            left, top = rng.integers(0, side - width + 1), rng.integers(0, side - height + 1)
            out[index, top:top + height, left:left + width] = \
                views[partner[index], top:top + height, left:left + width]
            shares[index] = 1 - width * height / side ** 2
        elif kind < 0.65:
            shares[index] = rng.beta(0.8, 0.8)
            out[index] = cv2.addWeighted(views[index], float(shares[index]), views[partner[index]],
                                         float(1 - shares[index]), 0)
    return out, labels[partner], shares
