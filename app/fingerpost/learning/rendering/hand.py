"""A pointing hand as the wearer's camera sees it: posed, placed, drawn, with the exact points that matter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from . import arm
from .mesh import HandMesh, load_hand
from .pose import (
    ACROSS,
    ALONG,
    DORSAL,
    Pose,
    PosedHand,
    idle_pose,
    pointing_pose,
    posed,
    rotation,
)
from .raster import Buffers, Camera, draw
from .skin import Skin, random_skin, skin_colours

HAND, LAST_SEGMENT, ARM, CLOTH, METAL = 1, 2, 3, 4, 5
FIST_METRES = 0.085  # the breadth of the mesh's fist across the knuckles
OVERSAMPLING = 2
SHORTEST = 0.65
"""A finger that is seen shorter than so many breadths of its fist is seen end on: the hand looks like a fist."""


@dataclass(frozen=True)
class View:
    """How the hand stands before the camera. Angles in degrees; `tip_x`, `tip_y` and `fist_share` (the fist's
    breadth) as shares of the frame's width and height; `mirrored` makes it a left hand."""

    in_plane: float
    pitch: float
    roll: float
    field_of_view: float
    fist_share: float
    tip_x: float
    tip_y: float
    wrist_sideways: float
    wrist_down: float
    mirrored: bool


@dataclass(frozen=True, eq=False)
class HandPicture:
    """A drawn hand. `buffers` are OVERSAMPLING times the frame, with normals and linear albedo as attributes;
    points are (x, y) in frame pixels: the outermost `tip`, the `pad` in the middle of the last segment, the
    index `knuckle`; `box` is left, top, right, bottom of what is seen of the hand without its arm;
    `fist_pixels` is how broad the fist would be if seen from straight above."""

    buffers: Buffers
    camera: Camera
    fist_pixels: float
    tip: np.ndarray
    pad: np.ndarray
    knuckle: np.ndarray
    box: tuple[float, float, float, float]
    side: str


def random_view(rng: np.random.Generator) -> View:
    """A view as a wearer has of the own hand; the spreads are wider than life."""
    wide = rng.random() < 0.2
    share = rng.uniform(0.30, 0.50) if rng.random() < 0.15 else rng.uniform(0.12, 0.33)
    return View(
        in_plane=rng.normal(0, 50 if wide else 20), pitch=rng.uniform(-5, 62), roll=rng.normal(-5, 38),
        field_of_view=rng.uniform(45, 85), fist_share=share, tip_x=0.03 + 0.94 * rng.beta(1.3, 1.3),
        tip_y=0.03 + 0.92 * rng.beta(1.4, 1.7), wrist_sideways=rng.normal(-6, 20),
        wrist_down=rng.normal(-8, 16), mirrored=rng.random() < 1 / 3,
    )


def solids_of(side: str, bent: PosedHand, view: View, skin: Skin,
              rng: np.random.Generator) -> list[arm.Solid]:
    """The hand and all that hangs on it, in the hand's frame; the hand comes first."""
    hand = load_hand(side)
    direction = rotation(DORSAL, view.wrist_sideways) @ rotation(ACROSS, -view.wrist_down) @ -ALONG
    tone = np.array(skin.tone)
    solids = [arm.Solid(bent.vertices, bent.normals, skin_colours(side, skin, rng), hand.triangles, HAND),
              arm.forearm(direction, tone, rng, ARM)]
    if skin.sleeved:
        solids.append(arm.sleeve(direction, rng, CLOTH))
    if skin.bracelet:
        solids.append(arm.bracelet(direction, rng, METAL))
    return solids


def render_hand(camera: Camera, side: str, pose: Pose, view: View, skin: Skin,
                rng: np.random.Generator) -> HandPicture:
    """Draw one hand; `side` names the mesh, which is drawn as a right hand unless the view mirrors it."""
    hand = load_hand(side)
    bent = posed(hand, pose)
    turn = rotation(DORSAL, view.in_plane) @ rotation(ACROSS, -view.pitch) @ rotation(ALONG, view.roll)
    outer = outermost(hand, bent, turn)
    shift = placement(hand, bent, turn, view, camera, outer)
    solids = solids_of(side, bent, view, skin, rng)
    buffers = draw_solids(camera.scaled(OVERSAMPLING), solids, turn, shift, last_segment(side))
    chain = hand.chain("index")
    tip, knuckle = bent.vertices[outer], bent.joints[chain[0]]
    pad = (bent.joints[chain[2]] + tip) / 2
    tip, pad, knuckle = camera.project(np.stack([tip, pad, knuckle]) @ turn.T + shift)[:, :2]
    fist_pixels = view.fist_share * camera.width
    picture = HandPicture(buffers, camera, fist_pixels, tip, pad, knuckle, visible_box(buffers), "right")
    return mirror(picture) if view.mirrored else picture


def visible_box(buffers: Buffers) -> tuple[float, float, float, float]:
    """The bounds of the hand's own pixels, in frame pixels; all zero where none is in sight."""
    hand = (buffers.part == HAND) | (buffers.part == LAST_SEGMENT)
    rows, columns = np.flatnonzero(hand.any(1)), np.flatnonzero(hand.any(0))
    if not len(rows):
        return 0.0, 0.0, 0.0, 0.0
    bounds = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]) / OVERSAMPLING
    return tuple(bounds.tolist())


@lru_cache(maxsize=4)
def last_segment(side: str) -> np.ndarray:
    """Which triangles of the mesh belong to the last segment of the index finger, (T,) bool."""
    hand = load_hand(side)
    return np.isin(hand.owners(), hand.chain("index")[2:])[hand.triangles].all(1)


