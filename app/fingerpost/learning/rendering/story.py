"""What happens in the demo walk: where the hand is when, and which button is pressed. Times in seconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MUG, BOX, BOTTLE, AWAY = 1, 2, 3, 0
TITLE = "Teaching two things at a table"
NAMES = ("red mug", "striped box")
FPS = 12
TURN_AT, TURN_SECONDS = 46.0, 0.6  # the wearer looks to another part of the table
END = 58.0


@dataclass(frozen=True)
class Stop:
    """The hand rests from `since` to `until` on a thing (or AWAY), turned `in_plane` degrees left of
    straight up, `aside` pixels beside the thing's middle and `gap` pixels before it."""

    since: float
    until: float
    thing: int
    in_plane: float = 32.0
    aside: float = 0.0
    gap: float = 16.0


STOPS = (
    Stop(0.0, 2.0, AWAY),
    Stop(3.2, 8.4, MUG, 34),  # not sure; then to teaching, and the first sample
    Stop(9.0, 10.8, MUG, 30, 8, 20), Stop(11.4, 13.2, MUG, 38, -8, 14), Stop(13.8, 20.8, MUG, 33, 4, 22),
    Stop(22.0, 26.9, BOX, 28),  # not sure again; then the same lesson
    Stop(27.5, 29.3, BOX, 33, 8, 20), Stop(29.9, 31.7, BOX, 24, -8, 12), Stop(32.3, 39.2, BOX, 29, 4, 18),
    Stop(40.0, 40.3, AWAY),
    Stop(41.4, 44.6, BOX, 30, -3, 16),  # named
    Stop(45.6, 47.0, AWAY),
    Stop(48.2, 51.4, MUG, 27, 3, 18),  # named, from another side
    Stop(52.6, 55.8, BOTTLE, 36),  # never taught: not sure
    Stop(56.9, END, AWAY),
)

PRESSES = (
    (6.6, "mode", "short"),
    (8.2, "action", "short"), (10.6, "action", "short"), (13.0, "action", "short"), (15.4, "action", "short"),
    (17.2, "action", "long"), (20.6, "mode", "short"),
    (25.2, "mode", "short"),
    (26.7, "action", "short"), (29.1, "action", "short"), (31.5, "action", "short"),
    (33.9, "action", "short"),
    (35.7, "action", "long"), (39.0, "mode", "short"),
)

TIMELINE = (
    (0.0, "ready; the table lies there"),
    (3.2, "points at a red mug that it does not know"),
    (6.6, "to teaching; four samples of the mug, then done"),
    (20.6, "back to pointing"),
    (22.0, "points at a striped box that it does not know"),
    (25.2, "to teaching; four samples of the box, then done"),
    (39.0, "back to pointing"),
    (41.4, "points at the box: named"),
    (46.0, "looks to another part of the table"),
    (48.2, "points at the mug from another side: named"),
    (52.6, "points at a green bottle that was never taught"),
    (56.9, "the hand leaves"),
)


def ease(share: float) -> float:
    """Smooth start and stop between 0 and 1: the minimum-jerk polynomial (Flash and Hogan, 1985)."""
    share = float(np.clip(share, 0, 1))
    return share**3 * (10 - 15 * share + 6 * share**2)


def between(at: float) -> tuple[Stop, Stop, float]:
    """The stop the hand comes from, the one it goes to, and how far it is between them, in [0, 1]."""
    for here, following in zip(STOPS, STOPS[1:]):
        if at < here.until:
            return here, here, 0.0
        if at < following.since:
            return here, following, ease((at - here.until) / (following.since - here.until))
    return STOPS[-1], STOPS[-1], 0.0
