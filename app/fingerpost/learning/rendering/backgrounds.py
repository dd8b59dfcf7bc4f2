"""What lies behind the hand: photos, and surfaces made up from noise so that it works with no photo at all.

All pictures here are sRGB uint8 RGB of shape (height, width, 3).
"""

from __future__ import annotations

from pathlib import Path
from typing import Collection, Sequence

import cv2
import numpy as np

from ...core.errors import DataError
from ..datasets import read_picture, split_photos

WOODS = np.array([
    (0.86, 0.72, 0.53), (0.80, 0.58, 0.40), (0.66, 0.45, 0.29), (0.50, 0.31, 0.19), (0.30, 0.19, 0.13),
])


def photo_paths(folder: Path, held_back: bool = False, skipped: Collection[str] = ()) -> list[Path]:
    """The photos under a folder, sorted by name, that may train, or just every fifth, which is `held_back` from all
    training; without those whose file names are skipped. Raises DataError where none is left."""
    train, held = split_photos(folder)
    paths = [path for path in (held if held_back else train) if path.name not in skipped]
    if not paths:
        raise DataError(f"{folder} holds too few photos: every fifth by name is kept apart, and --skip takes out "
                        "others; add photos, or leave the folder out")
    return paths


def random_crop(photo: np.ndarray, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A part of a photo of the frame's shape, at random place and scale, perhaps turned over."""
    width, height = size
    largest = min(photo.shape[1] / width, photo.shape[0] / height)
    scale = largest * rng.uniform(0.55, 1.0)
    w, h = int(width * scale), int(height * scale)
    left, top = rng.integers(0, photo.shape[1] - w + 1), rng.integers(0, photo.shape[0] - h + 1)
    part = cv2.resize(photo[top : top + h, left : left + w], size, interpolation=cv2.INTER_AREA)
    return part[:, ::-1].copy() if rng.random() < 0.5 else part


def smooth_noise(size: tuple[int, int], cells: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """Noise in about [-1, 1] with the given number of cells across and down, (H, W) float32."""
    shape = (max(2, int(cells[1]) + 2), max(2, int(cells[0]) + 2))
    coarse = rng.uniform(-1, 1, shape).astype(np.float32)
    return cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)


def colour(rng: np.random.Generator) -> np.ndarray:
    """A colour as rooms have them: mostly muted, sometimes strong; sRGB in [0, 1]."""
    grey = rng.uniform(0.05, 0.95)
    strength = rng.beta(1, 3)
    return np.clip(grey + strength * rng.uniform(-0.5, 0.5, 3), 0.02, 0.98)


def blend(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Two colours mixed per pixel; `share` (H, W) of the second."""
    share = np.clip(share, 0, 1)[..., None]
    return first * (1 - share) + second * share


def grid(size: tuple[int, int], rng: np.random.Generator,
         spread_degrees: float = 180) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates along and across a random direction, in frame widths, each (H, W)."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / width
    angle = np.radians(rng.normal(0, spread_degrees / 2))
    return x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)


def wood(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Boards with grain, from pale birch over skin-like beech to dark walnut."""
    base = rng.choice(WOODS) * rng.uniform(0.85, 1.12)
    along, across = grid(size, rng, 40)
    wavy = across + 0.02 * smooth_noise(size, (3, 2), rng)
    grain = np.sin(wavy * rng.uniform(60, 250) + 2.5 * smooth_noise(size, (2, 14), rng))
    fine = smooth_noise(size, (8, size[1] / 2), rng)
    board = np.floor(wavy / rng.uniform(0.12, 0.5))
    light = 1 + 0.10 * grain + 0.07 * fine + 0.06 * np.sin(board * 12.9898) - 0.25 * (wavy % 0.3 < 0.004)
    return base * light[..., None]


def carpet(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A patterned carpet or printed curtain: mirrored ornaments in two or three colours."""
    cells = np.exp(rng.uniform(np.log(2), np.log(20)))
    half = smooth_noise((size[0] // 2 + 1, size[1]), (cells * 2, cells * 3), rng)
    figure = np.hstack([half, half[:, ::-1]])[:, : size[0]]
    threads = rng.normal(0, 0.05, (size[1], size[0]))
    edge = rng.uniform(0.03, 0.3)
    ground = blend(colour(rng), colour(rng), (figure - 0.1) / edge)
    return blend(ground, colour(rng), (np.abs(figure + 0.35) < 0.08).astype(np.float32)) + threads[..., None]


def fabric(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Cloth in folds, plain or woven in checks."""
    folds = smooth_noise(size, (rng.uniform(1, 6), rng.uniform(1, 4)), rng)
    along, across = grid(size, rng, 60)
    thread = np.sin(along * 700) * np.sin(across * 700) * 0.05
    period = rng.uniform(0.03, 0.2)
    check = ((along / period % 1 < 0.5).astype(np.float32) + (across / period % 1 < 0.5)) / 2
    cloth = blend(colour(rng), colour(rng), check * (rng.random() < 0.4))
    return cloth * (1 + 0.25 * folds + thread)[..., None]


def curtain(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Hanging folds: soft stripes, light and dark, as wide as fingers or wider."""
    along, _ = grid(size, rng, 16)
    folds = np.sin(along * rng.uniform(15, 110) + 3 * smooth_noise(size, (4, 1), rng))
    folds += 0.5 * np.sin(along * rng.uniform(60, 240) + smooth_noise(size, (5, 1), rng))
    weave = rng.normal(0, 0.02, (size[1], size[0]))
    return colour(rng) * (0.75 + rng.uniform(0.1, 0.4) * folds + weave)[..., None]


def tiles(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Floor or wall tiles with veins, joints and a reflection."""
    along, across = grid(size, rng, 90)
    period, joint = rng.uniform(0.1, 0.7), rng.uniform(0.003, 0.012)
    joints = ((along % period < joint) | (across % period < joint)).astype(np.float32)
    veins = np.exp(-np.abs(smooth_noise(size, (5, 8), rng)) * 18)
    base = blend(colour(rng), colour(rng) * 0.7, veins * rng.uniform(0, 0.5))
    shine = np.clip(smooth_noise(size, (1.5, 1.5), rng), 0, 1) * rng.uniform(0, 0.4)
    return blend(base, colour(rng) * 0.6, joints * 0.8) + shine[..., None]


def gradient(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A painted wall, perhaps with a skirting, a shelf or a doorframe."""
    along, across = grid(size, rng, 180)
    wall = blend(colour(rng), colour(rng), (along + 0.5) * rng.uniform(0.1, 0.7))
    for _ in range(rng.integers(0, 4)):
        along, across = grid(size, rng, 25)
        start, width = rng.uniform(0, 1), rng.uniform(0.01, 0.3)
        line = across if rng.random() < 0.5 else along
        wall = blend(wall, colour(rng), ((line > start) & (line < start + width)).astype(np.float32))
    return wall


def window(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A bright window or a white sky over land, with bars and a sill: what stands before it turns dark."""
    width, height = size
    y = np.arange(height, dtype=np.float32)[:, None] / height * np.ones((1, width), np.float32)
    horizon = rng.uniform(0.2, 1.1) + 0.03 * smooth_noise(size, (12, 1), rng)
    land = colour(rng) * rng.uniform(0.5, 1) * (1 + 0.25 * smooth_noise(size, (40, 30), rng))[..., None]
    sky = np.array([0.93, 0.97, 1.0]) * (1 - 0.12 * y)[..., None]
    view = blend(sky, land, (y - horizon) * 40 + 0.5)
    for _ in range(rng.integers(0, 4)):
        along, across = grid(size, rng, 6)
        line, start = (along if rng.random() < 0.5 else across), rng.uniform(0, 1)
        bar = (line > start) & (line < start + rng.uniform(0.01, 0.08))
        view = blend(view, colour(rng) * 0.5, bar.astype(np.float32))
    return view


def skin_colour(rng: np.random.Generator, darkest: float = 0.35) -> np.ndarray:
    """A colour that skin could have; sRGB in [0, 1]."""
    return rng.uniform(darkest, 0.92) * np.array([1.0, rng.uniform(0.68, 0.86), rng.uniform(0.5, 0.78)])


def skin_like(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A surface in a colour that skin could have: leather, cardboard, beech, a painted wall."""
    base = skin_colour(rng)
    light = 1 + 0.15 * smooth_noise(size, (3, 2), rng) + 0.05 * smooth_noise(size, (60, 45), rng)
    return base * light[..., None]


SURFACES = (wood, carpet, fabric, curtain, tiles, gradient, window, skin_like)


def random_surface(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """One made-up surface, unevenly lit."""
    pixels = SURFACES[rng.integers(0, len(SURFACES))](size, rng)
    light = 1 + rng.uniform(0, 0.3) * smooth_noise(size, (1.5, 1.5), rng)
    return (np.clip(pixels * light[..., None], 0, 1) * 255).astype(np.uint8)


def ornament(photo: np.ndarray, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A small part of a photo mirrored and repeated, as carpets, curtains and wallpapers repeat their figures."""
    side = rng.uniform(0.15, 0.6) * min(photo.shape[:2])
    part = random_crop(photo, (max(8, int(side)), max(8, int(side * rng.uniform(0.6, 1.6)))), rng)
    figure = np.hstack([part, part[:, ::-1]])
    figure = np.vstack([figure, figure[::-1]])
    width, height = size
    scale = width / figure.shape[1] / np.exp(rng.uniform(np.log(0.8), np.log(5)))
    turn = cv2.getRotationMatrix2D((figure.shape[1] / 2, figure.shape[0] / 2), rng.normal(0, 20), scale)
    turn[:, 2] = turn[:, 2] + rng.uniform(0, 1, 2) * size
    return cv2.warpAffine(figure, turn, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_WRAP)


def toned(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same figure in three colours, two of which skin could have: a fingertip gets lost in such a carpet."""
    grey = pixels.astype(np.float32).mean(2)
    low, high = np.percentile(grey, (3, 97))
    levels = np.clip((grey - low) / max(high - low, 1), 0, 1)[..., None]
    dark, middle, light = rng.permutation(np.stack([skin_colour(rng, 0.15), skin_colour(rng), colour(rng)]))
    return ((dark * (1 - levels) ** 2 + 2 * middle * levels * (1 - levels) + light * levels**2) * 255).astype(np.uint8)


def random_background(folders: Sequence[Sequence[Path]], size: tuple[int, int],
                      rng: np.random.Generator) -> np.ndarray:
    """Mostly a part of a photo, from each folder as often as another; else an ornament, or a made-up surface."""
    kind = rng.random()
    if not folders or kind < 0.3:
        return toned_at_times(random_surface(size, rng), rng)
    photos = folders[int(rng.integers(0, len(folders)))]
    photo = read_picture(photos[int(rng.integers(0, len(photos)))])
    return toned_at_times(ornament(photo, size, rng), rng) if kind < 0.45 else random_crop(photo, size, rng)


def toned_at_times(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Three times out of ten the figure in colours of skin, else as it is."""
    return toned(pixels, rng) if rng.random() < 0.3 else pixels
