"""Skin: its tone, and where on the hand it is nail, knuckle or palm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .mesh import FINGERS, load_hand

# Skin from very light to very dark, sRGB, with pinker and more olive ones between.
TONES = np.array([
    (246, 219, 203), (240, 200, 176), (231, 187, 155), (228, 176, 152), (214, 165, 128), (202, 152, 120),
    (190, 135, 98), (174, 118, 84), (152, 100, 70), (128, 80, 56), (104, 64, 46), (80, 50, 38), (58, 38, 30),
], np.float64) / 255


@dataclass(frozen=True)
class Skin:
    """What the hand wears: linear RGB of the skin, and whether there is a sleeve or a bracelet."""

    tone: tuple[float, float, float]
    sleeved: bool
    bracelet: bool
    varnish: bool


def random_skin(rng: np.random.Generator) -> Skin:
    """One of thirteen tones, or between two of them, slightly off."""
    place = rng.uniform(0, len(TONES) - 1)
    tone = np.array([np.interp(place, np.arange(len(TONES)), TONES[:, k]) for k in range(3)])
    tone = np.clip(tone * rng.normal(1, 0.03, 3), 0.02, 1) ** 2.2
    return Skin(tuple(tone), rng.random() < 1 / 3, rng.random() < 0.18, rng.random() < 0.06)


@lru_cache(maxsize=4)
def skin_regions(side: str) -> dict[str, np.ndarray]:
    """Where on the mesh there are nails, knuckles and palm, each as (V,) weights in [0, 1]."""
    hand = load_hand(side)
    owners = hand.owners()
    nails, knuckles = np.zeros(len(owners)), np.zeros(len(owners))
    for finger in FINGERS:
        chain = hand.chain(finger)
        inside = np.isin(owners, chain[2:])
        local = (hand.vertices - hand.rest[chain[2], :3, 3]) @ hand.rest[chain[2], :3, :3]
        across, dorsal, along = local[:, 0], local[:, 1], -local[:, 2]
        length, height = along[inside].max(), dorsal[inside].max()
        nails[inside & (along > 0.42 * length) & (along < 0.98 * length) & (dorsal > 0.1 * height)
              & (np.abs(across) < 0.72 * np.abs(across[inside]).max())] = 1
        for joint in chain[:3]:
            distance = np.linalg.norm(hand.vertices - hand.rest[joint, :3, 3], axis=1)
            knuckles = np.maximum(knuckles, np.exp(-((distance / 0.012) ** 2)))
    palm = np.clip(0.5 - (hand.vertices[:, 2] - 0.02) / 0.03, 0, 1)
    return {"nails": nails, "knuckles": knuckles, "palm": palm}


def skin_colours(side: str, skin: Skin, rng: np.random.Generator) -> np.ndarray:
    """Linear albedo (V, 3) of the hand."""
    tone, regions = np.array(skin.tone), skin_regions(side)
    blotches = 1 + rng.normal(0, 0.04, (len(regions["palm"]), 1))
    pinker = tone ** 0.8 * np.array([1.0, 0.82, 0.78])
    colours = tone + (pinker - tone) * regions["palm"][:, None] * rng.uniform(0.2, 0.7)
    redness = regions["knuckles"][:, None] * rng.uniform(0, 0.25) * np.array([0.5, 1, 1])
    colours = colours * blotches * (1 - redness)
    bare = np.minimum(tone**0.75 * np.array([1.05, 0.95, 0.92]), 0.9)
    nail = rng.uniform(0.02, 0.8, 3) if skin.varnish else bare
    weight = regions["nails"][:, None] * rng.uniform(0.5, 1.0)
    return colours * (1 - weight) + nail * weight
