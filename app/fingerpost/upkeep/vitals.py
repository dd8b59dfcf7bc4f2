"""Tells the decision how the board is, as far as that may matter to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Optional

from ..core.events import Event, Vitals
from ..devices.sensors import Sensors
from .keeper import Duty

READ_SECONDS, TELL_SECONDS = 5.0, 30.0
"""The sensors are read so often; and told of so often, if nothing changes."""
STEP_CELSIUS = 1.0
"""So much hotter or cooler is a change."""


class VitalSigns(Duty):
    """Reads the sensors, in a thread of its own: a slow one holds up nobody else."""

    def __init__(self, sensors: Sensors, tell: Callable[[Event], None]) -> None:
        self._sensors, self._tell = sensors, tell
        self._read_at = float("-inf")
        self._told: Optional[Vitals] = None

    def step(self, now: float) -> None:
        """Read the sensors, if it is time to, and tell of what has changed."""
        if now - self._read_at < READ_SECONDS:
            return
        self._read_at = now
        vitals = self._sensors.read(now)
        if self._told is None or now - self._told.at >= TELL_SECONDS or is_news(self._told, vitals):
            self._told = vitals
            self._tell(vitals)


def is_news(told: Vitals, vitals: Vitals) -> bool:
    """Whether anything is so different that it may matter. The voltage as such does not: `sagging` judges it."""
    if (told.celsius is None) != (vitals.celsius is None):
        return True
    if told.celsius is not None and vitals.celsius is not None and abs(told.celsius - vitals.celsius) >= STEP_CELSIUS:
        return True
    return replace(told, at=vitals.at, celsius=vitals.celsius, volts=vitals.volts) != vitals
