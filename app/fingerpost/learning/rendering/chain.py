"""`fingerpost data compose`: frames that test the whole chain, a finger pointing at one of several things."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from ...core.errors import DataError
from ..datasets import read_picture
from .backgrounds import random_crop, random_surface
from .compose import hand_layer, over, photograph, with_shadow
from .cutouts import RealHand, hand_rows, real_hand
from .hand import random_hand, random_view
from .pictures import write_picture, write_sheet, write_table
from .things import (
    Patch,
    cut_patch,
    footprint,
    free_place,
    laid,
    named_photos,
    stranger_paths,
)

SIZE = (640, 480)
UNKNOWN_SHARE = 0.15
SEQUENCE_FPS, HOLD_SECONDS, PAUSE_SECONDS = 10, 1.5, 0.5
SHEET_COLUMNS = 6
COLUMNS = ("image", "x", "y", "name")


@dataclass(frozen=True, eq=False)
class Pointing:
    """A hand, wherever it comes from: `layer` (H, W, 4) goes over the things, `ground` (H, W, 3) lies under,
    `kept_clear` (H, W) is where no clutter may lie; `tip` and unit `direction` in pixels."""

    tip: np.ndarray
    direction: np.ndarray
    layer: np.ndarray
    ground: np.ndarray
    kept_clear: np.ndarray
    real: bool


@dataclass(frozen=True, eq=False)
class Stock:
    """What scenes are laid out of: classes of known things, strangers, rows of real hands (may be empty)."""

    things: dict[str, list[Path]]
    strangers: list[Path]
    hands_folder: Path
    hands: list[dict[str, str]]


def rendered_pointing(stock: Stock, rng: np.random.Generator) -> Pointing:
    """A rendered hand near the middle of a made-up table, or of a photo out of focus."""
    ground = random_surface(SIZE, rng)
    if rng.random() < 0.3:
        photo = read_picture(stock.strangers[rng.integers(0, len(stock.strangers))])
        ground = cv2.GaussianBlur(random_crop(photo, SIZE, rng), (0, 0), 3)
    view = replace(random_view(rng), in_plane=rng.normal(0, 25), fist_share=rng.uniform(0.12, 0.24),
                   tip_x=rng.uniform(0.25, 0.75), tip_y=rng.uniform(0.42, 0.78))
    hand = random_hand(SIZE, rng, view)
    layer = hand_layer(hand, ground, rng)
    direction = (hand.tip - hand.knuckle) / np.linalg.norm(hand.tip - hand.knuckle)
    return Pointing(hand.tip, direction, layer, ground, layer[..., 3] > 0.5, False)


def real_pointing(stock: Stock, rng: np.random.Generator) -> Pointing:
    """A photographed hand in its own photo; draws until one has a trustworthy outline."""
    for _ in range(50):
        row = stock.hands[rng.integers(0, len(stock.hands))]
        hand = real_hand(stock.hands_folder, row, SIZE)
        if hand is not None:
            return pointing_of(hand)
    raise DataError("none of 50 hands could be cut out; name a CSV whose boxes fit the hands")


def pointing_of(hand: RealHand) -> Pointing:
    """A real hand as a layer; where its arm may run, nothing but the pointed thing is laid."""
    colours = hand.photo.astype(np.float32) / 255 * hand.alpha[..., None]
    left, top, right, bottom = (int(value) for value in hand.box)
    clear = np.zeros(hand.alpha.shape, bool)
    clear[max(top, 0) : bottom, max(left, 0) : right] = True
    clear[(top + bottom) // 2 :, max(left - 160, 0) : right + 160] = True
    return Pointing(hand.tip, hand.direction, np.dstack([colours, hand.alpha]), hand.photo, clear, True)


def target_middle(patch: Patch, pointing: Pointing, rng: np.random.Generator) -> np.ndarray:
    """Where the pointed thing lies: its edge 5 to 25 px past the tip, or the tip slightly over it."""
    gap = rng.uniform(5, 25) if rng.random() < 0.75 else rng.uniform(-12, 5)
    return pointing.tip + pointing.direction * (gap + patch.reach(pointing.direction))


def in_frame(patch: Patch, middle: np.ndarray) -> bool:
    """Whether nearly all of a laid patch can be seen."""
    height, width = patch.pixels.shape[:2]
    return bool(0.42 * width < middle[0] < SIZE[0] - 0.42 * width
                and 0.42 * height < middle[1] < SIZE[1] - 0.42 * height)


def random_patch(stock: Stock, rng: np.random.Generator, known: bool) -> Patch:
    """A thing of any class, each as often as another, or a stranger, whose name is empty."""
    if not known:
        return cut_patch(stock.strangers[rng.integers(0, len(stock.strangers))], "", rng)
    name = list(stock.things)[rng.integers(0, len(stock.things))]
    photos = stock.things[name]
    return cut_patch(photos[rng.integers(0, len(photos))], name, rng)


@dataclass(frozen=True, eq=False)
class Scene:
    """A composed picture (H, W, 3) float32 before the camera spoils it, the tip, the pointed thing's name."""

    pixels: np.ndarray
    tip: np.ndarray
    name: str


