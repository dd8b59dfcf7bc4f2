"""One who listens as systemd does to the services it has started."""

from __future__ import annotations

import socket
import threading
import time

import pytest


class Listener:
    """A datagram socket that is read all the time; `lines` is what came.

    `address` is what $NOTIFY_SOCKET would hold: the path of a socket, or "@" and an abstract name.
    """

    def __init__(self, address):
        self.address, self.lines = str(address), []
        self._place = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self._place)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._heard = 0

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *details):
        self._send("END")
        self._thread.join(10)
        self._socket.close()

    def hears(self, line, seconds=20.0):
        """Wait for a line after the one that was heard last."""
        end = time.monotonic() + seconds
        while line not in self.lines[self._heard:]:
            if time.monotonic() > end:
                pytest.fail(f"never heard {line!r}, but {self.lines}")
            time.sleep(0.005)
        self._heard = self.lines.index(line, self._heard) + 1

    def catch_up(self):
        """All lines that were sent until now."""
        self._send("CAUGHT UP")
        self.hears("CAUGHT UP")
        return [line for line in self.lines if line != "CAUGHT UP"]

    def _send(self, line):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(line.encode(), self._place)

    def _read(self):
        while True:
            found = self._socket.recv(4096).decode().splitlines()
            if found == ["END"]:
                return
            self.lines += found
