"""`fingerpost evaluate tracking`: how steady the followed tip is at rest, and how far it trails in motion."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import DataError
from ...core.types import Fingertip
from ...devices.replay import Recording
from ...inference.onnx import OnnxBackend
from ...progress import Progress
from ...vision.fingertip import FingertipFinder
from ...vision.tracking import Tracker
from ..charts import load_pyplot, save_chart
from .common import find_model, print_figures, rounded
from .sights import HEIGHT, WIDTH

VIDEO_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm")
SMOOTH_SECONDS = 0.12
"""Standard deviation of the bell that weighs the neighbours of a frame to tell motion from noise: about half a second
wide."""
DRIFT_SECONDS = 0.25
"""The same for the local mean about which jitter is measured: twice as wide, since what wavers slowly is jitter too."""
MOVING_SPEED = 100.0
"""Pixels a second of a frame of 640x480 from which the smoothed raw tip counts as moving. High enough for the bell, in
which a coming motion shows a tenth of a second early."""
REST_SECONDS = 0.25
"""Slower than that for so long, the tip rests. Wearers who draw in the air hardly stop for longer."""
LAGS = np.arange(-2.0, 8.0, 0.02)
"""Lags that are tried, in frames."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost evaluate tracking`."""
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="CLIP",
                        help="videos, folders of videos, or folders of frames")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write a plot per clip: raw and followed path")
    parser.add_argument("--model", type=Path, help="an ONNX file with manifest.json beside it, or their folder; "
                        "default: what ships")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def main(args: argparse.Namespace) -> int:
    """Measure finder and tracker on each clip and on all of them, and print the figures."""
    info = find_model("fingertip", args.model)
    with OnnxBackend(info.path, args.threads) as backend:
        finder = FingertipFinder(backend, info)
        motions = {str(path): follow(finder, path) for path in list_clips(args.data)}
    figures = summarise(list(motions.values()))
    figures["clips"] = {name: summarise([motion]) for name, motion in motions.items()}
    print_figures(figures, args.json)
    if args.plots:
        args.plots.mkdir(parents=True, exist_ok=True)
        for number, (name, motion) in enumerate(motions.items(), 1):  # clips of two folders may share a name
            draw_motion(motion, args.plots / f"{number}-{Path(name).stem}.png")
    return 0


@dataclass(frozen=True, eq=False)
class Motion:
    """One clip: `at` (n,) in seconds, and the tip before and after the tracker, both (n, 2) in pixels of a frame of
    640x480, NaN where no hand was found."""

    at: np.ndarray
    raw: np.ndarray
    followed: np.ndarray

    @property
    def found(self) -> np.ndarray:
        """Frames in which the finder alone sees a hand, (n,)."""
        return np.isfinite(self.raw[:, 0])

    @property
    def shown(self) -> np.ndarray:
        """Frames in which a hand is followed, (n,)."""
        return np.isfinite(self.followed[:, 0])


def list_clips(data: Sequence[Path]) -> list[Path]:
    """Each video, each video of a folder, and each folder without videos, which holds frames."""
    clips = []
    for path in data:
        videos = [file for file in sorted(path.glob("*")) if file.suffix.lower() in VIDEO_SUFFIXES]
        clips += videos or [path]
    return clips


def follow(finder: FingertipFinder, path: Path) -> Motion:
    """Run finder and tracker over one clip. Raises DataError when it cannot be played."""
    tracker, at, raw, followed = Tracker(finder.threshold), [], [], []
    for frame in Progress(Recording(path), path.stem):
        height, width = frame.pixels.shape[:2]
        guess = finder.guess(frame.pixels)
        scale = (WIDTH / width, HEIGHT / height)
        at.append(frame.at)
        raw.append(_place(guess if guess.confidence >= finder.threshold else None, scale))
        followed.append(_place(tracker.update(guess, frame.at, width), scale))
    if len(at) < 2:
        raise DataError(f"{path} holds a single frame: give a video")
    return Motion(np.array(at), np.array(raw), np.array(followed))


