"""Pictures of an evaluation: the error curve, and the worst frames on one sheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ..datasets import read_picture

if TYPE_CHECKING:
    from .fingertip import Sight

WORST = 24
_TILE = (320, 240)
_LABELLED, _FOUND = (0, 220, 0), (255, 40, 40)


def draw_fingertip(sights: list[Sight], folder: Path) -> None:
    """Write errors.png (share of the frames within a distance) and worst.jpg (green: label, red: found)."""
    folder.mkdir(parents=True, exist_ok=True)
    ordered = sorted(sights, key=lambda sight: -sight.error_px)
    draw_errors([sight.error_px for sight in ordered], folder / "errors.png")
    tiles = [draw_sight(sight) for sight in ordered[:WORST]]
    while len(tiles) % 4:
        tiles.append(np.zeros_like(tiles[0]))
    rows = [np.hstack(tiles[start:start + 4]) for start in range(0, len(tiles), 4)]
    if rows:
        cv2.imwrite(str(folder / "worst.jpg"), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))


def draw_sight(sight: Sight) -> np.ndarray:
    """One frame with its labelled and its found point, RGB uint8 (240, 320, 3)."""
    tile = cv2.resize(read_picture(sight.path), _TILE, interpolation=cv2.INTER_AREA)
    for place, colour in ((sight.label, _LABELLED), (sight.place, _FOUND)):
        if place is None:
            continue
        centre = tuple(np.round(np.multiply(place, _TILE)).astype(int).tolist())
        cv2.circle(tile, centre, 5, colour, 2, cv2.LINE_AA)
    words = f"{sight.error_px:.0f} px  {sight.presence:.2f}"
    cv2.putText(tile, words, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(tile, words, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, cv2.LINE_AA)
    return tile


def draw_errors(errors_px: list[float], path: Path) -> None:
    """The share of frames whose error is at most so many pixels."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(5, 3))
    ordered = np.sort(errors_px)
    axis.plot(ordered, np.arange(1, len(ordered) + 1) / max(1, len(ordered)))
    axis.set(xlim=(0, 60), ylim=(0, 1), xlabel="error in pixels of a 640x480 frame", ylabel="share of frames")
    axis.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
