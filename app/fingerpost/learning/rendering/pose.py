"""How a pointing hand is bent: joint angles drawn at random, applied to the rigged mesh.

The spreads started from those of a trial on real glasses frames, in which variety of pose and view mattered most. How
often the index is bent, how often each way of the thumb comes and how loosely the other fingers curl are choices of
this file.
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
    """A hand that points with its index finger; the others are curled, one time in four loosely, and one time in
    twelve the middle finger (and perhaps the next) stands up half-way beside the index."""
    flexion = {"index": index_flexion(rng)}
    loose = rng.random() < 0.25
    raised = rng.integers(1, 3) if rng.random() < 1 / 12 else 0
    for number, finger in enumerate(("middle", "ring", "pinky")):
        slack = rng.uniform(0.1, 0.4) if number < raised else rng.uniform(0.45, 0.9) if loose else 1.0
        flexion[finger] = curled(rng, slack)
    thumb = rng.choice(list(THUMB_SHARES), p=list(THUMB_SHARES.values()))
    return whole_pose(flexion, thumb, rng)


def idle_pose(rng: np.random.Generator) -> Pose:
    """A hand that points at nothing: a fist, or open with all fingers straight or half bent."""
    if rng.random() < 0.5:
        return whole_pose({finger: curled(rng, 1.0) for finger in FINGERS if finger != "thumb"}, FOLDED, rng)
    slack = rng.uniform(0.0, 0.45)
    flexion = {finger: curled(rng, max(0.0, slack + rng.normal(0, 0.05))) for finger in FINGERS if finger != "thumb"}
    return whole_pose(flexion, OUT, rng)


def curled(rng: np.random.Generator, slack: float) -> tuple[float, float, float]:
    """The flexion of a finger that is bent into the fist (slack 1), or less."""
    mcp, pip, dip = slack * rng.uniform((62, 85, 30), (88, 108, 65))
    return mcp, pip, dip


def whole_pose(flexion: dict[str, tuple[float, float, float]], thumb: str, rng: np.random.Generator) -> Pose:
    """The pose with these four fingers, a thumb of that kind, and a little spread."""
    bent, oppose, adduct = thumb_angles(rng, thumb)
    spread = {"index": rng.normal(0, 4), "middle": rng.normal(0, 2), "ring": rng.normal(-3, 2),
              "pinky": rng.normal(-6, 3), "thumb": 0.0}
    return Pose({**flexion, "thumb": bent}, spread, oppose, adduct)


def index_flexion(rng: np.random.Generator) -> tuple[float, float, float]:
    """Nearly straight five times in six, else bent like a finger that rests on something."""
    if rng.random() < 1 / 6:
        pip = rng.uniform(5, 60)
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