def outermost(hand: HandMesh, bent: PosedHand, turn: np.ndarray) -> int:
    """The vertex of the index finger that lies farthest along its projected last two bones."""
    chain = hand.chain("index")
    along = (turn @ (bent.joints[chain[3]] - bent.joints[chain[1]]))[:2]
    candidates = np.flatnonzero(np.isin(hand.owners(), chain[2:]))
    return int(candidates[np.argmax((bent.vertices[candidates] @ turn.T)[:, :2] @ along)])


def placement(hand: HandMesh, bent: PosedHand, turn: np.ndarray, view: View, camera: Camera,
              outer: int) -> np.ndarray:
    """The shift that gives the fist its size and puts the tip where the view wants it."""
    knuckle = turn @ bent.joints[hand.chain("index")[0]]
    tip = turn @ bent.vertices[outer]
    distance = camera.focal * FIST_METRES / (view.fist_share * camera.width)
    x = 1 - view.tip_x if view.mirrored else view.tip_x  # the picture is turned over in the end
    back = distance + knuckle[2]
    depth = back - tip[2]
    right = (x - 0.5) * camera.width * depth / camera.focal
    up = (0.5 - view.tip_y) * camera.height * depth / camera.focal
    return np.array([right - tip[0], up - tip[1], -back])


def draw_solids(camera: Camera, solids: list[arm.Solid], turn: np.ndarray, shift: np.ndarray,
                marked: np.ndarray) -> Buffers:
    """Draw all solids in one pass; `marked` triangles of the first get the part number LAST_SEGMENT."""
    starts = np.cumsum([0] + [len(solid.vertices) for solid in solids])
    triangles = np.concatenate([s.triangles + start for s, start in zip(solids, starts)]).astype(np.int32)
    parts = np.concatenate([np.full(len(solid.triangles), solid.part, np.uint8) for solid in solids])
    parts[: len(marked)][marked] = LAST_SEGMENT
    normals = np.concatenate([solid.normals for solid in solids]) @ turn.T
    albedo = np.concatenate([solid.albedo for solid in solids])
    vertices = np.concatenate([solid.vertices for solid in solids]) @ turn.T + shift
    return draw(camera, vertices, triangles, parts, np.concatenate([normals, albedo], axis=1))


def mirror(picture: HandPicture) -> HandPicture:
    """The same hand as a left one."""
    buffers, width = picture.buffers, picture.camera.width
    depth, part, attributes = (
        np.ascontiguousarray(values[:, ::-1]) for values in (buffers.depth, buffers.part, buffers.attributes)
    )
    attributes[..., 0] *= -1
    left, top, right, bottom = picture.box
    points = np.stack([picture.tip, picture.pad, picture.knuckle])
    tip, pad, knuckle = np.array([width, 0]) + points * np.array([-1, 1])
    return replace(picture, buffers=Buffers(depth, part, attributes), tip=tip, pad=pad, knuckle=knuckle,
                   box=(width - right, top, width - left, bottom), side="left")


def tip_is_clear(picture: HandPicture) -> bool:
    """Whether the labelled tip is in the frame, in sight, and the finger not seen end on."""
    camera, factor = picture.camera, OVERSAMPLING
    x, y = picture.tip
    if not (1 <= x < camera.width - 1 and 1 <= y < camera.height - 1):
        return False
    segment, finger = np.hypot(*(picture.tip - picture.pad)), np.hypot(*(picture.tip - picture.knuckle))
    if segment < 0.05 * picture.fist_pixels or finger < SHORTEST * picture.fist_pixels:
        return False
    seen = picture.buffers.part == LAST_SEGMENT
    reach = 2 * factor
    row, column = int(y * factor), int(x * factor)
    near = seen[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1]
    return near.sum() >= 4 and seen.sum() > 0.6 * (segment * factor) ** 2


def arm_leaves_frame(picture: HandPicture) -> bool:
    """Whether the arm runs out of the frame; a hand cut off in mid-air is nobody's."""
    part = picture.buffers.part
    return bool(part[-1].any() or part[0].any() or part[:, 0].any() or part[:, -1].any())


def knuckle_in_frame(picture: HandPicture) -> bool:
    """Whether the index knuckle can be seen too, not just a fingertip at the frame's edge."""
    x, y = picture.knuckle
    return 0 <= x < picture.camera.width and 0 <= y < picture.camera.height


def random_hand(camera_size: tuple[int, int], rng: np.random.Generator,
                view: View | None = None) -> HandPicture:
    """Draw hands until one is fit to be labelled; `view` fixes the view instead of drawing one each time."""
    while True:
        picture = any_hand(camera_size, pointing_pose(rng), view or random_view(rng), rng)
        whole = knuckle_in_frame(picture) or rng.random() < 0.08
        if tip_is_clear(picture) and arm_leaves_frame(picture) and whole:
            return picture


def idle_hand(camera_size: tuple[int, int], rng: np.random.Generator) -> HandPicture:
    """A hand in the frame that points at nothing; its points mean nothing."""
    while True:
        picture = any_hand(camera_size, idle_pose(rng), random_view(rng), rng)
        if arm_leaves_frame(picture) and knuckle_in_frame(picture):
            return picture


def any_hand(camera_size: tuple[int, int], pose: Pose, view: View, rng: np.random.Generator) -> HandPicture:
    """One hand of random side and skin in that pose and view."""
    width, height = camera_size
    camera = Camera(width, height, width / 2 / np.tan(np.radians(view.field_of_view) / 2))
    side = ("left", "right")[rng.integers(0, 2)]
    return render_hand(camera, side, pose, view, random_skin(rng), rng)