def compose_scene(stock: Stock, rng: np.random.Generator, real: bool) -> Scene:
    """One hand, one pointed thing (or none), and two to four others around."""
    chance = rng.random()  # drawn once: a retry must not favour what is easier to lay
    while True:
        pointing = real_pointing(stock, rng) if real else rendered_pointing(stock, rng)
        if chance < UNKNOWN_SHARE / 3:
            return Scene(with_things(stock, pointing, [], rng), pointing.tip, "")
        for _ in range(8):
            target = random_patch(stock, rng, known=chance >= UNKNOWN_SHARE)
            middle = target_middle(target, pointing, rng)
            if in_frame(target, middle):
                return Scene(with_things(stock, pointing, [(target, middle)], rng), pointing.tip, target.name)


def with_things(stock: Stock, pointing: Pointing, targets: list[tuple[Patch, np.ndarray]],
                rng: np.random.Generator) -> np.ndarray:
    """Lay clutter, then the pointed thing, then the hand."""
    scene = pointing.ground.astype(np.float32) / 255
    ahead = pointing.tip + pointing.direction * 110
    taken = [footprint(*target) for target in targets] or [np.array([*ahead, 110.0])]
    for _ in range(rng.integers(2, 5)):
        patch = random_patch(stock, rng, known=rng.random() < 0.7)
        middle = free_place(patch, taken, pointing.kept_clear, rng)
        if middle is not None:
            scene = laid(scene, patch, middle)
            taken.append(footprint(patch, middle))
    for patch, middle in targets:
        scene = laid(scene, patch, middle)
    if not pointing.real:
        scene = with_shadow(scene, pointing.layer[..., 3], rng)
    return over(scene, pointing.layer)


def compose(count: int, stock: Stock, out: Path, seed: int) -> Path:
    """Write `count` frames into OUT/images and OUT/chain.csv (image, x, y, name); returns the CSV's path.

    `x, y` is the outermost tip of rendered hands, and the pad moved 12 px along the finger of real ones;
    every second frame has a real hand where there are any.
    """
    (out / "images").mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, str]] = []
    tiles: list[np.ndarray] = []
    for number in tqdm(range(count), desc="composing", unit="frame", disable=None):
        rng = np.random.default_rng([seed, number])
        scene = compose_scene(stock, rng, real=bool(stock.hands) and number % 2 == 1)
        pixels = photograph(scene.pixels, rng, 0.5)
        rows.append({"image": f"images/{number:04d}.jpg", **tip_and_name(scene)})
        write_picture(out / "images" / f"{number:04d}.jpg", pixels)
        if len(tiles) < 8 * SHEET_COLUMNS:
            tiles.append(labelled(pixels, scene))
    write_table(out / "chain.csv", COLUMNS, rows)
    write_sheet(out / "sheet.jpg", tiles, SHEET_COLUMNS)
    return out / "chain.csv"


