"""`fingerpost data scenes`: rendered household things on tables and shelves, boxed exactly, for `train detector`.

Every scene depends on the seed and its own number only. The folder is Pascal VOC's; see learning/boxes/voc.py.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Mapping, Sequence

import cv2
import numpy as np

from ...core.errors import DataError
from ..boxes.pictures import Labelled, Picture
from ..boxes.voc import check_labels, write_voc
from ..datasets import read_picture
from .backgrounds import photo_paths
from .compose import hand_layer, layer_of, over, photograph, with_motion, with_shadow
from .fetch import mesh_path
from .hand import OVERSAMPLING, HandPicture, any_hand, arm_leaves_frame, draw_solids, random_view, tip_is_clear
from .household import NAMED, random_thing
from .light import shaded
from .pictures import write_picture, write_sheet
from .places import Place, random_place
from .pose import pointing_pose
from .raster import Camera
from .table import draw_things, shadows_of
from .textured import Thing, painted
from .viewpoint import Viewpoint
from .workers import make_each

SIZE = (480, 360)
MOST_THINGS = 8
VISIBLE_SHARE, SMALLEST_PIXELS = 0.35, 12
"""A thing is difficult if less of its own pixels is visible, or if its box is narrower than that."""
NEAREST = 0.15
"""Metres from the camera's plane; nothing comes nearer to the glasses."""
SHEET_FRAMES, SHEET_COLUMNS = 30, 5


@dataclass(frozen=True)
class Recipe:
    """What every scene is made from; without hands none is drawn."""

    out: Path
    seed: int
    photos: tuple[Path, ...] = ()
    hands: bool = True


def make_scenes(count: int, recipe: Recipe, val_share: float = 0.1, processes: int = 1) -> dict[str, list[Picture]]:
    """Render `count` scenes into a Pascal VOC folder; returns the pictures of its splits, the last of them for val.

    Raises DataError for a folder with pictures of other classes.
    """
    check_labels(recipe.out, list(NAMED))
    if recipe.hands:
        mesh_path()  # fetched once, before the workers would all ask for it
    (recipe.out / "JPEGImages").mkdir(parents=True, exist_ok=True)
    pictures = make_each(partial(write_scene, recipe), count, processes, "rendering scenes")
    held = round(val_share * count)
    splits = {"train": pictures[: count - held], "val": pictures[count - held :]}
    write_voc(recipe.out, splits, list(NAMED))
    write_sheet(recipe.out / "sheet.jpg", [drawn_boxes(picture) for picture in pictures[:SHEET_FRAMES]], SHEET_COLUMNS)
    return splits


def write_scene(recipe: Recipe, number: int) -> Picture:
    """Render and save one scene."""
    rng = np.random.default_rng([recipe.seed, number])
    pixels, boxes = render_scene(rng, recipe.photos, recipe.hands)
    path = recipe.out / "JPEGImages" / f"{number:06d}.jpg"
    write_picture(path, pixels, int(rng.integers(60, 96)))
    return Picture(path, *SIZE, tuple(boxes))


def render_scene(rng: np.random.Generator, photos: Sequence[Path] = (),
                 hands: bool = True) -> tuple[np.ndarray, list[Labelled]]:
    """One photograph (H, W, 3) uint8 and the boxes of what can be seen in it; half of them with a pointing hand."""
    place = random_place(SIZE, rng, photos)
    things = set_out(place, rng, photos)
    pixels, parts = draw_place(place, things, rng)
    boxes = box_things(parts, things, place.view)
    if hands and rng.random() < 0.5:
        hand = pointing_hand(place.view.camera, boxes, rng)
        pixels = with_hand(pixels, hand, rng)
        boxes = box_things(np.where(at_frame_size(hand.buffers.part) > 0, 0, parts), things, place.view)
    if rng.random() < 0.12:
        pixels = with_motion(pixels, rng, 6)
    return photograph(pixels, rng, 0.8), boxes


def set_out(place: Place, rng: np.random.Generator, photos: Sequence[Path]) -> list[Thing]:
    """One to eight things, none inside another, each at least partly in the frame."""
    things: list[Thing] = []
    taken: list[np.ndarray] = []  # x, z, radius
    for _ in range(int(rng.integers(1, MOST_THINGS + 1))):
        thing = random_thing(rng, photos)
        spot = free_spot(place, thing, taken, rng)
        if spot is not None:
            things.append(thing.placed(spot[0], spot[1]))
            taken.append(spot)
    return things


