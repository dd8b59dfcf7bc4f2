"""A drawn hand and a background become one photograph: matched light, shadow, distractors, blur, noise."""

from __future__ import annotations

import cv2
import numpy as np

from .hand import LAST_SEGMENT, OVERSAMPLING, HandPicture
from .light import random_light, shaded
from .skin import TONES

GAMMA = 2.2
FAINTEST = 7.0
"""By so many of 255 levels the last segment of the finger differs from what lies around it, or nobody could see it."""
TRIES = 6
"""So often another light is tried on a finger that is too faint; then it stays, for some are."""


def hand_layer(picture: HandPicture, background: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The lit hand as sRGB with premultiplied alpha, (H, W, 4) float32 in [0, 1], at the frame's size."""
    around = (background.astype(np.float32) / 255) ** GAMMA
    tint = around.mean((0, 1))
    colours = shaded(picture.buffers, random_light(rng, tint), rng.uniform(0.5, 1.3))
    colours *= np.float32(exposure(float(tint.mean()), rng))
    return layer_of(colours, picture.buffers.part > 0, rng.uniform(0, 0.02), rng)


def layer_of(colours: np.ndarray, drawn: np.ndarray, grain: float, rng: np.random.Generator) -> np.ndarray:
    """Oversampled linear colours as a premultiplied sRGB layer (H, W, 4) of the frame's size."""
    size = (drawn.shape[1] // OVERSAMPLING, drawn.shape[0] // OVERSAMPLING)
    alpha = cv2.resize(drawn.astype(np.float32), size, interpolation=cv2.INTER_AREA)[..., None]
    small = cv2.resize(colours, size, interpolation=cv2.INTER_AREA) / np.maximum(alpha, 1e-3)
    encoded = np.clip(small, 0, 1) ** np.float32(1 / GAMMA)
    encoded += np.float32(grain) * rng.standard_normal(size[::-1], dtype=np.float32)[..., None]
    return np.concatenate([np.clip(encoded, 0, 1) * alpha, alpha], axis=2)


def exposure(surroundings: float, rng: np.random.Generator) -> float:
    """How bright the hand is lit: about like its surroundings (mean linear value), sometimes far off."""
    kind = rng.random()
    if kind < 0.08:
        return rng.uniform(0.03, 0.16)  # against the light: almost a silhouette
    if kind < 0.13:
        return rng.uniform(1.3, 2.2)  # a lamp on the hand
    return (0.35 + 1.3 * surroundings**0.5) * np.exp(rng.normal(0, 0.3))


def over(background: np.ndarray, layer: np.ndarray) -> np.ndarray:
    """Put a premultiplied layer over a background; both float32 in [0, 1]."""
    return layer[..., :3] + background * (1 - layer[..., 3:])


def with_shadow(background: np.ndarray, alpha: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The background with the hand's soft shadow on it, beside the hand as if some way behind it."""
    height, width = alpha.shape
    shift = rng.normal(0, 0.07, 2) * width
    move = np.array([[1, 0, shift[0]], [0, 1, abs(shift[1])]], np.float32)
    shadow = cv2.GaussianBlur(cv2.warpAffine(alpha, move, (width, height)), (0, 0), rng.uniform(1, 9))
    return background * (1 - rng.uniform(0.15, 0.6) * shadow[..., None])


def pole(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Something as long and thin as a finger that is none: a pole, pen or bar; a premultiplied layer."""
    width, height = size
    start = rng.uniform((0, 0), (width, height))
    angle = rng.normal(np.pi / 2, 0.7)
    length, radius = rng.uniform(0.1, 0.8) * height, rng.uniform(0.008, 0.03) * width
    dx, dy = np.cos(angle), np.sin(angle)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) - start[::-1, None, None].astype(np.float32)
    along = np.clip(x * dx + y * dy, 0, length)
    offset = np.hypot(x - along * dx, y - along * dy) / radius
    alpha = np.clip((1 - offset) * radius + 0.5, 0, 1)
    choices = (rng.choice(TONES), np.full(3, rng.uniform(0.1, 0.9)), rng.uniform(0.05, 0.9, 3))
    base = choices[rng.integers(0, 3)]
    light = np.clip(1 - rng.uniform(0.1, 0.6) * np.clip(offset, 0, 1) ** 2, 0, 1)
    colours = np.clip(base * light[..., None] * rng.uniform(0.5, 1.1), 0, 1)
    return np.dstack([colours * alpha[..., None], alpha]).astype(np.float32)


def streak(length: float, angle: float) -> np.ndarray:
    """The kernel of a motion blur, symmetric so that labels stay where they are."""
    size = int(np.ceil(length)) | 1
    kernel = np.zeros((size, size), np.float32)
    middle = size // 2
    dx, dy = np.cos(angle) * length / 2, np.sin(angle) * length / 2
    cv2.line(kernel, (round(middle - dx), round(middle - dy)), (round(middle + dx), round(middle + dy)), 1.0)
    kernel = kernel + kernel[::-1, ::-1]
    return kernel / kernel.sum()


def with_motion(layer: np.ndarray, rng: np.random.Generator, longest: float = 11.0) -> np.ndarray:
    """The layer smeared along a straight motion of up to `longest` pixels."""
    return cv2.filter2D(layer, -1, streak(rng.uniform(2, longest), rng.uniform(0, np.pi)))


def photograph(pixels: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """What a cheap camera makes of a picture (float32 in [0, 1]): focus, exposure, colour cast, noise; uint8.

    `strength` scales how far each of them strays.
    """
    if rng.random() < 0.35:
        pixels = cv2.GaussianBlur(pixels, (0, 0), strength * rng.uniform(0.3, 1.3))
    pixels = np.clip(pixels, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.25 * strength)))
    gain = rng.normal(1, 0.12 * strength) * rng.normal(1, 0.04 * strength, 3)
    pixels = pixels * gain.astype(np.float32) + np.float32(rng.normal(0, 0.02 * strength))
    grain = np.float32(abs(rng.normal(0, 0.02 * strength)))
    noise = grain * rng.standard_normal(pixels.shape, dtype=np.float32)
    return (np.clip(pixels + noise, 0, 1) * 255).round().astype(np.uint8)


def composed(picture: HandPicture | None, background: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A photograph (H, W, 3) uint8 of the hand, or of no hand, before a background of the frame's size."""
    height, width = background.shape[:2]
    scene = background.astype(np.float32) / 255
    poles = 0.15 if picture is not None else 0.55
    while rng.random() < poles:
        scene = over(scene, pole((width, height), rng))
        poles *= 0.7
    if picture is None:
        return photograph(with_motion(scene, rng) if rng.random() < 0.15 else scene, rng)
    for _ in range(TRIES):
        pixels = photographed_hand(picture, scene, background, rng)
        if stands_out(pixels, picture):
            break
    return pixels


def photographed_hand(picture: HandPicture, scene: np.ndarray, background: np.ndarray,
                      rng: np.random.Generator) -> np.ndarray:
    """The hand before the scene (float32 in [0, 1]), lit as the background is, and photographed; uint8."""
    layer = hand_layer(picture, background, rng)
    if rng.random() < 0.4:
        scene = with_shadow(scene, layer[..., 3], rng)
    if rng.random() < 0.25:
        layer = with_motion(layer, rng)
    scene = over(scene, layer)
    if rng.random() < 0.1:
        scene = with_motion(scene, rng, 6)
    return photograph(scene, rng)


def stands_out(pixels: np.ndarray, picture: HandPicture) -> bool:
    """Whether the last segment of the finger differs from what surrounds it, in the mean of any colour."""
    size = pixels.shape[1::-1]
    hand, segment = (cv2.resize(part.astype(np.uint8), size, interpolation=cv2.INTER_AREA) > 0
                     for part in (picture.buffers.part > 0, picture.buffers.part == LAST_SEGMENT))
    reach = 2 * max(2, round(0.1 * picture.fist_pixels)) + 1
    around = (cv2.dilate(segment.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0) & ~hand
    if not segment.any() or not around.any():
        return True
    return bool(np.abs(pixels[segment].mean(0) - pixels[around].mean(0)).max() >= FAINTEST)