def compose_sequence(count: int, stock: Stock, out: Path, seed: int) -> Path:
    """Write frames at 10 a second in which each of `count` hands stands for 1.5 s, with half a second of bare
    table between; OUT/chain.csv names what each frame points at. Returns the CSV's path."""
    (out / "images").mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, str]] = []
    for number in tqdm(range(count), desc="composing", unit="hand", disable=None):
        rng = np.random.default_rng([seed, number])
        scene = compose_scene(stock, rng, real=bool(stock.hands) and number % 2 == 1)
        bare = random_surface(SIZE, rng).astype(np.float32) / 255
        frames = [scene] * round(HOLD_SECONDS * SEQUENCE_FPS) + [None] * round(PAUSE_SECONDS * SEQUENCE_FPS)
        for shown in frames:
            name = f"images/{len(rows):05d}.jpg"
            shift = rng.normal(0, 0.8, 2)
            write_picture(out / name, shaken(bare if shown is None else shown.pixels, shift, rng))
            moved = replace(shown, tip=shown.tip + shift) if shown is not None else None
            rows.append({"image": name, **tip_and_name(moved)})
    write_table(out / "chain.csv", COLUMNS, rows)
    return out / "chain.csv"


def shaken(pixels: np.ndarray, shift: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A frame of a hand that cannot be held quite still: moved by (x, y) pixels, with fresh noise."""
    move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    moved = cv2.warpAffine(pixels, move, SIZE, borderMode=cv2.BORDER_REFLECT)
    return (np.clip(moved + rng.normal(0, 0.008, moved.shape), 0, 1) * 255).round().astype(np.uint8)


def tip_and_name(scene: Scene | None) -> dict[str, str]:
    """The columns x, y and name of one frame."""
    if scene is None:
        return {"x": "", "y": "", "name": ""}
    return {"x": f"{scene.tip[0]:.2f}", "y": f"{scene.tip[1]:.2f}", "name": scene.name}


def labelled(pixels: np.ndarray, scene: Scene) -> np.ndarray:
    """A small copy with tip and name drawn, RGB."""
    copy = pixels.copy()
    cv2.circle(copy, (round(scene.tip[0]), round(scene.tip[1])), 6, (255, 0, 0), -1)
    cv2.putText(copy, scene.name or "(unknown)", (8, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (0, 0, 0), 5)
    cv2.putText(copy, scene.name or "(unknown)", (8, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (255, 255, 255), 2)
    return cv2.resize(copy, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost data compose`."""
    parser.add_argument("--things", type=Path, required=True, help="known things, one folder per class")
    parser.add_argument("--strangers", type=Path, required=True,
                        help="folder of photos of other things (only every fifth by name is used)")
    parser.add_argument("--hands", type=Path, metavar="CSV",
                        help="labelled photos of hands with hand boxes; without it all hands are rendered")
    parser.add_argument("--count", type=int, default=300,
                        help="how many frames, or hands of a sequence (default 300)")
    parser.add_argument("--out", type=Path, required=True, help="folder for images/, chain.csv and sheet.jpg")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same frames (default 0)")
    parser.add_argument("--sequence", action="store_true", help="each hand stands for 1.5 s, at 10 fps")


def main(args: argparse.Namespace) -> int:
    """Run `fingerpost data compose`."""
    if args.count < 1:
        raise DataError("--count must be at least 1; give a larger number")
    stock = Stock(named_photos(args.things), stranger_paths(args.strangers),
                  args.hands.parent if args.hands else Path(), hand_rows(args.hands) if args.hands else [])
    table = (compose_sequence if args.sequence else compose)(args.count, stock, args.out, args.seed)
    print(f"composed {table}")
    return 0
