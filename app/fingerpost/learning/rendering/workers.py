"""Many pictures, made by one process or shared by several, with a progress line."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from typing import Callable, Iterable, TypeVar

import cv2
from tqdm import tqdm

MadeT = TypeVar("MadeT")


def make_each(make: Callable[[int], MadeT], count: int, processes: int, label: str) -> list[MadeT]:
    """What `make` returns for 0, 1, ... `count` - 1, in that order; it must be picklable for several processes."""
    with ExitStack() as stack:
        if processes == 1:
            results: Iterable[MadeT] = map(make, range(count))
        else:
            # spawned, not forked: a fork would inherit OpenCV's threads as locks that nobody opens
            workers = ProcessPoolExecutor(processes, get_context("spawn"), initializer=one_thread)
            results = stack.enter_context(workers).map(make, range(count), chunksize=8)
        return list(tqdm(results, total=count, desc=label, unit="frame", disable=None))


def one_thread() -> None:
    """Workers share the cores among themselves: OpenCV's own threads would only get in their way."""
    cv2.setNumThreads(1)
