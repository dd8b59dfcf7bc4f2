"""What was said today and yesterday: one file a day, a JSON object on each line. Deleting it is deleting the folder."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections import deque
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Callable, Deque, Dict, List

from ..core.events import Event
from ..core.loop import Observer
from ..core.ports import Part
from ..core.state import State
from ..core.visits import SECRET
from ..home import state_home

log = logging.getLogger(__name__)

WRITE_SECONDS = 3.0
MOST_WAITING = 1000
"""Lines that a disk which cannot be written may keep waiting; further ones are lost."""
_FAREWELL_SECONDS = 1.0


def find_diary() -> Path:
    """The folder of the diary."""
    return state_home() / "diary"


class Diary(Observer, Part):
    """Writes down what is said, every few seconds, in a thread of its own: a card may take long to write."""

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        """`now` gives unix seconds."""
        self._folder, self._now = folder, now
        self._lines: Deque[Dict[str, Any]] = deque()
        self._wanted = True
        self._was_there = False
        self._complaint = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="diary", daemon=True)

    def open(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Write down what is left, and end; a disk that hangs is left behind."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_FAREWELL_SECONDS)

    def on_event(self, event: Event, state: State) -> None:
        """Note whether the wearer wants a diary."""
        self._wanted = state.preferences.diary

    def on_heard(self, at: float, text: str, phrase: str) -> None:
        """Note what is said, but for what is secret; earcons, whose text is their name in brackets, are not said."""
        has_room = len(self._lines) < MOST_WAITING  # else the disk cannot be written, which was logged
        if self._wanted and has_room and text != f"[{phrase}]" and phrase not in SECRET:
            self._lines.append({"at": round(self._now(), 2), "text": text, "phrase": phrase})

    def write(self) -> None:
        """Write down what was said since the last time, and remove the days before yesterday. What cannot be written
        waits for the next time."""
        if self._was_there and not self._folder.is_dir():
            self._lines.clear()  # it was deleted, and with it what was said just before
        try:
            self._remove_old()  # which may make the room that is needed
            if self._lines:
                self._append([self._lines[index] for index in range(len(self._lines))])  # it may grow meanwhile
                self._complaint = ""
            self._was_there = self._folder.is_dir()
        except OSError as error:
            self._complain(error)

    def _append(self, lines: List[Dict[str, Any]]) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for day, group in groupby(lines, lambda line: date.fromtimestamp(line["at"])):
            said = list(group)
            append_whole(self._folder / f"{day.isoformat()}.jsonl",
                         "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in said))
            for _ in said:
                self._lines.popleft()

    def _remove_old(self) -> None:
        """Days to come stay: a board without a battery thinks that it is 1970 until it hears the time."""
        yesterday = date.fromtimestamp(self._now()) - timedelta(days=1)
        for path in self._folder.glob("????-??-??.jsonl"):
            if path.stem < yesterday.isoformat():
                path.unlink()

    def _complain(self, error: OSError) -> None:
        complaint = error.strerror or str(error)
        if complaint != self._complaint:
            log.error("what is said cannot be written to %s (%s): free some space. Until then up to %d lines wait.",
                      self._folder, complaint, MOST_WAITING)
        self._complaint = complaint

    def _run(self) -> None:
        while not self._stopping.wait(WRITE_SECONDS):
            self.write()
        self.write()


def append_whole(path: Path, text: str) -> None:
    """Add lines to a file: all of them, or none where that raises OSError. A line that a power cut has torn off before
    stays one of its own."""
    with open(str(path), "ab+", buffering=0, opener=_open_private) as file:
        size = file.seek(0, os.SEEK_END)
        torn = size > 0 and os.pread(file.fileno(), 1, size - 1) != b"\n"
        rest = b"\n" * torn + text.encode(errors="replace")
        try:
            while rest:  # a disk that is nearly full takes a part of it
                rest = rest[file.write(rest):]
        except OSError:
            file.truncate(size)
            raise


def _open_private(path: str, flags: int) -> int:
    """Open a file that is closed to other users."""
    return os.open(path, flags, 0o600)
