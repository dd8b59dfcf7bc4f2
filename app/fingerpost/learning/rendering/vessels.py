"""Turned things of a household, no two alike: mugs, bottles, cans, bowls, plates, pans. In metres, on a table."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

import numpy as np

from .arm import surface
from .prints import product_colour, random_print
from .shapes import handle
from .textured import (
    ALONG,
    BLUNT,
    TRIM_PLACE,
    Profile,
    Thing,
    banded,
    linear,
    rod,
    turned,
    wrap,
    wrap_size,
)

SIDEWAYS = (1.0, 0.0, 0.0)
METALS = np.array([(0.75, 0.75, 0.77), (0.62, 0.62, 0.64), (0.85, 0.84, 0.82), (0.80, 0.68, 0.42)])
CERAMICS = np.array([(0.95, 0.94, 0.92), (0.93, 0.89, 0.80), (0.88, 0.90, 0.92), (0.25, 0.27, 0.30)])
GLASSES = np.array([(0.10, 0.32, 0.16), (0.28, 0.15, 0.06), (0.62, 0.80, 0.86), (0.08, 0.20, 0.12), (0.85, 0.88, 0.88)])
DRINKS = np.array([(0.13, 0.07, 0.04), (0.50, 0.30, 0.14), (0.95, 0.93, 0.86), (0.62, 0.27, 0.08)])
FOODS = np.array([(0.80, 0.32, 0.10), (0.85, 0.75, 0.45), (0.45, 0.55, 0.20), (0.92, 0.88, 0.78), (0.45, 0.22, 0.12)])
PANS = np.array([(0.10, 0.10, 0.11), (0.20, 0.20, 0.22), (0.60, 0.60, 0.62), (0.05, 0.05, 0.05)])
WOODS = np.array([(0.80, 0.62, 0.42), (0.66, 0.45, 0.28), (0.55, 0.36, 0.20)])
Photos = Sequence[Path]


def one_of(colours: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One of some colours, slightly off; sRGB."""
    return np.clip(rng.choice(colours) * rng.normal(1, 0.05, 3), 0.01, 0.99)


def ceramic(rng: np.random.Generator) -> np.ndarray:
    """White, cream, grey or some glaze."""
    return one_of(CERAMICS, rng) if rng.random() < 0.55 else product_colour(rng)


def mug(rng: np.random.Generator, photos: Photos) -> Thing:
    """A mug or a cup with a handle, empty or full."""
    r = rng.uniform(0.033, 0.050)
    h, foot = r * rng.uniform(1.5, 2.6), r * rng.uniform(0.6, 1.0)
    full = rng.random() < 0.4
    bottom = (r - 0.005, h * rng.uniform(0.6, 0.9)) if full else (0.9 * foot, 0.008)
    profile = [(0.0, 0.0), (foot, 0.0), (foot + 0.002, 0.004), (r * rng.uniform(0.96, 1.04), 0.5 * h), (r, h - 0.003),
               (r - 0.0015, h), (r - 0.004, h - 0.002), bottom, (0.0, bottom[1])]
    glaze, inside = ceramic(rng), one_of(CERAMICS, rng)
    picture = banded(profile, [glaze] * 6 + [inside, one_of(DRINKS, rng) if full else inside],
                     glaze if rng.random() < 0.7 else inside)
    if rng.random() < 0.6:
        wrap_twice(picture, profile, 2, 4, rng, photos)
    grip = handle((0.94 * r, 0.5 * h), rng.uniform(0.018, 0.030), h * rng.uniform(0.24, 0.34))
    return Thing("mug", [turned(profile), surface(grip, TRIM_PLACE, 0)], linear(picture))


