"""`fingerpost data walk`: the demo recording, a wearer's own view of a table, made without any photo."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from ...core.errors import DataError
from . import shapes, story
from .compose import layer_of, over
from .hand import HandPicture, View, render_hand
from .light import shaded
from .pose import Pose
from .shapes import moved
from .skin import Skin
from .table import CAMERA, LIGHT, SIZE, Table, drawn_table, hand_shadow

SEED = 5
FIELD_OF_VIEW = float(np.degrees(2 * np.arctan(SIZE[0] / 2 / CAMERA.focal)))
OUTSIDE = np.array([1.12, 1.30])  # where the tip waits, in frame widths and heights: out of sight
POSE = Pose(
    {"index": (4.0, 8.0, 5.0), "middle": (74.0, 96.0, 45.0), "ring": (76.0, 98.0, 45.0),
     "pinky": (72.0, 95.0, 45.0), "thumb": (-15.0, 30.0, 48.0)},
    {"index": 0.0, "middle": 0.0, "ring": -3.0, "pinky": -6.0, "thumb": 0.0}, oppose=58.0, adduct=2.0,
)
SKIN = Skin((0.45, 0.235, 0.15), sleeved=True, bracelet=False, varnish=False)


def first_table() -> Table:
    """Where the wearer learns: mug, box, and things that are none of theirs, out of the way of both."""
    return drawn_table([
        *moved(shapes.mug(story.MUG), -0.14, -0.10, 200),
        *moved(shapes.striped_box(story.BOX), 0.10, -0.14, 24),
        *moved(shapes.ball(0.035, shapes.ORANGE, 4), -0.26, 0.02), *moved(shapes.plate(5), -0.03, -0.54),
    ], SEED)


def second_table() -> Table:
    """Another part of the table: the mug turned round, a bottle, the box farther off."""
    return drawn_table([
        *moved(shapes.mug(story.MUG), 0.08, -0.12, -140), *moved(shapes.bottle(story.BOTTLE), -0.14, -0.12),
        *moved(shapes.striped_box(story.BOX), 0.33, -0.27, -30), *moved(shapes.plate(5), 0.06, -0.60),
        *moved(shapes.notebook(6), -0.22, 0.07, -20),
    ], SEED + 1)


def hand_at(tip: np.ndarray, in_plane: float) -> HandPicture:
    """The wearer's hand with its tip at (x, y) pixels; the same skin and sleeve every time."""
    view = View(in_plane, pitch=34.0, roll=-12.0, field_of_view=FIELD_OF_VIEW, fist_share=0.185,
                tip_x=tip[0] / SIZE[0], tip_y=tip[1] / SIZE[1], wrist_sideways=8.0, wrist_down=-6.0,
                mirrored=False)
    return render_hand(CAMERA, "right", POSE, view, SKIN, np.random.default_rng(SEED))


def resting_tip(table: Table, stop: story.Stop) -> np.ndarray:
    """Where the tip rests at a stop: before the thing's near edge, where the finger points at its middle."""
    if stop.thing == story.AWAY:
        return OUTSIDE * SIZE
    guess = table.middle(stop.thing)
    for _ in range(3):  # perspective turns the finger a little as it moves
        hand = hand_at(guess, stop.in_plane)
        along = (hand.tip - hand.knuckle) / np.linalg.norm(hand.tip - hand.knuckle)
        sideways = np.array([-along[1], along[0]])
        guess = table.near_edge(stop.thing, along) - stop.gap * along + stop.aside * sideways
    return guess


def hand_position(at: float, tips: list[np.ndarray]) -> tuple[np.ndarray, float]:
    """Tip and in-plane angle at a time, with the slight unrest of a hand held up."""
    start, end, share = story.between(at)
    first, second = (tips[story.STOPS.index(stop)] for stop in (start, end))
    slow, quick = np.sin([5.1 * at, 4.3 * at + 2]), np.sin([11.3 * at + 1, 9.7 * at])
    unrest = 0.7 * slow + 0.35 * quick
    return first * (1 - share) + second * share + unrest, start.in_plane * (1 - share) + end.in_plane * share