def free_spot(place: Place, thing: Thing, taken: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray | None:
    """Where a thing may stand: x, z and its radius; None where no room was found."""
    points = thing.points()
    radius = np.hypot(points[:, 0], points[:, 2]).max()
    back, front = points[:, 2].min(), points[:, 2].max()
    for _ in range(25):
        x, z = random_spot(place, rng)
        apart = all(np.hypot(x - other[0], z - other[1]) > 0.92 * (radius + other[2]) for other in taken)
        if not apart or z + back < place.far or z + front > place.near:
            continue
        if -place.view.to_camera(points + [x, 0, z])[:, 2].max() > NEAREST:
            return np.array([x, z, radius])
    return None


def random_spot(place: Place, rng: np.random.Generator) -> tuple[float, float]:
    """A point of the surface in or just outside the frame; as often near as far."""
    camera = place.view.camera
    edges = np.array([[0.0, camera.height / 2, -camera.focal], [0.0, -camera.height / 2, -camera.focal]])
    top, bottom = edges @ place.view.turn
    low = max(-top[1], 0.05 * camera.focal)  # the ray through the upper edge may miss the table
    far = max(place.far, place.view.eye[2] + top[2] * place.view.eye[1] / low)
    near = min(place.near, place.view.eye[2] + bottom[2] * place.view.eye[1] / -bottom[1])
    z = rng.uniform(far, near)
    depth = -place.view.to_camera(np.array([[0.0, 0.0, z]]))[0, 2]
    reach = min(place.half_width, 1.05 * depth * camera.width / 2 / camera.focal)
    return float(rng.uniform(-reach, reach)), float(z)


def draw_place(place: Place, things: Sequence[Thing], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The place with things on it, sRGB float32 (H, W, 3), and which of them each pixel shows (H, W), from 1; 0 and
    numbers beyond the last: none."""
    standing = [solid for thing in things for solid in thing.solids]
    soft, wide = shadows_of(place.view, standing, place.to_light)
    directed = float(place.light.key.mean() / (place.light.key.mean() + place.light.sky.mean()))
    ground = place.ground * (1 - place.surface * np.clip(0.55 * directed * soft + 0.3 * wide, 0, 0.8))[..., None]
    drawn = [*things, *place.furniture]
    if not drawn:
        return ground, np.zeros(ground.shape[:2], np.uint8)
    buffers = draw_things(place.view, [s for part, thing in enumerate(drawn, 1) for s in thing.numbered(part)])
    colours = shaded(painted(buffers, drawn), place.light, 0.6)
    return over(ground, layer_of(colours, buffers.part > 0, 0.0, rng)), at_frame_size(buffers.part)


def at_frame_size(part: np.ndarray) -> np.ndarray:
    """Every so-manieth pixel of oversampled parts."""
    return part[::OVERSAMPLING, ::OVERSAMPLING]


def pointing_hand(camera: Camera, boxes: Sequence[Labelled], rng: np.random.Generator) -> HandPicture:
    """A hand that points at one of the boxed things or, three times in ten, anywhere."""
    field_of_view = float(np.degrees(2 * np.arctan(camera.width / 2 / camera.focal)))
    while True:
        view = replace(random_view(rng), field_of_view=field_of_view, fist_share=rng.uniform(0.12, 0.26))
        if boxes and rng.random() < 0.7:
            in_plane = rng.normal(0, 28)
            x, y = tip_before(boxes[int(rng.integers(0, len(boxes)))], in_plane, rng)
            view = replace(view, in_plane=in_plane, tip_x=x / camera.width, tip_y=y / camera.height)
        hand = any_hand((camera.width, camera.height), pointing_pose(rng), view, rng)
        if tip_is_clear(hand) and arm_leaves_frame(hand):
            return hand


def tip_before(box: Labelled, in_plane: float, rng: np.random.Generator) -> tuple[float, float]:
    """Where the tip of a finger rests that points at a box, turned `in_plane` degrees left of straight up."""
    along = np.array([-np.sin(np.radians(in_plane)), -np.cos(np.radians(in_plane))])
    middle = np.array([box.left + box.right, box.top + box.bottom]) / 2
    reach = min((box.right - box.left) / 2 / max(abs(along[0]), 1e-6), (box.bottom - box.top) / 2 / abs(along[1]))
    tip = middle - along * (reach + rng.uniform(-8, 30))
    return float(tip[0]), float(tip[1])


def with_hand(pixels: np.ndarray, hand: HandPicture, rng: np.random.Generator) -> np.ndarray:
    """A scene with a hand before it, sRGB float32."""
    layer = hand_layer(hand, (pixels * 255).astype(np.uint8), rng)
    return over(with_shadow(pixels, layer[..., 3], rng) if rng.random() < 0.5 else pixels, layer)


def box_things(parts: np.ndarray, things: Sequence[Thing], view: Viewpoint) -> list[Labelled]:
    """The boxes of things with a name around those pixels of `parts` (H, W) that show them; the unseen have none."""
    boxes = []
    for number, thing in enumerate(things, 1):
        seen = parts == number
        if thing.name and seen.any():
            rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
            left, top, right, bottom = (int(v) for v in (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
            difficult = min(right - left, bottom - top) < SMALLEST_PIXELS or \
                seen.sum() < VISIBLE_SHARE * own_pixels(thing, view)
            boxes.append(Labelled(thing.name, left, top, right, bottom, bool(difficult)))
    return boxes


def own_pixels(thing: Thing, view: Viewpoint) -> int:
    """About how many pixels a thing would have if nothing hid it, not even the frame's edge (up to twice the frame)."""
    camera = replace(view.camera, focal=view.camera.focal / 2)
    buffers = draw_solids(camera, thing.numbered(1), view.turn, -view.turn @ view.eye, np.zeros(0, bool))
    return 4 * int(buffers.part.sum())


def drawn_boxes(picture: Picture) -> np.ndarray:
    """A small copy with the boxes drawn, RGB; difficult ones red."""
    pixels = read_picture(picture.path)
    for box in picture.boxes:
        shade = (255, 60, 60) if box.difficult else (255, 255, 0)
        cv2.rectangle(pixels, (int(box.left), int(box.top)), (int(box.right) - 1, int(box.bottom) - 1), shade, 1)
        cv2.putText(pixels, box.name, (int(box.left) + 2, int(box.top) + 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, shade, 1)
    return pixels


def count_table(splits: Mapping[str, Sequence[Picture]]) -> str:
    """How many things of each class are boxed, by split; difficult ones in brackets."""
    lines = ["".join([f"{'':<10}", *(f"{split:>16}" for split in splits)])]
    counts = {split: Counter((box.name, box.difficult) for picture in pictures for box in picture.boxes)
              for split, pictures in splits.items()}
    for name in NAMED:
        cells = (f"{counts[split][name, False]:>7,} ({counts[split][name, True]:>6,})" for split in splits)
        lines.append("".join([f"{name:<10}", *cells]))
    return "\n".join(lines)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost data scenes`."""
    parser.add_argument("--count", type=int, required=True, help="how many scenes to render")
    parser.add_argument("--out", type=Path, required=True, help="Pascal VOC folder, and sheet.jpg with drawn boxes")
    parser.add_argument("--photos", type=Path, metavar="DIR",
                        help="photos for what is printed on things and for the room behind the table, without every "
                             "fifth by name")
    parser.add_argument("--share-val", type=float, default=0.1, metavar="SHARE",
                        help="of the scenes, the last ones, to validate on (default 0.1)")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same scenes (default 0)")
    parser.add_argument("--no-hands", action="store_true", help="draw no hands, so no hand mesh is needed")
    parser.add_argument("--processes", type=int, default=1, help="processes that share the work (default 1)")


def main(args: argparse.Namespace) -> int:
    """Run `fingerpost data scenes`."""
    if args.count < 1 or args.processes < 1:
        raise DataError("--count and --processes must be at least 1; give a larger number")
    if not 0 <= args.share_val < 1:
        raise DataError("--share-val must be from 0 to below 1; give a share such as 0.1")
    photos = tuple(photo_paths(args.photos)) if args.photos else ()
    splits = make_scenes(args.count, Recipe(args.out, args.seed, photos, not args.no_hands), args.share_val,
                         args.processes)
    print(count_table(splits))
    print(f"{args.count} scenes in {args.out}; look at {args.out / 'sheet.jpg'}")
    return 0
