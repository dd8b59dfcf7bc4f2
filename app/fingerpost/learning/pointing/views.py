"""Frames with hands made harder: the views from which pointing is learned, with their points moved along."""

from __future__ import annotations

import cv2
import numpy as np

from ..views import Random, shift_colours, soften

MARGIN = 0.02
"""How far inside of the frame, as a share of it, a point must lie to count as seen."""
_MIRROR = np.array([[-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])


def make_hand_view(pixels: np.ndarray, points: np.ndarray, size: tuple[int, int],
                   rng: Random) -> tuple[np.ndarray, np.ndarray]:
    """One view, RGB uint8 (height, width, 3), and its points (3, 2) as shares; points outside become NaN.

    A view in which the finger would leave the frame is drawn again: what half a hand at the edge means is not
    for the network to guess. `size` is (width, height).
    """
    for _ in range(6):
        matrix = draw_matrix(size[0] / size[1], rng)
        moved = points @ matrix[:, :2].T + matrix[:, 2]
        if inside(moved[:2][~np.isnan(moved[:2, 0])]).all():
            break
    else:
        matrix, moved = np.eye(2, 3), points
    view = warp(pixels, matrix, size, rng)
    moved = np.where(inside(moved)[:, None], moved, np.nan)
    return darken_and_blur(hide_parts(view, moved, rng), rng), moved.astype(np.float32)


def inside(points: np.ndarray) -> np.ndarray:
    """Which of the points (N, 2) lie in the frame, bool (N,)."""
    within: np.ndarray = (points > MARGIN) & (points < 1 - MARGIN)
    return np.asarray(within.all(axis=1))


def draw_matrix(aspect: float, rng: Random) -> np.ndarray:
    """A random mirroring, turn (30 degrees at most), scale, stretch and shift, (2, 3), for points given as shares."""
    turn = np.radians(np.clip(rng.normal(0, 12), -30, 30))
    scale = np.exp(rng.uniform(-0.22, 0.35))
    stretch = np.exp(rng.uniform(-0.08, 0.08))
    cos, sin = np.cos(turn), np.sin(turn)
    # In shares a turn is not a rotation unless the frame is square: go to a square and back.
    linear = np.array([[cos * scale * stretch, -sin * scale / aspect], [sin * scale * aspect, cos * scale / stretch]])
    shift = np.array([0.5, 0.5]) - linear @ np.array([0.5, 0.5]) + rng.uniform(-0.17, 0.17, 2)
    matrix = np.hstack([linear, shift[:, None]])
    if rng.random() < 0.5:
        matrix = np.hstack([matrix[:, :2] @ _MIRROR[:, :2], (matrix[:, :2] @ _MIRROR[:, 2] + matrix[:, 2])[:, None]])
    return matrix


def warp(pixels: np.ndarray, matrix: np.ndarray, size: tuple[int, int], rng: Random) -> np.ndarray:
    """Apply a matrix for shares to pixels; what comes in from outside repeats the border, or has one colour."""
    height, width = pixels.shape[:2]
    into_shares = np.array([[1 / width, 0, 0.5 / width], [0, 1 / height, 0.5 / height], [0, 0, 1]])
    into_pixels = np.array([[size[0], 0, -0.5], [0, size[1], -0.5]])
    full = into_pixels @ np.vstack([matrix, [0, 0, 1]]) @ into_shares
    border = cv2.BORDER_REPLICATE if rng.random() < 0.6 else cv2.BORDER_CONSTANT
    return cv2.warpAffine(pixels, full, size, flags=cv2.INTER_LINEAR, borderMode=border,
                          borderValue=tuple(rng.integers(0, 256, 3).tolist()))


def hide_parts(pixels: np.ndarray, points: np.ndarray, rng: Random) -> np.ndarray:
    """Cover a rectangle far from the finger with one colour or with another part of the picture."""
    if rng.random() > 0.3:
        return pixels
    height, width = pixels.shape[:2]
    w, h = int(width * rng.uniform(0.1, 0.4)), int(height * rng.uniform(0.1, 0.4))
    left, top = rng.integers(0, width - w), rng.integers(0, height - h)
    x, y = points[:, 0] * width, points[:, 1] * height
    away = np.maximum(np.maximum(left - x, x - left - w), np.maximum(top - y, y - top - h))
    if np.nanmin(np.append(away, width)) < 0.15 * width:
        return pixels
    out = pixels.copy()
    if rng.random() < 0.5:
        out[top:top + h, left:left + w] = rng.integers(0, 256, 3)
    else:
        out[top:top + h, left:left + w] = pixels[height - top - h:height - top, width - left - w:width - left]
    return out


def darken_and_blur(pixels: np.ndarray, rng: Random) -> np.ndarray:
    """Light, colour, motion, noise: what rooms and small cameras do."""
    chance = rng.random(4)
    if chance[0] < 0.85:
        pixels = shift_colours(pixels, rng)
    if chance[1] < 0.12:
        low, high = rng.uniform(0, 60), rng.uniform(60, 200)
        pixels = (low + pixels * ((high - low) / 255.0)).astype(np.uint8)
    if chance[2] < 0.15:
        pixels = cv2.filter2D(pixels, -1, draw_motion(rng))
    if chance[3] < 0.25:
        pixels = soften(pixels, rng)
    if rng.random() < 0.05:
        pixels = cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return pixels


def draw_motion(rng: Random) -> np.ndarray:
    """The blur kernel of a straight movement by 3 to 9 pixels, centred so that points stay where they are."""
    length = int(rng.integers(1, 5))
    angle = rng.uniform(0, np.pi)
    reach = np.array([np.cos(angle), np.sin(angle)]) * length
    kernel = np.zeros((2 * length + 1, 2 * length + 1), np.float32)
    start, end = (np.round(length + sign * reach).astype(int) for sign in (-1, 1))
    cv2.line(kernel, tuple(start.tolist()), tuple(end.tolist()), 1.0, 1)
    return kernel / kernel.sum()
