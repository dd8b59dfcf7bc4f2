"""Things of a household, no two alike: random proportions, colours and prints. In metres, as they stand on a table."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable

import cv2
import numpy as np

from .arm import Solid
from .backgrounds import smooth_noise
from .prints import PAPER, page, plain, product_colour, random_print
from .textured import (
    ALONG,
    BLUNT,
    HIGH,
    TRIM_PLACE,
    WIDE,
    Profile,
    Thing,
    banded,
    crate,
    empty_picture,
    linear,
    paste,
    rod,
    slab,
    turned,
)
from .vessels import METALS, SIDEWAYS, WOODS, Photos, bottle, bowl, can, mug, one_of, pan, plate

UPRIGHT = (0.0, 1.0, 0.0)
YELLOWS = np.array([(0.95, 0.80, 0.15), (0.90, 0.82, 0.30), (0.80, 0.80, 0.25), (0.93, 0.72, 0.12)])


def ball(rng: np.random.Generator, photos: Photos) -> Thing:
    """A ball: plain, printed, in sectors, or with seams."""
    r = np.exp(rng.uniform(np.log(0.022), np.log(0.11)))
    bend = np.linspace(-np.pi / 2, np.pi / 2, 14)
    profile = [(r * np.cos(b), r + r * np.sin(b)) for b in bend]
    kind = rng.random()
    if kind < 0.45:
        pixels = plain((WIDE, HIGH), rng)
    elif kind < 0.7:
        sector = np.arange(WIDE) * int(rng.integers(3, 9)) // WIDE
        pixels = np.stack([product_colour(rng) for _ in range(9)])[sector][None].repeat(HIGH, axis=0)
    else:
        pixels = random_print((WIDE, HIGH), rng, photos)
    picture = empty_picture(product_colour(rng), product_colour(rng))
    picture[:HIGH] = pixels
    if rng.random() < 0.3:  # a seam that swings around, as on a tennis ball
        at = np.arange(0, WIDE + 8, 8)
        line = np.stack([at, HIGH / 2 + 0.3 * HIGH * np.sin(at / WIDE * 4 * np.pi)], axis=1).astype(np.int32)
        cv2.polylines(picture, [line], False, product_colour(rng).tolist(), int(rng.integers(3, 9)))
    thing = Thing("ball", [turned(profile)], linear(picture))
    axis = rng.normal(0, 1, 3)
    return thing.turned((axis / np.linalg.norm(axis)).tolist(), rng.uniform(0, 180))


def carton(rng: np.random.Generator, photos: Photos) -> Thing:
    """A box: of cereals, milk, tea, shoes; printed, or brown cardboard."""
    shapes = ((0.19, 0.28, 0.07), (0.075, 0.20, 0.075), (0.13, 0.07, 0.08), (0.12, 0.13, 0.08), (0.28, 0.11, 0.18))
    width, height, depth = np.array(shapes[int(rng.integers(0, 5))]) * rng.uniform(0.75, 1.25, 3)
    base = one_of(WOODS[:1], rng) if rng.random() < 0.2 else product_colour(rng)
    picture = empty_picture(base, base)
    everywhere = random_print((200, 150), rng, photos)
    for face, share in (("front", 0.9), ("left", 0.7), ("top", 0.7)):
        if rng.random() < share:
            same = rng.random() < 0.5
            paste(picture, face, everywhere if same else random_print((200, round(200 * height / width)), rng, photos))
    return Thing("box", crate(width, height, depth), linear(picture))


def book(rng: np.random.Generator, photos: Photos) -> Thing:
    """A book with pale pages between its covers, lying or standing."""
    width, depth = rng.uniform(0.11, 0.20), rng.uniform(0.16, 0.27)
    height, cover = rng.uniform(0.010, 0.045), rng.uniform(0.001, 0.003)
    shade = product_colour(rng)
    picture = empty_picture(shade, PAPER * rng.uniform(0.85, 1.0))
    paste(picture, "top", random_print((200, round(200 * depth / width)), rng, photos))
    front = raised(crate(width, cover, depth), height - cover)
    back = [replace(s, vertices=s.vertices * [-1, -1, 1] + [0, cover, 0], normals=s.normals * [-1, -1, 1])
            for s in crate(width, cover, depth)]
    pages = [replace(s, vertices=s.vertices + [-0.002, 0, 0], albedo=np.broadcast_to(TRIM_PLACE, s.albedo.shape))
             for s in raised(crate(width - 0.004, height - 2 * cover, depth - 0.006), cover)]
    spine = [replace(s, vertices=s.vertices - [width / 2, 0, 0]) for s in crate(cover, height, depth)]
    thing = Thing("book", [*front, *back, *pages, *spine], linear(picture))
    return thing.turned(SIDEWAYS, 90) if rng.random() < 0.3 else thing


def raised(solids: list[Solid], metres: float) -> list[Solid]:
    """Solids lifted off the table."""
    return [replace(s, vertices=s.vertices + [0, metres, 0]) for s in solids]


def banana(rng: np.random.Generator, photos: Photos) -> Thing:
    """A banana that lies on its side, green to overripe."""
    bend, reach = np.radians(rng.uniform(70, 125)), rng.uniform(0.08, 0.12)
    angle = np.linspace(-bend / 2, bend / 2, 26)
    share = np.linspace(0, 1, 26)
    body = np.interp(share, [0, 0.03, 0.10, 0.2, 0.5, 0.85, 0.95, 1], [0.3, 0.3, 0.35, 0.8, 1, 0.85, 0.4, 0.1])
    thick = rng.uniform(0.015, 0.020)
    centres = np.stack([reach * np.sin(angle), np.full(26, thick), reach * (np.cos(angle) - 1)], axis=1)
    skin, dark = one_of(YELLOWS, rng), np.array([0.22, 0.14, 0.06])
    spots = np.clip(smooth_noise((WIDE, HIGH), (20, 20), rng) - rng.uniform(0.4, 1.0), 0, 0.5)
    ends = np.clip(np.abs(np.linspace(-1, 1, HIGH)) - 0.9, 0, 0.1)[:, None] * 10
    picture = empty_picture(skin, skin)
    weight = np.clip(spots + ends, 0, 1)[..., None].astype(np.float32)
    picture[:HIGH] = picture[:HIGH] * (1 - weight) + dark.astype(np.float32) * weight
    return Thing("banana", [rod(centres, thick * body, thick * body, trim=False)], linear(picture))


def spoon(rng: np.random.Generator, photos: Photos) -> Thing:
    """A spoon of metal, wood or plastic."""
    length = rng.uniform(0.09, 0.20)
    a, b = rng.uniform(0.015, 0.022) * (1 + length), rng.uniform(0.023, 0.032) * (1 + length)
    deep = rng.uniform(0.005, 0.010)
    centres = np.stack([0 * ALONG, deep + 0.002 + 0.012 * np.sin(np.pi * ALONG), 0.95 * b + length * ALONG], axis=1)
    width = rng.uniform(0.0035, 0.006) * (0.7 + 0.9 * ALONG**2) * BLUNT
    scoop: Profile = [(1.0, deep), (0.85, 0.55 * deep), (0.5, 0.15 * deep), (0.0, 0.001)]
    stuff = one_of(METALS, rng) if rng.random() < 0.55 else one_of(WOODS, rng) if rng.random() < 0.6 \
        else product_colour(rng)
    picture = banded(scoop, [stuff, 0.9 * stuff, 0.8 * stuff], stuff)
    return Thing("spoon", [turned(scoop, (a, b)), rod(centres, width, np.minimum(width, 0.002))], linear(picture))


def remote(rng: np.random.Generator, photos: Photos) -> Thing:
    """A remote control with rows of buttons."""
    shade = np.full(3, rng.choice([0.06, 0.13, 0.25, 0.75, 0.92])) * rng.uniform(0.9, 1.05, 3)
    picture = empty_picture(shade, shade)
    keys = np.full(3, 0.75 if shade[0] < 0.5 else 0.3) * rng.uniform(0.3, 1.2)
    rows, columns = int(rng.integers(6, 13)), int(rng.integers(3, 5))
    size = (int(rng.uniform(0.2, 0.38) * WIDE / columns), int(rng.uniform(0.2, 0.38) * HIGH / rows))
    for row in range(rows):
        for column in range(columns):
            tint = product_colour(rng) if rng.random() < 0.08 else keys
            middle = (int((column + 0.7) / (columns + 0.4) * WIDE), int((row + 0.8) / (rows + 0.8) * HIGH))
            if rng.random() < 0.93:
                cv2.ellipse(picture, middle, size, 0, 0, 360, tint.tolist(), -1)
    body = slab(rng.uniform(0.038, 0.055), rng.uniform(0.014, 0.024), rng.uniform(0.13, 0.21), rng.uniform(4, 9))
    return Thing("remote", [body], linear(picture))


def paper(rng: np.random.Generator, photos: Photos) -> Thing:
    """A written sheet that lies flat; nothing that is boxed."""
    picture = empty_picture(PAPER, PAPER)
    paste(picture, "top", page((200, 150), rng))
    return Thing("", crate(rng.uniform(0.1, 0.3), 0.0006, rng.uniform(0.1, 0.25)), linear(picture))


def pen(rng: np.random.Generator, photos: Photos) -> Thing:
    """A pen that lies about; nothing that is boxed."""
    shade = product_colour(rng)
    half = rng.uniform(0.003, 0.005) * BLUNT
    centres = np.stack([0 * ALONG, half.max() + 0 * ALONG, rng.uniform(0.11, 0.16) * ALONG], axis=1)
    return Thing("", [rod(centres, half, half)], linear(empty_picture(shade, shade)))


NAMED: dict[str, Callable[[np.random.Generator, Photos], Thing]] = {
    "ball": ball, "banana": banana, "book": book, "bottle": bottle, "bowl": bowl, "box": carton, "can": can,
    "mug": mug, "pan": pan, "plate": plate, "remote": remote, "spoon": spoon,
}
CLUTTER = (paper, pen)
CLUTTER_SHARE = 0.1


def random_thing(rng: np.random.Generator, photos: Photos) -> Thing:
    """Any of them, each name as often as another, turned any way; sometimes something without a name."""
    makers = CLUTTER if rng.random() < CLUTTER_SHARE else tuple(NAMED.values())
    thing = makers[int(rng.integers(0, len(makers)))](rng, photos)
    return thing.turned(UPRIGHT, rng.uniform(0, 360))
