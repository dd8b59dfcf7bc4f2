"""A progress line for anything that takes longer than two seconds; none when the output is not a terminal."""

from __future__ import annotations

import sys
import time
from typing import Generic, Iterable, Iterator, Optional, TypeVar

ItemT = TypeVar("ItemT")
_PATIENCE_SECONDS = 2.0
_REFRESH_SECONDS = 0.2


class Progress(Generic[ItemT]):
    """Iterates over something while a line on the terminal counts along."""

    def __init__(self, items: Iterable[ItemT], label: str, total: Optional[int] = None) -> None:
        """`total` is the number of items where it is known."""
        self._items, self._label, self._total = items, label, total

    def __iter__(self) -> Iterator[ItemT]:
        start = shown = time.monotonic()
        visible = False
        for count, item in enumerate(self._items, start=1):
            yield item
            now = time.monotonic()
            if sys.stderr.isatty() and now - start > _PATIENCE_SECONDS and now - shown > _REFRESH_SECONDS:
                shown, visible = now, True
                of = f" of {self._total}" if self._total else ""
                print(f"\r{self._label} {count}{of} ({now - start:.0f} s)", end="", file=sys.stderr, flush=True)
        if visible:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
