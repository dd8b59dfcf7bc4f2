"""The walks that the project brings: a lesson at a table, and things side by side.

Their things are drawn by `shapes`, with other code than those that the shipped detector has learned from.
"""

from __future__ import annotations

from . import shapes
from .shapes import moved
from .story import AWAY, Stop, Story
from .table import Table, drawn_table

MUG, BOX, BOTTLE, BALL, COIN = 1, 2, 3, 4, 5
REST = 6
"""Things at which nobody points have numbers from here on."""
SEED = 5


def lesson_table() -> Table:
    """Where the wearer learns: mug, box, and things that are none of theirs, out of the way of both."""
    return drawn_table([
        *moved(shapes.mug(MUG), -0.14, -0.10, 200),
        *moved(shapes.striped_box(BOX), 0.10, -0.14, 24),
        *moved(shapes.ball(0.035, shapes.ORANGE, REST), -0.26, 0.02), *moved(shapes.plate(REST + 1), -0.03, -0.54),
    ], SEED)


def later_table() -> Table:
    """Another part of the table: the mug turned round, a bottle, the box farther off."""
    return drawn_table([
        *moved(shapes.mug(MUG), 0.08, -0.12, -140), *moved(shapes.bottle(BOTTLE), -0.14, -0.12),
        *moved(shapes.striped_box(BOX), 0.33, -0.27, -30), *moved(shapes.plate(REST), 0.06, -0.60),
        *moved(shapes.notebook(REST + 1), -0.22, 0.07, -20),
    ], SEED + 1)


def row_of_things() -> Table:
    """Bottle, mug, box and ball side by side, and before them a coin, for which the detector has no name."""
    return drawn_table([
        *moved(shapes.bottle(BOTTLE), -0.22, -0.20), *moved(shapes.mug(MUG), -0.075, -0.16, 190),
        *moved(shapes.striped_box(BOX), 0.10, -0.18, 15), *moved(shapes.ball(0.045, shapes.ORANGE, BALL), 0.26, -0.18),
        *moved(shapes.coin(COIN), -0.21, 0.05),
    ], SEED + 2)


TEACHING = Story(
    "Teaching two things at a table", "crop", (lesson_table, later_table), turns=(46.0,), end=58.0,
    names=("red mug", "striped box"),
    stops=(
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
        Stop(56.9, 58.0, AWAY),
    ),
    presses=(
        (6.6, "mode", "short"),
        (8.2, "action", "short"), (10.6, "action", "short"), (13.0, "action", "short"), (15.4, "action", "short"),
        (17.2, "action", "long"), (20.6, "mode", "short"),
        (25.2, "mode", "short"),
        (26.7, "action", "short"), (29.1, "action", "short"), (31.5, "action", "short"),
        (33.9, "action", "short"),
        (35.7, "action", "long"), (39.0, "mode", "short"),
    ),
    timeline=(
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
    ),
)

SHELF = Story(
    "Pointing at things side by side", "detector", (row_of_things,), turns=(), end=26.0,
    stops=(
        Stop(0.0, 2.0, AWAY),
        Stop(3.2, 6.2, BOTTLE, 30), Stop(7.0, 10.0, MUG, 26), Stop(10.8, 13.8, BOX, 22), Stop(14.6, 17.6, BALL, -6),
        Stop(18.4, 21.4, BOX, 20),  # and back again
        Stop(22.2, 24.8, COIN, 70),  # nothing that it knows
        Stop(25.6, 26.0, AWAY),
    ),
    timeline=(
        (0.0, "ready; a row of things"),
        (3.2, "points at a bottle"),
        (7.0, "at the mug beside it"),
        (10.8, "at the box"),
        (14.6, "at the ball"),
        (18.4, "at the box again"),
        (22.2, "at a coin, with nothing behind it that is known"),
        (25.6, "the hand leaves"),
    ),
)

STORIES = {"teaching": TEACHING, "shelf": SHELF}
"""The walks by the names of their folders."""
