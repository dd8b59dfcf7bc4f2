"""How long a runtime takes over a network."""

from __future__ import annotations

import time
from typing import NamedTuple, Sequence

import numpy as np

from ..core.ports import Backend

ROUNDS = 20
"""Runs that count, after one that does not: the first run of a network makes room for what it computes."""


class Timing(NamedTuple):
    """Milliseconds from the file to the end of the first run, and of one run afterwards (the median)."""

    ready_ms: float
    run_ms: float


def time_backend(backend: Backend, shape: Sequence[int]) -> Timing:
    """Open the backend, run it and close it. Raises ModelError where it cannot."""
    array = np.zeros(shape, np.float32)
    start = time.perf_counter()
    with backend:
        backend.run(array)
        ready = time.perf_counter() - start
        runs = [_time_run(backend, array) for _ in range(ROUNDS)]
    return Timing(1000 * ready, 1000 * float(np.median(runs)))


def _time_run(backend: Backend, array: np.ndarray) -> float:
    start = time.perf_counter()
    backend.run(array)
    return time.perf_counter() - start
