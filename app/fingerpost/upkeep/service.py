"""The device as a service of systemd: it says when it is ready and how it is, and shows that it is alive.

The protocol is sd_notify(3): each message is a datagram of lines `NAME=value`, sent to the socket that $NOTIFY_SOCKET
names. How often the service must show that it is alive stands in $WATCHDOG_USEC (sd_watchdog_enabled(3)).
"""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path
from typing import Mapping, Optional, Sequence, Tuple

from ..core.actions import Action, PowerOff
from ..core.events import Event, Tick
from ..core.heartbeat import Heartbeat
from ..core.loop import Observer
from ..core.state import STARTING, State

log = logging.getLogger(__name__)


class Manager:
    """The one that has started this process, if it wants to hear of it."""

    def __init__(self, address: str = "", watchdog_seconds: float = 0.0, off_note: str = "") -> None:
        """`address` is the path of a socket, or "@" and an abstract name; empty: nobody listens. `watchdog_seconds` is
        the longest that it waits for a sign of life; 0: for ever. `off_note` is the file by which it knows that the
        wearer has switched the device off; empty: it need not know."""
        self.watchdog_seconds = watchdog_seconds
        self._off_note = off_note
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if address else None
        if self._socket is not None:
            self._socket.setblocking(False)  # one who does not listen must not hold up the device

    @classmethod
    def find(cls, environ: Mapping[str, str] = os.environ) -> Manager:
        """The manager that the environment names."""
        address, pid = environ.get("NOTIFY_SOCKET", ""), environ.get("WATCHDOG_PID", "")
        seconds = environ.get("WATCHDOG_USEC", "")
        meant = pid in ("", str(os.getpid()))
        return cls(address if address[:1] in ("@", "/") else "",
                   int(seconds) / 1e6 if meant and seconds.isdigit() else 0.0, environ.get("FINGERPOST_OFF_NOTE", ""))

    def tell(self, *lines: str) -> None:
        """Send one message. What is not taken is lost: the next sign of life follows soon."""
        if self._socket is None:
            return
        try:
            self._socket.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            log.debug("systemd does not listen: %s", error)

    def ask_for_time(self, seconds: float) -> None:
        """The start goes on, and may take so long from now: EXTEND_TIMEOUT_USEC, which systemd knows since 236."""
        self.tell(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    def leave_off_note(self) -> None:
        """Have the machine switched off, once this process has ended: the wearer wants it. Where nobody asked for a
        note, nothing happens."""
        try:
            if self._off_note:
                Path(self._off_note).touch()
        except OSError as error:
            log.error("%s cannot be written (%s): the machine stays on", self._off_note, error.strerror)

    def close(self) -> None:
        """Send nothing more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Service(Observer):
    """Watches the main loop and tells the manager: ready at the first tick; alive at every few, for as long as all
    loops turn; and how it is, in words. A fault that the wearer hears of is no reason to end; only a hang is.
    """

    def __init__(self, manager: Manager, heartbeats: Sequence[Heartbeat] = ()) -> None:
        """`heartbeats` are those of all loops but the main one, which shows itself by its ticks."""
        self._manager, self._heartbeats = manager, heartbeats
        self._fed_at: Optional[float] = None
        self._status = ""
        self._lost: Tuple[str, ...] = ()

    def on_event(self, event: Event, state: State) -> None:
        """Pass it on, if this is a tick."""
        if not isinstance(event, Tick):
            return
        lost = tuple(heart.loop for heart in self._heartbeats if heart.is_lost)
        if lost != self._lost:
            log.error("hangs: %s", ", ".join(lost) or "nothing any more")
        self._lost = lost
        if not lost:
            self._feed(event.at)
        self._tell_status(f"Hangs: {', '.join(lost)}." if lost else describe(state))

    def on_action(self, action: Action, at: float) -> None:
        """Leave the note when the device is switched off, before its last words: a hang in them, at which the manager
        would start it again, is no reason to go on. It is heeded once this process has ended, and so has closed the
        store."""
        if isinstance(action, PowerOff):
            self._manager.leave_off_note()

    def stop(self) -> None:
        """The device ends in order."""
        self._manager.tell("STOPPING=1", "STATUS=Stopping.")
        self._manager.close()

    def _feed(self, at: float) -> None:
        """Show a sign of life three times as often as one is needed."""
        if self._fed_at is None:
            self._manager.tell("READY=1")
        elif at - self._fed_at < self._manager.watchdog_seconds / 3:
            return
        self._fed_at = at
        if self._manager.watchdog_seconds:
            self._manager.tell("WATCHDOG=1")

    def _tell_status(self, status: str) -> None:
        if status != self._status:
            self._status = status
            self._manager.tell("STATUS=" + status)


def describe(state: State) -> str:
    """How the device is, as `systemctl status` shows it."""
    if state.faults:
        return f"Does not work: {', '.join(sorted(state.faults))}."
    return "Starting." if state.mode == STARTING else "Works."
