"""MediaPipe Hands on the frames of our own evaluation, in an environment of its own."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np

from ...core.errors import ModelError
from ...progress import Progress
from .common import rounded
from .sights import HEIGHT, WIDTH, Sight, describe_errors

CHILD = Path(__file__).with_name("mediapipe_child.py")
INSTALL = "python3 -m venv mediapipe && mediapipe/bin/pip install mediapipe==0.10.21"
REMEDY = f"run `{INSTALL}`, then add --peer-python mediapipe/bin/python"
NOWHERE = (np.nan, np.nan)


class Answer(NamedTuple):
    """What the peer says of one frame: tip and last joint as shares (None: no hand), and its milliseconds.

    `ms_tracking` is of the same frame shown again to a tracker, None where that has no hand to follow.
    """

    tip: Sequence[float] | None
    joint: Sequence[float] | None
    ms: float
    ms_tracking: float | None


def ask_mediapipe(python: str, paths: Sequence[Path], threads: int) -> list[Answer]:
    """Run MediaPipe Hands by the given Python on every picture. Raises ModelError when that Python cannot."""
    with tempfile.TemporaryFile("w+") as names, tempfile.TemporaryFile("w+") as complaints:
        names.write("\n".join(map(str, paths)))
        names.seek(0)
        try:
            # -I keeps the child's folder off its path: our `objects` or `plots` must not stand in for a package
            child = subprocess.Popen([python, "-I", str(CHILD), str(threads)], stdin=names,
                                     stdout=subprocess.PIPE, stderr=complaints, text=True)
        except OSError as error:
            raise ModelError(f"{python} does not start ({error.strerror}): {REMEDY}") from error
        with child:
            answers = [read_answer(line) for line in Progress(child.stdout or (), "mediapipe", len(paths))]
        if child.returncode or len(answers) != len(paths):
            raise ModelError(f"MediaPipe does not run in {python} ({last_line(complaints)}): {REMEDY}")
    return answers


def read_answer(line: str) -> Answer:
    """One line of the child."""
    said = json.loads(line)
    return Answer(said["tip"], said["joint"], said["ms"], said["ms_tracking"])


def last_line(file: TextIO) -> str:
    """The last line of what was written to a file: where Python names its error."""
    file.seek(0)
    lines = file.read().strip().splitlines()
    return lines[-1] if lines else "it says nothing"


def measure_mediapipe(sights: list[Sight], answers: list[Answer]) -> dict[str, Any]:
    """The peer's figures, as ours are counted; `..._corrected` without its constant offset (`list_peer_errors`).

    Milliseconds are of the frames with a labelled hand, where there are any: without a hand in view the peer runs only
    the first half of itself. `ms_tracking` is of those where its tracker has the hand.
    """
    raw, corrected = (describe_errors(errors) for errors in list_peer_errors(sights, answers))
    empty = [answer.tip is not None for sight, answer in zip(sights, answers) if sight.label is None]
    timed = [answer for sight, answer in zip(sights, answers) if sight.label is not None] or answers
    tracking = [answer.ms_tracking for answer in timed if answer.ms_tracking is not None]
    return {**raw, **{f"{key}_corrected": value for key, value in corrected.items() if key != "found"},
            "false_hands": rounded(np.mean(empty), 4) if empty else None,
            "ms_per_image": rounded(np.median([answer.ms for answer in timed])),
            "ms_tracking": rounded(np.median(tracking)) if tracking else None}


def list_peer_errors(sights: list[Sight], answers: list[Answer]) -> tuple[np.ndarray, np.ndarray]:
    """The peer's errors on the labelled hands in pixels, NaN where it finds none: raw, and with its offset removed.

    Its landmark lies on the pad of the finger, the label on the outermost point. So each landmark is moved along the
    last segment by one and the same share of that segment's length, the one that suits these very labels best:
    this favours the peer, and is meant to.
    """
    pairs = [(sight, answer) for sight, answer in zip(sights, answers) if sight.label is not None]
    frame = (WIDTH, HEIGHT)
    labels = np.array([sight.label for sight, _ in pairs]).reshape(-1, 2) * frame
    tips = np.array([answer.tip or NOWHERE for _, answer in pairs]).reshape(-1, 2) * frame
    joints = np.array([answer.joint or NOWHERE for _, answer in pairs]).reshape(-1, 2) * frame
    moved = tips + estimate_offset(tips, joints, labels) * (tips - joints)
    return np.hypot(*(tips - labels).T), np.hypot(*(moved - labels).T)


def estimate_offset(tips: np.ndarray, joints: np.ndarray, labels: np.ndarray) -> float:
    """How far the labels lie past the peer's tips along its last segments: the median, in lengths of the segment.

    All in pixels (n, 2), NaN where no hand was found; 0 when there is none at all.
    """
    segments = tips - joints
    lengths = (segments ** 2).sum(axis=1)
    shares = ((labels - tips) * segments).sum(axis=1)[lengths > 0] / lengths[lengths > 0]
    return float(np.median(shares)) if len(shares) else 0.0
