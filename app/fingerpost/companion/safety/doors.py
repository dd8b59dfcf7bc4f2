"""The companion's ways in: what listens, and what each connection may take of time and memory.

aiohttp speaks HTTP; what it leaves open is how many connect, how long they may take to ask, and how much they may send
before they do (slow clients, floods of headers).
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from typing import Any, Callable, Coroutine, Dict, Optional, Set, Tuple, cast

from aiohttp import web

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 32
"""Through one door; a browser opens six or seven."""
MOST_OF_ONE = 16
"""From one address over the network."""
FIRST_SECONDS = 10.0
"""A connection that has asked for nothing after so long is closed."""
HEADER_BYTES = 64 * 1024
"""The most that may come in outside of a request: its headers."""
_BLANK = b"\r\n\r\n"
MOST_WAITING = 4
"""Requests that may wait for the answer to the one before them, on one connection. Browsers send the next one after the
answer; of those who do not, aiohttp would take in (3.10: any number) until the memory is full."""
_SLICE_BYTES = 8192  # so few bytes hold few requests, which are counted after each slice
STRANGER_LIFE_SECONDS = 30.0
"""A connection on which no session was shown is closed after so long, however much is asked for: the seats are few."""
SWEEP_SECONDS = 0.5
KEEP_SECONDS = 15.0
"""How long a connection may idle between requests."""
LAST_SECONDS = 300.0
"""How long the answer of a request may take to go out that was itself not limited."""


class Headers:
    """The bytes before a request, as far as its first blank line."""

    def __init__(self, rest_bytes: int = 0) -> None:
        """So many bytes of another body may come first; then a blank line ends nothing, for it may be in there."""
        self._left = HEADER_BYTES + rest_bytes
        self._has_rest, self._end, self._is_over = rest_bytes > 0, b"", False

    def take(self, data: bytes) -> bool:
        """Count these too; False where they are too many."""
        if self._is_over:
            return True
        at = -1 if self._has_rest else (self._end + data).find(_BLANK)
        self._is_over = at >= 0
        self._left -= at if self._is_over else len(data)
        self._end = (self._end + data)[-len(_BLANK) + 1:]
        return self._left >= 0


class Visitor(asyncio.Protocol):
    """One connection. All that comes is handed on to aiohttp's own handler of it; its headers are counted before, and
    all of it is timed."""

    def __init__(self, handler: web.RequestHandler, now: Callable[[], float]) -> None:
        self._handler, self._now = handler, now
        self._leaves_at = now() + STRANGER_LIFE_SECONDS
        self._transport: Optional[asyncio.Transport] = None
        self._headers: Optional[Headers] = Headers()
        self.deadline = now() + FIRST_SECONDS
        """When it is closed, whatever it does."""

    @property
    def is_new(self) -> bool:
        """Whether there is no connection yet, as while TLS is agreed upon."""
        return self._transport is None

    def begin(self, seconds: float) -> None:
        """A request is here, and may take so long."""
        self._headers = None
        self.deadline = min(self._now() + seconds, self._leaves_at)

    def trust(self, seconds: float) -> None:
        """The request is that of a session, and may take so long; so the connection may stay, too."""
        self._leaves_at = float("inf")
        self.begin(seconds)

    def end(self, rest_bytes: int) -> None:
        """Its handler has done; of its body so much may still come. What is left of its time is for the answer."""
        self._headers = Headers(rest_bytes)
        self.deadline = min(max(self.deadline, self._now() + KEEP_SECONDS), self._now() + LAST_SECONDS,
                            self._leaves_at)

    def close(self) -> None:
        """End it at once, whatever is on its way."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's own: there is a connection."""
        self._transport = cast(asyncio.Transport, transport)
        self._handler.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """asyncio's own: something came."""
        if self._headers is not None and not self._headers.take(data):
            self.close()
            return
        for start in range(0, len(data), _SLICE_BYTES):
            self._handler.data_received(data[start:start + _SLICE_BYTES])
            if len(self._handler._messages) > MOST_WAITING:
                self.close()
                return

    def eof_received(self) -> None:
        """asyncio's own: nothing more comes."""
        self._handler.eof_received()

    def connection_lost(self, error: Optional[Exception]) -> None:
        """asyncio's own: it has gone."""
        self._handler.connection_lost(error)

    def pause_writing(self) -> None:
        """asyncio's own: the other side does not read."""
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        """asyncio's own: it reads again."""
        self._handler.resume_writing()


