"""`fingerpost data walk`: a recorded walk, a wearer's own view of a table, made without any photo."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from ...core.errors import DataError
from .compose import layer_of, over
from .hand import HandPicture, View, render_hand
from .light import shaded
from .pose import Pose
from .skin import Skin
from .stories import STORIES
from .story import AWAY, Stop, Story, ease
from .table import CAMERA, LIGHT, SIZE, Table, hand_shadow

SEED = 5
FPS = 12
TURN_SECONDS = 0.6
FIELD_OF_VIEW = float(np.degrees(2 * np.arctan(SIZE[0] / 2 / CAMERA.focal)))
OUTSIDE = np.array([1.12, 1.30])  # where the tip waits, in frame widths and heights: out of sight
POSE = Pose(
    {"index": (4.0, 8.0, 5.0), "middle": (74.0, 96.0, 45.0), "ring": (76.0, 98.0, 45.0),
     "pinky": (72.0, 95.0, 45.0), "thumb": (-15.0, 30.0, 48.0)},
    {"index": 0.0, "middle": 0.0, "ring": -3.0, "pinky": -6.0, "thumb": 0.0}, oppose=58.0, adduct=2.0,
)
SKIN = Skin((0.45, 0.235, 0.15), sleeved=True, bracelet=False, varnish=False)


def hand_at(tip: np.ndarray, in_plane: float) -> HandPicture:
    """The wearer's hand with its tip at (x, y) pixels; the same skin and sleeve every time."""
    view = View(in_plane, pitch=34.0, roll=-12.0, field_of_view=FIELD_OF_VIEW, fist_share=0.185,
                tip_x=tip[0] / SIZE[0], tip_y=tip[1] / SIZE[1], wrist_sideways=8.0, wrist_down=-6.0,
                mirrored=False)
    return render_hand(CAMERA, "right", POSE, view, SKIN, np.random.default_rng(SEED))


def resting_tip(table: Table, stop: Stop) -> np.ndarray:
    """Where the tip rests at a stop: before the thing's near edge, where the finger points at its middle."""
    if stop.thing == AWAY:
        return OUTSIDE * SIZE
    guess = table.middle(stop.thing)
    for _ in range(3):  # perspective turns the finger a little as it moves
        hand = hand_at(guess, stop.in_plane)
        along = (hand.tip - hand.knuckle) / np.linalg.norm(hand.tip - hand.knuckle)
        sideways = np.array([-along[1], along[0]])
        guess = table.near_edge(stop.thing, along) - stop.gap * along + stop.aside * sideways
    return guess


def hand_position(story: Story, at: float, tips: list[np.ndarray]) -> tuple[np.ndarray, float]:
    """Tip and in-plane angle at a time, with the slight unrest of a hand held up."""
    start, end, share = story.between(at)
    first, second = (tips[story.stops.index(stop)] for stop in (start, end))
    slow, quick = np.sin([5.1 * at, 4.3 * at + 2]), np.sin([11.3 * at + 1, 9.7 * at])
    unrest = 0.7 * slow + 0.35 * quick
    return first * (1 - share) + second * share + unrest, start.in_plane * (1 - share) + end.in_plane * share


def with_hand(table: Table, tip: np.ndarray, in_plane: float) -> np.ndarray:
    """The table with the hand's shadow and the hand, sRGB float32."""
    hand = hand_at(tip, in_plane)
    colours = shaded(hand.buffers, LIGHT)
    layer = layer_of(colours, hand.buffers.part > 0, 0.0, np.random.default_rng(SEED))
    return over(table.pixels * (1 - 0.4 * hand_shadow(hand))[..., None], layer)


def view_at(story: Story, at: float, tables: list[Table], tips: list[np.ndarray]) -> np.ndarray:
    """One frame: a table, or the blur of turning from one to the next, and the hand."""
    number = story.table_at(at)
    turned = ease((at - story.turns[number - 1]) / TURN_SECONDS) if number else 1.0
    if 0 < turned < 1:
        return turning(tables[number - 1], tables[number], turned)
    table = tables[number if turned else number - 1]
    tip, in_plane = hand_position(story, at, tips)
    return table.pixels if (tip > OUTSIDE * SIZE - 4).all() else with_hand(table, tip, in_plane)


def turning(before: Table, after: Table, share: float) -> np.ndarray:
    """The head turns right: both views slide past, smeared most in the middle of the turn."""
    both = np.hstack([before.pixels, after.pixels])
    start = round(share * SIZE[0])
    smear = max(1, round(60 * 4 * share * (1 - share)))
    return cv2.blur(both[:, start : start + SIZE[0]], (smear, 1))


def render_walk(story: Story, out: Path) -> Path:
    """Write OUT/walk.mp4, OUT/walk.toml and, if any button is pressed, OUT/presses.jsonl; returns the video's path."""
    out.mkdir(parents=True, exist_ok=True)
    tables = [draw() for draw in story.tables]
    tips = [resting_tip(tables[story.table_at(stop.since)], stop) for stop in story.stops]
    path = out / "walk.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FPS, SIZE)
    if not writer.isOpened():
        raise DataError(f"{path} cannot be written as mp4; free some space or name another folder")
    grain = np.random.default_rng(SEED)
    for number in tqdm(range(round(story.end * FPS)), desc="rendering the walk", unit="frame", disable=None):
        pixels = view_at(story, number / FPS, tables, tips)
        pixels = pixels + 0.006 * grain.standard_normal((*pixels.shape[:2], 1), dtype=np.float32)
        writer.write(cv2.cvtColor((np.clip(pixels, 0, 1) * 255).astype(np.uint8), cv2.COLOR_RGB2BGR))
    writer.release()
    if story.presses:
        write_presses(story, out / "presses.jsonl")
    write_description(story, out / "walk.toml")
    return path


def write_presses(story: Story, path: Path) -> None:
    """One line per press: {"at": seconds, "button": ..., "kind": ...}."""
    lines = [json.dumps({"at": at, "button": button, "kind": kind}) for at, button, kind in story.presses]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_description(story: Story, path: Path) -> None:
    """Title, the way to look, names in the order in which they are taught, and the timeline."""
    lines = ["# Rendered by `fingerpost data walk`; change learning/rendering/stories.py, not this file.",
             f'title = "{story.title}"', f'recogniser = "{story.recogniser}"', 'video = "walk.mp4"',
             *(['presses = "presses.jsonl"'] if story.presses else []),
             f"frames_per_second = {FPS}", f"seconds = {story.end}", f"names = {json.dumps(list(story.names))}"]
    for at, what in story.timeline:
        lines += ["", "[[timeline]]", f"at = {at}", f'what = "{what}"']
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost data walk`."""
    parser.add_argument("--story", choices=tuple(STORIES), default="teaching",
                        help="which walk to render (default %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="for walk.mp4, walk.toml and presses.jsonl")


def main(args: argparse.Namespace) -> int:
    """Run `fingerpost data walk`."""
    story = STORIES[args.story]
    path = render_walk(story, args.out)
    print(f"rendered {path} ({story.end:.0f} s, {path.stat().st_size / 1e6:.1f} MB)")
    return 0
