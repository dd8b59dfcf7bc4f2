"""What a helper does at the companion page, as far as the decision hears of it, and what it asks for in return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from .preferences import Preferences

CLOSED, GUESSED, MISSING, OFFLINE = "", "guessed", "missing", "offline"
"""Why the door is closed: because it was asked for, after too many wrong codes, as what it needs is not installed, or
as there is no network."""
SECRET = ("companion_open", "companion_code")
"""Phrases with the code, which is for the ear alone: they are neither written down nor shown."""


@dataclass(frozen=True)
class Preferred:
    """Somebody wants something said in another way: `name` is a field of Preferences, `value` its new value."""

    at: float
    name: str
    value: object


@dataclass(frozen=True)
class DoorChanged:
    """The companion page can be reached over the network from now on, or can no longer; or its code is a new one.

    `code` is six digits, `address` as it is typed, as in https://192.168.55.1:8138, `fingerprint` of the certificate in
    hexadecimal digits, as browsers show it. `reason` is one of CLOSED, GUESSED, MISSING, OFFLINE.
    """

    at: float
    open: bool
    code: str = ""
    address: str = ""
    fingerprint: str = ""
    reason: str = CLOSED


@dataclass(frozen=True)
class Watched:
    """So many browsers see what the camera sees."""

    at: float
    viewers: int


@dataclass(frozen=True)
class Paired:
    """Somebody has entered the code."""

    at: float


Visit = Union[Preferred, DoorChanged, Watched, Paired]


@dataclass(frozen=True)
class Prefer:
    """Speak, and be as loud, as these say from now on."""

    preferences: Preferences


@dataclass(frozen=True)
class OpenDoor:
    """Let the companion page be reached over the network (True), or no longer (False); DoorChanged answers it."""

    open: bool


@dataclass(frozen=True)
class TellCode:
    """Ask for the code and the certificate's fingerprint once more; DoorChanged answers it."""


Reception = Union[Prefer, OpenDoor, TellCode]
