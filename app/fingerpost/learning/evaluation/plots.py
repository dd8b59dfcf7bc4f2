"""Pictures of an evaluation: error curves, slices, the worst frames, and two tables side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ...vision.fingertip import TIP
from ..charts import load_pyplot, save_chart
from ..datasets import Row, read_picture
from ..rendering.pictures import write_picture, write_sheet

if TYPE_CHECKING:
    from .sights import Sight

WORST, WORST_COLUMNS = 24, 4
BESIDE_LINES, BESIDE_COLUMNS = 5, 3
_TILE = (320, 240)
_LABELLED, _FOUND = (0, 220, 0), (255, 40, 40)
_COLOURS = {"tip": _LABELLED, "pad": (255, 200, 0), "knuckle": (80, 160, 255)}
_GAP_PX, _HEADING_PX = 12, 26
_CURVE_PX = 60.0
"""How far the axis of the error curves goes; three times what still counts as near."""


def draw_fingertip(folder: Path, sights: Sequence[Sight], threshold: float, curves: Mapping[str, np.ndarray],
                   slices: Mapping[str, Mapping[str, Any]] | None) -> None:
    """Write errors.png, worst.jpg and worst_empty.jpg, and slices.png where there are slices.

    The hand-free pictures of worst_empty.jpg are those that look most like a hand to the network; those called
    "found", at the presence threshold, are the false hands.
    """
    folder.mkdir(parents=True, exist_ok=True)
    hands = [sight for sight in sights if sight.label is not None]
    empty = [sight for sight in sights if sight.label is None]
    if hands:
        draw_errors(curves, folder / "errors.png")
        draw_worst(hands, lambda sight: sight.error_px, threshold, folder / "worst.jpg")
    if empty:
        draw_worst(empty, lambda sight: sight.presence, threshold, folder / "worst_empty.jpg")
    if slices:
        draw_slices(slices, folder / "slices.png")


def draw_worst(sights: Sequence[Sight], badness: Callable[[Sight], float], threshold: float, path: Path) -> None:
    """A sheet of the frames with the highest badness, the worst first."""
    worst = sorted(sights, key=badness, reverse=True)[:WORST]
    write_sheet(path, [draw_sight(sight, threshold) for sight in worst], WORST_COLUMNS)


def draw_sight(sight: Sight, threshold: float) -> np.ndarray:
    """One frame as RGB uint8 (240, 320, 3): the labelled point green, the seen one red, the seen tip a red cross;
    and whether a hand was found at the presence threshold."""
    tile = draw_tile(read_picture(sight.path), sight.label, sight.place)
    if not np.isnan(sight.points[TIP]).any():
        cv2.drawMarker(tile, on_tile(sight.points[TIP]), _FOUND, cv2.MARKER_CROSS, 16, 1, cv2.LINE_AA)
    error = "" if sight.label is None else f"{sight.error_px:.0f} px  "
    found = "found" if sight.presence >= threshold else "not found"
    write_words(tile, f"{error}presence {sight.presence:.2f}  {found}")
    return tile


def draw_tile(pixels: np.ndarray, label: np.ndarray | None, place: np.ndarray | None) -> np.ndarray:
    """A frame as RGB uint8 (240, 320, 3) with the labelled place green and the found one red, both shares (2,); what
    is None or NaN is not drawn."""
    tile = cv2.resize(pixels, _TILE, interpolation=cv2.INTER_AREA)
    for point, colour in ((label, _LABELLED), (place, _FOUND)):
        if point is not None and not np.isnan(point).any():
            cv2.circle(tile, on_tile(point), 6, colour, 1, cv2.LINE_AA)
    return tile


def on_tile(place: np.ndarray) -> tuple[int, int]:
    """A place in shares as a pixel of a tile."""
    x, y = np.round(np.multiply(place, _TILE)).astype(int).tolist()
    return x, y


def write_words(picture: np.ndarray, words: str) -> None:
    """White words on a black strip in the upper left corner."""
    (width, height), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 1)
    cv2.rectangle(picture, (0, 0), (width + 10, height + 10), (0, 0, 0), cv2.FILLED)
    cv2.putText(picture, words, (5, height + 5), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, cv2.LINE_AA)


def draw_errors(curves: Mapping[str, np.ndarray], path: Path) -> None:
    """For each name the share of its errors, NaN for a missed hand, that is at most so many pixels."""
    figure, axis = load_pyplot().subplots(figsize=(6, 3.8))
    for (name, errors), style in zip(curves.items(), ("-", ":", "--")):
        near = np.sort(errors[errors <= _CURVE_PX])
        shares = np.arange(len(near) + 1) / max(1, len(errors))
        axis.step([0, *near, _CURVE_PX], [*shares, shares[-1]], style, where="post", label=name)
    axis.set(xlim=(0, _CURVE_PX), ylim=(0, 1.02), xlabel="error in pixels of a 640x480 frame",
             ylabel="share of all labelled hands")
    axis.legend(loc="lower right")
    axis.grid(alpha=0.3)
    save_chart(figure, path)


def draw_slices(slices: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Bars of each slice: the median error of the found hands, and the share of all within 20 px."""
    names = [f"{name.replace('_', ' ')} ({figures['n']})" for name, figures in slices.items()]
    medians = [figures["median_px"] for figures in slices.values()]
    shares = [figures["within_20px"] / figures["n"] for figures in slices.values()]
    figure, axes = load_pyplot().subplots(1, 2, sharey=True, figsize=(8, 1 + 0.3 * len(names)))
    for axis, values, title, form in ((axes[0], medians, "median error of the found hands, px", "{:.1f}"),
                                      (axes[1], shares, "share of all hands within 20 px", "{:.2f}")):
        bars = axis.barh(names, [value or 0.0 for value in values], color="tab:blue")
        axis.bar_label(bars, ["none found" if value is None else form.format(value) for value in values], padding=3)
        axis.set_title(title, fontsize=10)
        axis.margins(x=0.15)
    axes[0].invert_yaxis()
    save_chart(figure, path)


