"""The wearer's own correction of the fingertip: so far along the finger, and so far across it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional, Tuple

from ..core.types import Fingertip
from .records import read_record, write_record

LARGEST = 0.5
"""Finger lengths; who is off by more has not put the finger's tip on the target."""


@dataclass(frozen=True)
class TipOffset:
    """Where the tip really is, seen from where it is found, in lengths of the finger from knuckle to tip: `along` the
    way that it points, and `across`, to its right in the picture when it points up."""

    along: float
    across: float

    def correct(self, tip: Fingertip) -> Fingertip:
        """The fingertip where it really is. One of unknown length stays where it was found."""
        dx, dy = tip.direction
        along, across = self.along * tip.length, self.across * tip.length
        return replace(tip, x=tip.x + along * dx - across * dy, y=tip.y + along * dy + across * dx)


def measure_offset(tip: Fingertip, truth: Tuple[float, float]) -> Tuple[float, float]:
    """The offset (along, across) that would take a found tip to where it really is."""
    (dx, dy), (x, y) = tip.direction, (truth[0] - tip.x, truth[1] - tip.y)
    length = max(tip.length, 1e-6)
    return (x * dx + y * dy) / length, (y * dx - x * dy) / length


def write_offset(path: Path, offset: TipOffset, before_px: float, after_px: float) -> None:
    """Keep an offset as JSON, with what it was worth. Raises DataError."""
    write_record(path, {"along": offset.along, "across": offset.across, "before_px": before_px, "after_px": after_px})


def read_offset(path: Path) -> Optional[TipOffset]:
    """The offset that was kept, None where there is none. Raises DataError where the file is broken."""
    return read_record(path, parse_offset, "fingerpost calibrate fingertip")


def parse_offset(record: dict) -> TipOffset:
    """The offset of a record. Raises ValueError, KeyError, TypeError or OverflowError where it is none."""
    offset = TipOffset(float(record["along"]), float(record["across"]))
    if not max(abs(offset.along), abs(offset.across)) <= LARGEST:
        raise ValueError("that is no correction of a fingertip")
    return offset