def wrap_twice(picture: np.ndarray, profile: Profile, first: int, last: int, rng: np.random.Generator,
               photos: Photos) -> None:
    """The same random print on front and back, from one point of a profile up to another; changes the picture."""
    width, height = wrap_size(profile, first, last)
    pixels = random_print((width // 2, height), rng, photos)
    wrap(picture, profile, first, last, np.hstack([pixels, pixels]))


def bottle(rng: np.random.Generator, photos: Photos) -> Thing:
    """A bottle with a label and a cap; sometimes it lies."""
    r, h = rng.uniform(0.028, 0.044), rng.uniform(0.17, 0.31)
    neck, shoulder = rng.uniform(0.011, 0.016), rng.uniform(0.50, 0.72)
    low, high = rng.uniform(0.06, 0.18) * h, rng.uniform(0.36, 0.46) * h
    cap = neck + rng.uniform(0.001, 0.004)
    profile = [(0.0, 0.0), (0.94 * r, 0.0), (r, 0.006), (r, low), (r, high), (r, shoulder * h),
               (0.8 * r, (shoulder + 0.08) * h), (neck * 1.2, (shoulder + 0.19) * h), (neck, 0.90 * h),
               (cap, 0.905 * h), (cap, h), (0.0, h)]
    glass = one_of(GLASSES, rng) if rng.random() < 0.65 else product_colour(rng)
    lid = product_colour(rng)
    picture = banded(profile, [glass] * 8 + [lid] * 3, lid)
    if rng.random() < 0.85:
        wrap_twice(picture, profile, 3, 4, rng, photos)
    return lying_at_times(Thing("bottle", [turned(profile)], linear(picture)), rng)


def lying_at_times(thing: Thing, rng: np.random.Generator) -> Thing:
    """One in eight has fallen over."""
    return thing.turned(SIDEWAYS, 90) if rng.random() < 1 / 8 else thing


def can(rng: np.random.Generator, photos: Photos) -> Thing:
    """A can of drink or food, printed all around; sometimes it lies."""
    r = rng.uniform(0.030, 0.044)
    h = r * rng.choice([rng.uniform(0.8, 1.3), rng.uniform(2.4, 4.2)], p=[0.2, 0.8])
    profile = [(0.0, 0.0), (r - 0.004, 0.0), (r, 0.006), (r, h - 0.009), (r - 0.004, h - 0.002), (r - 0.005, h),
               (r - 0.007, h - 0.004), (0.3 * r, h - 0.004), (0.0, h - 0.004)]
    metal = rng.choice(METALS[:3])
    picture = banded(profile, [metal] * 5 + [0.7 * metal, metal, 0.8 * metal], metal)
    wrap_twice(picture, profile, 2, 3, rng, photos)
    return lying_at_times(Thing("can", [turned(profile)], linear(picture)), rng)


def bowl(rng: np.random.Generator, photos: Photos) -> Thing:
    """A bowl, empty or with something in it."""
    r = rng.uniform(0.055, 0.12)
    h, foot = r * rng.uniform(0.45, 0.8), r * rng.uniform(0.35, 0.5)
    outer, inner = swung(foot, r, 0.006, h), swung(foot, r - 0.004, 0.010, h)[::-1]
    full = rng.random() < 0.5
    if full:
        level = h * rng.uniform(0.45, 0.8)
        inner = [point for point in inner if point[1] > level]
        inner.append((0.97 * inner[-1][0], level))
    profile = [(0.0, 0.0), (foot, 0.0), (foot, 0.006), *outer, *inner, (0.0, inner[-1][1])]
    outside, inside = ceramic(rng), ceramic(rng)
    content = one_of(FOODS, rng) if full else inside
    picture = banded(profile, [outside] * 7 + [inside] * len(inner) + [content], inside)
    if rng.random() < 0.35:
        wrap(picture, profile, 5, 7, random_print(wrap_size(profile, 5, 7), rng, photos))
    return Thing("bowl", [turned(profile)], linear(picture))


def swung(foot: float, rim: float, low: float, high: float) -> list[tuple[float, float]]:
    """The profile of a bowl's wall, a quarter of an ellipse, five points without the foot."""
    bend = np.linspace(0, np.pi / 2, 6)[1:]
    return [(foot + (rim - foot) * np.sin(b), low + (high - low) * (1 - np.cos(b))) for b in bend]


def plate(rng: np.random.Generator, photos: Photos) -> Thing:
    """A flat plate with a rim of the same or another colour, at times with a print on it."""
    r, h = rng.uniform(0.08, 0.14), rng.uniform(0.010, 0.022)
    well = r * rng.uniform(0.55, 0.72)
    profile = [(0.0, 0.0), (well - 0.005, 0.0), (well, 0.004), (r, h), (r + 0.001, h + 0.001), (r - 0.002, h + 0.002),
               (0.93 * r, h), (well, 0.007), (0.0, 0.006)]
    glaze = ceramic(rng)
    rim = product_colour(rng) if rng.random() < 0.4 else glaze
    picture = banded(profile, [glaze] * 3 + [rim] * 3 + [rim if rng.random() < 0.3 else glaze, glaze], glaze)
    if rng.random() < 0.2:
        wrap(picture, profile, 6, 7, random_print(wrap_size(profile, 6, 7), rng, photos))
    return Thing("plate", [turned(profile)], linear(picture))


def pan(rng: np.random.Generator, photos: Photos) -> Thing:
    """A frying pan or a saucepan with one long handle."""
    r, h = rng.uniform(0.08, 0.14), rng.choice([rng.uniform(0.03, 0.05), rng.uniform(0.07, 0.11)])
    profile = [(0.0, 0.0), (0.86 * r, 0.0), (0.9 * r, 0.004), (r, h), (r - 0.003, h), (0.87 * r, 0.006), (0.0, 0.005)]
    inside = one_of(PANS, rng)
    outside = inside if rng.random() < 0.5 else product_colour(rng) if rng.random() < 0.5 else one_of(METALS, rng)
    grip = one_of(PANS, rng) if rng.random() < 0.7 else one_of(WOODS, rng)
    length, rise = rng.uniform(0.12, 0.20), rng.uniform(0.0, 0.05)
    centres = np.stack([0.97 * r + length * ALONG, 0.85 * h + rise * ALONG, 0 * ALONG], axis=1)
    width = rng.uniform(0.009, 0.014) * (0.75 + 0.4 * ALONG) * BLUNT
    return Thing("pan", [turned(profile), rod(centres, width, 0.6 * width)],
                 linear(banded(profile, [outside] * 4 + [inside] * 2, grip)))