def find_visitor(request: web.Request) -> Optional[Visitor]:
    """The connection on which a request came; None where it has gone, or came through no door of ours."""
    protocol = request.transport.get_protocol() if request.transport is not None else None
    return protocol if isinstance(protocol, Visitor) else None


class Door:
    """Listens at an address, and limits who connects."""

    def __init__(self, server: web.Server, now: Callable[[], float], context: Optional[ssl.SSLContext] = None,
                 most_of_one: int = MOST_CONNECTIONS) -> None:
        """`server` speaks HTTP (web.AppRunner.server); with a `context` it is spoken through TLS."""
        self._server, self._now, self._context, self._most_of_one = server, now, context, most_of_one
        self._socket: Optional[socket.socket] = None
        self._visitors: Dict[socket.socket, Tuple[str, Visitor]] = {}
        self._tasks: Set[asyncio.Future[None]] = set()

    @property
    def port(self) -> int:
        """Where it listens; 0 while it does not."""
        return int(self._socket.getsockname()[1]) if self._socket is not None else 0

    def open(self, host: str, port: int) -> None:
        """Listen; with port 0, at one that the system chooses. Raises OSError where the port is taken."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(MOST_CONNECTIONS)
            listener.setblocking(False)
        except OSError:
            listener.close()
            raise
        self._socket = listener
        self._listen()
        self._start(self._sweep())

    async def close(self) -> None:
        """Listen no more, and end every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        for client, (_, visitor) in self._visitors.items():
            visitor.close()
            if visitor.is_new:  # asyncio never took it over
                client.close()
        self._visitors = {}

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _listen(self) -> None:
        """Have `_accept` called for whoever connects. (In Python 3.8, loop.sock_accept() cannot be cancelled well.)"""
        if self._socket is not None:
            asyncio.get_running_loop().add_reader(self._socket, self._accept, self._socket)

    def _accept(self, listener: socket.socket) -> None:
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # it has gone again
        except OSError as error:  # such as no handles left
            log.warning("nobody can connect to the companion for a moment (%s)", error.strerror or error)
            loop = asyncio.get_running_loop()
            loop.remove_reader(listener)
            loop.call_later(SWEEP_SECONDS, self._listen)
            return
        if self._is_full(address[0]):
            client.close()
            return
        visitor = Visitor(self._server(), self._now)
        self._visitors[client] = (address[0], visitor)
        self._start(self._greet(client, visitor))

    async def _greet(self, client: socket.socket, visitor: Visitor) -> None:
        """Begin to speak, through TLS where that is asked for."""
        loop = asyncio.get_running_loop()
        client.setblocking(False)
        patience = {"ssl_handshake_timeout": FIRST_SECONDS} if self._context is not None else {}
        try:
            await loop.connect_accepted_socket(lambda: visitor, client, ssl=self._context, **patience)
        except (OSError, asyncio.TimeoutError):  # ssl.SSLError is an OSError
            client.close()

    def _is_full(self, address: str) -> bool:
        # A socket counts until it is closed for good: while TLS is agreed upon, and while its last answer goes out.
        self._visitors = {client: held for client, held in self._visitors.items() if client.fileno() != -1}
        of_one = sum(held[0] == address for held in self._visitors.values())
        return len(self._visitors) >= MOST_CONNECTIONS or of_one >= self._most_of_one

    async def _sweep(self) -> None:
        """Close what takes too long."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = self._now()
            for client, (_, visitor) in list(self._visitors.items()):
                if client.fileno() != -1 and now >= visitor.deadline:
                    visitor.close()