def smooth(at: np.ndarray, places: np.ndarray, seconds: float = SMOOTH_SECONDS) -> tuple[np.ndarray, np.ndarray]:
    """Places (n, 2) and velocities (n, 2) a second of a path without its noise and without any lag.

    Around each frame a line is fitted, its neighbours weighed by a bell (local linear regression, Cleveland 1979);
    uneven times and the ends of a path do not bend it.
    """
    apart = at[None] - at[:, None]
    weights = np.exp(-0.5 * (apart / seconds) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    middle = (weights * apart).sum(axis=1, keepdims=True)
    spread = (weights * (apart - middle) ** 2).sum(axis=1, keepdims=True)
    slopes = (weights * (apart - middle)) @ places / np.maximum(spread, 1e-9)
    return weights @ places - slopes * middle, slopes


def find_rests(motion: Motion) -> list[np.ndarray]:
    """The stretches, as frame numbers (n,), in which the smoothed raw tip is slow for at least REST_SECONDS."""
    seen = np.flatnonzero(motion.found)
    _, velocities = smooth(motion.at[seen], motion.raw[seen])
    slow = seen[np.linalg.norm(velocities, axis=1) < MOVING_SPEED]
    stretches = np.split(slow, np.flatnonzero(np.diff(slow) > 1) + 1)
    return [stretch for stretch in stretches
            if len(stretch) and motion.at[stretch[-1]] - motion.at[stretch[0]] >= REST_SECONDS - 1e-9]


def find_jitter(at: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Distances (n,) of a resting path's places (n, 2), some of them NaN, from its local mean, which may drift."""
    seen = np.isfinite(places[:, 0])
    centres, _ = smooth(at[seen], places[seen], DRIFT_SECONDS)
    return np.linalg.norm(places[seen] - centres, axis=1)


def find_lag(motion: Motion) -> tuple[float, int]:
    """By how many frames the followed tip trails the smoothed raw one while that moves, and how many frames tell.

    The lag is the shift of the smoothed path at which the squared distance is least.
    """
    at = motion.at[motion.found]
    centres, velocities = smooth(at, motion.raw[motion.found])
    moving = (np.linalg.norm(velocities, axis=1) >= MOVING_SPEED) & motion.shown[motion.found]
    if not moving.any():
        return float("nan"), 0
    followed, interval = motion.followed[motion.found][moving], float(np.median(np.diff(motion.at)))
    costs = [((followed - _path_at(at[moving] - lag * interval, at, centres)) ** 2).sum() for lag in LAGS]
    return float(LAGS[np.argmin(costs)]), int(moving.sum())


def summarise(motions: Sequence[Motion]) -> dict[str, Any]:
    """Jitter as a root mean square over all resting frames; lag as the mean of the clips' lags, weighed by their
    moving frames. None where no frame rests or moves."""
    raw, followed = [np.zeros(0)], [np.zeros(0)]
    for motion in motions:
        for rest in find_rests(motion):
            raw.append(find_jitter(motion.at[rest], motion.raw[rest]))
            followed.append(find_jitter(motion.at[rest], motion.followed[rest]))
    lags = [find_lag(motion) for motion in motions]
    moving = sum(count for _, count in lags)
    lag = sum(lag * count for lag, count in lags if count) / moving if moving else None
    return {"frames": sum(len(motion.at) for motion in motions),
            "found": sum(int(motion.found.sum()) for motion in motions),
            "followed": sum(int(motion.shown.sum()) for motion in motions),
            "rest_frames": sum(map(len, followed)),
            "rest_jitter_raw_px": _root_mean_square(raw), "rest_jitter_px": _root_mean_square(followed),
            "moving_frames": moving, "lag_frames": None if lag is None else rounded(lag)}


def draw_motion(motion: Motion, path: Path) -> None:
    """x and y over time: raw as dots, followed as a line, rests shaded."""
    figure, axes = load_pyplot().subplots(2, 1, figsize=(11, 7), sharex=True)
    for column, axis in enumerate(axes):
        axis.plot(motion.at, motion.raw[:, column], ".", color="tab:orange", label="raw")
        axis.plot(motion.at, motion.followed[:, column], color="tab:blue", label="followed")
        for rest in find_rests(motion):
            axis.axvspan(motion.at[rest[0]], motion.at[rest[-1]], color="tab:green", alpha=0.2)
        axis.set(ylabel="xy"[column] + ", pixels of a 640x480 frame")
        axis.grid(alpha=0.3)
    axes[0].legend()
    axes[1].set(xlabel="seconds; at rest where shaded")
    save_chart(figure, path)


def _place(tip: Fingertip | None, scale: tuple[float, float]) -> tuple[float, float]:
    return (float("nan"), float("nan")) if tip is None else (tip.x * scale[0], tip.y * scale[1])


def _path_at(times: np.ndarray, at: np.ndarray, places: np.ndarray) -> np.ndarray:
    return np.stack([np.interp(times, at, places[:, column]) for column in (0, 1)], axis=1)


def _root_mean_square(distances: Sequence[np.ndarray]) -> float | None:
    together = np.concatenate(distances)
    return rounded(np.sqrt((together ** 2).mean())) if len(together) else None
