"""Real hands out of labelled photos: their outline, where they point, and the photo around them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ...core.errors import DataError
from ..datasets import read_picture

PAD_TO_TIP_PIXELS = 12  # at 640 wide; the pad lies 9 to 24 px, median 15, inside the tip: a careful middle
COLUMNS = {"image", "x", "y", "thumb_x", "thumb_y", "left", "top", "right", "bottom"}
NEAR_TIP_PIXELS = 60
MARGIN_PIXELS = 14
LARGEST_FILL = 0.66  # an outline that fills more of the hand's box has swallowed its background


@dataclass(frozen=True, eq=False)
class RealHand:
    """A photographed hand at the frame's size: `photo` (H, W, 3) RGB, `alpha` (H, W) of the hand in [0, 1],
    its `box` (left, top, right, bottom), `tip` and unit `direction` in pixels."""

    photo: np.ndarray
    alpha: np.ndarray
    tip: np.ndarray
    direction: np.ndarray
    box: tuple[float, float, float, float]


def hand_rows(table: Path) -> list[dict[str, str]]:
    """The rows of a CSV with image, x, y (the pad), thumb_x, thumb_y, left, top, right, bottom."""
    try:
        with table.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise DataError(f"{table} cannot be read ({error}); name the CSV of labelled hands") from error
    missing = sorted(COLUMNS - set(rows[0] if rows else ()))
    if missing:
        raise DataError(f"{table} lacks the columns {', '.join(missing)}; name a CSV that has hand boxes")
    return rows


def real_hand(folder: Path, row: dict[str, str], size: tuple[int, int]) -> RealHand | None:
    """Cut one hand out; None where the outline cannot be trusted.

    The labelled point is the pad, so the tip is taken to lie PAD_TO_TIP_PIXELS further along the finger.
    """
    photo = read_picture(folder / row["image"])
    scale = np.array([size[0] / photo.shape[1], size[1] / photo.shape[0]])
    photo = cv2.resize(photo, size, interpolation=cv2.INTER_CUBIC)
    point = {key: np.array([float(row[x]), float(row[y])]) * scale
             for key, x, y in (("pad", "x", "y"), ("thumb", "thumb_x", "thumb_y"),
                               ("start", "left", "top"), ("end", "right", "bottom"))}
    outline = hand_outline(photo, point["pad"], point["thumb"], point["start"], point["end"])
    fill = outline.sum() / np.prod(point["end"] - point["start"])
    direction = finger_direction(outline, point["pad"])
    middle = (point["start"] + point["end"]) / 2
    outward = (point["pad"] - middle) / np.linalg.norm(point["pad"] - middle)
    if fill > LARGEST_FILL or direction is None or direction @ outward < 0.5:
        return None
    alpha = cv2.GaussianBlur(outline.astype(np.float32), (0, 0), 1.2)
    tip = point["pad"] + PAD_TO_TIP_PIXELS * size[0] / 640 * direction
    return RealHand(photo, alpha, tip, direction, (*point["start"].tolist(), *point["end"].tolist()))


def hand_outline(photo: np.ndarray, pad: np.ndarray, thumb: np.ndarray, start: np.ndarray,
                 end: np.ndarray) -> np.ndarray:
    """The hand inside its box as 0 and 1, by GrabCut at half size from skin colour and both labelled tips."""
    small = cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    guess = np.full(small.shape[:2], cv2.GC_BGD, np.uint8)
    left, top = np.maximum((start - MARGIN_PIXELS) / 2, 0).astype(int)
    right, bottom = ((end + MARGIN_PIXELS) / 2).astype(int)
    inside = np.zeros_like(guess, bool)
    inside[top:bottom, left:right] = True
    chroma = cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb)
    skin = (chroma[..., 1] > 132) & (chroma[..., 2] < 128)
    guess[inside] = cv2.GC_PR_BGD
    guess[inside & skin] = cv2.GC_PR_FGD
    for tip in (pad, thumb):
        cv2.circle(guess, (int(tip[0] / 2), int(tip[1] / 2)), 3, cv2.GC_FGD, -1)
    cv2.setRNGSeed(0)  # GrabCut draws its first clusters at random
    cv2.grabCut(small, guess, (0, 0, 0, 0), np.zeros((1, 65)), np.zeros((1, 65)), 4, cv2.GC_INIT_WITH_MASK)
    hand = ((guess == cv2.GC_FGD) | (guess == cv2.GC_PR_FGD)).astype(np.uint8)
    _, regions = cv2.connectedComponents(hand)
    hand = (regions == regions[int(pad[1] / 2), int(pad[0] / 2)]).astype(np.float32)
    whole = cv2.resize(hand, (photo.shape[1], photo.shape[0]), interpolation=cv2.INTER_LINEAR)
    return (whole > 0.5).astype(np.uint8)


def finger_direction(outline: np.ndarray, pad: np.ndarray) -> np.ndarray | None:
    """Where the last segment points: from the middle of the outline around the pad to the pad itself."""
    rows, columns = np.nonzero(outline)
    reach = NEAR_TIP_PIXELS * outline.shape[1] / 640
    near = np.hypot(columns - pad[0], rows - pad[1]) < reach
    if not near.any():
        return None
    along = pad - np.array([columns[near].mean(), rows[near].mean()])
    length = np.linalg.norm(along)
    return along / length if length > reach / 8 else None
