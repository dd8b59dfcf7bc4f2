"""What happens in a rendered walk: what lies there, where the hand is when, which button is pressed. In seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .table import Table

AWAY = 0
"""The number of the thing that the hand is at while it is out of sight."""


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


@dataclass(frozen=True)
class Story:
    """A walk. The head turns from one table to the next at `turns`; `names` are taught in this order; `recogniser` is
    the setting of that name; the timeline tells it in words."""

    title: str
    recogniser: str
    tables: tuple[Callable[[], Table], ...]
    turns: tuple[float, ...]
    stops: tuple[Stop, ...]
    end: float
    timeline: tuple[tuple[float, str], ...]
    presses: tuple[tuple[float, str, str], ...] = ()
    names: tuple[str, ...] = ()

    def table_at(self, at: float) -> int:
        """The number of the table that is looked at, or to which the head is turning."""
        return sum(at > turn for turn in self.turns)

    def between(self, at: float) -> tuple[Stop, Stop, float]:
        """The stop the hand comes from, the one it goes to, and how far it is between them, in [0, 1]."""
        for here, following in zip(self.stops, self.stops[1:]):
            if at < here.until:
                return here, here, 0.0
            if at < following.since:
                return here, following, ease((at - here.until) / (following.since - here.until))
        return self.stops[-1], self.stops[-1], 0.0


def ease(share: float) -> float:
    """Smooth start and stop between 0 and 1: the minimum-jerk polynomial (Flash and Hogan, 1985)."""
    share = float(np.clip(share, 0, 1))
    return share**3 * (10 - 15 * share + 6 * share**2)
