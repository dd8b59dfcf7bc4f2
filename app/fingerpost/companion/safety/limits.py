"""How often somebody may ask: buckets that fill again as time passes."""

from __future__ import annotations

from collections import OrderedDict
from typing import Callable, Hashable, Tuple

MOST_BUCKETS = 256


class Limit:
    """Lets each caller do `burst` things at once, and `rate` a second after that."""

    def __init__(self, burst: int, rate: float, now: Callable[[], float]) -> None:
        self._burst, self._rate, self._now = burst, rate, now
        self._buckets: OrderedDict[Hashable, Tuple[float, float]] = OrderedDict()

    def take(self, caller: Hashable) -> int:
        """Take one thing from the caller's bucket: 0, or the seconds after which there is one again."""
        now = self._now()
        left, at = self._buckets.pop(caller, (float(self._burst), now))
        left = min(self._burst, left + (now - at) * self._rate)
        allowed = left >= 1.0
        self._buckets[caller] = (left - 1.0 if allowed else left, now)
        if len(self._buckets) > MOST_BUCKETS:  # the one who was here longest ago
            self._buckets.popitem(last=False)
        return 0 if allowed else int((1.0 - left) / self._rate) + 1