def draw_beside(tables: Sequence[tuple[str, Sequence[Row]]], path: Path) -> None:
    """Labelled frames of named tables side by side. The labels: tip green, pad yellow, knuckle blue."""
    write_picture(path, np.hstack([draw_table(name, rows) for name, rows in tables]))


def draw_table(name: str, rows: Sequence[Row]) -> np.ndarray:
    """A block of labelled frames, taken evenly from a table, below its name; a white gap ends it."""
    labelled = [row for row in rows if row.points]
    places = np.linspace(0, len(labelled), BESIDE_LINES * BESIDE_COLUMNS, endpoint=False).astype(int)
    tiles = [draw_row(labelled[place]) for place in places] if labelled else \
        [np.zeros((_TILE[1], _TILE[0], 3), np.uint8)] * len(places)
    lines = [np.hstack(tiles[start:start + BESIDE_COLUMNS]) for start in range(0, len(tiles), BESIDE_COLUMNS)]
    heading = np.zeros((_HEADING_PX, lines[0].shape[1], 3), np.uint8)
    write_words(heading, name)
    block = np.vstack([heading, *lines])
    return np.hstack([block, np.full((len(block), _GAP_PX, 3), 255, np.uint8)])


def draw_row(row: Row) -> np.ndarray:
    """One frame of a table with the points that it labels, RGB uint8 (240, 320, 3)."""
    pixels = read_picture(row.image)
    tile = cv2.resize(pixels, _TILE, interpolation=cv2.INTER_AREA)
    for name, place in row.points.items():
        share = np.divide(place, (pixels.shape[1], pixels.shape[0]))
        cv2.circle(tile, on_tile(share), 5, _COLOURS[name], 1, cv2.LINE_AA)
    return tile