def with_hand(table: Table, tip: np.ndarray, in_plane: float) -> np.ndarray:
    """The table with the hand's shadow and the hand, sRGB float32."""
    hand = hand_at(tip, in_plane)
    colours = shaded(hand.buffers, LIGHT)
    layer = layer_of(colours, hand.buffers.part > 0, 0.0, np.random.default_rng(SEED))
    return over(table.pixels * (1 - 0.4 * hand_shadow(hand))[..., None], layer)


def view_at(at: float, tables: tuple[Table, Table], tips: list[np.ndarray]) -> np.ndarray:
    """One frame: the table before or after the head turned, or the blur of turning, and the hand."""
    turned = story.ease((at - story.TURN_AT) / story.TURN_SECONDS)
    if 0 < turned < 1:
        return turning(tables, turned)
    tip, in_plane = hand_position(at, tips)
    table = tables[int(turned)]
    return table.pixels if (tip > OUTSIDE * SIZE - 4).all() else with_hand(table, tip, in_plane)


def turning(tables: tuple[Table, Table], share: float) -> np.ndarray:
    """The head turns right: both views slide past, smeared most in the middle of the turn."""
    both = np.hstack([tables[0].pixels, tables[1].pixels])
    start = round(share * SIZE[0])
    smear = max(1, round(60 * 4 * share * (1 - share)))
    return cv2.blur(both[:, start : start + SIZE[0]], (smear, 1))


def render_walk(out: Path) -> Path:
    """Write OUT/walk.mp4, OUT/presses.jsonl and OUT/walk.toml; returns the video's path."""
    out.mkdir(parents=True, exist_ok=True)
    tables = (first_table(), second_table())
    tips = [resting_tip(tables[stop.since > story.TURN_AT], stop) for stop in story.STOPS]
    path = out / "walk.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), story.FPS, SIZE)
    if not writer.isOpened():
        raise DataError(f"{path} cannot be written as mp4; free some space or name another folder")
    grain = np.random.default_rng(SEED)
    numbers = tqdm(range(round(story.END * story.FPS)), desc="rendering the walk", unit="frame", disable=None)
    for number in numbers:
        pixels = view_at(number / story.FPS, tables, tips)
        pixels = pixels + 0.006 * grain.standard_normal((*pixels.shape[:2], 1), dtype=np.float32)
        writer.write(cv2.cvtColor((np.clip(pixels, 0, 1) * 255).astype(np.uint8), cv2.COLOR_RGB2BGR))
    writer.release()
    write_presses(out / "presses.jsonl")
    write_description(out / "walk.toml")
    return path


def write_presses(path: Path) -> None:
    """One line per press: {"at": seconds, "button": ..., "kind": ...}."""
    lines = [json.dumps({"at": at, "button": button, "kind": kind}) for at, button, kind in story.PRESSES]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_description(path: Path) -> None:
    """Title, names in the order in which they are taught, and the timeline."""
    lines = ["# Rendered by `fingerpost data walk`; change learning/rendering/story.py, not this file.",
             f'title = "{story.TITLE}"', 'video = "walk.mp4"', 'presses = "presses.jsonl"',
             f"frames_per_second = {story.FPS}", f"seconds = {story.END}",
             f"names = {json.dumps(list(story.NAMES))}"]
    for at, what in story.TIMELINE:
        lines += ["", "[[timeline]]", f"at = {at}", f'what = "{what}"']
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost data walk`."""
    parser.add_argument("--out", type=Path, required=True, help="for walk.mp4, presses.jsonl, walk.toml")


def main(args: argparse.Namespace) -> int:
    """Run `fingerpost data walk`."""
    path = render_walk(args.out)
    print(f"rendered {path} ({story.END:.0f} s, {path.stat().st_size / 1e6:.1f} MB)")
    return 0
