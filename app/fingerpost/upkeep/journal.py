"""The last lines of this process's log, for whoever looks after the device."""

from __future__ import annotations

import logging
from collections import deque
from typing import Any, Deque, Dict, List

KEPT_RECORDS = 500
LONGEST_TEXT = 1000
MOST_AT_ONCE = 100


class Journal(logging.Handler):
    """Keeps them in memory, numbered from 1."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._records: Deque[Dict[str, Any]] = deque(maxlen=KEPT_RECORDS)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        try:
            text = self.format(record)[:LONGEST_TEXT]
        except Exception:  # as every handler of logging does: a line that cannot be written must not end its writer
            self.handleError(record)
            return
        self._count += 1  # under the handler's lock
        self._records.append({"number": self._count, "at": round(record.created, 2), "level": record.levelname.lower(),
                              "text": text})

    def read(self, after: int = 0) -> List[Dict[str, Any]]:
        """The records after that number, the oldest first, a hundred at most: number, at (unix seconds), level, text.
        """
        self.acquire()
        try:
            records = list(self._records)
        finally:
            self.release()
        return [record for record in records if record["number"] > after][:MOST_AT_ONCE]
