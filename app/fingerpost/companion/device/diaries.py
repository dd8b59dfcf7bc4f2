"""The diary as the page reads it; the device writes it (upkeep/diary.py)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Dict, List, Optional

from ...core.errors import DataError


def read_days(folder: Path) -> List[Dict[str, Any]]:
    """The days, the newest first: {"day": "YYYY-MM-DD", "lines": [{"at": unix seconds, "text": str}]}.

    Lines that a power cut has left broken are left out.
    """
    days = sorted(folder.glob("????-??-??.jsonl"), reverse=True)
    return [{"day": day.stem, "lines": _read_lines(day)} for day in days]


def delete_diary(folder: Path) -> None:
    """Delete all of it. Raises DataError where that fails."""
    try:
        shutil.rmtree(str(folder))
    except FileNotFoundError:
        pass
    except OSError as error:
        raise DataError(f"{folder} could not be deleted ({error.strerror}): try again") from error


def _read_lines(day: Path) -> List[Dict[str, Any]]:
    try:
        text = day.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []  # it was deleted just now
    return [line for line in map(_read_line, text.split("\n")) if line is not None]


def _read_line(text: str) -> Optional[Dict[str, Any]]:
    try:
        line = json.loads(text)
        return {"at": float(line["at"]), "text": str(line["text"])}
    except (ValueError, KeyError, TypeError):
        return None
