"""Fitting the wearer's offset: robust, and judged only by targets that it was not fitted to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Dict, List, Sequence

import numpy as np

from ..core.errors import DataError
from ..vision.offset import LARGEST, TipOffset, measure_offset
from .touches import Touch

FEWEST_TARGETS = 5
WORST_PX = 20.0
"""Pixels of 640: by more the tip may not be off in the end, or the touches do not agree with one another."""
CERTAIN = 2.0
"""The gain has to be so many times its own standard error."""


@dataclass(frozen=True)
class FittedOffset:
    """An offset, and by how many pixels of a frame 640 wide the tip is off on average without it and with it, each
    target by an offset that was fitted to the others."""

    offset: TipOffset
    before_px: float
    after_px: float
    targets: int


def fit_offset(touches: Sequence[Touch]) -> FittedOffset:
    """The offset that takes the found tips to the touched targets. Raises DataError where it would not help."""
    groups: Dict[int, List[Touch]] = defaultdict(list)
    for touch in touches:
        groups[touch.target].append(touch)
    if len(groups) < FEWEST_TARGETS:
        raise DataError(f"{len(groups)} targets were touched, and {FEWEST_TARGETS} are needed: put the finger on other "
                        "corners and edges too")
    needed = np.array([np.median([measure_offset(touch.tip, touch.truth) for touch in group], axis=0)
                       for group in groups.values()])
    fitted, before, after = _middle(needed), [], []
    for number, group in enumerate(groups.values()):
        before.append(_miss(group, TipOffset(0.0, 0.0)))
        after.append(_miss(group, _middle(np.delete(needed, number, axis=0))))
    result = FittedOffset(fitted, float(np.mean(before)), float(np.mean(after)), len(groups))
    _judge(result, np.array(before) - np.array(after))
    return result


def _middle(needed: np.ndarray) -> TipOffset:
    """The median of offsets (N, 2): one target that was missed does not move it."""
    along, across = np.median(needed, axis=0).tolist()
    return TipOffset(along, across)


def _miss(group: Sequence[Touch], offset: TipOffset) -> float:
    """By how many pixels of 640 the tip is off on one target, the median of its frames."""
    misses = []
    for touch in group:
        tip = offset.correct(touch.tip)
        misses.append(np.hypot(tip.x - touch.truth[0], tip.y - touch.truth[1]) * 640.0 / touch.width)
    return float(np.median(misses))


def _judge(fitted: FittedOffset, gains: np.ndarray) -> None:
    """Raises DataError for an offset that must not be used. `gains` is by how much each left-out target got better."""
    offset = fitted.offset
    if max(abs(offset.along), abs(offset.across)) > LARGEST:
        raise DataError("the finger is found more than half its length from the targets: put its tip, not another "
                        "part of it, on them")
    if fitted.after_px > WORST_PX:
        raise DataError(f"the tip would still be off by {fitted.after_px:.0f} pixels, and {WORST_PX:.0f} are accepted: "
                        "put the tip right on the targets, hold still, and use more light")
    if gains.mean() <= CERTAIN * gains.std(ddof=1) / np.sqrt(len(gains)):
        raise DataError(f"no correction is needed: the tip is off by {fitted.before_px:.1f} pixels, and would be by "
                        f"{fitted.after_px:.1f}, which is no better for certain")
