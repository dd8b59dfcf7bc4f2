"""Where the window is, and whether a device is behind it; without any library, for whoever only asks."""

from __future__ import annotations

import socket
from pathlib import Path

from ..home import state_home

_PATIENCE_SECONDS = 1.0


def find_window() -> Path:
    """The socket of this user's device."""
    return state_home() / "window.sock"


def is_alive(path: Path) -> bool:
    """Whether somebody listens at the socket of that path."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as visitor:
        visitor.settimeout(_PATIENCE_SECONDS)
        try:
            visitor.connect(str(path))
        except OSError:
            return False
        return True
