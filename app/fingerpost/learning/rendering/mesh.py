"""The rigged hand: read from glTF and brought into one frame of reference for both sides."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from ...core.errors import DataError
from .fetch import mesh_path

COMPONENTS = {5121: "u1", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
FINGERS = ("thumb", "index", "middle", "ring", "pinky")

# The files stand with the fingers along -y, the thumb along -z and the palm facing the other hand (WebXR
# generic-hand). Here: x across the hand away from the thumb, y along the fingers, z out of its back.
TO_HAND = {
    "right": np.array([[0, 0, 1], [0, -1, 0], [1, 0, 0]], np.float64),
    "left": np.array([[0, 0, 1], [0, -1, 0], [-1, 0, 0]], np.float64),
}


@dataclass(frozen=True, eq=False)
class HandMesh:
    """A hand at rest, in metres, as a right hand seen from its back (a left one is stored mirrored).

    `vertices` (V, 3), `triangles` (T, 3), `joints` (V, 4) indices into `names`, `weights` (V, 4),
    `rest` (25, 4, 4): where each joint stands; its columns are across, dorsal, and against the bone.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    joints: np.ndarray
    weights: np.ndarray
    rest: np.ndarray
    names: tuple[str, ...]

    def joint(self, name: str) -> int:
        """The index of a joint by its WebXR name."""
        return self.names.index(name)

    def chain(self, finger: str) -> list[int]:
        """The joints of one finger from the knuckle that bends first to the tip."""
        parts = ("metacarpal", "phalanx-proximal", "phalanx-distal", "tip")
        if finger == "thumb":
            return [self.joint(f"thumb-{part}") for part in parts]
        parts = ("phalanx-proximal", "phalanx-intermediate", "phalanx-distal", "tip")
        return [self.joint(f"{finger}-finger-{part}") for part in parts]

    def owners(self) -> np.ndarray:
        """For each vertex the joint that moves it most, (V,)."""
        return self.joints[np.arange(len(self.joints)), self.weights.argmax(1)]


@lru_cache(maxsize=4)
def load_hand(side: str = "right", folder: str | None = None) -> HandMesh:
    """Read a hand, weld its seams, subdivide it once; raises DataError where the file is no such hand."""
    path = (Path(folder) if folder else mesh_path()) / f"{side}.glb"
    try:
        document, binary = read_glb(path)
        hand = rigged_hand(document, binary, TO_HAND[side])
    except (OSError, KeyError, IndexError, ValueError, struct.error) as error:
        raise DataError(f"{path} is no rigged WebXR hand ({error}); delete it and try again") from error
    return subdivided(welded(hand))


def read_glb(path: Path) -> tuple[dict, bytes]:
    """Split a binary glTF 2.0 file into its JSON document and its buffer."""
    content = path.read_bytes()
    magic, _, _, length, kind = struct.unpack_from("<4sIII4s", content)
    if magic != b"glTF" or kind != b"JSON":
        raise ValueError("no binary glTF")
    return json.loads(content[20 : 20 + length]), content[20 + length + 8 :]


def accessor(document: dict, binary: bytes, number: int) -> np.ndarray:
    """One glTF accessor as an array (count, width)."""
    entry = document["accessors"][number]
    view = document["bufferViews"][entry["bufferView"]]
    width = WIDTHS[entry["type"]]
    offset = view.get("byteOffset", 0) + entry.get("byteOffset", 0)
    values = np.frombuffer(binary, COMPONENTS[entry["componentType"]], entry["count"] * width, offset)
    return values.reshape(entry["count"], width)


def rigged_hand(document: dict, binary: bytes, to_hand: np.ndarray) -> HandMesh:
    """The first skinned mesh of a document, turned into the frame of reference of HandMesh."""
    primitive = document["meshes"][0]["primitives"][0]
    skin = document["skins"][0]
    names = tuple(document["nodes"][node]["name"] for node in skin["joints"])
    column = {key: accessor(document, binary, number) for key, number in primitive["attributes"].items()}
    inverse = accessor(document, binary, skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
    turn = np.eye(4)
    turn[:3, :3] = to_hand
    rest = turn @ np.linalg.inv(inverse.astype(np.float64))
    triangles = accessor(document, binary, primitive["indices"]).reshape(-1, 3).astype(np.int32)
    if np.linalg.det(to_hand) < 0:
        rest[:, :3, 0] *= -1  # a mirrored frame would be left-handed: give it back its right hand
        triangles = triangles[:, ::-1]
    return HandMesh(
        column["POSITION"] @ to_hand.T, triangles, column["JOINTS_0"].astype(np.int32),
        column["WEIGHTS_0"].astype(np.float64), rest, names,
    )


def welded(hand: HandMesh) -> HandMesh:
    """Join the vertices that the texture seams hold apart, so that normals are smooth across them."""
    _, first, where = np.unique(hand.vertices.round(6), axis=0, return_index=True, return_inverse=True)
    triangles = where.reshape(-1)[hand.triangles].astype(np.int32)
    return replace(hand, vertices=hand.vertices[first], triangles=triangles, joints=hand.joints[first],
                   weights=hand.weights[first])


def normals_of(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Unit vertex normals (V, 3), each the area-weighted mean of its triangles'."""
    corner = vertices[triangles]
    face = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    total = np.stack([
        np.bincount(triangles.reshape(-1), np.repeat(face[:, axis], 3), len(vertices)) for axis in range(3)
    ], axis=1)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)


def subdivided(hand: HandMesh, roundness: float = 0.7) -> HandMesh:
    """Split every triangle in four; new vertices lean towards the tangent planes of both ends.

    Phong tessellation after Boubekeur and Alexa, 2008; `roundness` 0 keeps them on the flat edge.
    """
    edges = np.sort(hand.triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    ends, where = np.unique(edges, axis=0, return_inverse=True)
    middle = len(hand.vertices) + where.reshape(-1, 3)
    a, b, c = hand.triangles.T
    ab, bc, ca = middle.T
    triangles = np.concatenate([
        np.stack(corners, axis=1) for corners in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))
    ]).astype(np.int32)
    points, normals = hand.vertices[ends], normals_of(hand.vertices, hand.triangles)[ends]
    flat = points.mean(1)
    lifts = ((points - flat[:, None]) * normals).sum(2, keepdims=True) * normals
    added = flat + roundness * lifts.mean(1)
    joints, weights = blended_skin(hand, ends)
    return replace(hand, vertices=np.concatenate([hand.vertices, added]), triangles=triangles,
                   joints=np.concatenate([hand.joints, joints]),
                   weights=np.concatenate([hand.weights, weights]))


def blended_skin(hand: HandMesh, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The four strongest joints of the mean of two vertices' skin weights."""
    dense = np.zeros((len(hand.vertices), len(hand.names)))
    np.add.at(dense, (np.arange(len(dense))[:, None], hand.joints), hand.weights)
    mean = dense[ends].mean(1)
    joints = np.argsort(-mean, axis=1)[:, :4].astype(np.int32)
    weights = np.take_along_axis(mean, joints, axis=1)
    return joints, weights / weights.sum(1, keepdims=True)
