"""How a pointing hand is bent: joint angles drawn at random, applied to the rigged mesh.

The spreads are those of a trial on real glasses frames: variety of pose and view mattered most there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .mesh import FINGERS, HandMesh, normals_of

FOLDED, ALONGSIDE, OUT = "folded", "alongside", "out"
ACROSS, ALONG, DORSAL = np.eye(3)  # the hand's own x, y and z axes
THUMB_SHARES = {FOLDED: 0.57, ALONGSIDE: 0.22, OUT: 0.21}


@dataclass(frozen=True)
class Pose:
    """Angles in degrees. `flexion[finger]` bends its three joints towards the palm, `spread[finger]` turns it
    away from the thumb; `oppose` swings the thumb across the palm, `adduct` brings it alongside."""

    flexion: dict[str, tuple[float, float, float]]
    spread: dict[str, float]
    oppose: float
    adduct: float


def pointing_pose(rng: np.random.Generator) -> Pose:
    """A hand that points with its index finger."""
    flexion = {"index": index_flexion(rng)}
    loose = rng.random() < 0.2
    for finger in ("middle", "ring", "pinky"):
        mcp, pip, dip = rng.uniform((62, 85, 30), (88, 108, 65))
        slack = rng.uniform(0.45, 0.9) if loose else 1.0
        flexion[finger] = (mcp * slack, pip * slack, dip * slack)
    thumb = rng.choice(list(THUMB_SHARES), p=list(THUMB_SHARES.values()))
    flexion["thumb"], oppose, adduct = thumb_angles(rng, thumb)
    spread = {"index": rng.normal(0, 4), "middle": rng.normal(0, 2), "ring": rng.normal(-3, 2),
              "pinky": rng.normal(-6, 3), "thumb": 0.0}
    return Pose(flexion, spread, oppose, adduct)


def index_flexion(rng: np.random.Generator) -> tuple[float, float, float]:
    """Nearly straight three times in four, else bent like a finger that rests on something."""
    if rng.random() < 0.25:
        pip = rng.uniform(5, 65)
        return rng.normal(5, 14), pip, pip * rng.uniform(0.3, 0.7)
    return rng.normal(3, 12), abs(rng.normal(6, 12)), abs(rng.normal(4, 9))


def thumb_angles(rng: np.random.Generator, thumb: str) -> tuple[tuple[float, float, float], float, float]:
    """Flexion, opposition and adduction of a thumb that is folded over the fist, alongside it, or out."""
    means, deviations = {
        FOLDED: ((-15, 30, 48, 60, 2), (5, 9, 12, 7, 5)),
        ALONGSIDE: ((0, 3, 8, 30, 22), (6, 7, 10, 9, 6)),
        OUT: ((0, 0, 8, 6, -4), (7, 9, 12, 13, 12)),
    }[thumb]
    cmc, mcp, ip, oppose, adduct = rng.normal(means, deviations)
    return (cmc, mcp, ip), oppose, adduct


def rotation(axis: np.ndarray, degrees: float) -> np.ndarray:
    """The 3x3 rotation about a unit axis (Rodrigues' formula)."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def about(point: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """The 4x4 motion that turns around a point."""
    motion = np.eye(4)
    motion[:3, :3] = turn
    motion[:3, 3] = point - turn @ point
    return motion


def rest_flexion(hand: HandMesh, chain: list[int]) -> np.ndarray:
    """How far the three joints of a finger are bent already when the mesh is at rest, in degrees."""
    previous = ALONG
    angles = []
    for start, end in zip(chain, chain[1:]):
        across, dorsal = hand.rest[start, :3, 0], hand.rest[start, :3, 1]
        bone = hand.rest[end, :3, 3] - hand.rest[start, :3, 3]
        forward = np.cross(dorsal, across)
        angles.append(bend(bone, forward, dorsal) - bend(previous, forward, dorsal))
        previous = bone
    return np.array(angles)


def bend(bone: np.ndarray, forward: np.ndarray, dorsal: np.ndarray) -> float:
    """The angle of a bone below the plane of the hand, in degrees."""
    return float(np.degrees(np.arctan2(-bone @ dorsal, bone @ forward)))


def motions(hand: HandMesh, pose: Pose) -> np.ndarray:
    """For each joint the 4x4 motion that takes its skin from rest to the pose, (25, 4, 4)."""
    result = np.tile(np.eye(4), (len(hand.names), 1, 1))
    for finger in FINGERS:
        chain = hand.chain(finger)
        at_rest = np.zeros(3) if finger == "thumb" else rest_flexion(hand, chain)
        base = hand.rest[chain[0], :3, 3]
        sideways = rotation(hand.rest[chain[0], :3, 1], -pose.spread[finger])
        if finger == "thumb":
            sideways = rotation(ALONG, -pose.oppose) @ rotation(DORSAL, -pose.adduct)
        moved = about(base, sideways)
        for joint, wanted, already in zip(chain, pose.flexion[finger], at_rest):
            across = hand.rest[joint, :3, 0]
            moved = moved @ about(hand.rest[joint, :3, 3], rotation(across, already - wanted))
            result[joint] = moved
        result[chain[-1]] = moved
    return result


@dataclass(frozen=True, eq=False)
class PosedHand:
    """A bent hand in metres: `vertices` and unit `normals` (V, 3), `joints` (25, 3) where the joints went."""

    vertices: np.ndarray
    normals: np.ndarray
    joints: np.ndarray


def posed(hand: HandMesh, pose: Pose) -> PosedHand:
    """Bend the hand by linear blend skinning: a vertex follows the weighted mean of its joints' motions."""
    moves = motions(hand, pose)
    blend = np.einsum("vk,vkij->vij", hand.weights, moves[hand.joints][:, :, :3])
    vertices = np.einsum("vij,vj->vi", blend[:, :, :3], hand.vertices) + blend[:, :, 3]
    rest = hand.rest[:, :3, 3]
    joints = np.einsum("jab,jb->ja", moves[:, :3, :3], rest) + moves[:, :3, 3]
    return PosedHand(vertices, normals_of(vertices, hand.triangles), joints)
