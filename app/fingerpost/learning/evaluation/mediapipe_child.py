"""Runs MediaPipe Hands over pictures, in a process and an environment of its own: it pins old packages.

Standard input holds one path a line; for each of them standard output gets one JSON object: `tip`, `joint` and
`knuckle` of the index finger as shares of width and height (null: no hand seen), `ms` of a single frame, and
`ms_tracking` of the same frame shown again to a tracker (null: the tracker has no hand). Needs numpy, OpenCV and
MediaPipe, and nothing of Fingerpost.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import cv2
import mediapipe

LANDMARKS = {"tip": 8, "joint": 7, "knuckle": 5}
"""MediaPipe's numbers of INDEX_FINGER_TIP, INDEX_FINGER_DIP and INDEX_FINGER_MCP."""


def main() -> None:
    """Look at every picture that standard input names, with as many threads as the only argument says."""
    limit_threads(int(sys.argv[1]))
    paths = sys.stdin.read().splitlines()
    hands = mediapipe.solutions.hands.Hands
    with hands(static_image_mode=True, max_num_hands=1) as single, \
            hands(static_image_mode=False, max_num_hands=1) as tracker:
        for path in paths:
            pixels = read_picture(path)
            points, ms = look(single, pixels)
            look(tracker, pixels)
            followed, ms_tracking = look(tracker, pixels)
            print(json.dumps({**points, "ms": ms, "ms_tracking": ms_tracking if followed["tip"] else None}), flush=True)


def limit_threads(count: int) -> None:
    """Keep to so many processor cores: MediaPipe has no option for its threads, but they share what there is."""
    cv2.setNumThreads(count)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def read_picture(path: str) -> Any:
    """RGB uint8 (H, W, 3); ends the process where there is no picture."""
    pixels = cv2.imread(path)
    if pixels is None:
        sys.exit(f"{path} cannot be read")
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def look(hands: Any, pixels: Any) -> tuple[dict[str, Any], float]:
    """The index finger in one frame, RGB uint8 (H, W, 3), and the milliseconds that it took."""
    began = time.perf_counter()
    seen = hands.process(pixels).multi_hand_landmarks
    ms = 1000 * (time.perf_counter() - began)
    if not seen:
        return dict.fromkeys(LANDMARKS), ms
    marks = seen[0].landmark
    return {name: (marks[number].x, marks[number].y) for name, number in LANDMARKS.items()}, ms


if __name__ == "__main__":
    main()
