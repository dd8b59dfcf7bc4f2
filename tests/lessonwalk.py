"""The first lesson as somebody goes through it: the pictures of the teaching walk held still, and when what is pressed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, Tuple

import cv2

from fingerpost.home import asset_home

HOLD_SECONDS, FRAMES_PER_SECOND = 0.5, 6.0
"""Each picture of the folder is to be shown for so long, in so many frames."""
AWAY, LEFT, AIMED, MUG, AGAIN = 0.0, 5.0, 55.0, 5.0, 50.0
"""Seconds of the walk: no hand; a tip that lies left; one that lies well; a mug, and the mug from another side."""
LOOKS = (8.2, 10.6, 13.0, 15.4)
"""Pictures from which the mug is learned well."""
TAP, HOLD, MODE, HOLD_MODE = ("action", "short"), ("action", "long"), ("mode", "short"), ("mode", "long")
SCRIPT = (
    (AWAY, 7.0, HOLD),  # the language
    (AWAY, 13.0, TAP), (AWAY, 5.0, MODE), (AWAY, 5.0, HOLD),  # the buttons
    (AWAY, 12.0, TAP), (AWAY, 2.5, TAP), (AWAY, 2.5, HOLD),  # the voice
    (AWAY, 10.0, MODE), (AWAY, 2.5, TAP), (AWAY, 2.5, HOLD),  # the volume
    (AWAY, 10.0, TAP), (AWAY, 2.5, MODE), (AWAY, 2.5, HOLD),  # the speech rate
    (AWAY, 9.0, TAP), (AWAY, 2.5, TAP), (AWAY, 2.5, HOLD),  # the hand
    (AWAY, 12.0, None), (LEFT, 8.0, None), (AIMED, 2.5, None),  # the camera
    (AWAY, 11.0, None), (MUG, 13.0, TAP),  # pointing, and hearing it again
    (MUG, 7.0, MODE),  # teaching
    (MUG, 10.0, None), (LOOKS[0], 1.0, TAP), (LOOKS[1], 6.0, TAP), (LOOKS[2], 6.0, TAP), (LOOKS[3], 6.0, TAP),
    (MUG, 5.0, HOLD), (AWAY, 9.0, MODE),
    (AWAY, 5.0, None), (AGAIN, 14.0, MODE),  # finding it again
    (AWAY, 12.0, HOLD_MODE), (AWAY, 12.0, None))  # taking it back
"""What is seen, for how long, and what is pressed then."""


def make_lesson(folder: Path) -> Tuple[Path, Path]:
    """Write the pictures and the presses into the folder; returns the folder of the pictures and the file of the
    presses."""
    frames, presses, count, at = folder / "frames", [], 0, 0.0
    frames.mkdir(parents=True)
    pictures = read_pictures()
    for second, seconds, press in SCRIPT:
        for _ in range(round(seconds / HOLD_SECONDS)):
            (frames / f"{count:04d}.jpg").write_bytes(pictures[second])
            count += 1
        at += seconds
        if press is not None:
            presses.append(json.dumps({"at": at, "button": press[0], "kind": press[1]}))
    path = folder / "presses.jsonl"
    path.write_text("\n".join(presses) + "\n", encoding="utf-8")
    return frames, path


def read_pictures() -> Dict[float, bytes]:
    """The pictures of the script as JPEG files, by seconds of the walk."""
    video = cv2.VideoCapture(str(asset_home() / "assets" / "walks" / "teaching" / "walk.mp4"))
    rate, pictures = video.get(cv2.CAP_PROP_FPS), {}
    for second in sorted({second for second, _, _ in SCRIPT}):
        video.set(cv2.CAP_PROP_POS_FRAMES, round(second * rate))
        pictures[second] = cv2.imencode(".jpg", video.read()[1])[1].tobytes()
    video.release()
    return pictures
