"""What is printed on household things: plain colour, stripes, dots, checks, labels of made-up words, parts of photos.

All prints are sRGB float32 RGB of shape (height, width, 3) in [0, 1].
"""

from __future__ import annotations

import colorsys
from pathlib import Path
from typing import Callable, Sequence

import cv2
import numpy as np

from ..datasets import read_picture
from .backgrounds import blend, carpet, colour, random_crop, smooth_noise

SYLLABLES = ("ba", "co", "di", "fen", "go", "hul", "ja", "kli", "lor", "mi", "na", "pru", "so", "ta", "vel", "zo")
FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX,
         cv2.FONT_HERSHEY_SCRIPT_COMPLEX)
PAPER = np.array([0.93, 0.91, 0.85])
Print = Callable[["tuple[int, int]", np.random.Generator], np.ndarray]


def product_colour(rng: np.random.Generator) -> np.ndarray:
    """A colour as products have it, sRGB in [0, 1]: strong more often than walls and cloths are."""
    if rng.random() < 0.35:
        return colour(rng)
    return np.array(colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.45, 1), rng.uniform(0.3, 0.95)))


def random_print(size: tuple[int, int], rng: np.random.Generator, photos: Sequence[Path] = ()) -> np.ndarray:
    """A print of `size` (width, height) pixels; a part of a photo only where there are photos."""
    kind = rng.random()
    if kind < 0.2:
        return pictured(size, rng, photos)
    choices: tuple[Print, ...] = (plain, striped, dotted, checked, labelled, labelled)
    pixels = choices[int(rng.integers(0, len(choices)))](size, rng)
    return np.clip(pixels, 0, 1).astype(np.float32)


def plain(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """One colour, slightly uneven."""
    return product_colour(rng) * (1 + 0.06 * smooth_noise(size, (3, 3), rng))[..., None]


def striped(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Upright, level or oblique stripes of two colours."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]] / max(size)
    angle = rng.choice([0.0, np.pi / 2, rng.uniform(0.3, 1.2)])
    place = (x * np.cos(angle) + y * np.sin(angle)) * rng.integers(3, 22)
    return blend(product_colour(rng), product_colour(rng), (place % 1 < rng.uniform(0.15, 0.6)).astype(np.float32))


def dotted(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Dots in rows, every second row shifted."""
    period = rng.uniform(0.06, 0.2) * size[0]
    y, x = np.mgrid[0 : size[1], 0 : size[0]] / period
    x = x + 0.5 * (np.floor(y) % 2)
    dots = np.hypot(x % 1 - 0.5, y % 1 - 0.5) < rng.uniform(0.18, 0.4)
    return blend(product_colour(rng), product_colour(rng), dots.astype(np.float32))


def checked(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Squares of two colours, or a woven check of them."""
    period = rng.uniform(0.08, 0.3) * size[0]
    y, x = np.mgrid[0 : size[1], 0 : size[0]] / period % 1 < 0.5
    share = (x ^ y).astype(np.float32) if rng.random() < 0.4 else (x.astype(np.float32) + y) / 2
    return blend(product_colour(rng), product_colour(rng), share)


def pictured(size: tuple[int, int], rng: np.random.Generator, photos: Sequence[Path]) -> np.ndarray:
    """A part of a photo, or ornaments where there is none."""
    if not photos:
        return np.clip(carpet(size, rng), 0, 1).astype(np.float32)
    photo = read_picture(photos[int(rng.integers(0, len(photos)))], 2)
    return random_crop(photo, size, rng).astype(np.float32) / 255


def labelled(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """The front of a product: a panel, an emblem, a brand in large letters, small print below."""
    width, height = size
    pixels = (np.ones((height, width, 3)) * product_colour(rng) * 255).astype(np.uint8)
    if rng.random() < 0.6:
        top, bottom = sorted(rng.uniform(0, height, 2).astype(int))
        cv2.rectangle(pixels, (0, int(top)), (width, int(bottom)), ink(rng), -1)
    if rng.random() < 0.6:
        middle = rng.uniform((0.2, 0.2), (0.8, 0.8)) * size
        axes = rng.uniform(0.08, 0.32, 2) * min(size)
        cv2.ellipse(pixels, middle.astype(int).tolist(), np.maximum(axes, 1).astype(int).tolist(),
                    float(rng.uniform(0, 180)), 0, 360, ink(rng), -1, cv2.LINE_AA)
    write_line(pixels, word(rng).upper(), rng.uniform(0.25, 0.55), rng.uniform(0.55, 0.9), rng)
    for row in np.arange(0.66, 0.95, rng.uniform(0.07, 0.16)):
        write_line(pixels, f"{word(rng)} {word(rng)}", row, rng.uniform(0.3, 0.7), rng)
    return pixels.astype(np.float32) / 255


def page(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A sheet of paper with lines of small print, perhaps a figure."""
    pixels = (np.ones((size[1], size[0], 3)) * PAPER * 255).astype(np.uint8)
    for row in np.arange(0.1, 0.95, rng.uniform(0.05, 0.12)):
        write_line(pixels, " ".join(word(rng) for _ in range(7)), row, rng.uniform(0.6, 0.9), rng, (40.0, 40.0, 45.0))
    if rng.random() < 0.4:
        corner = rng.uniform(0.05, 0.5, 2)
        first, last = ((place * size).astype(int).tolist() for place in (corner, corner + [0.4, 0.3]))
        cv2.rectangle(pixels, first, last, ink(rng), -1)
    return pixels.astype(np.float32) / 255


def word(rng: np.random.Generator) -> str:
    """Two or three syllables that mean nothing."""
    return "".join(rng.choice(SYLLABLES, int(rng.integers(2, 4))))


def write_line(pixels: np.ndarray, text: str, row: float, share: float, rng: np.random.Generator,
               shade: tuple[float, ...] | None = None) -> None:
    """Write text into uint8 pixels, its foot at a share of the height and as wide as a share of the width; in that
    shade, else in any ink."""
    height, width = pixels.shape[:2]
    font, thickness = FONTS[int(rng.integers(0, len(FONTS)))], int(rng.integers(1, 4))
    (natural, tall), _ = cv2.getTextSize(text, font, 1.0, thickness)
    scale = min(share * width / natural, 0.5 * height / tall)
    left = int((width - natural * scale) / 2)
    cv2.putText(pixels, text, (left, int(row * height)), font, scale, shade or ink(rng), thickness, cv2.LINE_AA)


def ink(rng: np.random.Generator) -> tuple[float, ...]:
    """Black, white or a product's colour, as OpenCV takes it."""
    kind = rng.random()
    tone = np.full(3, 0.05) if kind < 0.3 else np.full(3, 0.95) if kind < 0.6 else product_colour(rng)
    return tuple((tone * 255).tolist())
