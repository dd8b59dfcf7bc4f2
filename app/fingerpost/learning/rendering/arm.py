"""What continues the hand: a forearm that leaves the frame, a sleeve, a bracelet, all of them bent tubes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .mesh import normals_of

SEGMENTS = 28
WRIST = np.array([0.010, -0.066, 0.0392])  # the middle of the mesh's cut end, in the hand's frame, metres
# Half width and half depth of an adult forearm against the distance from the wrist, metres.
DISTANCES = (-0.02, 0.0, 0.03, 0.10, 0.20, 0.28, 0.62)
HALF_WIDTHS = (0.022, 0.0268, 0.0275, 0.034, 0.043, 0.046, 0.054)
BRACELETS = np.array([
    (0.8, 0.8, 0.8), (0.75, 0.55, 0.2), (0.02, 0.02, 0.02), (0.35, 0.12, 0.05), (0.7, 0.05, 0.08),
])
HALF_DEPTHS = (0.014, 0.0190, 0.0202, 0.028, 0.037, 0.041, 0.052)


@dataclass(frozen=True, eq=False)
class Solid:
    """A surface: `vertices`, unit `normals`, linear RGB `albedo` (V, 3); `triangles` (T, 3); its `part`."""

    vertices: np.ndarray
    normals: np.ndarray
    albedo: np.ndarray
    triangles: np.ndarray
    part: int


def tube(rings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The open tube through rings of points (N, SEGMENTS, 3): vertices and triangles."""
    count, around = rings.shape[:2]
    row, column = np.meshgrid(np.arange(count - 1), np.arange(around), indexing="ij")
    a, b = row * around + column, row * around + (column + 1) % around
    c, d = a + around, b + around
    faces = np.stack([np.stack([a, b, c], -1), np.stack([b, d, c], -1)], axis=2)
    return rings.reshape(-1, 3), faces.reshape(-1, 3).astype(np.int32)


def centreline(direction: np.ndarray, distances: np.ndarray, bend_metres: float = 0.05) -> np.ndarray:
    """Points (N, 3) at the given distances from the wrist: straight on, then turning to `direction`."""
    straight = np.array([0.0, -1.0, 0.0])
    share = np.clip(distances / bend_metres, 0, 1)
    # the integral of a tangent that turns evenly over the length of the bend
    turned = bend_metres * share**2 / 2 + np.maximum(distances - bend_metres, 0)
    kept = distances - turned
    return WRIST + kept[:, None] * straight + turned[:, None] * direction


def limb(direction: np.ndarray, distances: np.ndarray, thicken: float = 1.0,
         add_metres: float = 0.0) -> np.ndarray:
    """Rings (N, SEGMENTS, 3) of the forearm's skin, or of cloth `add_metres` above it."""
    centres = centreline(direction, distances)
    tangents = np.gradient(centres, axis=0)
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    across = np.array([1.0, 0.0, 0.0]) - tangents[:, :1] * tangents
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    dorsal = np.cross(across, tangents)
    angle = np.linspace(0, 2 * np.pi, SEGMENTS, endpoint=False)
    width = np.interp(distances, DISTANCES, HALF_WIDTHS) * thicken + add_metres
    depth = np.interp(distances, DISTANCES, HALF_DEPTHS) * thicken + add_metres
    return (centres[:, None] + width[:, None, None] * np.cos(angle)[:, None] * across[:, None]
            + depth[:, None, None] * np.sin(angle)[:, None] * dorsal[:, None])


def surface(rings: np.ndarray, albedo: np.ndarray, part: int) -> Solid:
    """A tube as a solid; `albedo` broadcasts to (N, SEGMENTS, 3)."""
    vertices, triangles = tube(rings)
    normals = normals_of(vertices, triangles)
    outward = vertices - np.repeat(rings.mean(1), rings.shape[1], axis=0)
    normals *= np.sign((normals * outward).sum(1, keepdims=True))
    colours = np.broadcast_to(albedo, (*rings.shape[:2], 3)).reshape(-1, 3)
    return Solid(vertices, normals, colours, triangles, part)


def forearm(direction: np.ndarray, tone: np.ndarray, rng: np.random.Generator, part: int) -> Solid:
    """The bare forearm, darker and rougher than the hand by a little."""
    distances = np.concatenate([np.linspace(-0.02, 0.06, 13), np.linspace(0.08, 0.6, 30)])
    blotches = 1 + rng.normal(0, 0.03, (len(distances), SEGMENTS, 1))
    fade = np.clip(distances / 0.25, 0, 1)[:, None, None] * rng.uniform(-0.15, 0.1)
    return surface(limb(direction, distances, rng.uniform(0.92, 1.12)), tone * blotches * (1 + fade), part)


def sleeve(direction: np.ndarray, rng: np.random.Generator, part: int) -> Solid:
    """A sleeve from 1 to 20 cm behind the wrist on: plain, ringed, striped or chequered."""
    start = rng.uniform(0.005, 0.20)
    distances = np.concatenate([start + np.linspace(0, 0.012, 3), np.linspace(start + 0.02, 0.62, 60)])
    rings = limb(direction, distances, 1.12, rng.uniform(0.003, 0.012))
    rings += rng.normal(0, 0.0012, (len(distances), 1, 3))  # folds
    return surface(rings, cloth(distances, rng), part)


def cloth(distances: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Colours (N, SEGMENTS, 3) of a sleeve."""
    first, second = rng.uniform(0.005, 0.75, (2, 3)) ** 1.5
    if rng.random() < 0.5:  # many clothes are grey, black or white
        first = np.full(3, rng.choice([0.01, 0.03, 0.2, 0.7])) * rng.uniform(0.8, 1.2, 3)
    period = rng.uniform(0.02, 0.06)
    ringed = (distances / period % 1 < 0.5)[:, None] * np.ones(SEGMENTS)
    striped = np.ones(len(distances))[:, None] * (np.arange(SEGMENTS) // rng.integers(1, 4) % 2)
    pattern = (np.zeros_like(ringed), ringed, striped, (ringed + striped) / 2)[rng.integers(0, 4)][..., None]
    return first * (1 - pattern) + second * pattern


def bracelet(direction: np.ndarray, rng: np.random.Generator, part: int) -> Solid:
    """A bracelet or watch strap near the wrist: metal, thread, leather or plastic."""
    start, width = rng.uniform(-0.005, 0.05), rng.uniform(0.003, 0.02)
    rings = limb(direction, np.linspace(start, start + width, 5), 1.03, rng.uniform(0.001, 0.003))
    return surface(rings, rng.choice(BRACELETS) * rng.uniform(0.7, 1.1), part)
