"""`fingerpost data synthesize`: labelled frames of rendered pointing hands, the same for the same seed.

The photos behind the hands are those that training takes for hand-free pictures too (--negatives), also the part of
them that chooses the presence threshold. So false hands are measured on photos that both leave out: every fifth by
name, unless --held-back has put these behind hands.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from ...core.errors import DataError
from ..datasets import RENDERED_TABLE, read_names, read_picture
from .backgrounds import photo_paths, random_background
from .compose import composed
from .fetch import mesh_path
from .hand import HandPicture, idle_hand, random_hand
from .pictures import write_picture, write_sheet, write_table
from .workers import make_each

SIZE = (320, 240)
HAND_FREE_SHARE, IDLE_SHARE = 0.08, 0.10
"""Of the frames so many show no hand, and so many one that does not point; neither has a label."""
MARKS = ("x", "y", "pad_x", "pad_y", "knuckle_x", "knuckle_y", "left", "top", "right", "bottom")
COLUMNS = ("image", *MARKS, "side")
SHEET_FRAMES, SHEET_COLUMNS = 48, 8


@dataclass(frozen=True)
class Recipe:
    """What every frame is made from: photos by folder, and its width and height in pixels; `masks` also writes
    the outlines of the hands."""

    out: Path
    seed: int
    folders: tuple[tuple[Path, ...], ...]
    hand_free_folders: tuple[tuple[Path, ...], ...]
    size: tuple[int, int] = SIZE
    masks: bool = False


def synthesize(count: int, recipe: Recipe, processes: int = 1) -> Path:
    """Render `count` frames into OUT/images and OUT/fingertips.csv; returns the CSV's path.

    Every frame depends on the seed and its own number only, so the number of processes changes nothing.
    """
    mesh_path()  # fetched once, before the workers would all ask for it
    for folder in ("images", "masks") if recipe.masks else ("images",):
        (recipe.out / folder).mkdir(parents=True, exist_ok=True)
    rows = make_each(partial(write_frame, recipe), count, processes, "rendering hands")
    table = recipe.out / RENDERED_TABLE
    write_table(table, COLUMNS, rows)
    tiles = [drawn_labels(read_picture(recipe.out / row["image"]), row) for row in rows[:SHEET_FRAMES]]
    write_sheet(recipe.out / "sheet.jpg", tiles, SHEET_COLUMNS)
    return table


def write_frame(recipe: Recipe, number: int) -> dict[str, str]:
    """Render and save one frame; returns its row of the table."""
    rng = np.random.default_rng([recipe.seed, number])
    kind = rng.random()
    pointing = kind >= HAND_FREE_SHARE + IDLE_SHARE
    hand = random_hand(recipe.size, rng) if pointing else \
        idle_hand(recipe.size, rng) if kind >= HAND_FREE_SHARE else None
    background = random_background(recipe.folders if pointing else recipe.hand_free_folders, recipe.size, rng)
    pixels = composed(hand, background, rng)
    name = f"{number:06d}.jpg"
    write_picture(recipe.out / "images" / name, pixels, int(rng.integers(55, 96)))
    if recipe.masks:
        write_picture(recipe.out / "masks" / f"{number:06d}.png", mask_of(hand, recipe.size))
    return {"image": f"images/{name}", **labels(hand if pointing else None)}


def mask_of(hand: HandPicture | None, size: tuple[int, int]) -> np.ndarray:
    """The hand and its arm in 255, all else 0, uint8 of shape (height, width)."""
    if hand is None:
        return np.zeros(size[::-1], np.uint8)
    drawn = (hand.buffers.part > 0).astype(np.uint8) * 255
    return cv2.resize(drawn, size, interpolation=cv2.INTER_AREA)


def labels(hand: HandPicture | None) -> dict[str, str]:
    """The columns of one row; without a pointing hand all of them are empty."""
    if hand is None:
        return dict.fromkeys(COLUMNS[1:], "")
    numbers = [*hand.tip, *hand.pad, *hand.knuckle, *hand.box]
    return {**dict(zip(MARKS, (f"{value:.2f}" for value in numbers))), "side": hand.side}


def drawn_labels(pixels: np.ndarray, row: dict[str, str]) -> np.ndarray:
    """A picture with one row's labels drawn into it: tip red, pad green, knuckle blue, box yellow."""
    if row["x"] == "":
        return pixels
    place = {key: round(float(row[key])) for key in MARKS}
    cv2.rectangle(pixels, (place["left"], place["top"]), (place["right"], place["bottom"]), (255, 255, 0), 1)
    for start, mark in (("", (255, 0, 0)), ("pad_", (0, 255, 0)), ("knuckle_", (0, 0, 255))):
        cv2.circle(pixels, (place[f"{start}x"], place[f"{start}y"]), 2, mark, -1)
    return pixels


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost data synthesize`."""
    parser.add_argument("--count", type=int, required=True, help="how many frames to render")
    parser.add_argument("--out", type=Path, required=True, help="for images/, fingertips.csv and sheet.jpg")
    parser.add_argument("--backgrounds", type=Path, nargs="+", default=[], metavar="DIR",
                        help="folders of photos to put behind the hands, without every fifth by name; "
                             "training may take the same ones as --negatives")
    parser.add_argument("--hand-free-backgrounds", type=Path, nargs="+", default=[], metavar="DIR",
                        help="those of them that show no hands: only these stand in frames without a hand")
    parser.add_argument("--skip", type=Path, metavar="FILE",
                        help="text file of picture names to leave out of both, such as photos that show people")
    parser.add_argument("--held-back", action="store_true",
                        help="use just every fifth photo, for frames to measure on; as --validate they would choose a "
                             "threshold on the very photos of `evaluate fingertip --no-hands DIR --held-back`")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same frames (default 0)")
    parser.add_argument("--size", type=int, nargs=2, default=SIZE, metavar=("W", "H"),
                        help="of the frames, in pixels (default 320 240)")
    parser.add_argument("--masks", action="store_true", help="also write masks/NUMBER.png, the outlines")
    parser.add_argument("--processes", type=int, default=1, help="processes that share the work (default 1)")


def main(args: argparse.Namespace) -> int:
    """Run `fingerpost data synthesize`."""
    if args.count < 1 or args.processes < 1:
        raise DataError("--count and --processes must be at least 1; give a larger number")
    skipped = read_names(args.skip)
    photos, hand_free = (
        tuple(tuple(photo_paths(folder, args.held_back, skipped)) for folder in folders)
        for folders in (args.backgrounds, args.hand_free_backgrounds)
    )
    table = synthesize(args.count, Recipe(args.out, args.seed, photos, hand_free, tuple(args.size), args.masks),
                       args.processes)
    print(f"{args.count} frames in {table.parent}; look at {table.parent / 'sheet.jpg'}")
    return 0
