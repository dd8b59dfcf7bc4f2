"""The window's socket on the side of the device: a thread of its own, so that whoever looks in holds up nothing."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import struct
import threading
from pathlib import Path
from typing import Any, Callable, Optional

from ..core.errors import WindowError
from ..core.ports import Part
from .hands import Hands
from .messages import VERSION, Message, check_wish, pack, receive
from .place import is_alive
from .view import View

log = logging.getLogger(__name__)

MOST_WAITING_BYTES = 8 << 20
"""A companion that does not read is sent away once so much waits for it."""
_CREDENTIALS = struct.Struct("3i")  # struct ucred of unix(7): process, user, group
_FAREWELL_SECONDS = 1.0


class Glass(Part):
    """Lets one companion at a time look at the device and wish for things. While there is none, it costs nothing."""

    def __init__(self, path: Path, view: View, hands: Hands) -> None:
        """`path` is where the socket lies."""
        self._path, self._view, self._hands = path, view, hands
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._thread: Optional[threading.Thread] = None
        self._is_open = threading.Event()
        self._writer: Optional[asyncio.StreamWriter] = None
        self._after: Optional[int] = None
        """The index of the look that the companion has, while it waits for the next one."""

    def open(self) -> None:
        """Begin. Where the socket cannot be had, which is logged, the device does without."""
        try:
            listener = listen(self._path)
        except OSError as error:
            log.warning("%s cannot be opened (%s): the companion page will not see this device", self._path,
                        error.strerror or error)
            return
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(self._loop, listener), name="window", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send the companion away and take the socket back; harmless when it is not open."""
        if self._thread is None or self._loop is None:
            return
        self._is_open.wait(_FAREWELL_SECONDS)
        self._call(self._loop.stop)
        self._thread.join(_FAREWELL_SECONDS)
        self._thread = None
        remove(self._path)

    def send_away(self) -> None:
        """Send the companion away, which may come back; from any thread, and harmless while there is none."""
        if self._loop is not None:
            self._call(self._hang_up)

    def _run(self, loop: asyncio.AbstractEventLoop, listener: socket.socket) -> None:
        asyncio.set_event_loop(loop)
        try:
            server = loop.run_until_complete(asyncio.start_unix_server(self._welcome, sock=listener))
            self._is_open.set()
            loop.run_forever()
            server.close()
            visits = asyncio.all_tasks(loop)
            for visit in visits:
                visit.cancel()
            loop.run_until_complete(asyncio.gather(*visits, return_exceptions=True))
        except Exception:
            log.exception("the window has failed")
        finally:
            loop.close()

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one that has come, until they go."""
        try:
            if not is_own(writer.get_extra_info("socket")):
                log.warning("another user has tried to look at the device, and was sent away")
            elif self._writer is not None:
                writer.write(pack("taken"))
            else:
                await self._serve(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # they have gone, or the device ends
        except WindowError as error:
            log.warning("%s", error)
        except Exception:
            log.exception("the window has failed, and is closed until the companion comes back")
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer, self._after = writer, None
        try:
            self._send("hello", version=VERSION, language=self._view.language)
            self._view.begin(self._tell, self._offer)
            while True:
                self._take(await receive(reader))
        finally:
            self._view.end()
            self._writer = None
            self._hands.let_go()

    def _take(self, message: Message) -> None:
        """Do what is wished for; what makes no sense is logged."""
        try:
            check_wish(message)
            if message.kind == "next":
                self._after = message.fields["after"]
                self._show()
            elif message.kind == "timings":
                self._send("timings", **self._view.timings())
            elif message.kind == "logs":
                self._send("logs", records=self._view.logs(message.fields["after"]))
            else:
                self._hands.do(message)
        except WindowError as error:
            log.warning("%s", error)

    def _show(self) -> None:
        """Send the newest look, if the companion waits for one that it has not seen."""
        look = self._view.look(self._after) if self._after is not None else None
        if look is not None:
            self._after = None
            self._send("look", look.payload, **look.fields)

    def _send(self, kind: str, payload: bytes = b"", **fields: Any) -> None:
        if self._writer is None:
            return
        if self._writer.transport.get_write_buffer_size() > MOST_WAITING_BYTES:
            log.warning("the companion does not listen, and was sent away")
            self._hang_up()
            return
        self._writer.write(pack(kind, payload, **fields))

    def _hang_up(self) -> None:
        if self._writer is not None:
            self._writer.transport.abort()

    # From other threads

    def _tell(self, kind: str, **fields: Any) -> None:
        """Send a message; from any thread, and at once."""
        self._call(lambda: self._send(kind, **fields))

    def _offer(self) -> None:
        """There is a new frame; from any thread, and at once."""
        if self._after is not None:
            self._call(self._show)

    def _call(self, function: Callable[[], None]) -> None:
        try:
            assert self._loop is not None
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:
            pass  # the window was closed just now


def listen(path: Path) -> socket.socket:
    """A socket at that path, for this user alone. One that nobody listens at any more is replaced.

    Raises OSError; FileExistsError where another device listens.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if is_alive(path):
        raise FileExistsError(0, "another device runs with the same state folder")
    remove(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(listener.fileno(), 0o600)  # before there is a file: nobody else can ever open it
        listener.bind(str(path))
        listener.listen(4)
    except OSError:
        listener.close()
        raise
    return listener


def is_own(connection: socket.socket) -> bool:
    """Whether a process of this user is at the other end."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return bool(_CREDENTIALS.unpack(credentials)[1] == os.geteuid())


def remove(path: Path) -> None:
    """Remove the socket's file, if it is there."""
    try:
        path.unlink()
    except FileNotFoundError:
        pass
