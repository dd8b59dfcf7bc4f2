"""How long each stage takes."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from contextlib import contextmanager
from typing import DefaultDict, Deque, Dict, Iterator, List

_KEPT = 500


class Stopwatch:
    """Collects the last 500 durations of each named stage, in milliseconds of real time."""

    def __init__(self) -> None:
        self._durations: DefaultDict[str, Deque[float]] = defaultdict(lambda: deque(maxlen=_KEPT))

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Measure the block as one pass through the stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self._durations[stage].append((time.perf_counter() - start) * 1000.0)

    def summary(self) -> Dict[str, Dict[str, float]]:
        """Per stage: how often, the mean, the median and the 95th percentile in milliseconds."""
        # Copies, which are made in one go: another thread may be measuring meanwhile.
        durations = {stage: sorted(values) for stage, values in list(self._durations.items())}
        return {stage: {"n": len(values), "mean_ms": round(sum(values) / len(values), 3),
                        "median_ms": _quantile(values, 0.5), "p95_ms": _quantile(values, 0.95)}
                for stage, values in durations.items() if values}


def _quantile(ordered: List[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)
