"""What the device notes for its next start: small JSON files that it can do without."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from ..wholefile import write_whole

log = logging.getLogger(__name__)


def read_note(path: Path) -> object:
    """What was noted, as JSON gives it; None where there is nothing that can be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def write_note(path: Path, note: object, without_it: str) -> None:
    """Put down a note in place of the last one; where that fails, the log says so, and what happens `without_it`."""
    try:
        write_whole(path, json.dumps(note).encode())
    except OSError as error:
        log.error("%s cannot be written (%s): %s", path, error.strerror or error, without_it)
